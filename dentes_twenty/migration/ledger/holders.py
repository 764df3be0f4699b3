"""Holders of values that Twenty wants unique: which record has a primary e-mail or a web site for its own.

Belongs here: value (as keyed hash) -> record key, remembered between runs, so that a later export does not hand an
address to somebody else as long as it is held. Does not belong here: who gets a value first (`planning.holders`).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from dentes_twenty.migration.ledger.core import PAGE, Core, chunks
from dentes_twenty.migration.ledger.schema import holders

H = holders.c


class HeldValues(Core):
    """The part of the ledger that knows who holds a unique value."""

    def holders(self, kind: str) -> dict[str, str]:
        """`pseudonym(value)` -> key of its holder (`patient:1`, or `existing:<id>` for a record of the workspace)."""
        statement = sa.select(H.value, H.holder).where(H.practice == self._practice, H.kind == kind)
        return {row.value.hex(): row.holder for row in self._rows(statement)}

    def hold_values(self, kind: str, claimed: Mapping[str, str]) -> None:
        """Remember who holds which value; a value that somebody holds already changes hands."""
        insert = self._database.insert(holders)
        upsert = insert.on_conflict_do_update(
            index_elements=[H.practice, H.kind, H.value], set_={"holder": insert.excluded.holder}
        )
        for chunk in chunks(claimed.items(), PAGE):
            rows = [
                {"practice": self._practice, "kind": kind, "value": self.prints.secret(value), "holder": holder}
                for value, holder in chunk
            ]
            with self._write() as write:
                write.execute(upsert, rows)

    def hold_only(self, kind: str, holding: Mapping[str, str | None]) -> None:
        """These holders hold this value, or none: what they held before is free."""
        kept = [self.prints.secret(value) for value in holding.values() if value]
        for chunk in chunks(holding, PAGE):
            statement = sa.delete(holders).where(H.practice == self._practice, H.kind == kind, H.holder.in_(chunk))
            with self._write() as write:
                write.execute(statement.where(H.value.not_in(kept)) if kept else statement)
