"""What reading a table gives: raw rows, bad rows, and what is known of the table.

Values only; no reading here. A cell keeps the type that the file gave it: text in a CSV file; text, integer, exact
decimal, date, time or boolean in a workbook (binary floats never get this far).
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

Cell = str | int | float | Decimal | date | datetime | time | bool | None


class RawRow(NamedTuple):
    """One data row, as many cells as the header has.

    `number` counts data rows from 1, bad ones included; `line` is the physical line of the file (or the row of the
    sheet) where it starts, from 1. `warnings` are codes: `nul_removed`, `spreadsheet_error`.
    """

    number: int
    line: int
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the cells, which are a patient's."""
        return f"RawRow({self.number}, {self.line}, {len(self.cells)} cells, {self.warnings})"


class BadRow(NamedTuple):
    """A row that cannot be trusted as a whole and goes to quarantine.

    `code`: `too_few_cells`, `too_many_cells`, `broken_quotes`, `wrong_encoding`. `source_id` is the text of the first
    cell where that could be read.
    """

    number: int
    line: int
    code: str
    source_id: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Pin:
    """What a person has decided about a file; None leaves it to detection.

    `header_line` counts physical lines (rows of a sheet) from 1. `check_totals`: False where the total line of a
    file is no sum of its rows.
    """

    encoding: str | None = None
    separator: str | None = None
    header_line: int | None = None
    check_totals: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class TableInfo:
    """What was found out about a table, and why (`evidence`: topic -> sentence without values).

    `file` is the name in the drop; `sheet` is None for a CSV file; `encoding` and `separator` are empty for a sheet;
    `preamble_lines` counts the physical lines above the header.
    """

    file: str
    sheet: str | None
    encoding: str
    separator: str
    preamble_lines: int
    header: tuple[str, ...]
    evidence: dict[str, str]


class Table(abc.ABC):
    """One CSV file or one sheet."""

    info: TableInfo

    @property
    def name(self) -> str:
        """Its file, and its sheet."""
        return self.info.file if self.info.sheet is None else f"{self.info.file}#{self.info.sheet}"

    @property
    def share(self) -> float | None:
        """How much of the table the `rows` under way have read, 0 to 1; None when none are, or nobody can say, as of a
        sheet, whose stated size is often wrong."""
        return None

    @abc.abstractmethod
    def rows(self) -> Iterator[RawRow | BadRow]:
        """Stream the data rows from the start; may be called again.

        Raises CutOffFile at the end when the file stops early, LossyDecoding when most rows are in a wrong encoding.
        """
