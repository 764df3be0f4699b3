"""Conflicts: fields that the export and a person in Twenty changed differently, and who decided.

Belongs here: which field of which record, fingerprints of the three values, the decision. Does not belong here: the
values (they stand in the practice's private report only), and the merge that finds a conflict (`merge.py`).

A conflict that shows again with the same values keeps its decision, as long as that was not carried out; with other
values it is open again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, chunks
from dentes_twenty.migration.ledger.schema import conflicts
from dentes_twenty.migration.ledger.types import RecordKey

C = conflicts.c


class ConflictState(StrEnum):
    """What was decided."""

    OPEN = "open"  # Twenty's value stays meanwhile
    OURS = "ours"  # write the export's value
    THEIRS = "theirs"  # Twenty's value stays
    CLOSED = "closed"  # the decision was carried out, or the values met by themselves


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """One field of one record. The prints are those of `Ledger.prints.value`: written last, new export, Twenty now."""

    key: RecordKey
    field: str
    written: bytes | None
    exported: bytes | None
    current: bytes | None
    state: ConflictState = ConflictState.OPEN
    resolved_by: str | None = None
    at: dt.datetime | None = None


class Conflicts(Core):
    """The part of the ledger that knows conflicts."""

    def conflict_add(self, run: int, found: Iterable[Conflict], *, drop: int | None = None) -> int:
        """Adds conflicts, or notes that they still stand; returns how many were given."""
        insert = self._database.insert(conflicts)
        new = insert.excluded
        same = sa.and_(
            C.state != ConflictState.CLOSED,
            C.export_print.is_not_distinct_from(new.export_print),
            C.twenty_print.is_not_distinct_from(new.twenty_print),
        )
        upsert = insert.on_conflict_do_update(
            index_elements=[C.practice, C.source_object, C.source_id, C.field],
            set_={
                "state": sa.case((same, C.state), else_=ConflictState.OPEN.value),
                "resolved_by": sa.case((same, C.resolved_by), else_=None),
                "written_print": new.written_print,
                "export_print": new.export_print,
                "twenty_print": new.twenty_print,
                "run": new.run,
                "drop_id": new.drop_id,
                "at": new.at,
            },
        )
        count = 0
        for chunk in chunks(found, PAGE):
            with self._write() as write:
                rows = [
                    {"practice": self._practice, "source_object": one.key.source_object,
                     "source_id": one.key.source_id, "field": one.field, "state": ConflictState.OPEN,
                     "written_print": one.written, "export_print": one.exported, "twenty_print": one.current,
                     "run": run, "drop_id": drop, "at": write.now}
                    for one in chunk
                ]  # fmt: skip
                write.execute(upsert, rows)
                write.tell(
                    *(
                        AuditLine("conflict", one.key.source_object, self.pseudonym(*one.key), "found",
                                  {"field": one.field}, run)
                        for one in chunk
                    )
                )  # fmt: skip
            count += len(chunk)
        return count

    def conflicts(
        self, state: ConflictState | None = ConflictState.OPEN, *, page: int = PAGE
    ) -> Iterator[list[Conflict]]:
        """Conflicts in pages; `state=None` gives all of them."""
        order = (C.source_object, C.source_id, C.field)
        statement = sa.select(conflicts).where(C.practice == self._practice)
        if state is not None:
            statement = statement.where(C.state == state)
        after: tuple[str, str, str] | None = None
        while True:
            part = statement.order_by(*order).limit(page)
            if after is not None:
                part = part.where(sa.tuple_(*order) > sa.tuple_(*after))
            rows = self._rows(part)
            if rows:
                yield [
                    Conflict(RecordKey(row.source_object, row.source_id), row.field, row.written_print,
                             row.export_print, row.twenty_print, ConflictState(row.state), row.resolved_by, row.at)
                    for row in rows
                ]  # fmt: skip
                after = (rows[-1].source_object, rows[-1].source_id, rows[-1].field)
            if len(rows) < page:
                return

    def conflicts_standing(self) -> dict[RecordKey, dict[str, Conflict]]:
        """All conflicts that are not CLOSED, by record and field."""
        found: dict[RecordKey, dict[str, Conflict]] = {}
        for state in (ConflictState.OPEN, ConflictState.OURS, ConflictState.THEIRS):
            for page in self.conflicts(state):
                for one in page:
                    found.setdefault(one.key, {})[one.field] = one
        return found

    def conflict_resolve(
        self,
        key: RecordKey,
        decision: ConflictState,
        *,
        by: str,
        fields: Sequence[str] | None = None,
        run: int | None = None,
    ) -> int:
        """Decides a record's conflicts (all that are not CLOSED, or those of `fields`); returns how many.

        `by` is the person who decided, for CLOSED the program's step that carried the decision out.
        """
        with self._write() as write:
            statement = sa.update(conflicts).where(
                C.practice == self._practice,
                C.source_object == key.source_object,
                C.source_id == key.source_id,
                C.state != ConflictState.CLOSED,
            )
            if fields is not None:
                statement = statement.where(C.field.in_(list(fields)))
            changed = write.execute(statement.values(state=decision, resolved_by=by, at=write.now).returning(C.field))
            names = sorted(changed.scalars())
            if names:
                detail = {"by": by, "fields": names}
                write.tell(AuditLine("conflict", key.source_object, self.pseudonym(*key), decision, detail, run))
        return len(names)
