"""One CSV record, strictly: its cells, or what is wrong with its quotes.

The reader's slow path. Python's csv module reads what is well-formed; this parser says of the rest *where* it breaks,
has no limit on the size of a cell, and never looks beyond the text it is given.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")


class State(enum.Enum):
    OK = "ok"
    OPEN = "open"  # the text ends inside a quoted cell
    BROKEN = "broken"  # something other than a separator follows a closing quote


class Record(NamedTuple):
    """The cells that could be read, all of them when `state` is OK."""

    cells: list[str]
    state: State


class RecordParser:
    """Reads one record line by line, each line once, however many lines a quoted cell spans."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._cells: list[str] = []
        self._parts: list[str] = []  # of a quoted cell that goes on in the next line
        self._inside = False

    def feed(self, line: str) -> Record:
        """Read on. The line end after the last cell is no part of it; a quote inside an unquoted cell is a letter.

        Call again with the next line while the state is OPEN.
        """
        end = _content_end(line)
        at = 0
        while True:
            if not self._inside and line.startswith('"', at, end):
                self._inside = True
                at += 1
            if not self._inside:
                cut = line.find(self._separator, at, end)
                self._cells.append(line[at : cut if cut >= 0 else end])
                if cut < 0:
                    return Record(self._cells, State.OK)
                at = cut + 1
                continue
            close = _closing_quote(line, at)
            if close < 0:
                self._parts.append(line[at:])
                return Record(self._cells, State.OPEN)
            self._parts.append(line[at:close])
            self._cells.append("".join(self._parts).replace('""', '"'))
            self._parts.clear()
            self._inside = False
            at = close + 1
            if at >= end:
                return Record(self._cells, State.OK)
            if line[at] != self._separator:
                return Record(self._cells, State.BROKEN)
            at += 1


def parse_record(line: str, separator: str) -> Record:
    """Read one line as one record."""
    return RecordParser(separator).feed(line)


def shape(cell: str) -> str:
    """The form of an id: digits and letters collapsed ("TP-00017" -> "a-9"), by which the start of a row is known."""
    return _LETTERS.sub("a", _DIGITS.sub("9", cell.strip()))


def _content_end(line: str) -> int:
    end = len(line) - line.endswith("\n")
    return end - line.endswith("\r", 0, end)


def _closing_quote(text: str, start: int) -> int:
    while True:
        at = text.find('"', start)
        if at < 0 or text[at + 1 : at + 2] != '"':
            return at
        start = at + 2
