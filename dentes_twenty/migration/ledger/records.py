"""What the ledger knows of each record: look-ups, walks, counts, and what an export no longer shows.

Belongs here: reading per-record state, and the two marks that do not come from a batch (seen in a drop, status set by a
decision). Does not belong here: batches (`batches.py`), and rows that never became a record (`quarantine.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Select, chunks
from dentes_twenty.migration.ledger.schema import records
from dentes_twenty.migration.ledger.shapes import Shapes
from dentes_twenty.migration.ledger.types import (
    FieldPrints,
    Operation,
    RecordKey,
    RecordState,
    Status,
)

R = records.c

COLUMNS = (
    R.source_object, R.source_id, R.object, R.record_id, R.status, R.adopted, R.prior, R.reason, R.row_print, R.shape,
    R.field_prints, R.pending_row, R.pending_shape, R.pending_prints, R.intent, R.run, R.drop_id, R.last_seen_drop,
    R.position,
)  # fmt: skip

_STATUS = {status.value: status for status in Status}  # twice as fast as Status(...), for every record looked up

SEEN_COMMIT = 20_000
"""Keys marked as seen in one transaction."""


def to_state(row: Sequence[Any], operation: Operation | None = None) -> RecordState:
    """A row of COLUMNS as a value."""
    (source_object, source_id, object_, record_id, status, adopted, prior, reason, row_print, shape, prints,
     pending_row, pending_shape, pending_prints, intent, run, drop, seen, position) = row  # fmt: skip
    return RecordState(
        RecordKey(source_object, source_id),
        object_,
        record_id,
        _STATUS[status],
        adopted,
        None if prior is None else _STATUS[prior],
        reason,
        row_print,
        None if shape is None else FieldPrints(shape, prints),
        pending_row,
        None if pending_shape is None else FieldPrints(pending_shape, pending_prints),
        intent,
        run,
        drop,
        seen,
        position,
        operation,
    )


def by_source(keys: Iterable[RecordKey]) -> dict[str, list[str]]:
    """Source object -> source ids, in the order given."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for source_object, source_id in keys:
        grouped[source_object].append(source_id)
    return grouped


class Records(Shapes):
    """The part of the ledger that answers what became of a record."""

    def known(self, source_object: str, source_ids: Iterable[str]) -> dict[str, RecordState]:
        """State by source id; ids that the ledger has never seen are not in the answer. One query for 1,000 ids."""
        found: dict[str, RecordState] = {}
        for chunk in chunks(source_ids, PAGE):
            for row in self._rows(sa.select(*COLUMNS).where(self._of(records, source_object, chunk))):
                found[row.source_id] = to_state(row)
        return found

    def known_by_record_id(self, record_ids: Iterable[str]) -> dict[str, list[RecordState]]:
        """States by id in Twenty. Several source rows may stand behind one record (two providers, one member)."""
        found: dict[str, list[RecordState]] = defaultdict(list)
        for chunk in chunks(record_ids, PAGE):
            statement = self._select().where(R.record_id.in_(chunk)).order_by(R.source_object, R.source_id)
            for row in self._rows(statement):
                found[row.record_id].append(to_state(row))
        return dict(found)

    def iterate(
        self,
        object: str | None = None,
        *,
        source_object: str | None = None,
        status: Status | Collection[Status] | None = None,
        page: int = PAGE,
    ) -> Iterator[list[RecordState]]:
        """All records in pages, by source object and source id; those that changed meanwhile show as they are now."""
        statement = self._select()
        if object is not None:
            statement = statement.where(R.object == object)
        if source_object is not None:
            statement = statement.where(R.source_object == source_object)
        if status is not None:
            statement = statement.where(R.status.in_([status] if isinstance(status, Status) else list(status)))
        return self._pages(statement, page)

    def vanished(self, drop: int, source_objects: Collection[str], *, page: int = PAGE) -> Iterator[list[RecordState]]:
        """Records in Twenty whose row this drop (and `mark_seen`, and no intent of it) has not shown, in pages."""
        statement = self._select().where(
            R.source_object.in_(list(source_objects)),
            R.status.in_([Status.LANDED, Status.ADOPTED]),
            sa.or_(R.last_seen_drop.is_(None), R.last_seen_drop < drop),
        )
        return self._pages(statement, page)

    def seen_counts(self, since: int | None) -> dict[str, int]:
        """How many records by source object had their row in a drop of that id or a later one; None: in any drop."""
        statement = sa.select(R.source_object, sa.func.count()).where(
            R.practice == self._practice, R.status != Status.ROLLED_BACK
        )
        if since is not None:
            statement = statement.where(R.last_seen_drop >= since)
        return {row[0]: row[1] for row in self._rows(statement.group_by(R.source_object))}

    def counts(self) -> dict[tuple[str, str, Status], int]:
        """How many records by (Twenty object, source object, status)."""
        statement = (
            sa.select(R.object, R.source_object, R.status, sa.func.count())
            .where(R.practice == self._practice)
            .group_by(R.object, R.source_object, R.status)
        )
        return {(row[0], row[1], Status(row[2])): row[3] for row in self._rows(statement)}

    def mark_seen(self, drop: int, keys: Iterable[RecordKey]) -> int:
        """Remembers that the drop shows these rows; returns how many records were touched.

        A row that the drop is known to show costs no write.
        """
        touched = 0
        for chunk in chunks(keys, SEEN_COMMIT):
            with self._write(durable=False) as write:
                for source_object, ids in by_source(chunk).items():
                    for some in chunks(ids, PAGE):
                        statement = sa.update(records).where(
                            self._of(records, source_object, some),
                            sa.or_(R.last_seen_drop.is_(None), R.last_seen_drop < drop),
                        )
                        touched += write.execute(statement.values(last_seen_drop=drop)).rowcount
        return touched

    def set_status(self, run: int, keys: Iterable[RecordKey], status: Status, reason: str | None = None) -> int:
        """Sets what a decision says of records (KEPT by a rollback, DELETED by a person, ...), a line in the log each.

        Not for SENDING, LANDED, ADOPTED: those come from batches (but a reason may be put beside what stands so).
        Returns how many records were touched.
        """
        touched = 0
        detail = None if reason is None else {"reason": reason}
        for chunk in chunks(keys, PAGE):
            with self._write() as write:
                for source_object, ids in by_source(chunk).items():
                    statement = (
                        sa.update(records)
                        .where(
                            self._of(records, source_object, ids),
                        )
                        .values(status=status, reason=reason)
                        .returning(R.object, R.record_id)
                    )
                    for row in write.execute(statement):
                        write.tell(AuditLine("mark", row.object, row.record_id, status, detail, run))
                        touched += 1
        return touched

    def _select(self) -> Select:
        return sa.select(*COLUMNS).where(R.practice == self._practice)

    def _pages(self, statement: Select, page: int) -> Iterator[list[RecordState]]:
        ordered = statement.order_by(R.source_object, R.source_id).limit(page)
        after: RecordKey | None = None
        while True:
            part = ordered
            if after is not None:
                part = ordered.where(sa.tuple_(R.source_object, R.source_id) > sa.tuple_(*after))
            rows = self._rows(part)
            if rows:
                yield [to_state(row) for row in rows]
                after = RecordKey(rows[-1].source_object, rows[-1].source_id)
            if len(rows) < page:
                return
