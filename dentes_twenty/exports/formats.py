"""Number and date formats: decided per column with evidence, then applied to each cell.

`number_format` and `date_format` hold the rules; this is their common front door.
Every parser takes a Cell that is not blank (`cells.is_blank`) and raises BadCell(code).
"""

from __future__ import annotations

from dentes_twenty.exports.date_format import (
    DateDetector,
    DateFormat,
    detect_date,
    localize,
    parse_date,
    parse_datetime,
    parse_time,
)
from dentes_twenty.exports.number_format import (
    NumberDetector,
    NumberFormat,
    detect_number,
    parse_decimal,
    parse_integer,
    parse_number,
)
from dentes_twenty.exports.parsed import BadCell, Parsed

__all__ = [
    "BadCell",
    "DateDetector",
    "DateFormat",
    "NumberDetector",
    "NumberFormat",
    "Parsed",
    "detect_date",
    "detect_number",
    "localize",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_integer",
    "parse_number",
    "parse_time",
]
