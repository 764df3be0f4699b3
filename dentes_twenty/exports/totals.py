"""What a file says of its own size: total rows and record counts, and whether the rows that were read agree.

Belongs here: telling a total row from data, and the arithmetic of the comparison. Does not belong here: reading.
A file whose own total line disagrees with its rows is cut off or filtered, and must not pass for a small file.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from dentes_twenty.exports.errors import CutOffFile
from dentes_twenty.exports.headers import is_filled
from dentes_twenty.exports.number_format import NumberDetector, NumberFormat, parse_number
from dentes_twenty.exports.parsed import LONGEST, BadCell
from dentes_twenty.exports.records import Cell
from dentes_twenty.objects.folding import fold

_THOUSANDS = re.compile(r"(?<=\d)[.,\s\u00a0](?=\d{3}(?!\d))")
_TOTAL = re.compile(
    r"(genel |ara |alt |sayfa |grand |sub )?(toplam(lar|i)?|totals?|subtotal|yekun|sum)( tutar| amount)?"
)
_PARTIAL = re.compile(r"(ara|alt|sayfa|sub) ?(toplam|total|yekun)")
_ROWS = r"(kayit|satir|hareket|islem|hasta|records?|rows?|entries|lines)"
_COUNT = re.compile(
    rf"((genel )?toplam |total |number of ){_ROWS}( sayisi| adedi| adet| count)?"
    rf"|{_ROWS} (sayisi|adedi|adet|count|toplami)"
)
_COUNTED = re.compile(
    rf"((genel )?toplam |total )?(?P<count>\d+)( adet)? {_ROWS}( listelendi| bulundu| var| found| listed)"
)
_COUNTED_ALL = re.compile(rf"((genel )?toplam |total )(?P<count>\d+)( adet)? {_ROWS}")
_AMOUNT = re.compile(r"[-+(]?[\d.,'\s\u00a0]*\d[\d.,'\s\u00a0]*\)?-?\s*(TL|TRY|₺|€|\$|EUR|USD)?")
# more digits are no number of rows, and thousands of them are more than Python turns into a number
_COUNT_DIGITS = 15
_DIGITS_AT_END = re.compile(r"(?P<label>.*?) (?P<count>\d+)")
# first letters of all labels above, so that most rows of data are told apart without folding their text; a line that
# starts with its number of records leaves its second cell blank
TOTAL_INITIALS = frozenset("tTgGaAsSyYkKhHiIİnNrReElL")


@dataclasses.dataclass(frozen=True, slots=True)
class Stated:
    """A total line: the number of `rows` it states, or the `sums` it shows by column index; `partial` for subtotals."""

    rows: int | None = None
    sums: Mapping[int, Cell] = dataclasses.field(default_factory=dict)
    partial: bool = False


def read_total(cells: Sequence[Cell]) -> Stated | None:
    """What a total line states; None when the row is data.

    A total row has a total word in its first filled cell and nothing but amounts behind it; a count line says how
    many records there are in one cell or two.
    """
    filled = [(index, cell) for index, cell in enumerate(cells) if is_filled(cell)]
    if not filled or not isinstance(filled[0][1], str) or len(filled[0][1]) > 60:
        return None
    label = fold(_THOUSANDS.sub("", filled[0][1]))
    values = filled[1:]
    if _TOTAL.fullmatch(label):
        sums = {index: cell for index, cell in values if _amount_like(cell)}
        return Stated(None, sums, _PARTIAL.fullmatch(label) is not None) if len(sums) == len(values) else None
    if not values and (match := _COUNTED.fullmatch(label) or _COUNTED_ALL.fullmatch(label)):
        return Stated(int(match["count"]))
    if not values and (match := _DIGITS_AT_END.fullmatch(label)) and _COUNT.fullmatch(match["label"]):
        return Stated(int(match["count"]))
    if len(values) == 1 and _COUNT.fullmatch(label):
        count = _THOUSANDS.sub("", str(values[0][1]).strip())
        return Stated(int(count)) if count.isdecimal() and len(count) <= _COUNT_DIGITS else None
    return None


def stated_rows(preamble: Iterable[Sequence[Cell]]) -> int | None:
    """The number of records that a line above the header states."""
    for cells in preamble:
        total = read_total(cells)
        if total and total.rows is not None:
            return total.rows
    return None


@dataclasses.dataclass(frozen=True, slots=True)
class Totals:
    """What is known of a table's total lines before it is read: columns to add up, and a number of rows."""

    formats: Mapping[int, NumberFormat]
    rows: int | None

    def tally(self) -> Tally:
        """A fresh tally for one reading."""
        return Tally(self.formats, self.rows)


class Tally:
    """Adds up the columns that a total line will be compared with, while the rows stream by; constant memory."""

    def __init__(self, formats: Mapping[int, NumberFormat], stated_rows: int | None) -> None:
        self._formats = dict(formats)
        self._sums = dict.fromkeys(formats, Decimal(0))
        self._unread = 0
        self._stated_rows = stated_rows
        self._stated_sums: Mapping[int, Cell] = {}

    def add(self, cells: Sequence[Cell]) -> None:
        """Count one row in. A cell that is no number makes the comparison impossible and nothing else."""
        for column, fmt in self._formats.items():
            cell = cells[column]
            if not cell:
                continue
            try:
                self._sums[column] += parse_number(cell, fmt)
            except BadCell:
                self._unread += is_filled(cell)

    def add_bad_row(self) -> None:
        """A row that cannot be read may hold any amount."""
        self._unread += 1

    def state(self, total: Stated | None) -> None:
        """Take in a total line; the last one counts, subtotals do not."""
        if total is None or total.partial:
            return
        if total.rows is not None:
            self._stated_rows = total.rows
        if total.sums:
            self._stated_sums = total.sums

    def check(self, file: str, rows: int) -> None:
        """Raise CutOffFile when the file's own figures contradict its rows.

        One column that adds up shows that the file is whole: the others of its total line are then no sums
        (a running balance, an average).
        """
        if self._stated_rows is not None and self._stated_rows > rows:
            raise CutOffFile(
                f"{file} holds {rows} rows and says that it has {self._stated_rows}.",
                "Export the report again without a filter or a limit.",
                rows_read=rows,
                rows_stated=self._stated_rows,
            )
        compared = [column for column in self._stated_sums if column in self._sums]
        if self._unread or not compared:
            return
        differing = [column for column in compared if self._sums[column] != self._stated(column)]
        if len(differing) == len(compared):
            raise CutOffFile(
                f"{file} holds {rows} rows whose sums differ from its own total line in {len(differing)} columns.",
                "Export the report again without a filter or a limit, or pin `check_totals: false` for the file.",
                rows_read=rows,
            )

    def _stated(self, column: int) -> Decimal | None:
        try:
            return parse_number(self._stated_sums[column], self._formats[column])
        except BadCell:
            return None


def sum_formats(sums: Mapping[int, Cell], rows: Sequence[Sequence[Cell]]) -> dict[int, NumberFormat]:
    """The number format of each column that the total line sums, from the total and the rows near it."""
    formats = {}
    for column, total in sums.items():
        detector = NumberDetector()
        detector.add(total)
        for cells in rows:
            if column < len(cells):
                detector.add(cells[column])
        formats[column] = detector.result()
    return formats


def _amount_like(cell: Cell) -> bool:
    if isinstance(cell, str):
        text = cell.strip()
        return len(text) <= LONGEST and _AMOUNT.fullmatch(text) is not None
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
