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


def parse_record(text: str, separator: str) -> Record:
    """Read `text` as one record; a line end at its end is no part of it. A quote inside a cell is a letter."""
    end = len(text)
    if text.endswith("\n"):
        end -= 1
    if text.endswith("\r", 0, end):
        end -= 1
    cells: list[str] = []
    at = 0
    while True:
        if text.startswith('"', at, end):
            close = _closing_quote(text, at + 1)
            if close < 0:
                return Record(cells, State.OPEN)
            cells.append(text[at + 1 : close].replace('""', '"'))
            at = close + 1
            if at >= end:
                return Record(cells, State.OK)
            if text[at] != separator:
                return Record(cells, State.BROKEN)
            at += 1
        else:
            cut = text.find(separator, at, end)
            if cut < 0:
                cells.append(text[at:end])
                return Record(cells, State.OK)
            cells.append(text[at:cut])
            at = cut + 1


def unquoted_width(text: str, separator: str) -> int:
    """How many cells the line has when its quotes are letters like any other."""
    return text.count(separator) + 1


def shape(cell: str) -> str:
    """The form of an id: digits and letters collapsed ("TP-00017" -> "a-9"), by which the start of a row is known."""
    return _LETTERS.sub("a", _DIGITS.sub("9", cell.strip()))


def _closing_quote(text: str, start: int) -> int:
    while True:
        at = text.find('"', start)
        if at < 0 or text[at + 1 : at + 2] != '"':
            return at
        start = at + 2
