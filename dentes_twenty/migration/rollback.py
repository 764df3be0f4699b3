"""Rolling back the records of one object: what we made is destroyed, what we adopted gets its before-image back.

Belongs here: judging records against the ledger (`migration.edits` decides), intents before and outcomes after each
batch, which bucket a record ends in. Does not belong here: the order of objects, files and links, the data model
(`steps.rolling_back`).

A record that a person has edited since stays as it is, unless the rollback is forced. Destroying goes by ids that the
ledger knows and by nothing else. A rollback may be killed at any moment and started again: an intent in doubt is asked
of Twenty, and every step may be taken twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dentes_twenty.migration.doubts import settle_doubts
from dentes_twenty.migration.edits import Restoration, Written, edited, restoration
from dentes_twenty.migration.gone import GoneTargets
from dentes_twenty.migration.ledger import (
    FieldPrints,
    Ledger,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)
from dentes_twenty.migration.load import LoadRun
from dentes_twenty.twenty.errors import RecordRefused
from dentes_twenty.twenty.model import ObjectInfo
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical

PAGE = 200
MEMBER = "workspaceMember"
DELETED = "deletedAt"
OURS = (Status.LANDED, Status.ADOPTED, Status.VANISHED, Status.DELETED, Status.KEPT)
"""Records that may stand in the workspace."""


@dataclasses.dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that stays as a person has left it. `fields`: those that were edited; `deletedAt` for an adopted record
    that was deleted, a plural (`attachments`) for things that were hung on it."""

    object: str
    key: RecordKey
    record_id: str = dataclasses.field(repr=False)
    fields: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class FailedRecord:
    """A record that should have been reversed and was not. `reason` is a code."""

    object: str
    key: RecordKey
    record_id: str = dataclasses.field(repr=False)
    reason: str


@dataclasses.dataclass(slots=True)
class ObjectRollback:
    """What became of one object's records. `reversed` is what this run reversed: `destroyed`, `restored`, or gone
    already; `earlier` were reversed by a run before it."""

    object: str
    destroyed: int = 0
    restored: int = 0
    gone: int = 0
    earlier: int = 0
    kept: list[KeptRecord] = dataclasses.field(default_factory=list)
    failed: list[FailedRecord] = dataclasses.field(default_factory=list)

    @property
    def reversed(self) -> int:
        """Records that the workspace is rid of, or that are as before us."""
        return self.destroyed + self.restored + self.gone

    @property
    def done(self) -> int:
        """Records in a bucket."""
        return self.reversed + len(self.kept) + len(self.failed)


@dataclasses.dataclass(frozen=True, slots=True)
class RollbackRun:
    """What every object of one rollback has in common. `key` decrypts before-images; `run` is None for a dry run, which
    writes nothing anywhere."""

    ledger: Ledger
    store: RecordStore
    run: int | None
    force: bool = False
    key: str | None = dataclasses.field(default=None, repr=False)

    @property
    def dry(self) -> bool:
        """Whether nothing may be written."""
        return self.run is None


@dataclasses.dataclass(slots=True)
class _Judged:
    """A page of records, each in the bucket that it is headed for."""

    destroy: list[RecordState] = dataclasses.field(default_factory=list)
    gone: list[RecordState] = dataclasses.field(default_factory=list)
    restore: list[tuple[RecordState, Restoration, bool]] = dataclasses.field(default_factory=list)
    keep: list[tuple[RecordState, tuple[str, ...]]] = dataclasses.field(default_factory=list)
    fail: list[tuple[RecordState, str]] = dataclasses.field(default_factory=list)


class RecordRollback:
    """Rolls one object back. `foreign`: record id -> names of things that others have hung on it, which destroying the
    record would take away or cut off. `judging` False is for link records: they have no content of their own."""

    def __init__(
        self,
        rollback: RollbackRun,
        object_: str,
        foreign: Mapping[str, frozenset[str]],
        *,
        judging: bool = True,
        told: Callable[[ObjectRollback], None] | None = None,
    ) -> None:
        self._rollback = rollback
        self._ledger, self._store = rollback.ledger, rollback.store
        self._object = object_
        self._item: ObjectInfo | None = rollback.store.model.objects.get(object_)
        self._foreign = foreign
        self._judging = judging and self._item is not None
        self._told = told
        self._gone = GoneTargets(rollback.ledger, rollback.store)
        self._imaged: set[str] | None = None
        self._absent = 0
        self.result = ObjectRollback(object_)

    async def run(self) -> ObjectRollback:
        """Judge and reverse everything; raises only what stops the whole run.

        Where records may point at each other, all are judged before the first is destroyed: destroying a record empties
        the fields that point at it, which then would look edited.
        """
        if not self._rollback.dry:
            await self._settle_doubts()
        self.result.earlier = sum(
            count
            for (object_, _, status), count in self._ledger.counts().items()
            if object_ == self._object and status is Status.ROLLED_BACK
        )
        keep: dict[RecordKey, tuple[str, ...]] | None = None
        if self._points_at_itself():
            keep = {}
            for page in self._pages():
                judged = _Judged()
                await self._judge_made(judged, [state for state in page if not state.adopted])
                self._mark_kept(judged.keep)
                keep |= {state.key: fields for state, fields in judged.keep}
        for page in self._pages():
            await self._act(await self._judge(page, keep))
        if not self._rollback.dry:
            self._close_adoptions()
        return self.result

    async def _settle_doubts(self) -> None:
        assert self._rollback.run is not None
        if self._item is not None:
            await settle_doubts(LoadRun(self._ledger, self._store, self._rollback.run, None), self._object)
            return
        for states in self._ledger.in_doubt(self._object):  # the object is gone with all its records
            by_intent: dict[int, list[Outcome]] = {}
            for state in states:
                undone = state.operation in (Operation.DESTROY, Operation.DELETE)
                result = Result.LANDED if undone else Result.ABSENT
                by_intent.setdefault(state.intent or 0, []).append(Outcome(state.key, state.record_id, result))
            for intent, outcomes in by_intent.items():
                self._ledger.settle(intent, outcomes)

    def _points_at_itself(self) -> bool:
        columns = self._item.columns.values() if self._item and self._judging else ()
        return any(field.type == "RELATION" and self._object in field.relation_to for field in columns)

    def _pages(self) -> Iterator[list[RecordState]]:
        statuses = (*OURS, Status.SENDING) if self._rollback.dry else OURS
        return self._ledger.iterate(self._object, status=statuses, page=PAGE)

    # -- judging

    async def _judge(
        self, page: Sequence[RecordState], kept: Mapping[RecordKey, tuple[str, ...]] | None = None
    ) -> _Judged:
        """One bucket for each record. `kept` is the judgement of an earlier pass on those that we made."""
        judged = _Judged()
        made = [state for state in page if not state.adopted]
        adopted = [state for state in page if state.adopted]
        if kept is not None:
            judged.keep += [(state, kept[state.key]) for state in made if state.key in kept]
            judged.destroy += [state for state in made if state.key not in kept]
        elif self._judging:
            await self._judge_made(judged, made)
        else:
            judged.destroy += made
        if adopted:
            await self._judge_adopted(judged, adopted)
        return judged

    async def _judge_made(self, judged: _Judged, states: Sequence[RecordState]) -> None:
        if not states:
            return
        current = await self._read(states)
        found = self._edited(states, current)
        if await self._gone.learn():
            found = self._edited(states, current)
        for state in states:
            if state.record_id not in current:
                judged.gone.append(state)
                continue
            fields = (*found[state.record_id], *sorted(self._foreign.get(state.record_id, ())))
            if fields and not self._rollback.force:
                judged.keep.append((state, fields))
            else:
                judged.destroy.append(state)

    async def _judge_adopted(self, judged: _Judged, states: Sequence[RecordState]) -> None:
        """Several source rows may stand behind one record: the last one that wrote it knows its fields."""
        current = await self._read(states) if self._item is not None else {}
        images = self._images(states)
        for state in states:
            record = current.get(state.record_id)
            image = images.get(state.record_id)
            if record is None:
                judged.keep.append((state, (DELETED,)))
                continue
            if image is None:
                judged.fail.append((state, "before_image_missing"))
                continue
            assert self._item is not None
            found = restoration(self._item, record, self._written(state), image, self._ledger.prints.value)
            deleted = bool(record.get(DELETED)) and not image.get(DELETED)
            fields = (*found.edited, DELETED) if deleted else found.edited
            if fields and not self._rollback.force:
                judged.keep.append((state, fields))
            else:
                judged.restore.append((state, found, deleted))

    async def _read(self, states: Sequence[RecordState]) -> dict[str, Record]:
        return await self._store.read(self._object, [state.record_id for state in states], with_deleted=True)

    def _images(self, states: Sequence[RecordState]) -> dict[str, dict[str, Any]]:
        """Before-images; a record that was adopted without one held nothing in the fields that we wrote."""
        ids = [state.record_id for state in states]
        key = self._rollback.key
        found = self._ledger.before_images(self._object, ids, key=key) if key else {}
        if self._imaged is None:
            self._imaged = {one.record_id for page in self._ledger.adoptions(self._object) for one in page}
        return {record: found.get(record, {}) for record in ids if record in found or record not in self._imaged}

    def _close_adoptions(self) -> None:
        """After the batches, and again after a crash between the two: what was restored is adopted no longer."""
        assert self._rollback.run is not None
        for page in self._ledger.adoptions(self._object):
            states = self._ledger.known_by_record_id([one.record_id for one in page])
            restored = [
                record for record, known in states.items() if all(one.status is Status.ROLLED_BACK for one in known)
            ]
            if restored:
                self._ledger.restored(self._rollback.run, self._object, restored)

    def _written(self, state: RecordState) -> Written:
        versions = [self._ledger.field_prints(prints) for prints in (state.prints, state.pending) if prints]
        before = (state.reason or "").split(",") if state.status is Status.KEPT else ()
        return Written(versions, frozenset(before))

    def _edited(self, states: Sequence[RecordState], current: Mapping[str, Record]) -> dict[str, tuple[str, ...]]:
        """Record id -> fields that a person has changed, as far as it is known which targets are gone."""
        assert self._item is not None
        value = self._ledger.prints.value
        return {
            state.record_id: edited(self._item, current[state.record_id], self._written(state), value, self._gone)
            for state in states
            if state.record_id in current
        }

    # -- acting

    async def _act(self, judged: _Judged) -> None:
        self._mark_kept(judged.keep)
        self.result.kept += [
            KeptRecord(self._object, state.key, state.record_id, fields) for state, fields in judged.keep
        ]
        for state, reason in judged.fail:
            self._failed(state, reason)
        if self._rollback.dry:
            self.result.destroyed += len(judged.destroy)
            self.result.restored += len(judged.restore)
            self.result.gone += len(judged.gone)
        else:
            await self._destroy(judged.destroy, judged.gone)
            await self._restore(judged.restore)
        if self._told is not None:
            self._told(self.result)

    def _mark_kept(self, kept: Sequence[tuple[RecordState, tuple[str, ...]]]) -> None:
        if self._rollback.run is None:
            return
        by_fields: dict[str, list[RecordKey]] = {}
        for state, fields in kept:
            reason = ",".join(fields)
            if state.status is not Status.KEPT or state.reason != reason:
                by_fields.setdefault(reason, []).append(state.key)
        for reason, keys in by_fields.items():
            self._ledger.set_status(self._rollback.run, keys, Status.KEPT, reason)

    def _failed(self, state: RecordState, reason: str) -> None:
        self.result.failed.append(FailedRecord(self._object, state.key, state.record_id, reason))

    async def _destroy(self, states: Sequence[RecordState], gone: Sequence[RecordState]) -> None:
        everything = [*states, *gone]
        if not everything:
            return
        assert self._rollback.run is not None
        intents = [RecordIntent(state.key, state.record_id) for state in everything]
        intent = self._ledger.intend(self._rollback.run, Operation.DESTROY, self._object, intents)
        ids = [state.record_id for state in states]
        self._absent = 0
        refused = await self.destroy_ids(ids) if ids and self._item is not None else {}
        self._settle(intent, everything, refused)
        self.result.destroyed += len(states) - len(refused) - self._absent
        self.result.gone += len(gone) + self._absent

    def _settle(self, intent: int, states: Sequence[RecordState], refused: Mapping[str, str]) -> None:
        outcomes = []
        for state in states:
            code = refused.get(state.record_id)
            result = Result.LANDED if code is None else Result.REFUSED
            outcomes.append(Outcome(state.key, state.record_id, result, code))
            if code is not None:
                self._failed(state, code)
        self._ledger.settle(intent, outcomes)

    async def destroy_ids(self, ids: Sequence[str]) -> dict[str, str]:
        """Destroy these records; id -> code of those that Twenty will not destroy. What is not there is destroyed."""
        try:
            done = set(await self._store.destroy(self._object, ids))
        except RecordRefused as error:
            if len(ids) == 1:
                return {ids[0]: error.reason}
            half = len(ids) // 2
            return {**await self.destroy_ids(ids[:half]), **await self.destroy_ids(ids[half:])}
        unsaid = [record for record in ids if record not in done]
        left = await self._store.read(self._object, unsaid, ["id"], with_deleted=True) if unsaid else {}
        self._absent += len(unsaid) - len(left)
        return dict.fromkeys(left, "not_destroyed")

    async def _restore(self, wanted: Sequence[tuple[RecordState, Restoration, bool]]) -> None:
        if not wanted:
            return
        assert self._rollback.run is not None
        intents = [
            RecordIntent(state.key, state.record_id, None, self._as_before(state, found)) for state, found, _ in wanted
        ]
        intent = self._ledger.intend(self._rollback.run, Operation.RESTORE, self._object, intents)
        refused = await self._write_back(wanted)
        self._settle(intent, [state for state, _, _ in wanted], refused)
        self.result.restored += sum(state.record_id not in refused for state, _, _ in wanted)

    def _as_before(self, state: RecordState, found: Restoration) -> FieldPrints:
        """What the record's fields will read: doubts are settled by it."""
        return self._ledger.merged_fingerprints(state.prints, found.expected)

    async def _write_back(self, wanted: Sequence[tuple[RecordState, Restoration, bool]]) -> dict[str, str]:
        """Send before-images, one record once; id -> code of those that did not take them."""
        deleted = [state.record_id for state, _, was_deleted in wanted if was_deleted]
        if deleted:
            await self._store.restore(self._object, deleted)
        changes = {state.record_id: found for state, found, _ in wanted if found.changes}
        payload = [{"id": record, **found.changes} for record, found in changes.items()]
        if not payload:
            return {}
        if self._object == MEMBER:  # members take no upsert
            answer = await self._store.update_each(self._object, payload)
        else:
            answer = await self._store.create(self._object, payload, upsert=True)
        refused = {refusal.id: refusal.code for refusal in answer.refused}
        assert self._item is not None
        for record, found in changes.items():
            stored = answer.stored.get(record, {})
            differing = any(
                canonical(self._item.columns[name].type, stored.get(name)) != value
                for name, value in found.expected.items()
            )
            if differing:
                refused.setdefault(record, "not_restored")
        return refused
