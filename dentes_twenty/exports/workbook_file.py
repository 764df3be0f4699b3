"""A workbook file as untrusted bytes: what is refused before it is read, and its rows, none lost and none invented.

Belongs here: the archive (a workbook is a ZIP file of XML parts), opening it with openpyxl, and the order of its rows.
Does not belong here: what the cells mean (`workbook_table`).

openpyxl keeps some parts in memory whole, fills gaps between rows up to any number that a file writes, and leaves out
rows and cells that are out of order. So sizes are looked at first, and rows are taken from its parser one by one. It
reads no macros, follows no links to other files, and raises whatever its parts raise.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
import weakref
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.worksheet._reader import WorkSheetParser

from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.errors import CutOffFile, ExportError, UnreadableDrop

Values = tuple[Any, ...]
_ZIP_MAGIC = b"PK\x03\x04"
_MOST_ROWS = 1_048_576  # Excel's own limits
_MOST_COLUMNS = 16_384
# Parts that stay in memory: the texts of a million rows take a quarter of it
_MOST_KEPT = 512 << 20
# XML of tables shrinks to a tenth, of empty rows to a fiftieth; what shrinks more is made to explode
_MOST_GROWTH = 200
_HARMLESS = 16 << 20
_PROLOG = 1 << 16


class Book:
    """One workbook file, opened once for all of its sheets, because its shared strings are read at opening."""

    def __init__(self, drop: Drop, file: str) -> None:
        self._drop = drop
        self.file = file

    @functools.cached_property
    def workbook(self) -> Any:
        """Raises CutOffFile or UnreadableDrop."""
        # its warnings quote the values of cells
        warnings.filterwarnings("ignore", module=r"openpyxl\b.*")
        stream = self._drop.open(self.file)
        weakref.finalize(self, stream.close)
        if stream.read(4) != _ZIP_MAGIC:
            raise UnreadableDrop(
                f"{self.file} is no .xlsx workbook (an old .xls, a text file, or protected by a password).",
                "Save it as .xlsx without a password; name a text file .csv.",
            )
        stream.seek(0)
        try:
            self._refuse_bombs(stream)
            stream.seek(0)
            reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
            reader.read()
        except ExportError:
            raise
        except Exception as error:
            raise self._damaged() from error
        missing = sum(part.target not in reader.valid_files for _, part in reader.parser.find_sheets())
        if missing:
            raise CutOffFile(f"{self.file} lacks {missing} of its sheets.", "Export or copy the workbook again.")
        return reader.wb

    def _refuse_bombs(self, stream: BinaryIO) -> None:
        """Refuse parts that would fill the memory. The sizes that are stated hold: no more of a part is unpacked."""
        with zipfile.ZipFile(stream) as archive:
            for part in archive.infolist():
                kept = not part.filename.startswith("xl/worksheets/")
                too_large = part.file_size > _MOST_KEPT and kept
                grows = part.file_size > _HARMLESS and part.file_size > _MOST_GROWTH * part.compress_size
                if too_large or grows:
                    raise UnreadableDrop(
                        f"{self.file} holds a part that unpacks to {part.file_size >> 20} MB.",
                        "Export the report again as CSV, or as a workbook without empty formatted cells.",
                    )
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        self._refuse_definitions(opened.read(_PROLOG))

    def _refuse_definitions(self, head: bytes) -> None:
        """Workbooks have no document type; one that has defines entities that explode."""
        declared: list[str] = []
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = lambda name, *_: declared.append(name)
        with contextlib.suppress(expat.ExpatError):  # openpyxl will say so, if it needs the part
            parser.Parse(head, False)
        if declared:
            raise UnreadableDrop(
                f"{self.file} is no workbook that a spreadsheet has written: its XML declares a document type.",
                "Open it in a spreadsheet and save it as .xlsx.",
            )

    def _damaged(self) -> CutOffFile:
        return CutOffFile(f"{self.file} is cut off or damaged.", "Export or copy the workbook again.")

    def rows(self, sheet: Any) -> Iterator[tuple[int, Values]]:
        """(row number, values) of the rows that hold anything, values up to the last of them. Raises CutOffFile."""
        try:
            with sheet._get_source() as source:
                parser = self._parser(sheet, source)
                before = 0
                for number, cells in parser.parse():
                    parser.row_dimensions.clear()  # it remembers the height of every row
                    if not before < number <= _MOST_ROWS:
                        raise self._damaged()
                    before = number
                    if values := self._values(cells):
                        yield number, values
        except ExportError:
            raise
        except Exception as error:
            raise self._damaged() from error

    def _parser(self, sheet: Any, source: BinaryIO) -> WorkSheetParser:
        book = self.workbook
        return WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )

    def _values(self, cells: list[dict[str, Any]]) -> Values:
        """The row's values by position. Raises CutOffFile when two cells claim the same place."""
        filled = {cell["column"]: cell["value"] for cell in cells if cell["value"] is not None}
        if len(filled) != sum(cell["value"] is not None for cell in cells):
            raise self._damaged()
        last = max(filled, default=0)
        if last > _MOST_COLUMNS:
            raise self._damaged()
        return tuple(filled.get(column) for column in range(1, last + 1))
