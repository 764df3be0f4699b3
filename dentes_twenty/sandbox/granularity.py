"""Grouping moments and days: the function that the database calls for group-by queries on dates."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NEED_ZONE = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
GRANULARITIES = (*NEED_ZONE, "DAY_OF_THE_WEEK", "MONTH_OF_THE_YEAR", "QUARTER_OF_THE_YEAR", "NONE")


def time_group(stored: str | None, granularity: str, zone: str) -> str | None:
    """The group of a stored DATE or DATE_TIME: the first day of its period, or the name of a weekday, month, quarter.

    `zone` is an IANA name, "" for UTC. Weeks begin on Monday.
    """
    if stored is None or granularity == "NONE":
        return stored
    day = _local_day(stored, zone)
    if granularity == "DAY_OF_THE_WEEK":
        return calendar.day_name[day.weekday()]
    if granularity == "MONTH_OF_THE_YEAR":
        return calendar.month_name[day.month]
    if granularity == "QUARTER_OF_THE_YEAR":
        return f"Q{(day.month + 2) // 3}"
    if granularity == "WEEK":
        day -= timedelta(days=day.weekday())
    elif granularity == "MONTH":
        day = day.replace(day=1)
    elif granularity == "QUARTER":
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    elif granularity == "YEAR":
        day = day.replace(month=1, day=1)
    return day.isoformat()


def _local_day(stored: str, zone: str) -> date:
    if len(stored) == len("2024-01-31"):
        return date.fromisoformat(stored)
    moment = datetime.fromisoformat(stored)
    return (moment.astimezone(ZoneInfo(zone)) if zone else moment).date()


def is_zone(name: object) -> bool:
    """Whether a text names a time zone."""
    try:
        return isinstance(name, str) and bool(name) and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
