"""References between reports: does the row that a column points at land, and under which id.

Belongs here: ids, names and fates of the rows of one report, and the verdict on one reference. Does not belong here:
what the verdict means for the row (`rows`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum

from dentes_twenty.objects.folding import fold_name


class Verdict(StrEnum):
    """What a reference points at."""

    LANDS = "lands"
    QUARANTINED = "quarantined"  # the row is known, but stays out
    UNKNOWN = "unknown"  # no such row
    AMBIGUOUS = "ambiguous"  # a name that fits several rows


@dataclasses.dataclass(slots=True)
class References:
    """The rows of one report that others may point at."""

    landing: set[str] = dataclasses.field(default_factory=set)
    quarantined: set[str] = dataclasses.field(default_factory=set)
    _named: dict[str, str | None] = dataclasses.field(default_factory=dict)

    def land(self, source_id: str, name: str | None = None) -> None:
        """A row that lands, with the name under which other reports may call it."""
        self.landing.add(source_id)
        if name and (folded := fold_name(name)):
            self._named[folded] = source_id if self._named.get(folded, source_id) == source_id else None

    def quarantine(self, source_ids: Iterable[str]) -> None:
        """Rows that stay out; an id that lands in another row lands (AMBIGUITIES 5)."""
        self.quarantined.update(source_ids)

    def resolve(self, value: str, *, by_name: bool = False) -> tuple[Verdict, str | None]:
        """The id is tried first, then the folded full name if exactly one fits."""
        if value in self.landing:
            return Verdict.LANDS, value
        if by_name:
            folded = fold_name(value)
            named = self._named.get(folded)
            if named is not None:
                return Verdict.LANDS, named
            if folded in self._named:
                return Verdict.AMBIGUOUS, None
        return (Verdict.QUARANTINED if value in self.quarantined else Verdict.UNKNOWN), None
