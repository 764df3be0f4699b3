"""Who holds a value that Twenty wants unique: primary e-mails of people, web sites of companies.

Belongs here: first come, first served, in source order; a holder of an earlier run keeps the value (AMBIGUITIES 40,
64, 81) until this export shows it with another one, and so does a record that was in the workspace before us. Does not
belong here: finding the latter (`migration.adoption`), remembering holders between runs (`migration.ledger`), writing
the record that gives a value up before the one that takes it (`migration.steps.handing_over`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

KEPT = "kept:"
"""Before the key of a record of ours that holds a value in Twenty against what the export says of it: because a person
has edited or deleted it, or has put the value there. Nobody else gets the value until the record is written anew."""


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
        self._given_up: dict[str, str] = {}

    def settle(self, shown: Mapping[str, str | None]) -> None:
        """Learn which value each record of this export wants: what a holder wants no more is free for others.

        Call once, before the first claim. A holder that the export does not show keeps what it has.
        """
        if not self._earlier:
            return
        wanted = {key: self._spell(value) if value else None for key, value in shown.items()}
        self._given_up = {v: key for v, key in self._earlier.items() if key in wanted and wanted[key] != v}
        self._earlier = {v: key for v, key in self._earlier.items() if v not in self._given_up}

    def claim(self, value: str, key: str) -> bool:
        """True when `key` holds the value, now or already."""
        holder = self.holder(value)
        if holder is None:
            self._new[value] = holder = key
        return holder in (key, KEPT + key)

    def holder(self, value: str) -> str | None:
        """Key of the record that holds the value."""
        return self._new.get(value) or self._earlier.get(self._spell(value))

    def wanted(self) -> Mapping[str, str]:
        """The values that were claimed for the first time, with their claimants."""
        return self._new

    @property
    def handed_over(self) -> Mapping[str, str]:
        """Values that one record of this export gives up and another one takes, with the key of the giver."""
        if not self._given_up:
            return {}
        found = ((value, self._given_up.get(self._spell(value))) for value in self._new)
        return {value: giver for value, giver in found if giver is not None}


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
