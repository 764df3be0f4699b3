"""Small drops for the tests of this package: folders of files written byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.records import BadRow, Pin, RawRow, Table
from dentes_twenty.exports.tables import tables


def write_drop(folder: Path, files: Mapping[str, bytes | str]) -> str:
    """Write the files (text as UTF-8) and return the location of the drop."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder)


def only_table(folder: Path, content: bytes | str, pin: Pin | None = None, name: str = "Hastalar.csv") -> Table:
    """The table of a drop of one file."""
    location = write_drop(folder, {name: content})
    (table,) = tables(open_drop(location), {name: pin} if pin else None)
    return table


def cells_of(table: Table) -> list[tuple[object, ...]]:
    """The cells of all good rows."""
    return [row.cells for row in table.rows() if isinstance(row, RawRow)]


def faults_of(table: Table) -> dict[int, str]:
    """Row number to code of all bad rows."""
    return {row.number: row.code for row in table.rows() if isinstance(row, BadRow)}
