"""Approvals: a named person's yes, bound to the fingerprint of exactly what was shown.

Belongs here: giving, finding and withdrawing them. Does not belong here: what is fingerprinted, and what needs a yes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import Core, Row
from dentes_twenty.migration.ledger.schema import approvals

A = approvals.c


@dataclasses.dataclass(frozen=True, slots=True)
class Approval:
    """One yes. `kind`: mapping, sample, reconciliation, ...; `withdrawn` tells when it was taken back."""

    id: int
    kind: str
    fingerprint: str
    by: str
    note: str
    at: dt.datetime
    withdrawn: dt.datetime | None


class Approvals(Core):
    """The part of the ledger that knows who has said yes to what."""

    def approve(self, kind: str, fingerprint: str, *, by: str, note: str = "") -> Approval:
        """Remembers the yes of `by`, with a line in the audit log."""
        with self._write() as write:
            row = {
                "practice": self._practice,
                "kind": kind,
                "fingerprint": fingerprint,
                "by": by,
                "note": note,
                "at": write.now,
            }
            statement = sa.insert(approvals).returning(*approvals.c)
            approval = _approval(write.execute(statement, row).one())
            detail = {"by": by, "fingerprint": fingerprint}
            write.tell(AuditLine("approve", kind, f"approval:{approval.id}", "given", detail))
        return approval

    def approval(self, kind: str, fingerprint: str) -> Approval | None:
        """The newest standing yes to exactly this fingerprint."""
        statement = (
            sa.select(approvals)
            .where(
                A.practice == self._practice,
                A.kind == kind,
                A.fingerprint == fingerprint,
                A.withdrawn.is_(None),
            )
            .order_by(A.id.desc())
            .limit(1)
        )
        rows = self._rows(statement)
        return _approval(rows[0]) if rows else None

    def approvals(self, kind: str | None = None) -> list[Approval]:
        """All that were ever given, oldest first: shows to what an older yes was bound."""
        statement = sa.select(approvals).where(A.practice == self._practice).order_by(A.id)
        if kind is not None:
            statement = statement.where(A.kind == kind)
        return [_approval(row) for row in self._rows(statement)]

    def withdraw(self, approval: int, *, by: str) -> bool:
        """Takes a yes back; False when it was not standing."""
        with self._write() as write:
            statement = (
                sa.update(approvals)
                .where(A.practice == self._practice, A.id == approval, A.withdrawn.is_(None))
                .values(withdrawn=write.now)
                .returning(A.kind)
            )
            kind = write.execute(statement).scalar()
            if kind is not None:
                write.tell(AuditLine("approve", kind, f"approval:{approval}", "withdrawn", {"by": by}))
        return kind is not None


def _approval(row: Row) -> Approval:
    return Approval(row.id, row.kind, row.fingerprint, row.by, row.note, row.at, row.withdrawn)
