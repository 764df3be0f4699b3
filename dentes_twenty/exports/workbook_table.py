"""A sheet of a workbook as a table, streamed by openpyxl in read-only mode.

Belongs here: typed cells of one sheet, its header, its end. Does not belong here: text files, and what cells mean.

Cells keep their type: dates, times, booleans, integers; other numbers become exact decimals of the 15 significant
digits that a spreadsheet shows, because the binary float behind them is no amount. Formulas give their cached value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from openpyxl.utils.escape import unescape

from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.encodings import whole_letters
from dentes_twenty.exports.errors import HeaderNotFound, LossyDecoding
from dentes_twenty.exports.headers import find_header, is_filled, require_report_width
from dentes_twenty.exports.mojibake import is_damaged
from dentes_twenty.exports.number_format import NumberFormat
from dentes_twenty.exports.quoting import shape
from dentes_twenty.exports.records import BadRow, Cell, Pin, RawRow, Table, TableInfo
from dentes_twenty.exports.totals import Totals, read_total, stated_rows
from dentes_twenty.exports.workbook_file import Book

_HEAD_ROWS = 400
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
_TYPED = NumberFormat(".", True, "number cells")
_LAST_SECOND = datetime.max.replace(microsecond=0)  # noqa: DTZ901 (a spreadsheet's moments have no zone)
_MAX_SHAPES = 8
_LOSSY_SHARE = 0.3
_LOSSY_ROWS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class _Layout:
    """Where the table stands in its sheet: columns `first` to `last` (exclusive), data from row `data_row` (from 1)."""

    first: int
    last: int
    data_row: int
    id_shapes: frozenset[str]
    totals: Totals


class WorkbookTable(Table):
    """One sheet. Made by `open_workbook`."""

    def __init__(self, book: Book, sheet: Any, info: TableInfo, layout: _Layout) -> None:
        self._book, self._sheet = book, sheet
        self._layout = layout
        self.info = info

    def rows(self) -> Iterator[RawRow | BadRow]:
        """See `Table.rows`."""
        first, last = self._layout.first, self._layout.last
        tally = self._layout.totals.tally()
        number = wrong = 0
        for line, values in self._book.rows(self._sheet):
            if line < self._layout.data_row:
                continue
            cells = _cells(values)
            if not any(map(is_filled, cells)) or cells[first:last] == self.info.header:
                continue
            if total := read_total(cells[first:last]):
                tally.state(total)
                continue
            number += 1
            row = self._judged(number, line, cells, outside=(*cells[:first], *cells[last:]))
            if isinstance(row, RawRow):
                tally.add(row.cells)
            else:
                tally.add_bad_row()
                wrong += row.code == "wrong_encoding"
            yield row
        if wrong >= _LOSSY_ROWS and wrong > _LOSSY_SHARE * number:
            raise LossyDecoding(
                f"{self._name}: {wrong} of {number} rows show the pattern of a wrong decoding.",
                "Export the report again; the program that wrote the workbook read its source wrongly.",
            )
        tally.check(self._name, number)

    @property
    def _name(self) -> str:
        return f"{self.info.file}#{self.info.sheet}"

    def _judged(self, number: int, line: int, cells: tuple[Cell, ...], outside: Sequence[Cell]) -> RawRow | BadRow:
        width = self._layout.last - self._layout.first
        inside = cells[self._layout.first : self._layout.last]
        inside += (None,) * (width - len(inside))
        source_id = str(inside[0]).strip() if _shape(inside[0]) in self._layout.id_shapes else None
        if is_damaged("\n".join(cell for cell in inside if isinstance(cell, str))):
            return BadRow(number, line, "wrong_encoding", source_id)
        if any(map(is_filled, outside)):
            return BadRow(number, line, "too_many_cells", source_id)
        found = []
        if any(isinstance(cell, str) and "\0" in cell for cell in inside):
            inside = tuple(cell.replace("\0", "") if isinstance(cell, str) else cell for cell in inside)
            found.append("nul_removed")
        if any(isinstance(cell, str) and cell in _ERRORS for cell in inside):
            inside = tuple(None if isinstance(cell, str) and cell in _ERRORS else cell for cell in inside)
            found.append("spreadsheet_error")
        return RawRow(number, line, inside, tuple(found))


def open_workbook(drop: Drop, file: str, pins: Mapping[str, Pin]) -> list[WorkbookTable]:
    """A table for each sheet that holds anything. Raises CutOffFile, UnreadableDrop, HeaderNotFound."""
    book = Book(drop, file)
    found = []
    for sheet in book.workbook.worksheets:
        pin = pins.get(f"{file}#{sheet.title}", pins.get(file, Pin()))
        if table := _open_sheet(book, sheet, pin):
            found.append(table)
    return found


def _open_sheet(book: Book, sheet: Any, pin: Pin) -> WorkbookTable | None:
    head = []
    for line, values in book.rows(sheet):
        cells = _cells(values)
        if any(map(is_filled, cells)) and line >= (pin.header_line or 1):
            head.append((line, cells))
        if len(head) == _HEAD_ROWS:
            break
    if not head:
        return None
    rows = [cells for _, cells in head]
    found = find_header(_trimmed(rows), pinned=pin.header_line is not None)
    if found is None:
        raise HeaderNotFound(
            f"{book.file}#{sheet.title}: no row looks like a header.", "Pin its `header_line`, or remove the sheet."
        )
    data = rows[found.last + 1 :]
    first, last = _span(found.labels, data)
    labels = (found.labels + ("",) * last)[first:last]
    require_report_width(f"{book.file}#{sheet.title}", labels)
    hidden = {"sheet": "hidden in the workbook"} if sheet.sheet_state != "visible" else {}
    evidence = {"header": found.evidence} | hidden
    info = TableInfo(book.file, sheet.title, "", "", head[found.first][0] - 1, labels, evidence)
    inner = [row[first:last] for row in data]
    totals = Totals({}, None)
    if pin.check_totals:
        totals = Totals(_number_columns(inner), stated_rows(rows[: found.first]))
    return WorkbookTable(book, sheet, info, _Layout(first, last, head[found.last][0] + 1, _id_shapes(inner), totals))


def _trimmed(rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Rows up to their last filled cell: cells of blanks alone count as empty."""
    trimmed = []
    for row in rows:
        size = len(row)
        while size and not is_filled(row[size - 1]):
            size -= 1
        trimmed.append(row[:size])
    return trimmed


def _span(labels: Sequence[str], data: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """The columns of the table: from the first label to the last, and what most rows fill beyond."""
    labelled = [index for index, label in enumerate(labels) if label.strip()]
    size = max(map(len, data), default=0)
    used = [
        index
        for index in range(size)
        if sum(index < len(row) and is_filled(row[index]) for row in data) > max(1, 0.5 * len(data))
    ]
    return min(labelled + used), max(labelled + used) + 1


def _number_columns(rows: Sequence[Sequence[Cell]]) -> dict[int, NumberFormat]:
    """The columns whose filled cells are all numbers, as far as the head of the sheet shows."""
    columns: dict[int, bool] = {}
    for row in rows:
        if read_total(row):
            continue
        for index, cell in enumerate(row):
            if is_filled(cell):
                columns[index] = columns.get(index, True) and isinstance(cell, int | Decimal)
    return {index: _TYPED for index, numeric in columns.items() if numeric}


def _id_shapes(rows: Sequence[Sequence[Cell]]) -> frozenset[str]:
    shapes = {_shape(row[0]) for row in rows if row and is_filled(row[0]) and not read_total(row)}
    return frozenset(shapes) if len(shapes) <= _MAX_SHAPES and all("9" in form for form in shapes) else frozenset()


def _shape(cell: Cell) -> str:
    return shape(str(cell)) if isinstance(cell, str | int) and not isinstance(cell, bool) else ""


def _cells(values: Sequence[Any]) -> tuple[Cell, ...]:
    return tuple(value if value is None or type(value) is int else _cell(value) for value in values)


def _cell(value: Any) -> Cell:
    """A value of openpyxl as a cell without binary floats."""
    if isinstance(value, str):
        return whole_letters(unescape(value)) if "_x" in value else value
    if isinstance(value, float):
        if not math.isfinite(value):
            return "#NUM!"
        # 1e15 is where a double stops telling whole numbers apart
        return int(value) if value.is_integer() and abs(value) < 1e15 else Decimal(format(value, ".15g"))
    if isinstance(value, datetime):
        # a serial number holds a second to about a microsecond, never exactly
        second = value.replace(microsecond=0)
        up = value.microsecond > 500_000 and second < _LAST_SECOND
        return second + timedelta(seconds=1) if up else second
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return value  # type: ignore[no-any-return]  # date, time or bool: openpyxl has no other types
