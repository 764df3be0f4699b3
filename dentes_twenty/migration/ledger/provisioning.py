"""What the migration made in the workspace's data model, so that a rollback can take it away again.

Belongs here: objects, fields and options by name, with Twenty's id and whether they were intended, made or removed.
Does not belong here: what is needed (declarations), and making it (`twenty`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa

from dentes_twenty.migration.errors import LedgerMisuse
from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import Core
from dentes_twenty.migration.ledger.schema import provisioned

P = provisioned.c


class ProvisionState(StrEnum):
    """How a part of the data model stands."""

    INTENDED = "intended"  # asked for; a crash leaves it so, and the workspace tells whether it is there
    MADE = "made"
    REMOVED = "removed"


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """An object, a field of it, or an option of that field; names that do not apply are empty.

    `kind`: object, field, option, relation, index, role, ... as the caller names it.
    """

    kind: str
    object: str
    field: str = ""
    option: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Provisioned:
    """A part that the migration has made, intends to make, or has removed."""

    part: Part
    state: ProvisionState
    twenty_id: str | None
    run: int


class Provisioning(Core):
    """The part of the ledger that knows what was made in the data model."""

    def provision_intend(self, run: int, parts: Sequence[Part]) -> None:
        """Commits that these are about to be made. What is MADE already stays so."""
        with self._write() as write:
            insert = self._database.insert(provisioned)
            upsert = insert.on_conflict_do_update(
                index_elements=[P.practice, P.kind, P.object, P.field, P.option],
                set_={"state": ProvisionState.INTENDED, "run": insert.excluded.run, "at": insert.excluded.at,
                      "twenty_id": None},
                where=P.state == ProvisionState.REMOVED,
            )  # fmt: skip
            row = {"practice": self._practice, "state": ProvisionState.INTENDED, "run": run, "at": write.now}
            for part in parts:
                write.execute(upsert, {**row, **dataclasses.asdict(part)})
            write.tell(*(_line(run, part, ProvisionState.INTENDED) for part in parts))

    def provision_settle(self, run: int, part: Part, state: ProvisionState, twenty_id: str | None = None) -> None:
        """Commits that a part was made (with its id in Twenty) or removed.

        Raises LedgerMisuse for a part that was never intended.
        """
        with self._write() as write:
            values = {"state": state, "run": run, "at": write.now}
            if twenty_id is not None:
                values["twenty_id"] = twenty_id
            changed = write.execute(sa.update(provisioned).where(*self._is(part)).values(values)).rowcount
            if changed != 1:
                raise LedgerMisuse(
                    f"{part.kind} {part.object}.{part.field} was never intended.",
                    "Call provision_intend first.",
                    code="ledger_not_intended",
                )
            write.tell(_line(run, part, state))

    def provision_forget(self, run: int, part: Part) -> None:
        """Drops an intent that never came true, or that the workspace fulfilled by itself: it is not ours."""
        with self._write() as write:
            write.execute(sa.delete(provisioned).where(*self._is(part), P.state == ProvisionState.INTENDED))
            write.tell(_line(run, part, "not_made"))

    def provisioned(self, state: ProvisionState | None = None) -> list[Provisioned]:
        """All parts (some hundreds at most) in the order in which they were first intended."""
        statement = sa.select(provisioned).where(P.practice == self._practice).order_by(P.id)
        if state is not None:
            statement = statement.where(P.state == state)
        return [
            Provisioned(
                Part(row.kind, row.object, row.field, row.option),
                ProvisionState(row.state),
                row.twenty_id,
                row.run,
            )
            for row in self._rows(statement)
        ]

    def _is(self, part: Part) -> list[sa.ColumnElement[bool]]:
        return [
            P.practice == self._practice,
            P.kind == part.kind,
            P.object == part.object,
            P.field == part.field,
            P.option == part.option,
        ]


def _line(run: int, part: Part, outcome: str) -> AuditLine:
    subject = ".".join(name for name in (part.field, part.option) if name)
    return AuditLine(f"provision_{part.kind}", part.object, subject, outcome, None, run)
