"""Dates and times: what Twenty accepts as DATE and DATE_TIME, and how it reads them.

DATE_TIME: ISO instants and ISO local times (read as UTC) first, then a list of other spellings in which the month
comes before the day. DATE: the text has to fit one of the accepted spellings and goes to PostgreSQL as it is,
which reads it by its own rules (month first) and may still refuse it: that is a 500 on the real server as well.
`03.04.2024` therefore is 4 March in both types, and `31.12.2024` is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

from dentes_twenty.sandbox.refused import database_refused

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NARROW = {"j": 1, "f": 2, "m": 3, "a": 4, "s": 9, "o": 10, "n": 11, "d": 12}
_MONTH_NAME = "(?P<name>" + "|".join([*_MONTHS, *(m[:3] for m in _MONTHS), "[jfmasond]"]) + ")"
_SHORT_NAME = "(?P<name>" + "|".join([*(m[:3] for m in _MONTHS), "[jfmasond]"]) + ")"
_YEAR, _MONTH, _DAY = r"(?P<year>\d{1,4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})"
_ZONE = r"(?:Z|[+-]\d{2}(?:\d{2})?)"

_NON_ISO = (
    rf"{_YEAR}\.{_MONTH}\.{_DAY}",
    f"{_YEAR}/{_MONTH}/{_DAY}",
    f"{_MONTH}-{_DAY}-{_YEAR}",
    f"{_MONTH}/{_DAY}/{_YEAR}",
    rf"{_MONTH}\.{_DAY}\.{_YEAR}",
    f"{_MONTH_NAME} {_DAY}, {_YEAR}",
    f"{_SHORT_NAME} {_DAY}, {_YEAR}",
    f"{_DAY} {_MONTH_NAME} {_YEAR}",
    f"{_DAY} {_SHORT_NAME} {_YEAR}",
    f"{_DAY}-{_SHORT_NAME}-{_YEAR}",
    f"{_YEAR}-{_SHORT_NAME}-{_DAY}",
)
_DATE_ONLY = (f"{_YEAR}-{_MONTH}-{_DAY}", f"{_YEAR}{_MONTH}{_DAY}", *_NON_ISO)
_DATE_WITH_TIME = (
    rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}(?:\.\d{{1,3}})?{_ZONE}",
    rf"{_YEAR}-{_MONTH}-{_DAY}[T ]{_TIME}(?:\.\d{{1,3}})?",
)


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    # A blank at the end is overlooked by the server's parser, one in front is not.
    return tuple(re.compile(rf"{pattern}\s*", re.IGNORECASE | re.ASCII) for pattern in patterns)


_NON_ISO_PATTERNS = _compiled(_NON_ISO)
_DATE_PATTERNS = _compiled(_DATE_ONLY)
_DATE_WITH_TIME_PATTERNS = _compiled(_DATE_WITH_TIME)
_PLAIN_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?)?)?)?"
    r"(?:\[[^\]]+\])*",
    re.IGNORECASE | re.ASCII,
)
_PARTS = re.compile(r"[A-Za-z]+|\d+")


@lru_cache(maxsize=65_536)
def parse_date_time(text: str) -> str | None:
    """A DATE_TIME as stored, `YYYY-MM-DDTHH:MM:SS.mmmZ`; None if the text is in no accepted form."""
    if _CANONICAL.fullmatch(text) and (parsed := _iso_instant(text)) is not None:
        return stored_instant(parsed)
    parsed = _iso_instant(text) or _first_date(_NON_ISO_PATTERNS, text)
    return None if parsed is None else stored_instant(parsed)


def stored_instant(moment: datetime) -> str:
    """An instant (with a zone) as it is stored and answered: UTC, milliseconds, microseconds cut off."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".rjust(24, "0")


def _iso_instant(text: str) -> datetime | None:
    """An ISO 8601 date or time; without a zone it is UTC."""
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        day = date.fromisoformat(match["date"])
        micros = int((match["fraction"] or "").ljust(6, "0")[:6])
        clock = time(hour, minute, min(second, 59), micros, tzinfo=_zone(match["zone"]))
        return datetime.combine(day, clock).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = re.sub(r"\D", "", re.split(r"[.,]", text)[0]).ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("zone out of range")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if text[0] == "-" else offset)


def _first_date(patterns: tuple[re.Pattern[str], ...], text: str) -> datetime | None:
    """The date in the first pattern that fits and names a day of the calendar, at midnight UTC."""
    for pattern in patterns:
        match = pattern.fullmatch(text)
        if match is not None and (found := _calendar_day(match)) is not None:
            return found
    return None


def _calendar_day(match: re.Match[str]) -> datetime | None:
    parts = match.groupdict()
    month = _month_number(parts["name"]) if parts.get("name") else int(parts["month"] or 0)
    try:
        hour, minute, second = (int(parts.get(part) or 0) for part in ("hour", "minute", "second"))
        return datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _month_number(name: str) -> int:
    lower = name.lower()
    if len(lower) == 1:
        return _NARROW[lower]
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(lower))


@lru_cache(maxsize=65_536)
def parse_date(text: str) -> str | None:
    """A DATE as stored, `YYYY-MM-DD`; None if the text is in no accepted form.

    Raises ValueRefused (500) where the text is in an accepted form and PostgreSQL reads something else in it.
    """
    plain = _PLAIN_DATE.fullmatch(text)
    if plain is not None:
        try:
            return date(int(plain[1]), int(plain[2]), int(plain[3])).isoformat()
        except ValueError:
            return None
    if _first_date(_DATE_WITH_TIME_PATTERNS, text) is not None:
        return _read_by_postgres(re.split("[T ]", text, maxsplit=1, flags=re.IGNORECASE)[0])
    if _first_date(_DATE_PATTERNS, text) is None:
        return None
    return _read_by_postgres(text.strip())


def _read_by_postgres(text: str) -> str:
    """The day PostgreSQL sees (DateStyle `ISO, MDY`) in a text that passed Twenty's own check."""
    try:
        return _postgres_date(text).isoformat()
    except ValueError as error:
        raise database_refused() from error


def _postgres_date(text: str) -> date:
    parts: list[str] = _PARTS.findall(text)
    if len(parts) == 1:
        # Eight digits are a date, seven are a year and the day within it.
        return datetime.strptime(text, "%Y%m%d" if len(text) == 8 else "%Y%j").replace(tzinfo=UTC).date()
    names = [part for part in parts if part.isalpha()]
    numbers = [part for part in parts if part.isdigit()]
    if names:
        month = next(i for i, name in enumerate(_MONTHS, 1) if _is_month(names[0], name))
        year, day = numbers if len(numbers[0]) > 2 else reversed(numbers)
        return date(_full_year(year), month, int(day))
    if len(numbers[0]) > 2:
        return date(_full_year(numbers[0]), int(numbers[1]), int(numbers[2]))
    return date(_full_year(numbers[2]), int(numbers[0]), int(numbers[1]))


def _is_month(text: str, month: str) -> bool:
    if len(text) < 3:
        raise ValueError("PostgreSQL knows no months of one letter")
    return month.startswith(text.lower())


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)
