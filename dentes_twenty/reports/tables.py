"""CSV of a page's tables, safe to open in a spreadsheet.

Belongs here: neutralising cells, separators, the byte order mark. Does not belong here: what stands in the tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from dentes_twenty.reports.model import Language

Cell = str | int | float | Decimal | bool | None
# A spreadsheet takes a cell that begins so for a formula; the full-width forms work in East Asian settings.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: Cell) -> str:
    """The cell's text; a text that a spreadsheet would run gets an apostrophe before it. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", "")
        return f"'{text}" if text.startswith(_ACTIVE) else text
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], language: Language = "en") -> str:
    """A CSV file as text, with the mark by which Excel knows UTF-8.

    A Turkish Excel expects semicolons, because the comma is its decimal mark.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";" if language == "tr" else ",", lineterminator="\r\n")
    writer.writerow([neutral(name) for name in header])
    writer.writerows([neutral(value) for value in row] for row in rows)
    return out.getvalue()
