"""A chunk of raw rows to a typed table: who stays out, who lands, and what is reported.

Belongs here: the decisions about rows (required cells, duplicates, combined instants, pandera's verdict), column by
column because most cells of a column repeat. Does not belong here: files (`stage`), single cells (`reading`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from dentes_twenty.exports.first_rows import FirstRows
from dentes_twenty.exports.formats import localize
from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.parsed import BadCell
from dentes_twenty.exports.reading import BLANK, Outcome, Reader
from dentes_twenty.exports.records import BadRow, Cell, RawRow
from dentes_twenty.exports.schema import (
    DIGEST,
    LINE,
    ROW,
    Extra,
    arrow_schema,
    failures,
    has_raw,
    pandera_schema,
)
from dentes_twenty.objects.fields import RAW
from dentes_twenty.objects.source import Column
from dentes_twenty.objects.target import FieldType

_SEPARATOR = "\x1f"


class CellSource(NamedTuple):
    """Where a staged column comes from: position in the row and how its cells are read."""

    position: int
    read: Reader


@dataclasses.dataclass(frozen=True, slots=True)
class Instant:
    """A column made of two: `day` and `time` are read apart and joined in the practice's zone."""

    column: str
    day: CellSource
    time: CellSource
    day_column: str
    time_column: str
    zone: ZoneInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one table are read. `sources`: staged column -> its cells; a column without one stays empty.

    `key` is the id column by which duplicates are found.
    """

    report: str
    file: str
    key: str
    columns: tuple[Column, ...]
    extras: tuple[Extra, ...]
    sources: dict[str, CellSource]
    instant: Instant | None = None


@dataclasses.dataclass(slots=True)
class Tally:
    """Rows counted while staging; `warned` counts rows that land with a warning."""

    read: int = 0
    staged: int = 0
    quarantined: int = 0
    duplicates: int = 0
    warned: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(self)))


class _Verdicts:
    """What is known of the rows of one chunk, by position: codes for staying out, and warnings."""

    def __init__(self) -> None:
        self.refused: dict[int, list[tuple[str | None, str]]] = {}
        self.warnings: dict[int, list[tuple[str | None, str]]] = {}
        self.dropped: set[int] = set()

    def refuse(self, position: int, column: str | None, code: str) -> None:
        found = self.refused.setdefault(position, [])
        if (column, code) not in found:
            found.append((column, code))

    def warn(self, position: int, column: str | None, code: str) -> None:
        self.warnings.setdefault(position, []).append((column, code))

    def out(self, position: int) -> bool:
        return position in self.refused or position in self.dropped


class ChunkReader:
    """Reads chunk after chunk of one table (or of one form); remembers the ids it has seen.

    `content` is a digest over all rows read; `filled` and `unread` count cells by staged column, so that a file that is
    no longer written as the mapping says can be told from a file with a few bad cells.

    The first row of an id lands (or stays out for its own reason); a later one that differs is quarantined, because
    nobody can say which is right; an identical one is left out (AMBIGUITIES 5, 6).
    """

    def __init__(self, plan: Plan, seen: FirstRows | None = None) -> None:
        """`seen`: ids of files of the same report that were read before; it is added to."""
        self.schema: pa.Schema = arrow_schema(plan.columns, plan.extras)
        self.tally = Tally()
        self.content = hashlib.sha256()
        self.filled: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self._plan = plan
        self._checks = pandera_schema(plan.columns, plan.extras)
        self._seen = FirstRows() if seen is None else seen
        self._raw_columns = [c.name for c in plan.columns if has_raw(c)]
        self._raw_columns += [e.name for e in plan.extras if e.type is not FieldType.TEXT]

    def read(self, chunk: Sequence[RawRow | BadRow]) -> tuple[pa.Table, list[Issue]]:
        """The rows that land, in order, and all issues of the chunk in the order of rows."""
        self.tally.read += len(chunk)
        rows = [row for row in chunk if isinstance(row, RawRow)]
        issues = [self._bad_row(row) for row in chunk if isinstance(row, BadRow)]
        verdicts = _Verdicts()
        for position, row in enumerate(rows):
            for code in row.warnings:
                verdicts.warn(position, None, code)
        values = self._values(rows, verdicts)
        digests = [digest(row.cells) for row in rows]
        self.content.update(b"".join(digests))
        self._find_duplicates(values[self._plan.key], digests, verdicts)
        table = self._checked(rows, digests, values, verdicts)
        issues += self._issues(rows, values[self._plan.key], verdicts)
        self._count(len(chunk) - len(rows), verdicts, table)
        issues.sort(key=lambda issue: issue.row)
        return table, issues

    def _values(self, rows: Sequence[RawRow], verdicts: _Verdicts) -> dict[str, list[Any]]:
        """Staged column -> values, `__raw` columns included where anything stands in them."""
        columns = list(zip(*(row.cells for row in rows), strict=True)) if rows else []
        values: dict[str, list[Any]] = {name: [None] * len(rows) for name in self.schema.names}
        for name, source in self._plan.sources.items():
            cells = columns[source.position] if rows else ()
            outcomes = _outcomes(cells, source.read)
            values[name] = [outcome.value for outcome in outcomes]
            self._note(name, outcomes, values, verdicts)
        if self._plan.instant is not None and rows:
            self._combine(self._plan.instant, columns, values, verdicts)
        return values

    def _note(self, name: str, outcomes: Sequence[Outcome], values: dict[str, list[Any]], verdicts: _Verdicts) -> None:
        self.filled[name] += sum(outcome is not BLANK for outcome in outcomes)
        for position, outcome in enumerate(outcomes):
            if outcome is BLANK or (outcome.raw is None and not outcome.warnings and outcome.refused is None):
                continue
            self.unread[name] += outcome.value is None
            if outcome.refused is not None:
                verdicts.refuse(position, name, outcome.refused)
            for code in outcome.warnings:
                verdicts.warn(position, name, code)
            if outcome.raw is not None and name + RAW in values:
                values[name + RAW][position] = outcome.raw

    def _combine(
        self, instant: Instant, columns: Sequence[Sequence[Cell]], values: dict[str, list[Any]], verdicts: _Verdicts
    ) -> None:
        days = _outcomes(columns[instant.day.position], instant.day.read)
        times = _outcomes(columns[instant.time.position], instant.time.read)
        self._note(instant.day_column, days, values, verdicts)
        self._note(instant.time_column, times, values, verdicts)
        for position, (day, time) in enumerate(zip(days, times, strict=True)):
            if day.value is None or verdicts.out(position):
                continue
            if time.value is None:
                verdicts.warn(position, instant.time_column, "missing_time")
            wall = dt.datetime.combine(day.value, dt.time.fromisoformat(time.value or "00:00:00"))
            try:
                moment, warnings = localize(wall, instant.zone)
            except BadCell as bad:
                verdicts.refuse(position, instant.column, bad.code)
                continue
            values[instant.column][position] = moment
            for code in warnings:
                verdicts.warn(position, instant.column, code)

    def _find_duplicates(self, ids: Sequence[str | None], digests: Sequence[bytes], verdicts: _Verdicts) -> None:
        for position, same in enumerate(self._seen.repeats(ids, digests)):
            if same is None:
                continue
            if same:
                verdicts.dropped.add(position)
                verdicts.warn(position, None, "duplicate_row")
            else:
                verdicts.refuse(position, self._plan.key, "duplicate_id")

    def _checked(
        self, rows: Sequence[RawRow], digests: list[bytes], values: dict[str, list[Any]], verdicts: _Verdicts
    ) -> pa.Table:
        """The rows that land, after pandera has seen them; what it refuses is emptied or quarantined."""
        values[ROW] = [row.number for row in rows]
        values[LINE] = [row.line for row in rows]
        values[DIGEST] = digests
        table = self._table(values, verdicts, len(rows))
        staying = [position for position in range(len(rows)) if not verdicts.out(position)]
        found = failures(self._checks, table)
        for failure in found:
            position = staying[failure.position]
            if failure.code == "out_of_range":
                values[failure.column + RAW][position] = str(values[failure.column][position])
                values[failure.column][position] = None
                verdicts.warn(position, failure.column, failure.code)
            else:
                verdicts.refuse(position, failure.column, failure.code)
        return self._table(values, verdicts, len(rows)) if found else table

    def _table(self, values: dict[str, list[Any]], verdicts: _Verdicts, rows: int) -> pa.Table:
        if verdicts.refused or verdicts.dropped:
            staying = [position for position in range(rows) if not verdicts.out(position)]
            values = {name: [column[position] for position in staying] for name, column in values.items()}
        return pa.table([_array(values[field.name], field) for field in self.schema], schema=self.schema)

    def _issues(self, rows: Sequence[RawRow], ids: Sequence[str | None], verdicts: _Verdicts) -> list[Issue]:
        """Every reason of a row that stays out; the warnings of those that land or repeat an earlier row."""
        made: list[Issue] = []
        plan = self._plan
        for position, reasons in verdicts.refused.items():
            row = rows[position]
            made += [
                Issue(plan.report, plan.file, row.number, row.line, ids[position], column, code, "quarantine")
                for column, code in reasons
            ]
        for position, warnings in verdicts.warnings.items():
            if position in verdicts.refused:
                continue
            row = rows[position]
            made += [
                Issue(plan.report, plan.file, row.number, row.line, ids[position], column, code, "warning")
                for column, code in warnings
            ]
        return made

    def _bad_row(self, row: BadRow) -> Issue:
        plan = self._plan
        return Issue(plan.report, plan.file, row.number, row.line, row.source_id, None, row.code, "quarantine")

    def _count(self, bad_rows: int, verdicts: _Verdicts, table: pa.Table) -> None:
        tally = self.tally
        tally.staged += table.num_rows
        tally.quarantined += bad_rows + len(verdicts.refused)
        tally.duplicates += len(verdicts.dropped - verdicts.refused.keys())
        tally.warned += sum(not verdicts.out(position) for position in verdicts.warnings)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """The column in its declared type. Raises TypeError without Arrow's message, which would quote the value."""
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, UnicodeError):
        pass
    raise TypeError(f"the staged column {field.name} does not have its declared type {field.type}")


def _outcomes(cells: Sequence[Cell], read: Callable[[Cell], Outcome]) -> list[Outcome]:
    """Each distinct cell is read once; a chunk of a ledger has a few hundred distinct dates in 20 000 rows."""
    memo: dict[Any, Outcome] = {None: BLANK, "": BLANK}
    outcomes = []
    for cell in cells:
        # 1, True and 1.0 are equal to Python and different to a reader
        key = cell if isinstance(cell, str) or cell is None else (type(cell), cell)
        outcome = memo.get(key)
        if outcome is None:
            outcome = memo[key] = read(cell)
        outcomes.append(outcome)
    return outcomes


def digest(cells: Sequence[Cell]) -> bytes:
    """16 bytes of BLAKE2b over the cells of a row as text: equal rows have equal digests, whatever the file format."""
    try:
        text = _SEPARATOR.join(cells)  # type: ignore[arg-type]  # a CSV file holds text only: a third of the time
    except TypeError:
        text = _SEPARATOR.join("" if cell is None else str(cell) for cell in cells)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
