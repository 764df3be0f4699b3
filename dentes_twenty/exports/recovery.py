"""Where the next row starts after one that is broken, so that its neighbours come to no harm.

Belongs here: records that the csv module refuses or that have a wrong number of cells. A quote that is never closed
swallows the rows behind it until the next quote; the lines are therefore read again one by one, and a line that looks
like the start of a row is one. What lies between belongs to the broken row, which is quarantined, never mended.
"""

from __future__ import annotations

import dataclasses
import io
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dentes_twenty.exports.headers import is_filled
from dentes_twenty.exports.quoting import Record, RecordParser, State, parse_record, shape

# a quoted cell longer than this is a quote that was never closed; RTF notes with pictures have tens of thousands of
# lines, and what is read ahead is kept in memory (about 60 MiB at this limit)
_MAX_LINES = 200_000
_MAX_CHARACTERS = 1 << 25


class Lines:
    """The physical lines of a file as an iterator for the csv module, which keeps those of the record being read.

    `held`: lines given since it was last cleared. `watch`: the block holds text that must be looked at row by row.
    `unterminated`: the file's last line has no line end (known when the lines are exhausted).
    """

    def __init__(self, blocks: Iterator[tuple[str, bool]]) -> None:
        self.held: list[str] = []
        self.watch = False
        self.unterminated = False
        self._blocks = blocks

    def __iter__(self) -> Iterator[str]:
        held = self.held
        for text, watch in self._blocks:
            # a record may have begun in the block before
            self.watch = watch or (self.watch and bool(held))
            self.unterminated = not text.endswith("\n")
            # StringIO breaks lines at line feeds only; str.splitlines also breaks at letters that cells may contain
            for line in io.StringIO(text, newline="\n"):
                held.append(line)
                yield line


@dataclasses.dataclass(frozen=True, slots=True)
class RowForm:
    """What a row of this file looks like."""

    separator: str
    width: int
    id_shapes: frozenset[str]
    trailing_separator: bool

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether the number of cells is right."""
        size = len(cells)
        return size == self.width or (self.trailing_separator and size == self.width + 1 and not is_filled(cells[-1]))

    def starts_row(self, line: str) -> bool:
        """Whether a row starts with this line rather than that the line goes on with the cell above."""
        cells, state = parse_record(line, self.separator)
        known = self.has_id(cells)
        if state is not State.OK:
            return known or (not self.id_shapes and len(cells) >= max(1, self.width // 2))
        if self.fits(cells):
            return known or not self.id_shapes or self.width >= 4
        return known and len(cells) >= 2

    def is_row(self, line: str) -> bool:
        """Whether the line is a whole row beyond doubt."""
        cells, state = parse_record(line, self.separator)
        return state is State.OK and self.width >= 3 and self.fits(cells) and self.has_id(cells)

    def is_unquoted_row(self, line: str) -> bool:
        """Whether the line is a whole row when its quotes are letters like any other."""
        return line.endswith("\n") and line.count(self.separator) + 1 == self.width

    def has_id(self, cells: Sequence[str]) -> bool:
        """Whether the first cell has the form of this file's ids."""
        return bool(cells) and shape(cells[0]) in self.id_shapes


class Recovered(NamedTuple):
    """A record of `lines` physical lines. `code` is None where its quotes are sound (its number of cells may be wrong),
    else `broken_quotes`, or `cut_off` for a last record that ends early; `cells` are then those before the break.
    """

    lines: int
    cells: list[str]
    code: str | None


def recover(pending: Sequence[str], source: Iterator[str], form: RowForm) -> Iterator[Recovered]:
    """Read `pending` lines record by record, with as many lines of `source` as the last of them needs."""
    queue = deque(pending)
    while queue:
        taken = [queue.popleft()]
        record, ended = _read(taken, queue, source, form.separator)
        if record.state is State.OK and form.fits(record.cells) and not _has_swallowed(taken, form):
            yield Recovered(len(taken), record.cells, None)
            continue
        restart = next((index for index in range(1, len(taken)) if form.starts_row(taken[index])), None)
        if restart is not None:
            queue.extendleft(reversed(taken[restart:]))
            yield Recovered(restart, parse_record(taken[0], form.separator).cells, "broken_quotes")
        elif record.state is State.OK:
            short = len(record.cells) < form.width and not taken[-1].endswith("\n")
            yield Recovered(len(taken), record.cells, "cut_off" if short else None)
        elif ended and not (len(taken) == 1 and form.is_unquoted_row(taken[0])):
            yield Recovered(len(taken), record.cells, "cut_off")
        else:
            extra = _skip_to_row(queue, source, form)
            yield Recovered(len(taken) + extra, record.cells, "broken_quotes")


def _read(taken: list[str], queue: deque[str], source: Iterator[str], separator: str) -> tuple[Record, bool]:
    """Read one record into `taken`; whether the file ended inside a quoted cell."""
    parser = RecordParser(separator)
    record = parser.feed(taken[0])
    characters = len(taken[0])
    while record.state is State.OPEN and len(taken) < _MAX_LINES and characters < _MAX_CHARACTERS:
        line = queue.popleft() if queue else next(source, None)
        if line is None:
            return record, True
        taken.append(line)
        characters += len(line)
        record = parser.feed(line)
    return record, False


def _has_swallowed(taken: Sequence[str], form: RowForm) -> bool:
    """Whether a sound record is really several rows, two of which have a quote among their letters.

    All of its lines are whole rows then, the first one when its quotes are letters; no real text looks like that.
    """
    return len(taken) > 1 and form.is_unquoted_row(taken[0]) and all(map(form.is_row, taken[1:]))


def _skip_to_row(queue: deque[str], source: Iterator[str], form: RowForm) -> int:
    """Drop lines up to the next start of a row, which is put back; how many were dropped."""
    skipped = 0
    while True:
        line = queue.popleft() if queue else next(source, None)
        if line is None:
            return skipped
        if form.starts_row(line):
            queue.appendleft(line)
            return skipped
        skipped += 1
