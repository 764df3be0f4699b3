"""Who holds a value that Twenty wants unique: primary e-mails of people, web sites of companies.

Belongs here: first come, first served, in source order; a holder of an earlier run keeps the value (AMBIGUITIES 40,
64, 81), and so does a record that was in the workspace before us. Does not belong here: finding the latter
(`migration.adoption`), remembering holders between runs (`migration.ledger`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit


class Holders:
    """Value -> key of the record that holds it.

    `earlier` are the holders that earlier runs have settled, by `spell(value)`: the ledger keeps keyed hashes.
    """

    def __init__(
        self, earlier: Mapping[str, str] | None = None, spell: Callable[[str], str] = lambda value: value
    ) -> None:
        self._earlier = dict(earlier or {})
        self._spell = spell
        self._new: dict[str, str] = {}

    def claim(self, value: str, key: str) -> bool:
        """True when `key` holds the value, now or already."""
        holder = self.holder(value)
        if holder is None:
            self._new[value] = holder = key
        return holder == key

    def holder(self, value: str) -> str | None:
        """Key of the record that holds the value."""
        return self._new.get(value) or self._earlier.get(self._spell(value))

    def wanted(self) -> Mapping[str, str]:
        """The values that were claimed for the first time, with their claimants."""
        return self._new


def website(address: str) -> str:
    """One spelling for one site: https, host in lower case, no closing slash (scheme and case do not count).

    Twenty keeps an address as typed and its unique index compares text, so variants must become equal here.
    """
    text = address.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    host = parts.netloc.lower()
    path = parts.path.rstrip("/").lower()
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{host}{path}{query}"
