"""Held rows: records that cannot be sent yet, because a record they point at has not landed.

Belongs here: which record waits for which parent, and which may go. Does not belong here: rows with a defect
(`quarantine.py`), and how a parent is found (the planner).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from dentes_twenty.migration.ledger.core import PAGE, Core, Select, chunks
from dentes_twenty.migration.ledger.records import by_source
from dentes_twenty.migration.ledger.schema import held, records
from dentes_twenty.migration.ledger.types import RecordKey, Status

H = held.c
R = records.c


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """A record that waits. A record that waits for two parents has two of these."""

    key: RecordKey
    object: str
    record_id: str
    parent: RecordKey
    code: str


class HeldRows(Core):
    """The part of the ledger that keeps rows waiting."""

    def hold(self, run: int, rows: Iterable[Held], *, drop: int | None = None) -> int:
        """Remembers who waits for whom; returns how many lines were given. Idempotent.

        A record that Twenty does not have yet stands as HELD; one that it has stays as it is.
        """
        count = 0
        for chunk in chunks(rows, PAGE):
            count += len(chunk)
            base = {"practice": self._practice, "run": run, "drop_id": drop}
            with self._write() as write:
                insert = self._database.insert(held)
                upsert = insert.on_conflict_do_update(
                    index_elements=[H.practice, H.source_object, H.source_id, H.parent_object, H.parent_source_id],
                    set_={"code": insert.excluded.code, "run": insert.excluded.run, "drop_id": insert.excluded.drop_id},
                )  # fmt: skip
                write.execute(upsert, [{**base, **_names(row)} for row in chunk])
                first = self._database.insert(records)
                standing = first.on_conflict_do_update(
                    index_elements=[R.practice, R.source_object, R.source_id],
                    set_={"status": Status.HELD, "reason": first.excluded.reason, "run": first.excluded.run,
                          "last_seen_drop": sa.func.coalesce(first.excluded.last_seen_drop, R.last_seen_drop)},
                    where=sa.or_(*(R.status == status for status in (Status.HELD, Status.REFUSED, Status.ROLLED_BACK))),
                )  # fmt: skip
                write.execute(
                    standing,
                    [
                        {**base, "source_object": row.key.source_object, "source_id": row.key.source_id,
                         "object": row.object, "record_id": row.record_id, "status": Status.HELD, "adopted": False,
                         "reason": row.code, "last_seen_drop": drop}
                        for row in {row.key: row for row in chunk}.values()
                    ],
                )  # fmt: skip
        return count

    def held(self, source_object: str | None = None, *, page: int = PAGE) -> Iterator[list[Held]]:
        """Who waits for whom, in pages."""
        statement = self._waiting()
        if source_object is not None:
            statement = statement.where(H.source_object == source_object)
        return self._held_pages(statement, page)

    def releasable(self, *, page: int = PAGE) -> Iterator[list[RecordKey]]:
        """Held records whose parents have all landed, in pages: the planner may take them up again."""
        parent = records.alias("parent")
        still_missing = sa.exists().where(
            parent.c.practice == H.practice,
            parent.c.source_object == H.parent_object,
            parent.c.source_id == H.parent_source_id,
            parent.c.status.in_([Status.LANDED, Status.ADOPTED]),
        )
        missing = sa.func.sum(sa.case((still_missing, 0), else_=1))
        statement = (
            sa.select(H.source_object, H.source_id)
            .where(H.practice == self._practice)
            .group_by(H.source_object, H.source_id)
            .having(missing == 0)
            .order_by(H.source_object, H.source_id)
            .limit(page)
        )
        after: RecordKey | None = None
        while True:
            part = statement
            if after is not None:
                part = statement.where(sa.tuple_(H.source_object, H.source_id) > sa.tuple_(*after))
            rows = self._rows(part)
            if rows:
                yield [RecordKey(*row) for row in rows]
                after = RecordKey(*rows[-1])
            if len(rows) < page:
                return

    def release(self, keys: Iterable[RecordKey]) -> int:
        """Forgets that these wait (their row was corrected, or is gone); returns how many records did.

        A record that was only HELD is forgotten with it. `intend` does the same for the records of its batch, which
        then stand as SENDING.
        """
        released = 0
        for chunk in chunks(keys, PAGE):
            with self._write() as write:
                for source_object, ids in by_source(chunk).items():
                    write.execute(
                        sa.delete(held).where(
                            self._of(held, source_object, ids),
                        )
                    )
                    only_held = sa.delete(records).where(
                        self._of(records, source_object, ids),
                        R.status == Status.HELD,
                    )
                    released += write.execute(only_held).rowcount
        return released

    def _waiting(self) -> Select:
        return (
            sa.select(H.source_object, H.source_id, R.object, R.record_id, H.parent_object, H.parent_source_id, H.code)
            .join(
                records,
                sa.and_(R.practice == H.practice, R.source_object == H.source_object, R.source_id == H.source_id),
            )
            .where(H.practice == self._practice)
        )

    def _held_pages(self, statement: Select, page: int) -> Iterator[list[Held]]:
        order = (H.source_object, H.source_id, H.parent_object, H.parent_source_id)
        after: tuple[str, str, str, str] | None = None
        while True:
            part = statement.order_by(*order).limit(page)
            if after is not None:
                part = part.where(sa.tuple_(*order) > sa.tuple_(*after))
            rows = self._rows(part)
            if rows:
                yield [Held(RecordKey(r[0], r[1]), r[2], r[3], RecordKey(r[4], r[5]), r[6]) for r in rows]
                last = rows[-1]
                after = (last[0], last[1], last[4], last[5])
            if len(rows) < page:
                return


def _names(row: Held) -> dict[str, str]:
    return {
        "source_object": row.key.source_object,
        "source_id": row.key.source_id,
        "parent_object": row.parent.source_object,
        "parent_source_id": row.parent.source_id,
        "code": row.code,
    }
