"""Batches: an intent is committed before a batch is sent, its outcomes after, and what lies between is in doubt.

Belongs here: the life of a record in a batch. Does not belong here: what to send and sending it (planner, loader).

`intend` commits *sending* together with fingerprints of what is about to be written; the caller sends; `settle` commits
what came of it. A crash in between leaves *sending*, which `in_doubt` finds: the caller asks Twenty and settles. The
fingerprints wait in `pending` until then, so that the base of a three-way merge is never what was merely tried.

An intent is flushed to the disk, an outcome is not: losing the latter to a power cut leaves *sending*, which is asked
for again; losing the former would leave records in Twenty that no ledger knows.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.errors import LedgerMisuse
from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Clock, Write, chunks
from dentes_twenty.migration.ledger.database import Database, Rows
from dentes_twenty.migration.ledger.records import COLUMNS, Records, by_source, to_state
from dentes_twenty.migration.ledger.runs import Runs
from dentes_twenty.migration.ledger.schema import held, intents, records
from dentes_twenty.migration.ledger.types import (
    IN_TWENTY,
    Operation,
    Outcome,
    RecordId,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)

R = records.c

_STANDS = [*IN_TWENTY, Status.DELETED, Status.ROLLED_BACK]
"""A refused or undone batch leaves a record of one of these as it was."""

_INTO = Rows(
    records.name,
    ("practice", "source_object", "source_id", "object", "record_id", "status", "adopted", "pending_row",
     "pending_shape", "pending_prints", "intent", "run", "drop_id", "last_seen_drop", "position"),
    """
    ON CONFLICT (practice, source_object, source_id) DO UPDATE SET
        object = excluded.object,
        record_id = excluded.record_id,
        status = excluded.status,
        adopted = ledger_records.adopted AND ledger_records.record_id = excluded.record_id
            AND ledger_records.status <> 'rolled_back',
        prior = CASE WHEN ledger_records.status = 'sending' THEN ledger_records.prior ELSE ledger_records.status END,
        pending_row = excluded.pending_row,
        pending_shape = excluded.pending_shape,
        pending_prints = excluded.pending_prints,
        intent = excluded.intent,
        run = excluded.run,
        drop_id = coalesce(excluded.drop_id, ledger_records.drop_id),
        last_seen_drop = coalesce(excluded.last_seen_drop, ledger_records.last_seen_drop),
        position = coalesce(excluded.position, ledger_records.position)
    """,
)  # fmt: skip
"""A record as SENDING; one that the ledger has already remembers where it stood, once: also when sent again."""

_MINE: sa.BindParameter[int] = sa.bindparam("mine")
_WANTED: sa.BindParameter[int] = sa.bindparam("wanted")
_SOURCE_OBJECT: sa.BindParameter[str] = sa.bindparam("of")

_FIND_INTENT = sa.select(intents.c.id, intents.c.run, intents.c.operation, intents.c.object).where(
    intents.c.id == _WANTED, intents.c.practice == _MINE
)

_LAST = intents.c.unsettled <= sa.bindparam("done", type_=sa.Integer)
_COUNT_DOWN = (
    sa.update(intents)
    .where(intents.c.id == _WANTED)
    .values(
        unsettled=intents.c.unsettled - sa.bindparam("done", type_=sa.Integer),
        source_keys=sa.case((_LAST, None), else_=intents.c.source_keys),
        settled_at=sa.case((_LAST, sa.bindparam("now", type_=intents.c.settled_at.type)), else_=None),
    )
)

_DONE = {"prior": None, "pending_row": None, "pending_shape": None, "pending_prints": None}

REPORT_IT = "This is a fault of the program: please report it with the code."


@dataclasses.dataclass(frozen=True, slots=True)
class _Intent:
    """The batch that outcomes belong to."""

    id: int
    run: int
    operation: Operation
    object: str


class Batches(Records, Runs):
    """The part of the ledger that writes per-record state around every batch.

    Its statements are built once: for a batch of 200, building them took longer than running them.
    """

    def __init__(self, database: Database, practice: str, actor: str, clock: Clock) -> None:
        super().__init__(database, practice, actor, clock)
        self._unhold = sa.delete(held).where(database.rows_of(held, _MINE, _SOURCE_OBJECT))
        named = database.rows_of(records, _MINE, _SOURCE_OBJECT)
        sent = (named, R.intent == _WANTED, R.status == Status.SENDING)
        self._forget = sa.delete(records).where(*sent, R.prior.is_(None))
        self._settled = {
            (operation, result): sa.update(records).where(*sent).values(_values(operation, result))
            for operation in Operation
            for result in Result
        }

    def intend(
        self,
        run: int,
        operation: Operation,
        object: str,
        batch: Sequence[RecordIntent],
        *,
        drop: int | None = None,
    ) -> int:
        """Commits that this batch is about to be sent; returns the id to settle it with.

        `object` is the Twenty object (singular). The records stand as SENDING; what held them is forgotten. A record
        whose earlier intent was never settled may be intended again. Raises LedgerMisuse for an empty batch or a key
        that is in it twice.
        """
        keys = by_source(intent.key for intent in batch)
        if not batch or len({intent.key for intent in batch}) != len(batch):
            raise LedgerMisuse("A batch is empty or has a record twice.", REPORT_IT, code="ledger_batch")
        with self._write() as write:
            row = {
                "practice": self._practice, "run": run, "operation": operation, "object": object, "at": write.now,
                "records": len(batch), "unsettled": len(batch), "source_keys": json.dumps(keys),
            }  # fmt: skip
            intent_id = int(write.execute(sa.insert(intents).returning(intents.c.id), row).scalar_one())
            rows = [self._row(object, run, intent_id, drop, intent) for intent in batch]
            self._database.insert_rows(write.connection, _INTO, rows)
            for source_object, ids in keys.items():
                write.execute(self._unhold, self._named(source_object, ids))
            self._beat(write, run)
            write.tell(
                AuditLine(operation.value, object, f"batch:{intent_id}", "intended", {"records": len(batch)}, run)
            )
        return intent_id

    def _row(self, object_: str, run: int, intent_id: int, drop: int | None, intent: RecordIntent) -> tuple[Any, ...]:
        """In the order of _INTO."""
        shape, prints = intent.prints or (None, None)
        return (
            self._practice,
            *intent.key,
            object_,
            RecordId.to_driver(intent.record_id, self._database.is_sqlite),
            Status.SENDING.value,
            False,
            intent.row_print,
            shape,
            prints,
            intent_id,
            run,
            drop,
            drop,
            intent.position,
        )

    def settle(self, intent_id: int, outcomes: Sequence[Outcome]) -> None:
        """Commits what became of a batch, or of a part of it, with a line in the audit log for every record.

        Raises LedgerMisuse, and writes nothing, when an outcome does not belong to this intent or was settled before.
        """
        if not outcomes:
            return
        groups: dict[tuple[str, Result, str | None], list[str]] = defaultdict(list)
        for outcome in outcomes:
            groups[outcome.key.source_object, outcome.result, outcome.code].append(outcome.key.source_id)
        with self._write(durable=False) as write:
            intent = self._intent(write, intent_id)
            settled = sum(
                self._apply(write, intent, source_object, result, code, ids)
                for (source_object, result, code), ids in groups.items()
            )
            if settled != len(outcomes):
                raise LedgerMisuse(
                    f"{len(outcomes)} outcomes were given and {settled} of them fit the batch.",
                    REPORT_IT,
                    code="ledger_outcomes",
                )
            self._correct(write, outcomes)
            self._count_down(write, intent, settled)
            operation, object_, run = intent.operation.value, intent.object, intent.run
            for outcome in outcomes:
                detail = None if outcome.code is None else {"code": outcome.code}
                write.tell(AuditLine(operation, object_, outcome.record_id, outcome.result.value, detail, run))

    def in_doubt(self, object: str | None = None) -> Iterator[list[RecordState]]:
        """Records that were intended and never settled, in pages of one intent each, `operation` filled in.

        For a run that has the practice to itself: the batches of another live run are in doubt as well.
        """
        last = 0
        while True:
            statement = (
                sa.select(intents.c.id, intents.c.operation, intents.c.source_keys)
                .where(intents.c.practice == self._practice, intents.c.unsettled > 0, intents.c.id > last)
                .order_by(intents.c.id)
                .limit(1)
            )
            if object is not None:
                statement = statement.where(intents.c.object == object)
            rows = self._rows(statement)
            if not rows:
                return
            last = rows[0].id
            states = self._unsettled(last, Operation(rows[0].operation), orjson.loads(rows[0].source_keys))
            if states:
                yield states
            else:
                self._close_superseded(last)

    def _unsettled(self, intent_id: int, operation: Operation, keys: dict[str, list[str]]) -> list[RecordState]:
        found: list[RecordState] = []
        for source_object, ids in keys.items():
            for some in chunks(ids, PAGE):
                statement = sa.select(*COLUMNS).where(
                    self._of(records, source_object, some),
                    R.intent == intent_id,
                    R.status == Status.SENDING,
                )
                found += [to_state(row, operation) for row in self._rows(statement)]
        return found

    def _close_superseded(self, intent_id: int) -> None:
        """All its records were taken up by later intents."""
        with self._write() as write:
            statement = sa.update(intents).where(intents.c.id == intent_id)
            write.execute(statement.values(unsettled=0, source_keys=None, settled_at=write.now))

    def _intent(self, write: Write, intent_id: int) -> _Intent:
        row = write.execute(_FIND_INTENT, {"wanted": intent_id, "mine": self._practice}).first()
        if row is None:
            raise LedgerMisuse("The batch is not in the ledger.", REPORT_IT, code="ledger_no_intent")
        return _Intent(row.id, row.run, Operation(row.operation), row.object)

    def _named(self, source_object: str, ids: Sequence[str]) -> dict[str, Any]:
        return {"mine": self._practice, "of": source_object, "texts": self._database.text_list(ids)}

    def _apply(
        self,
        write: Write,
        intent: _Intent,
        source_object: str,
        result: Result,
        code: str | None,
        ids: Sequence[str],
    ) -> int:
        """How many records took the outcome. Records without a row before an intent that never happened are removed."""
        which = {**self._named(source_object, ids), "wanted": intent.id}
        undone = write.execute(self._forget, which).rowcount if result is Result.ABSENT else 0
        statement = self._settled[intent.operation, result]
        return undone + write.execute(statement, {**which, "why": code}).rowcount

    def _correct(self, write: Write, outcomes: Sequence[Outcome]) -> None:
        """What single records have to themselves: an id that Twenty kept, a form of a value that it keeps."""
        for outcome in outcomes:
            values: dict[str, Any] = {}
            if outcome.result is Result.ADOPTED:
                values["record_id"] = outcome.record_id
            if outcome.prints is not None:
                values |= {"shape": outcome.prints.shape, "field_prints": outcome.prints.blob}
            if values:
                write.execute(sa.update(records).where(*self._at(outcome.key)).values(values))

    def _at(self, key: RecordKey) -> list[sa.ColumnElement[bool]]:
        return [
            R.practice == self._practice,
            R.source_object == key.source_object,
            R.source_id == key.source_id,
        ]

    def _count_down(self, write: Write, intent: _Intent, settled: int) -> None:
        write.execute(_COUNT_DOWN, {"wanted": intent.id, "done": settled, "now": write.now})


def _values(operation: Operation, result: Result) -> dict[str, Any]:
    """New column values of a record that was SENDING: the table of what an outcome means for each operation."""
    if result is Result.REFUSED:
        status: Any = sa.case((R.prior.in_(_STANDS), R.prior), else_=Status.REFUSED.value)
        return {"status": status, "reason": sa.bindparam("why"), "prior": None}  # what was refused stays in `pending`
    if result is Result.ABSENT:
        return {"status": R.prior, "reason": sa.bindparam("why"), **_DONE}
    if operation in (Operation.DESTROY, Operation.RESTORE):
        gone = {"row_print": None, "shape": None, "field_prints": None}
        return {"status": Status.ROLLED_BACK, "reason": None, **gone, **_DONE}
    written = {
        "row_print": sa.func.coalesce(R.pending_row, R.row_print),
        "shape": sa.func.coalesce(R.pending_shape, R.shape),
        "field_prints": sa.func.coalesce(R.pending_prints, R.field_prints),
        "reason": None,
    }
    if result is Result.ADOPTED:
        return {"status": Status.ADOPTED, "adopted": True, **written, **_DONE}
    if operation is Operation.DELETE:
        return {"status": Status.VANISHED, **written, **_DONE}
    standing = sa.case((R.adopted, Status.ADOPTED.value), else_=Status.LANDED.value)
    return {"status": standing, **written, **_DONE}
