"""The tables of a drop: one for each CSV file and each sheet, with what was detected about it.

Belongs here: the entry point. Reading itself is in `csv_table` and `workbook_table`, detection in `encodings`,
`dialect` and `headers`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dentes_twenty.exports.csv_table import open_csv
from dentes_twenty.exports.drop import WORKBOOK_SUFFIXES, Drop
from dentes_twenty.exports.errors import LegacyWorkbook, UnreadableDrop
from dentes_twenty.exports.records import BadRow, Cell, Pin, RawRow, Table, TableInfo
from dentes_twenty.exports.workbook_table import open_workbook

__all__ = ["BadRow", "Cell", "Pin", "RawRow", "Table", "TableInfo", "tables", "tables_in"]


def tables(drop: Drop, pins: Mapping[str, Pin] | None = None) -> list[Table]:
    """Every table of the drop, in the order of file names and sheets. Blank sheets are left out.

    `pins`: file name, or "<file>#<sheet>", to what a person has decided. Raises ExportError; UnreadableDrop also for
    a pin whose file or sheet is not there, because a misspelt pin would be no pin.
    """
    pins = pins or {}
    found = [table for file in drop.files for table in tables_in(drop, file.name, pins)]
    known = {table.info.file for table in found} | {f"{table.info.file}#{table.info.sheet}" for table in found}
    if unknown := sorted(set(pins) - known):
        raise UnreadableDrop(
            f"The pins name tables that the drop does not have: {', '.join(unknown)}.",
            "Correct the names in the mapping; a sheet is written as file#sheet.",
        )
    return found


def tables_in(drop: Drop, file: str, pins: Mapping[str, Pin] | None = None) -> list[Table]:
    """The tables of one file; the other files of the drop are not touched. Raises ExportError."""
    pins, name = pins or {}, file.lower()
    if name.endswith(".xls"):
        raise LegacyWorkbook(
            f"{file} is an old .xls workbook.", "Open it in a spreadsheet and save it as .xlsx, or export CSV."
        )
    if name.endswith(WORKBOOK_SUFFIXES):
        return [*open_workbook(drop, file, pins)]
    table = open_csv(drop, file, pins.get(file, Pin()))
    return [table] if table else []
