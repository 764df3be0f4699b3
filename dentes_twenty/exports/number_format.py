"""Numbers as text: which character is the decimal point of a column, and what each cell is worth exactly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import Decimal

from dentes_twenty.exports.parsed import Parsed
from dentes_twenty.exports.records import Cell


@dataclasses.dataclass(frozen=True, slots=True)
class NumberFormat:
    """`decimal`: "," or "."; the other one groups thousands. `certain` is False where the column allows both readings.

    `numbers` counts the cells that are numbers in this format, `others` those that are not.
    """

    decimal: str
    certain: bool
    evidence: str
    numbers: int = 0
    others: int = 0


class NumberDetector:
    """Accumulates a column while it streams by; constant memory."""

    def add(self, cell: Cell) -> None:
        raise NotImplementedError

    def result(self, prior: NumberFormat | None = None) -> NumberFormat:
        """The format; `prior` (another column of the file) decides where this column allows both readings."""
        raise NotImplementedError


def detect_number(samples: Iterable[Cell]) -> NumberFormat:
    """The format of a column, blank cells ignored."""
    raise NotImplementedError


def parse_number(cell: Cell, fmt: NumberFormat) -> Decimal:
    """The exact amount. Raises BadCell("bad_number"). A currency mark (TL, TRY, ₺, €, EUR, ...) is not part of the number."""
    return parse_decimal(cell, fmt).value


def parse_decimal(cell: Cell, fmt: NumberFormat) -> Parsed[Decimal]:
    """As parse_number, with the warning `rounded` where more than six decimals were rounded half to even."""
    raise NotImplementedError


def parse_integer(cell: Cell, fmt: NumberFormat) -> int:
    """A whole number ("30", "30,00"). Raises BadCell("bad_number") or BadCell("not_whole")."""
    raise NotImplementedError
