"""The tables of a drop: one for each CSV file and each sheet, with what was detected about it.

Belongs here: the entry point. Reading itself is in `csv_table` and `workbook_table`, detection in `encodings`,
`dialect` and `headers`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.records import BadRow, Cell, Pin, RawRow, Table, TableInfo

__all__ = ["BadRow", "Cell", "Pin", "RawRow", "Table", "TableInfo", "tables"]


def tables(drop: Drop, pins: Mapping[str, Pin] | None = None) -> list[Table]:
    """Every table of the drop, in the order of file names and sheets.

    `pins`: file name, or "<file>#<sheet>", to what a person has decided. Raises ExportError.
    """
    raise NotImplementedError
