"""Who holds a value that Twenty wants unique: primary e-mails of people, web sites of companies.

Belongs here: first come, first served, in source order; a holder of an earlier run keeps the value (AMBIGUITIES 40,
64, 81). Does not belong here: clashes with records that were in the workspace before us (`migration.adoption`).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


class Holders:
    """Value -> key of the record that holds it. `earlier` are the holders of earlier runs."""

    def __init__(self, earlier: Mapping[str, str] | None = None) -> None:
        self._holder: dict[str, str] = dict(earlier or {})

    def claim(self, value: str, key: str) -> bool:
        """True when `key` holds the value, now or already."""
        return self._holder.setdefault(value, key) == key

    def holder(self, value: str) -> str | None:
        """Key of the record that holds the value."""
        return self._holder.get(value)

    def items(self) -> Mapping[str, str]:
        """All values with their holders, to be remembered for later runs."""
        return self._holder


def website(address: str) -> str:
    """One spelling for one site: https, host in lower case, no closing slash (scheme and case do not count).

    Twenty keeps an address as typed and its unique index compares text, so variants must become equal here.
    """
    text = address.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    host = parts.netloc.lower()
    path = parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{host}{path}{query}"
