"""What only a rollback asks of the ledger.

Belongs here: correcting what a kept record is known to hold, taking it up again, giving up unique values. Does not
belong here: the rollback itself (`migration.rollback`), batches (`batches.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import Core
from dentes_twenty.migration.ledger.schema import holders, records
from dentes_twenty.migration.ledger.types import FieldPrints, RecordKey, Status

H = holders.c
R = records.c


class Rollbacks(Core):
    """The part of the ledger that a rollback alone changes."""

    def reprint(self, run: int, known: Sequence[tuple[RecordKey, FieldPrints]]) -> None:
        """Replaces what records are known to hold, because the rollback itself has changed it: destroying a record
        empties the fields that point at it. A later migration then sees those fields as ours to fill."""
        with self._write() as write:
            for key, prints in known:
                statement = (
                    sa.update(records)
                    .where(
                        R.practice == self._practice,
                        R.source_object == key.source_object,
                        R.source_id == key.source_id,
                    )
                    .values(shape=prints.shape, field_prints=prints.blob)
                    .returning(R.object, R.record_id)
                )
                for row in write.execute(statement):
                    write.tell(AuditLine("mark", row.object, row.record_id, "unlinked", None, run))

    def take_up_kept(self, run: int) -> int:
        """A migration takes up again what a rollback has kept: those records stand as before; returns how many."""
        standing = sa.case((R.adopted, Status.ADOPTED.value), else_=Status.LANDED.value)
        statement = (
            sa.update(records)
            .where(R.practice == self._practice, R.status == Status.KEPT, R.field_prints.is_not(None))
            .values(status=standing, reason=None)
            .returning(R.object, R.record_id)
        )
        with self._write() as write:
            rows = write.execute(statement).all()
            write.tell(*(AuditLine("mark", row.object, row.record_id, "taken_up", None, run) for row in rows))
        return len(rows)

    def forget_holders(self, *, keep: Collection[str]) -> int:
        """Unique values are free again, but for those of the records with these keys (`patient:1`) that stay."""
        mine = H.practice == self._practice
        held = self._rows(sa.select(H.kind, H.value, H.holder).where(mine))
        free = [{"a_kind": row.kind, "a_value": row.value} for row in held if row.holder not in keep]
        if free:
            one = sa.delete(holders).where(mine, H.kind == sa.bindparam("a_kind"), H.value == sa.bindparam("a_value"))
            with self._write() as write:
                write.execute(one, free)
        return len(free)
