"""The ledger of one practice: all its parts as one object.

Belongs here: putting the parts together, and what concerns all of them (events, purge). Does not belong here: anything
about one table; that stands in the part's own file.

    with Ledger.open(url, "ege-dental", actor="migrate") as ledger:
        run = ledger.begin_run("migrate", exclusive=True)
        batch = ledger.intend(run, Operation.CREATE, "person", intents)     # committed, then send
        ledger.settle(batch, outcomes)                                      # committed, with the audit log
        ledger.end_run(run, RunState.DONE, counts)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from dentes_twenty.migration.ledger.adoptions import Adoptions
from dentes_twenty.migration.ledger.approvals import Approvals
from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.batches import Batches
from dentes_twenty.migration.ledger.conflicts import Conflicts
from dentes_twenty.migration.ledger.files import PURGED, Files
from dentes_twenty.migration.ledger.held import HeldRows
from dentes_twenty.migration.ledger.holders import HeldValues
from dentes_twenty.migration.ledger.limits import SharedLimits
from dentes_twenty.migration.ledger.losses import Losses
from dentes_twenty.migration.ledger.provisioning import Provisioning
from dentes_twenty.migration.ledger.quarantine import Quarantine
from dentes_twenty.migration.ledger.rollbacks import Rollbacks
from dentes_twenty.migration.ledger.schema import before_images, conflicts, files, quarantine
from dentes_twenty.migration.ledger.types import RecordKey
from dentes_twenty.migration.ledger.workspaces import WorkspaceFingerprints


@dataclasses.dataclass(frozen=True, slots=True)
class Purged:
    """How many rows lost their personal data."""

    before_images: int
    file_names: int
    quarantine_rows: int
    conflicts: int


class Ledger(
    Batches,
    HeldRows,
    Quarantine,
    Adoptions,
    Provisioning,
    Approvals,
    Conflicts,
    Files,
    HeldValues,
    WorkspaceFingerprints,
    Rollbacks,
    Losses,
):  # each in its own file
    """One practice's ledger. Open it with `Ledger.open`; close it, or use it as a context manager.

    Safe for several threads of a process, which take turns, and for several processes. Every method is one or more
    short transactions; every iterator reads in pages and holds nothing open between them.
    """

    def event(
        self,
        run: int | None,
        operation: str,
        object: str,
        subject: str,
        outcome: str,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """A line in the audit log for an operation that no other method tells of. Never with a patient's data."""
        with self._write() as write:
            write.tell(AuditLine(operation, object, subject, outcome, detail, run))

    def shared_limits(self, workspace: str) -> SharedLimits:
        """The limiter's state for a workspace (its address), shared by all processes on this ledger. To be closed."""
        url = self._database.url.render_as_string(hide_password=False)
        return SharedLimits(url, workspace)

    def purge(self, run: int | None = None, *, signed_by: str) -> Purged:
        """Deletes personal data after sign-off: before-images, names of files, source ids of defects, conflicts.

        Kept: the audit log, counts, and each record's source id, id in Twenty and keyed fingerprints, which a later
        drop is compared with; and who has signed the migration off. An SQLite file is rewritten, so that nothing
        deleted is left in it.
        """
        with self._write() as write:
            images = write.execute(sa.delete(before_images).where(before_images.c.practice == self._practice))
            fought = write.execute(sa.delete(conflicts).where(conflicts.c.practice == self._practice))
            defects = write.execute(
                sa.update(quarantine)
                .where(quarantine.c.practice == self._practice, quarantine.c.source_id.is_not(None))
                .values(source_id=None)
            )
            names = self._purge_file_names(write.connection)
            purged = Purged(images.rowcount, names, defects.rowcount, fought.rowcount)
            detail = {"signed_by": signed_by, **dataclasses.asdict(purged)}
            write.tell(AuditLine("purge", "", "", "done", detail, run))
        self._database.shrink()
        return purged

    def _purge_file_names(self, connection: sa.Connection) -> int:
        """A name is part of its row's key: a keyed hash keeps the rows apart."""
        mine = files.c.practice == self._practice
        plain = sa.select(files.c.source_object, files.c.source_id, files.c.name).where(
            mine, files.c.name.not_like(f"{PURGED}%")
        )
        rows = connection.execute(plain).all()
        for row in rows:
            hashed = self.purged_name(RecordKey(row.source_object, row.source_id), row.name)
            connection.execute(
                sa.update(files)
                .where(
                    mine,
                    files.c.source_object == row.source_object,
                    files.c.source_id == row.source_id,
                    files.c.name == row.name,
                )
                .values(name=hashed)
            )
        return len(rows)
