"""Comparing records that Twenty holds with what was planned or written, field by field, with their links.

Belongs here: reading a chunk of records, counting what differs, and remembering in the ledger what is lost, so that a
migration can be asked to bring it back. Does not belong here: which records (the walk of `steps.reconciling`), what a
difference means (`migration.reconcile`), files (`steps.comparing_files`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dentes_twenty.migration.ledger import Ledger, Loss, RecordKey, RecordState, Status
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.reconcile import (
    ACTOR,
    MOST_LISTED,
    WRONG,
    Difference,
    Kind,
    Notice,
    Reconciliation,
    Rows,
    edited_by_a_person,
    kind_of,
    title_of,
)
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import FieldType, TargetField
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import Verdict, canonical, compare


class Comparer:
    """Compares chunk after chunk; what it finds goes into the result. Remembers which parents are there."""

    def __init__(self, store: RecordStore, ledger: Ledger, result: Reconciliation) -> None:
        self._store = store
        self._ledger = ledger
        self._result = result
        self._there: dict[str, set[str]] = defaultdict(set)
        self._gone: dict[str, set[str]] = defaultdict(set)
        self._losses: dict[RecordKey, Loss] = {}
        self._waiting = {
            state.record_id for page in ledger.iterate(status=(Status.REFUSED, Status.HELD)) for state in page
        }

    def know(self, object_: str, ids: Iterable[str]) -> None:
        """These records are there."""
        self._there[object_].update(ids)

    async def compare(
        self, declaration: SourceObject, standing: Sequence[tuple[PlannedRecord, RecordState]], rows: Rows
    ) -> dict[str, Record]:
        """Records that stand, every field; the stored ones by id."""
        if not standing:
            return {}
        object_ = declaration.target.singular
        stored = await self._read(declaration, [state.record_id for _, state in standing])
        rows.found += len(stored)
        self.know(object_, stored)
        lost = [(planned, state) for planned, state in standing if state.record_id not in stored]
        if lost:
            await self._lost(object_, lost, rows)
        relations = {f.target.wire_name: f.target for f in declaration.fields if f.target.relation is not None}
        await self._look_for_parents(relations.values(), stored.values())
        for planned, state in standing:
            if state.record_id in stored:
                self._compare_one(declaration, planned, state, stored[state.record_id], rows)
        links = await self._compare_links(
            declaration, [(planned, state) for planned, state in standing if state.record_id in stored], rows
        )
        self._remember_losses([*(state for _, state in standing), *links])
        return stored

    def _remember_losses(self, states: Iterable[RecordState]) -> None:
        """In the ledger: what is lost now, and what was lost and is there again."""
        changed = {
            state.key: self._losses.get(state.key)
            for state in states
            if self._losses.get(state.key) != Loss.of(state.reason)
        }
        self._ledger.note_losses(changed)
        self._losses.clear()

    async def compare_written(
        self, declaration: SourceObject, states: Sequence[RecordState], rows: Rows, *, values: bool
    ) -> dict[str, Record]:
        """Records whose row the export no longer shows: with the fingerprints of what was written."""
        stored = await self._read(declaration, [state.record_id for state in states])
        rows.vanished += len(stored)
        self.know(declaration.target.singular, stored)
        prints = self._ledger.prints
        for state in states if values else ():
            record = stored.get(state.record_id)
            if record is None or state.prints is None:
                continue
            written = self._ledger.field_prints(state.prints)
            edited = edited_by_a_person(record.get(ACTOR))
            for field in declaration.fields:
                name, type_ = field.target.wire_name, field.target.type
                if name in written and written[name] != prints.value(canonical(type_, record[name])):
                    kind = Kind.EDITED if edited else Kind.CHANGED
                    self._differ(rows, field.target, state, "", None, record[name], kind)
        return stored

    async def _read(self, declaration: SourceObject, ids: Sequence[str]) -> dict[str, Record]:
        if not ids:
            return {}
        object_ = declaration.target.singular
        fields = [field.target.wire_name for field in declaration.fields]
        if ACTOR in self._store.model.object(object_).columns:  # workspaces before 2.x have none
            fields.append(ACTOR)
        return await self._store.read(object_, ids, fields)

    async def _lost(self, object_: str, lost: Sequence[tuple[PlannedRecord, RecordState]], rows: Rows) -> None:
        """Soft-deleted by a person, or gone for good."""
        ids = [state.record_id for _, state in lost]
        hidden = await self._store.read(object_, ids, ["deletedAt"], with_deleted=True)
        for planned, state in lost:
            deleted = state.record_id in hidden
            if deleted:
                rows.deleted += 1
                rows.landed -= 1
            self._gone[object_].add(state.record_id)
            self._losses[state.key] = Loss.LOST
            what = "deleted" if deleted else "destroyed"
            notice = Notice(rows.object, object_, planned.source_id, state.record_id, title_of(planned.values), what)
            if len(self._result.gone) < MOST_LISTED:
                self._result.gone.append(notice)

    def _compare_one(
        self, declaration: SourceObject, planned: PlannedRecord, state: RecordState, record: Record, rows: Rows
    ) -> None:
        rows.verified += 1
        rows.values += len(declaration.fields)
        wrong = False
        for field in declaration.fields:
            target = field.target
            sent, stored = planned.values[target.wire_name], record[target.wire_name]
            if compare(target.type, sent, stored) is Verdict.LOST:
                kind = self._kind(target, state, sent, stored, record)
                wrong = wrong or kind in WRONG
                if target.relation is not None and stored is None and kind is Kind.CHANGED:
                    self._orphan(rows, planned, state, target.label)
                    self._losses[state.key] = Loss.UNLINKED
                    rows.kinds[kind] += 1
                    rows.fields[target.wire_name] += 1
                    continue
                title = title_of(planned.values)
                self._differ(rows, target, state, title, sent, stored, kind)
            elif target.relation is not None and stored in self._gone[target.relation.object]:
                self._orphan(rows, planned, state, target.label)
        rows.differing += wrong

    def _kind(self, target: TargetField, state: RecordState, sent: Any, stored: Any, record: Mapping[str, Any]) -> Kind:
        prints, types = self._ledger.prints, target.type
        written = self._ledger.field_prints(state.prints).get(target.wire_name) if state.prints else None
        return kind_of(
            written,
            prints.value(canonical(types, sent)),
            prints.value(canonical(types, stored)),
            edited=edited_by_a_person(record.get(ACTOR)),
            waits=target.type is FieldType.RELATION and stored is None and sent in self._waiting,
        )

    def _differ(
        self, rows: Rows, target: TargetField, state: RecordState, title: str, sent: Any, stored: Any, kind: Kind
    ) -> None:
        rows.kinds[kind] += 1
        rows.fields[target.wire_name] += 1
        if len(self._result.differences) < MOST_LISTED:
            self._result.differences.append(
                Difference(
                    state.key.source_object, rows.target, state.key.source_id, state.record_id, title,
                    target.wire_name, target.label, target.type.value, sent, stored, kind,
                )
            )  # fmt: skip

    def _orphan(self, rows: Rows, planned: PlannedRecord, state: RecordState, what: str) -> None:
        rows.orphans += 1
        if len(self._result.orphans) < MOST_LISTED:
            title = title_of(planned.values)
            self._result.orphans.append(
                Notice(rows.object, rows.target, planned.source_id, state.record_id, title, what)
            )

    async def _look_for_parents(self, relations: Iterable[TargetField], records: Iterable[Record]) -> None:
        """Ask once for every record that something points at and that has not been seen yet."""
        wanted: dict[str, set[str]] = defaultdict(set)
        fields = [(field.wire_name, field.relation.object) for field in relations if field.relation is not None]
        for record in records:
            for name, object_ in fields:
                if record[name]:
                    wanted[object_].add(record[name])
        for object_, ids in wanted.items():
            unknown = sorted(ids - self._there[object_] - self._gone[object_])
            if unknown:
                found = await self._store.read(object_, unknown, ["id"])
                self._there[object_].update(found)
                self._gone[object_].update(set(unknown) - found.keys())

    async def _compare_links(
        self, declaration: SourceObject, standing: Sequence[tuple[PlannedRecord, RecordState]], rows: Rows
    ) -> list[RecordState]:
        """Each link record is there and joins what it was made to join; the ledger's states of the links."""
        states: list[RecordState] = []
        for made in declaration.links:
            join = made.join.singular
            wanted = [
                (planned, state, link) for planned, state in standing for link in planned.links if link.join == join
            ]
            if not wanted:
                continue
            columns = sorted(self._store.link_values(join, wanted[0][2].values))
            found = await self._store.read(join, [link.id for _, _, link in wanted], columns)
            known = self._ledger.known(join, [planned.key for planned, _, _ in wanted])
            states += known.values()
            for planned, state, link in wanted:
                values = self._store.link_values(join, link.values)
                record = found.get(link.id)
                joins = record is not None and all(record[column] == value for column, value in values.items())
                if not joins and not any(value in self._waiting for value in values.values()):
                    self._orphan(rows, planned, state, join)
                    if record is None or not all(record[column] for column in values):
                        self._losses[RecordKey(join, planned.key)] = Loss.LOST
        return states
