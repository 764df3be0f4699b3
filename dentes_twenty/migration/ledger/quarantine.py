"""Quarantine and warnings: which row has which defect, where to find it, and whether it still has it.

Belongs here: defects by report, file, line, source id, column and code. Does not belong here: the values (never kept),
and rows without a defect that wait for a parent (`held.py`).

The same defect found again is the same entry, seen later. So a row that was corrected leaves quarantine by itself: what
a run that read the whole report has not seen again is resolved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Protocol

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, Row, chunks
from dentes_twenty.migration.ledger.schema import quarantine

Q = quarantine.c


class Severity(StrEnum):
    """What became of the row."""

    QUARANTINE = "quarantine"  # it stays out
    WARNING = "warning"  # it lands, with something to report


class EntryState(StrEnum):
    """Whether the defect is still there."""

    OPEN = "open"
    RESOLVED = "resolved"


class Defect(Protocol):
    """What the reader and the planner hand over; any value with these attributes will do. Never holds a cell's value.

    `row` counts data rows from 1, `line` physical lines from 1; `source_id` is None when it cannot be read.
    """

    @property
    def severity(self) -> str: ...
    @property
    def report(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def row(self) -> int | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def source_id(self) -> str | None: ...
    @property
    def column(self) -> str | None: ...
    @property
    def code(self) -> str: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One defect as the ledger keeps it. Is a Defect itself; `id` and `state` are set by the ledger."""

    severity: str
    report: str
    file: str
    code: str
    row: int | None = None
    line: int | None = None
    source_id: str | None = dataclasses.field(default=None, repr=False)
    column: str | None = None
    drop: int | None = None
    run: int | None = None
    id: int | None = None
    state: EntryState = EntryState.OPEN


class Quarantine(Core):
    """The part of the ledger that keeps defects."""

    def quarantine_add(self, run: int, defects: Iterable[Defect], *, drop: int | None = None) -> int:
        """Adds defects, or notes that they were seen again; returns how many were given."""
        insert = self._database.insert(quarantine)
        new = insert.excluded
        seen = {"state": EntryState.OPEN, "file": new.file, "row": new.row, "line": new.line, "drop_id": new.drop_id,
                "run": new.run}  # fmt: skip
        upsert = insert.on_conflict_do_update(index_elements=[Q.practice, Q.identity], set_=seen)
        count = 0
        for chunk in chunks(defects, PAGE):
            rows = {row["identity"]: row for row in (self._defect(run, drop, defect) for defect in chunk)}
            with self._write() as write:
                write.execute(upsert, list(rows.values()))
            count += len(chunk)
        return count

    def quarantine_open(
        self, report: str | None = None, *, severity: Severity | None = None, page: int = PAGE
    ) -> Iterator[list[Entry]]:
        """Open entries in pages, in the order in which they were first found."""
        statement = sa.select(quarantine).where(Q.practice == self._practice, Q.state == EntryState.OPEN)
        if report is not None:
            statement = statement.where(Q.report == report)
        if severity is not None:
            statement = statement.where(Q.severity == severity)
        last = 0
        while True:
            rows = self._rows(statement.where(Q.id > last).order_by(Q.id).limit(page))
            if rows:
                yield [_entry(row) for row in rows]
                last = rows[-1].id
            if len(rows) < page:
                return

    def quarantine_counts(self) -> dict[tuple[str, Severity, str], int]:
        """How many open entries by (report, severity, code)."""
        statement = (
            sa.select(Q.report, Q.severity, Q.code, sa.func.count())
            .where(Q.practice == self._practice, Q.state == EntryState.OPEN)
            .group_by(Q.report, Q.severity, Q.code)
        )
        return {(row[0], Severity(row[1]), row[2]): row[3] for row in self._rows(statement)}

    def quarantine_resolve(self, run: int, *, report: str, column: str | None = None, codes: Sequence[str] = ()) -> int:
        """Resolves what this run, having read the whole report, has not seen again; returns how many entries.

        `column`, `codes`: only entries of that column, whose code begins with one of these; for a run that looked at no
        others.
        """
        where = [Q.report == report, Q.run != run]
        if column is not None:
            where.append(Q.column == column)
        if codes:
            where.append(sa.or_(*(Q.code.startswith(code, autoescape=True) for code in codes)))
        return self._resolve(run, report, where)

    def _resolve(self, run: int, report: str, where: list[sa.ColumnElement[bool]]) -> int:
        with self._write() as write:
            statement = sa.update(quarantine).where(Q.practice == self._practice, Q.state == EntryState.OPEN, *where)
            resolved = write.execute(statement.values(state=EntryState.RESOLVED, run=run)).rowcount
            if resolved:
                write.tell(AuditLine("quarantine", report, "", EntryState.RESOLVED, {"entries": resolved}, run))
        return resolved

    def _defect(self, run: int, drop: int | None, defect: Defect) -> dict[str, Any]:
        # A row is known by its source id; one whose id cannot be read, or is there twice, by its place in the file.
        place = (
            [defect.file, str(defect.row)]
            if defect.source_id is None or defect.code == DUPLICATE
            else [defect.source_id]
        )
        identity = self.prints.secret(defect.severity, defect.report, defect.column or "", defect.code, *place)
        return {
            "practice": self._practice, "identity": identity, "severity": defect.severity, "state": EntryState.OPEN,
            "report": defect.report, "file": defect.file, "row": defect.row, "line": defect.line,
            "source_id": defect.source_id, "column": defect.column, "code": defect.code, "drop_id": drop,
            "first_run": run, "run": run,
        }  # fmt: skip


DUPLICATE = "duplicate_id"
"""The one code under which several rows of a report share a source id."""


def _entry(row: Row) -> Entry:
    return Entry(
        row.severity,
        row.report,
        row.file,
        row.code,
        row.row,
        row.line,
        row.source_id,
        row.column,
        row.drop_id,
        row.run,
        row.id,
        EntryState(row.state),
    )
