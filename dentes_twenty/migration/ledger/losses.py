"""Losses: what a reconciliation found gone from Twenty, remembered beside what the ledger says of it.

Belongs here: setting and lifting the marks. A marked record keeps its status: it was written, nobody has decided
anything, and the books do not agree before it is back. Does not belong here: finding losses
(`steps.comparing`, `steps.comparing_files`), making good for them (the loader and `steps.files`, when they are asked).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, chunks
from dentes_twenty.migration.ledger.files import FileRecord, FileState
from dentes_twenty.migration.ledger.records import by_source
from dentes_twenty.migration.ledger.schema import files, records
from dentes_twenty.migration.ledger.types import Loss, RecordKey, Status

F = files.c
R = records.c


class Losses(Core):
    """The part of the ledger that remembers what is gone."""

    def note_losses(self, found: Mapping[RecordKey, Loss | None]) -> int:
        """Marks records that stand, or lifts the mark (None), a line in the log each; returns how many were touched.

        Records that are being sent, and those whose reason says something else, stay as they are.
        """
        wanted: dict[Loss | None, list[RecordKey]] = defaultdict(list)
        for key, loss in found.items():
            wanted[loss].append(key)
        touched = 0
        for loss, keys in wanted.items():
            for source_object, ids in by_source(keys).items():
                for some in chunks(ids, PAGE):
                    statement = (
                        sa.update(records)
                        .where(
                            self._of(records, source_object, some),
                            R.status.in_([Status.LANDED, Status.ADOPTED]),
                            sa.or_(R.reason.is_(None), R.reason.in_(list(Loss))),
                        )
                        .values(reason=loss)
                        .returning(R.object, R.record_id)
                    )
                    with self._write() as write:
                        rows = write.execute(statement).all()
                        said = loss or "found_again"
                        write.tell(*(AuditLine("mark", row.object, row.record_id, said) for row in rows))
                    touched += len(rows)
        return touched

    def note_lost_files(self, found: Iterable[tuple[FileRecord, Loss | None]]) -> None:
        """The same for files that hang; their mark is their code."""
        for chunk in chunks(found, PAGE):
            with self._write() as write:
                for one, loss in chunk:
                    statement = sa.update(files).where(
                        F.practice == self._practice,
                        F.source_object == one.key.source_object,
                        F.source_id == one.key.source_id,
                        F.name == one.name,
                        F.state == FileState.ATTACHED,
                    )
                    if write.execute(statement.values(code=loss)).rowcount:
                        subject = self.pseudonym(*one.key, one.name)
                        write.tell(AuditLine("file", one.key.source_object, subject, loss or "found_again"))
