"""Dates and times as text: the order of day and month in a column, and what each cell means.

Belongs here: reading a wall time and turning it into an instant of the practice's zone. A cell alone does not show
whether 03.04.2024 is in April; the column does, where some day is above 12. Only ISO leaves this program, because
Twenty reads everything else month first.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dentes_twenty.exports.parsed import LONGEST, BadCell, Parsed
from dentes_twenty.exports.records import Cell

# "no date" of the programs that write exports; 1899-12-31 is Excel's serial 1 counted without its leap day of 1900
SENTINELS = frozenset({date(1900, 1, 1), date(1, 1, 1), date(1899, 12, 30), date(1899, 12, 31)})
# a year of two digits is taken as 1940-2039; the format is then never certain
_PIVOT = 40
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "ocak oca january jan", "şubat şub subat sub february feb", "mart mar march", "nisan nis april apr",
            "mayıs may mayis", "haziran haz june jun", "temmuz tem july jul", "ağustos ağu agustos agu august aug",
            "eylül eyl eylul september sep sept", "ekim eki october oct", "kasım kas kasim november nov",
            "aralık ara aralik december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = (
    r"(?P<half1>[AaPp]\.?[Mm]\.?|[Öö][ÖöSs])?\s*(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half2>[AaPp]\.?[Mm]\.?|[Öö][ÖöSs])?"
)
_ZONE = r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?"
_DAY = (
    r"(?:(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{4}|\d{1,2})"
    r"|(?P<compact>(?:18|19|20|21)\d{6})"
    r"|(?P<day>\d{1,2})[.\s/-]+(?P<month>[^\W\d_]{3,9})\.?[,.\s/-]+(?P<year>\d{4})"
    r"|(?P<month2>[^\W\d_]{3,9})\.?\s+(?P<day2>\d{1,2}),?\s+(?P<year2>\d{4}))"
)
_DATE_TIME = re.compile(rf"{_DAY}(?:(?:[T,]|\s)\s*{_TIME}{_ZONE})?")
_TIME_ALONE = re.compile(_TIME)
_ALL_ZERO = re.compile(r"[0\s./:T-]*0[0\s./:T-]*")
_ORDERS = {"dmy": (2, 1, 0), "mdy": (2, 0, 1)}


@dataclasses.dataclass(frozen=True, slots=True)
class DateFormat:
    """`order`: "dmy", "mdy" or "ymd". `certain` is False where every day is under 13 and both orders fit.

    `has_time`: some cell carries a time other than midnight. `dates` counts the cells that are dates.
    `others` those that are not.
    """

    order: str
    has_time: bool
    certain: bool
    evidence: str
    dates: int = 0
    others: int = 0


class DateDetector:
    """Accumulates a column while it streams by; constant memory."""

    def __init__(self) -> None:
        self._orders = {"dmy": 0, "mdy": 0, "ymd": 0}  # cells that are dates in this order only
        self._open = 0  # dates in both orders, and different ones
        self._neutral = 0  # typed cells, month names, 03.03.2024
        self._others = 0
        self._short_years = 0
        self._has_time = False

    def add(self, cell: Cell) -> None:
        """Count one cell in; blank ones and sentinels do not matter."""
        if cell is None:
            return
        if isinstance(cell, date):
            self._neutral += _day_of(cell) not in SENTINELS
            self._has_time |= isinstance(cell, datetime) and cell.time() != time()
            return
        if not isinstance(cell, str):
            self._others += not _is_zero_serial(cell)
            return
        text = _clean(cell)
        if not text or _whole(_ALL_ZERO, text):
            return
        match = _whole(_DATE_TIME, text)
        readings = _readings(match) if match else {}
        if match and readings:
            self._count(match, readings)
        else:
            self._others += 1

    def _count(self, match: re.Match[str], readings: dict[str, date]) -> None:
        if set(readings.values()) <= SENTINELS:
            return
        if match["c"] and len(match["c"]) < 4 and "ymd" not in readings:
            self._short_years += 1
        clock = _clock(match) if match["hour"] else None
        self._has_time |= clock not in (None, time())
        if match["mark"] is None or (len(readings) > 1 and len(set(readings.values())) == 1):
            self._neutral += 1
        elif len(readings) > 1:
            self._open += 1
        else:
            self._orders[next(iter(readings))] += 1

    def result(self, prior: DateFormat | None = None) -> DateFormat:
        """The format; `prior` (another column of the file) decides where this column allows both readings."""
        day, month, iso = self._orders["dmy"], self._orders["mdy"], self._orders["ymd"]
        dates = day + month + iso + self._open + self._neutral
        others = self._others
        if day or month:
            order, less = ("dmy", month) if day >= month else ("mdy", day)
            certain = less <= 0.02 * (day + month)
            said = f"{max(day, month)} cells are dates only as {order}, {less} only in the other order"
            dates, others = dates - less, others + less
        elif self._open and prior and prior.certain and prior.order != "ymd":
            order, certain = prior.order, True
            said = f"in all {self._open} cells day and month are under 13; decided by another column of the file"
        elif self._open:
            order, certain = "dmy", False
            said = f"in all {self._open} cells day and month are under 13, so both orders fit; day first is assumed"
        else:
            order, certain = ("ymd" if iso or not prior else prior.order), True
            said = f"{iso} cells have the year first, {self._neutral} are dates in any order"
        if self._short_years:
            certain = False
            said += f"; {self._short_years} years have two digits"
        return DateFormat(order, self._has_time, certain, said, dates, others)


def detect_date(samples: Iterable[Cell]) -> DateFormat:
    """The format of a column, blank cells ignored."""
    detector = DateDetector()
    for cell in samples:
        detector.add(cell)
    return detector.result()


def parse_date(cell: Cell, fmt: DateFormat) -> date | None:
    """The calendar day; None for a sentinel that means empty. Raises BadCell("bad_date"). A time is dropped."""
    day, _, _ = _wall(cell, fmt)
    return day


def parse_time(cell: Cell) -> time:
    """Wall time of day; also the day fraction of a workbook. Raises BadCell("bad_time")."""
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, time):
        return cell
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and 0 <= cell < 1:
        minutes, second = divmod(round(cell * 86400) % 86400, 60)
        return time(minutes // 60, minutes % 60, second)
    match = _whole(_TIME_ALONE, _clean(cell))
    clock = _clock(match) if match else None
    if clock is None:
        raise BadCell("bad_time")
    return clock


def parse_datetime(cell: Cell, fmt: DateFormat, zone: ZoneInfo) -> Parsed[datetime | None]:
    """The UTC instant of a local wall time; None for a sentinel. Raises BadCell("bad_date"). A date alone is midnight.

    Text with an offset of its own ("...T10:00:00Z") is that instant. Warnings: as `localize`.
    """
    day, clock, offset = _wall(cell, fmt)
    if day is None:
        return Parsed(None)
    wall = datetime.combine(day, clock or time())
    if offset is None:
        return Parsed(*localize(wall, zone))
    try:
        return Parsed((wall - offset).replace(tzinfo=UTC))
    except OverflowError:
        raise BadCell("bad_date") from None


def localize(wall: datetime, zone: ZoneInfo) -> Parsed[datetime]:
    """The UTC instant of a naive wall time in `zone`. Raises BadCell("bad_date") at the ends of the calendar.

    Warnings: `nonexistent_local_time` (moved forward by the gap), `ambiguous_local_time` (the first of the two taken).
    """
    try:
        # fold 0 is the offset before the change: in a gap that moves forward, in an overlap it is the first
        instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        back = instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise BadCell("bad_date") from None
    if back != wall:
        return Parsed(instant, ("nonexistent_local_time",))
    return Parsed(instant, ("ambiguous_local_time",) if second != instant else ())


def _wall(cell: Cell, fmt: DateFormat) -> tuple[date | None, time | None, timedelta | None]:
    """Day, time and offset of a cell; the day is None for a sentinel."""
    if isinstance(cell, date):
        day = _day_of(cell)
        return (None if day in SENTINELS else day), (cell.time() if isinstance(cell, datetime) else None), None
    if _is_zero_serial(cell):
        return None, None, None
    text = _clean(cell)
    if _whole(_ALL_ZERO, text):
        return None, None, None
    match = _whole(_DATE_TIME, text)
    readings = _readings(match) if match else {}
    found = readings.get("ymd") or readings.get(fmt.order)
    if found is None and fmt.order == "ymd" and len(set(readings.values())) == 1:
        found = next(iter(readings.values()))
    clock = _clock(match) if match and match["hour"] else None
    if match is None or found is None or (match["hour"] and clock is None):
        raise BadCell("bad_date")
    return (None if found in SENTINELS else found), clock, _offset(match["offset"])


def _readings(match: re.Match[str]) -> dict[str, date]:
    """The days that the text can mean, by order; unambiguous forms count as "ymd"."""
    if match["compact"]:
        text = match["compact"]
        return _days({"ymd": (int(text[:4]), int(text[4:6]), int(text[6:]))})
    if match["mark"] is None:
        month = _MONTHS.get(_lower(match["month"] or match["month2"]), 0)
        return _days({"ymd": (int(match["year"] or match["year2"]), month, int(match["day"] or match["day2"]))})
    if len(match["a"]) == 4:
        return _days({"ymd": (int(match["a"]), int(match["b"]), int(match["c"]))}) if len(match["c"]) <= 2 else {}
    if len(match["a"]) == 3 or len(match["c"]) == 1:
        return {}
    numbers = int(match["a"]), int(match["b"]), int(match["c"])
    year = numbers[2] if len(match["c"]) == 4 else numbers[2] + (2000 if numbers[2] < _PIVOT else 1900)
    return _days({order: (year, numbers[month], numbers[day]) for order, (_, month, day) in _ORDERS.items()})


def _days(candidates: dict[str, tuple[int, int, int]]) -> dict[str, date]:
    days = {}
    for order, numbers in candidates.items():
        try:
            days[order] = date(*numbers)
        except ValueError:
            continue
    return days


def _clock(match: re.Match[str]) -> time | None:
    """Time of day of a match; None when there is no such time."""
    hour, half = int(match["hour"]), (match["half1"] or match["half2"] or "").replace(".", "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in ("pm", "ös") else 0)
    try:
        return time(hour, int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        return None


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text == "Z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text[0] == "-" else size


def _is_zero_serial(cell: Cell) -> bool:
    """Excel's day 0 and 1 (a time of 00:00 when the cell has a date format) mean that there is no date."""
    return cell == time() or (isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and cell in (0, 1))


def _day_of(cell: date) -> date:
    return cell.date() if isinstance(cell, datetime) else cell


def _whole(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.fullmatch(text) if len(text) <= LONGEST else None


def _clean(cell: Cell) -> str:
    return cell.replace("\0", "").strip() if isinstance(cell, str) else ""


def _lower(name: str) -> str:
    return name.replace("İ", "i").replace("I", "ı" if not name.isascii() else "i").lower()
