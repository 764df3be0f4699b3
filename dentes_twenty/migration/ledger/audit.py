"""The audit log: every operation on the workspace, who asked for it and what came of it, in one chain of hashes.

Belongs here: appending lines inside the transaction that they tell of, walking the chain, exporting it. Does not belong
here: what is worth a line (the parts of the ledger that write it), and patient data: a line names a record by its id in
Twenty or by a keyed hash.

Each line's hash covers its content and the hash of the line before it (SHA-256 over canonical JSON). The head, kept
apart, says how many lines there are, so that removing the last ones shows. Someone who may write the database could
forge the whole chain; a head printed in a signed report, given to `verify`, shows that too.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TextIO, TypeAlias

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.ledger.database import Database, Rows
from dentes_twenty.migration.ledger.fingerprints import canonical_json
from dentes_twenty.migration.ledger.schema import audit, audit_heads
from dentes_twenty.migration.ledger.types import EPOCH, MICROSECOND

GENESIS = bytes(32)
"""What stands before the first line."""

PAGE = 5_000

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Row: TypeAlias = "sa.Row[*tuple[Any, ...]]"

COLUMNS = (
    "seq",
    "at",
    "actor",
    "run",
    "operation",
    "object",
    "subject",
    "outcome",
    "detail",
    "prev_hash",
    "hash",
)


class AuditLine(NamedTuple):
    """One line to append. `subject` is a record id, a keyed hash or a name from the data model; never a person's."""

    operation: str
    object: str = ""
    subject: str = ""
    outcome: str = "done"
    detail: Mapping[str, Any] | None = None
    run: int | None = None


_INTO = Rows(audit.name, ("practice", *COLUMNS))


@dataclasses.dataclass(frozen=True, slots=True)
class AuditHead:
    """How far the chain goes: number of its last line (0: none) and that line's hash in hexadecimal."""

    seq: int
    hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class AuditProblem:
    """The first line at which the chain is broken."""

    seq: int
    code: str
    message: str
    fix: str = "Restore the ledger from a copy, and find out who can write to it."


def line_hash(prev: bytes, practice: str, seq: int, at: int, actor: str, line: Sequence[Any]) -> bytes:
    """SHA-256 of one line. `line` is (run, operation, object, subject, outcome, detail as JSON text or None)."""
    return hashlib.sha256(prev + orjson.dumps([practice, seq, at, actor, *line])).digest()


def append(
    database: Database,
    connection: sa.Connection,
    practice: tuple[int, str],
    actor: str,
    now: dt.datetime,
    lines: Sequence[AuditLine],
) -> None:
    """Appends in the caller's transaction, which holds the practice's write lock. `practice` is (row id, key)."""
    if not lines:
        return
    row_id, key = practice
    seq, prev = _head(connection, row_id)
    at = (now - EPOCH) // MICROSECOND
    rows = []
    for operation, object_, subject, outcome, facts, run in lines:
        seq += 1
        detail = None if facts is None else canonical_json(facts).decode()
        content = (run, operation, object_, subject, outcome, detail)
        digest = line_hash(prev, key, seq, at, actor, content)
        rows.append((row_id, seq, at, actor, *content, prev, digest))
        prev = digest
    database.insert_rows(connection, _INTO, rows)
    connection.execute(_MOVE_HEAD, {"mine": row_id, "seq": seq, "hash": prev})


# Built once: building a statement takes SQLAlchemy longer than SQLite takes to run it, and these run in every write.
_MINE = sa.bindparam("mine", type_=sa.Integer)
_READ_HEAD = sa.select(audit_heads.c.seq, audit_heads.c.hash).where(audit_heads.c.practice == _MINE)
_MOVE_HEAD = sa.update(audit_heads).where(audit_heads.c.practice == _MINE)
_MOVE_HEAD = _MOVE_HEAD.values(seq=sa.bindparam("seq"), hash=sa.bindparam("hash"))


def _head(connection: sa.Connection, practice: int) -> tuple[int, bytes]:
    row = connection.execute(_READ_HEAD, {"mine": practice}).first()
    return (0, GENESIS) if row is None else (row.seq, bytes(row.hash))


class AuditLog:
    """Reading side of one practice's chain."""

    def __init__(self, database: Database, practice: tuple[int, str]) -> None:
        self._database = database
        self._practice, self._key = practice

    def head(self) -> AuditHead:
        """The end of the chain, for reports that people sign."""
        with self._database.read() as connection:
            seq, digest = _head(connection, self._practice)
        return AuditHead(seq, digest.hex())

    def verify(self, expected: AuditHead | None = None) -> AuditProblem | None:
        """Walks the whole chain in pages; None when it is whole.

        `expected` is a head noted earlier: the chain must still contain it. Lines that are appended during the walk
        are left for the next one.
        """
        end = self.head()
        seq, prev = 0, GENESIS
        for row in self._rows(end.seq):
            problem = self._check(row, seq, prev) or _not_expected(row, expected)
            if problem is not None:
                return problem
            seq, prev = row.seq, bytes(row.hash)
        if seq == end.seq and prev.hex() != end.hash:
            return AuditProblem(seq, "audit_line_altered", f"Line {seq} was altered.")
        if seq != end.seq:
            missing = f"The log ends at line {seq}, but {end.seq} lines were written."
            return AuditProblem(seq + 1, "audit_lines_missing", missing)
        if expected is not None and expected.seq > seq:
            missing = f"The log ends at line {seq}, but line {expected.seq} was noted in a report."
            return AuditProblem(seq + 1, "audit_lines_missing", missing)
        return None

    def _check(self, row: Row, seq: int, prev: bytes) -> AuditProblem | None:
        if row.seq != seq + 1:
            return AuditProblem(seq + 1, "audit_line_missing", f"Line {seq + 1} is missing.")
        content = (row.run, row.operation, row.object, row.subject, row.outcome, row.detail)
        stored_prev = bytes(row.prev_hash)
        if line_hash(stored_prev, self._key, row.seq, row.at, row.actor, content) != bytes(row.hash):
            return AuditProblem(row.seq, "audit_line_altered", f"Line {row.seq} was altered.")
        if stored_prev != prev:
            # The line agrees with itself, so it is the one before that was rewritten, hash and all.
            altered = max(seq, 1)
            return AuditProblem(altered, "audit_line_altered", f"Line {altered} was altered.")
        return None

    def _rows(self, last: int) -> Iterator[Row]:
        columns = [audit.c[name] for name in COLUMNS]
        seq = 0
        while True:
            statement = (
                sa.select(*columns)
                .where(audit.c.practice == self._practice, audit.c.seq > seq, audit.c.seq <= last)
                .order_by(audit.c.seq)
                .limit(PAGE)
            )
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
            if not rows:
                return
            yield from rows
            seq = rows[-1].seq

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every line in order: `at` as ISO 8601 UTC, hashes in hexadecimal, `detail` as an object or None."""
        for row in self._rows(self.head().seq):
            yield {
                **dict(zip(COLUMNS, row, strict=True)),
                "at": (EPOCH + row.at * MICROSECOND).isoformat(),
                "detail": None if row.detail is None else orjson.loads(row.detail),
                "prev_hash": bytes(row.prev_hash).hex(),
                "hash": bytes(row.hash).hex(),
            }

    def last(self, operation: str) -> dict[str, Any] | None:
        """The newest line of an operation: `at` and `detail` as `lines` gives them, and the outcome."""
        statement = (
            sa.select(audit.c.at, audit.c.outcome, audit.c.detail)
            .where(audit.c.practice == self._practice, audit.c.operation == operation)
            .order_by(audit.c.seq.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        at = (EPOCH + row.at * MICROSECOND).isoformat()
        return {"at": at, "outcome": row.outcome, "detail": None if row.detail is None else orjson.loads(row.detail)}

    def export_jsonl(self, target: TextIO) -> int:
        """Writes one JSON object for each line; returns how many."""
        count = 0
        for line in self.lines():
            target.write(orjson.dumps(line, option=orjson.OPT_SORT_KEYS).decode() + "\n")
            count += 1
        return count

    def export_csv(self, target: TextIO) -> int:
        """Writes a spreadsheet with a header line; cells that a spreadsheet would compute get an apostrophe."""
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        count = 0
        for line in self.lines():
            detail = "" if line["detail"] is None else canonical_json(line["detail"]).decode()
            writer.writerow([neutral_cell(value) for value in ({**line, "detail": detail}[c] for c in COLUMNS)])
            count += 1
        return count


def neutral_cell(value: Any) -> Any:
    """Text that starts a formula in a spreadsheet gets an apostrophe before it; None becomes an empty cell."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def _not_expected(row: Row, expected: AuditHead | None) -> AuditProblem | None:
    if expected is None or row.seq != expected.seq or bytes(row.hash).hex() == expected.hash:
        return None
    return AuditProblem(row.seq, "audit_chain_replaced", f"Line {row.seq} is not the one that was noted in a report.")
