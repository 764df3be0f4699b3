"""Dates and times as text: the order of day and month in a column, and what each cell means."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from dentes_twenty.exports.parsed import Parsed
from dentes_twenty.exports.records import Cell


@dataclasses.dataclass(frozen=True, slots=True)
class DateFormat:
    """`order`: "dmy", "mdy" or "ymd". `certain` is False where every day is under 13 and both orders fit.

    `has_time`: some cell carries a time other than midnight. `dates` counts the cells that are dates, `others` those not.
    """

    order: str
    has_time: bool
    certain: bool
    evidence: str
    dates: int = 0
    others: int = 0


class DateDetector:
    """Accumulates a column while it streams by; constant memory."""

    def add(self, cell: Cell) -> None:
        raise NotImplementedError

    def result(self, prior: DateFormat | None = None) -> DateFormat:
        """The format; `prior` (another column of the file) decides where this column allows both readings."""
        raise NotImplementedError


def detect_date(samples: Iterable[Cell]) -> DateFormat:
    """The format of a column, blank cells ignored."""
    raise NotImplementedError


def parse_date(cell: Cell, fmt: DateFormat) -> date | None:
    """The calendar day; None for a sentinel that means empty. Raises BadCell("bad_date"). A time is dropped."""
    raise NotImplementedError


def parse_time(cell: Cell) -> time:
    """Wall time of day. Raises BadCell("bad_time")."""
    raise NotImplementedError


def parse_datetime(cell: Cell, fmt: DateFormat, zone: ZoneInfo) -> Parsed[datetime | None]:
    """The UTC instant of a local wall time; None for a sentinel. Raises BadCell("bad_date"). A date alone is midnight.

    Warnings: as `localize`.
    """
    raise NotImplementedError


def localize(wall: datetime, zone: ZoneInfo) -> Parsed[datetime]:
    """The UTC instant of a naive wall time in `zone`.

    Warnings: `nonexistent_local_time` (moved forward by the gap), `ambiguous_local_time` (the first of the two taken).
    """
    raise NotImplementedError
