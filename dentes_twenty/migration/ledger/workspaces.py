"""What the workspace held before the first write, so that a rollback can be compared with it.

Belongs here: the fingerprint's document and one keyed hash for each record, by its id in Twenty. Does not belong here:
what is fingerprinted and how two are compared (`migration.fingerprint`).

A fingerprint stands from the first write until a rollback has left nothing of ours; the next run then takes a new one.
One that was not finished (a crash) is thrown away: nothing had been written into the workspace yet.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, Write, chunks
from dentes_twenty.migration.ledger.fingerprints import canonical_json
from dentes_twenty.migration.ledger.schema import workspace_fingerprints, workspace_records

W = workspace_fingerprints.c
P = workspace_records.c


@dataclasses.dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """The standing fingerprint. `document` is what `fingerprint_finish` was given."""

    id: int
    run: int
    taken: dt.datetime
    document: Mapping[str, Any] = dataclasses.field(repr=False)


class WorkspaceFingerprints(Core):
    """The part of the ledger that remembers the workspace as it was."""

    def fingerprint_begin(self, run: int) -> int:
        """Opens a new fingerprint; returns the id to fill it with. An unfinished one goes."""
        with self._write() as write:
            unfinished = sa.select(W.id).where(W.practice == self._practice, W.document.is_(None))
            write.execute(sa.delete(workspace_records).where(P.fingerprint.in_(unfinished)))
            write.execute(sa.delete(workspace_fingerprints).where(W.practice == self._practice, W.document.is_(None)))
            row = {"practice": self._practice, "run": run, "taken": write.now}
            return int(write.execute(sa.insert(workspace_fingerprints).returning(W.id), row).scalar_one())

    def fingerprint_add(self, fingerprint: int, object: str, prints: Mapping[str, bytes]) -> None:
        """Adds records of an object: id in Twenty -> 16 bytes."""
        insert = self._database.insert(workspace_records).on_conflict_do_nothing()
        for chunk in chunks(prints.items(), PAGE):
            rows = [
                {"fingerprint": fingerprint, "object": object, "record_id": record, "print": print_}
                for record, print_ in chunk
            ]
            with self._write(durable=False) as write:
                write.execute(insert, rows)

    def fingerprint_finish(self, run: int, fingerprint: int, document: Mapping[str, Any], digest: str) -> None:
        """Commits that it is whole. `digest` stands in the audit log, so that the fingerprint cannot be swapped."""
        with self._write() as write:
            text = canonical_json(document).decode()
            write.execute(sa.update(workspace_fingerprints).where(*self._mine(fingerprint)).values(document=text))
            self._tell(write, run, fingerprint, "taken", {"digest": digest})

    def fingerprint(self) -> StoredFingerprint | None:
        """The one that stands."""
        statement = (
            sa.select(workspace_fingerprints)
            .where(W.practice == self._practice, W.document.is_not(None), W.closed_run.is_(None))
            .order_by(W.id)
            .limit(1)
        )
        for row in self._rows(statement):
            return StoredFingerprint(row.id, row.run, row.taken, orjson.loads(row.document))
        return None

    def fingerprint_records(self, fingerprint: int, object: str) -> dict[str, bytes]:
        """Id in Twenty -> 16 bytes, of one object."""
        statement = sa.select(P.record_id, P.print).where(P.fingerprint == fingerprint, P.object == object)
        return {row.record_id: bytes(row.print) for row in self._rows(statement)}

    def fingerprint_close(self, run: int, fingerprint: int) -> None:
        """Nothing of ours is left in the workspace: the next run takes a new one. Its records are forgotten."""
        with self._write() as write:
            write.execute(sa.update(workspace_fingerprints).where(*self._mine(fingerprint)).values(closed_run=run))
            write.execute(sa.delete(workspace_records).where(P.fingerprint == fingerprint))
            self._tell(write, run, fingerprint, "closed", None)

    def _mine(self, fingerprint: int) -> tuple[sa.ColumnElement[bool], ...]:
        return W.practice == self._practice, W.id == fingerprint

    @staticmethod
    def _tell(write: Write, run: int, fingerprint: int, outcome: str, detail: Mapping[str, Any] | None) -> None:
        write.tell(AuditLine("workspace_fingerprint", "", f"fingerprint:{fingerprint}", outcome, detail, run))
