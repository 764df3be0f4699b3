"""The two outcomes of parsing one cell: a value with warning codes, or `BadCell`."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
LONGEST = 200
"""Text of more characters is no number, date or time. Their patterns try every way to cut a text up: a cell of one
digit, 20,000 blanks and a letter kept one of them busy for minutes."""


class Parsed(NamedTuple, Generic[T]):
    """A value and the codes of what should be reported about it."""

    value: T
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the value, which is a patient's."""
        return f"Parsed({type(self.value).__name__}, {self.warnings})"


class BadCell(ValueError):
    """The cell cannot be read. Carries a code and never the value."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
