"""A CSV file as a table: rows stream by in constant memory, and one broken row harms no other.

Belongs here: reading the data of one text file. Does not belong here: deciding its encoding (`encodings`) or its
shape (`dialect`), and the meaning of cells.

Well-formed records go through Python's csv module. What it refuses, and what has a wrong number of cells, goes to
`recovery`, which finds the line where the next row starts.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from dentes_twenty.exports.dialect import Dialect, detect_dialect
from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.encodings import (
    Encoding,
    detect_encoding,
    ends_in_carriage_returns,
    pinned_encoding,
    tail_text,
    text_blocks,
)
from dentes_twenty.exports.errors import CutOffFile, HeaderNotFound, LossyDecoding
from dentes_twenty.exports.headers import is_filled, require_report_width
from dentes_twenty.exports.mojibake import has_lost_letters, is_damaged
from dentes_twenty.exports.quoting import State, parse_record
from dentes_twenty.exports.records import BadRow, Pin, RawRow, Table, TableInfo
from dentes_twenty.exports.recovery import Lines, RowForm, recover
from dentes_twenty.exports.totals import TOTAL_INITIALS, Totals, read_total, stated_rows, sum_formats

_HEAD_LINES = 400
_TAIL_BYTES = 1 << 16
# above this share of rows in a wrong encoding, whoever wrote the file had read its source wrongly
_LOSSY_SHARE = 0.3
_LOSSY_ROWS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class _Opened:
    """What is known of a file before its rows are read."""

    encoding: Encoding
    dialect: Dialect
    carriage_returns: bool
    totals: Totals


class CsvTable(Table):
    """One text file. Made by `open_csv`."""

    def __init__(self, drop: Drop, file: str, opened: _Opened) -> None:
        dialect = opened.dialect
        self._drop = drop
        self._opened = opened
        self._stream: BinaryIO | None = None
        self._form = RowForm(dialect.separator, len(dialect.header), dialect.id_shapes, dialect.trailing_separator)
        # first letters of rows that may be no data: total lines, blank first cells, the header repeated on a new page
        self._odd_initials = TOTAL_INITIALS | {"", dialect.header[0][:1]}
        self.info = TableInfo(
            file,
            None,
            opened.encoding.name,
            dialect.separator,
            dialect.preamble_lines,
            dialect.header,
            {"encoding": opened.encoding.evidence, **dialect.evidence},
        )

    def rows(self) -> Iterator[RawRow | BadRow]:
        """See `Table.rows`."""
        opened = self._opened
        with self._drop.open(self.info.file) as stream:
            self._stream = stream
            try:
                blocks = text_blocks(stream, opened.encoding, self.info.file, carriage_returns=opened.carriage_returns)
                yield from self._rows(Lines(blocks))
            finally:
                self._stream = None

    @property
    def share(self) -> float | None:
        """See `Table.share`."""
        size = next(file.size for file in self._drop.files if file.name == self.info.file)
        return self._stream.tell() / size if self._stream is not None and size else None

    def _rows(self, lines: Lines) -> Iterator[RawRow | BadRow]:
        width, odd = self._form.width, self._odd_initials
        second = min(1, width - 1)
        tally = self._opened.totals.tally()
        wrong, half_letter = 0, False
        number = 0
        for line, cells, code in self._records(lines):
            if code is None and len(cells) == width and not lines.watch and cells[second] and cells[0][:1] not in odd:
                number += 1
                tally.add(cells)
                yield RawRow(number, line, tuple(cells))
                continue
            if code is None and self._is_no_data(cells):
                tally.state(read_total(cells))
                continue
            if code == "cut_off":
                raise self._cut_off(number, "its last line is incomplete")
            number += 1
            row = self._judged(number, line, cells, code)
            yield row
            if isinstance(row, RawRow):
                tally.add(row.cells)
            else:
                tally.add_bad_row()
                half_letter = row.code == "wrong_encoding" and "\udc80" <= cells[-1][-1:] <= "\udcff"
                wrong += row.code == "wrong_encoding"
        if lines.unterminated and half_letter:
            raise self._cut_off(number, "its last line ends inside a letter")
        if wrong >= _LOSSY_ROWS and wrong > _LOSSY_SHARE * number:
            raise self._lossy(f"{wrong} of {number} rows show the pattern of a wrong decoding")
        tally.check(self.info.file, number)

    def _records(self, lines: Lines) -> Iterator[tuple[int, list[str], str | None]]:
        """Physical line, cells and fault (`broken_quotes`, `cut_off`) of every record below the header."""
        source, held, width = iter(lines), lines.held, self._form.width
        line = self._opened.dialect.data_line
        for _ in islice(source, line - 1):
            held.clear()
        reader = csv.reader(source, delimiter=self._form.separator, strict=True)
        while True:
            try:
                for cells in reader:
                    if len(held) > 1 or len(cells) != width:
                        break
                    yield line, cells, None
                    line += 1
                    held.clear()
                else:
                    return
            except csv.Error:
                pass  # the record is read again below, by a parser that says where it breaks
            for record in recover(tuple(held), source, self._form):
                yield line, record.cells, record.code
                line += record.lines
            held.clear()

    def _is_no_data(self, cells: Sequence[str]) -> bool:
        if not any(map(is_filled, cells)):
            return True
        return tuple(cells) == self.info.header or (self._form.width > 1 and read_total(cells) is not None)

    def _judged(self, number: int, line: int, cells: list[str], code: str | None) -> RawRow | BadRow:
        """The row, or why it is bad; the encoding is looked at first, because wrong bytes can look like separators."""
        source_id = cells[0].strip() if self._form.has_id(cells) else None
        if is_damaged("\n".join(cells)):
            return BadRow(number, line, "wrong_encoding", source_id)
        if code is None and not self._form.fits(cells):
            code = "too_few_cells" if len(cells) < self._form.width else "too_many_cells"
        if code is not None:
            return BadRow(number, line, code, source_id)
        cells = cells[: self._form.width]
        if any("\0" in cell for cell in cells):
            return RawRow(number, line, tuple(cell.replace("\0", "") for cell in cells), ("nul_removed",))
        return RawRow(number, line, tuple(cells))

    def _cut_off(self, rows: int, why: str) -> CutOffFile:
        return CutOffFile(
            f"{self.info.file} is cut off after {rows} rows: {why}.", "Export the report again.", rows_read=rows
        )

    def _lossy(self, why: str) -> LossyDecoding:
        return _lossy(self.info.file, why)


def open_csv(drop: Drop, file: str, pin: Pin) -> CsvTable | None:
    """Look at the head and the tail of a text file; None for a .txt file that is no table.

    Raises HeaderNotFound, LossyDecoding, CutOffFile (an empty file), UnreadableDrop.
    """
    with drop.open(file) as stream:
        encoding = pinned_encoding(pin.encoding, stream, file) if pin.encoding else detect_encoding(stream, file)
        carriage_returns = ends_in_carriage_returns(stream, encoding)
        text = next(text_blocks(stream, encoding, file, carriage_returns=carriage_returns), ("", False))[0]
        tail = tail_text(stream, encoding, _TAIL_BYTES) if pin.check_totals else ""
    if not text.strip("\0 \r\n\t\x1a"):
        raise CutOffFile(f"{file} is empty: it has not even a header.", "Export the report again.", rows_read=0)
    lines = list(islice(io.StringIO(text, newline="\n"), _HEAD_LINES))
    dialect = detect_dialect(lines, pin.separator, pin.header_line)
    if file.lower().endswith(".txt") and not pin.separator and (dialect is None or len(dialect.header) < 2):
        return None
    if dialect is None:
        raise HeaderNotFound(
            f"{file}: no line looks like a header.", "Pin its `header_line`, or export the report with a header."
        )
    require_report_width(file, dialect.header)
    _refuse_lossy(file, lines, dialect, pinned=pin.encoding is not None)
    return CsvTable(drop, file, _Opened(encoding, dialect, carriage_returns, _totals(dialect, tail, pin)))


def _totals(dialect: Dialect, tail: str, pin: Pin) -> Totals:
    """What the lines above the header and the last lines of the file state."""
    if not pin.check_totals:
        return Totals({}, None)
    records = [parse_record(line, dialect.separator) for line in io.StringIO(tail.replace("\r", "\n"), newline="\n")]
    rows = [record.cells for record in records if record.state is State.OK and len(record.cells) == len(dialect.header)]
    last = next((total for cells in reversed(rows) if (total := read_total(cells)) and total.sums), None)
    return Totals(sum_formats(last.sums, rows) if last else {}, stated_rows(dialect.preamble))


def _refuse_lossy(file: str, lines: Sequence[str], dialect: Dialect, *, pinned: bool) -> None:
    """Refuse a file whose head shows that letters were lost or mangled before it was written."""
    if is_damaged("\n".join(dialect.header)):
        raise _lossy(file, "its header shows the pattern of a wrong decoding")
    rows = lines[dialect.data_line - 1 :]
    foreign = [line for line in rows if not line.isascii()]
    damaged = sum(map(is_damaged, foreign))
    if damaged >= _LOSSY_ROWS and damaged > 0.5 * len(foreign):
        raise _lossy(file, f"{damaged} of its first {len(rows)} rows show the pattern of a wrong decoding")
    lost = sum(map(has_lost_letters, rows))
    if not pinned and lost >= _LOSSY_ROWS and lost > 0.2 * len(rows):
        raise _lossy(file, f"{lost} of its first {len(rows)} rows have question marks in place of letters")


def _lossy(file: str, why: str) -> LossyDecoding:
    return LossyDecoding(
        f"{file}: {why}, so its text was lost before or while it was read.",
        "Export the report again as UTF-8, or pin the encoding that the file really has in the mapping.",
    )
