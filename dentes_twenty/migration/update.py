"""Changed records: read, merged field by field with people's edits, written in one upsert batch.

Belongs here: batches of records that stand in Twenty and differ from what was written; records that were there before
us (adopted); relations to the object's own kind that had to wait. Does not belong here: the decision on one field
(`migration.merge`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dentes_twenty.migration.adoption import EMAIL, SITE
from dentes_twenty.migration.delta import MARKED
from dentes_twenty.migration.ledger import (
    Conflict,
    ConflictState,
    Loss,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)
from dentes_twenty.migration.merge import Decision, adopt, decided, merge
from dentes_twenty.migration.planning.holders import KEPT
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.verify import Verifier
from dentes_twenty.objects.absent import ABSENT
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import FieldType
from dentes_twenty.twenty.records import BatchOutcome
from dentes_twenty.twenty.values import cleared

if TYPE_CHECKING:
    from dentes_twenty.migration.load import LoadRun
    from dentes_twenty.migration.parents import Parents

MEMBER = "workspaceMember"
BY = "delta"
"""Who closes a conflict: the step that carried the decision out, or found that the values have met."""

Change = tuple[PlannedRecord, RecordState | None]
Standing = Mapping[RecordKey, Mapping[str, Conflict]]


@dataclasses.dataclass(frozen=True, slots=True)
class _Merged:
    """`sent`: fields to write. `settled`: fields whose fingerprint becomes the planned value's. `closed`: fields that
    are no conflict any more."""

    planned: PlannedRecord
    state: RecordState | None
    sent: dict[str, Any]
    settled: set[str]
    closed: tuple[str, ...] = ()

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.planned.source_object, self.planned.source_id)


class Updater:
    """Writes what changed in records of one declaration."""

    def __init__(
        self,
        run: LoadRun,
        declaration: SourceObject,
        verifier: Verifier,
        tally: Tally,
        standing: Standing,
        parents: Parents,
    ) -> None:
        self._run = run
        self._standing = standing
        self._parents = parents
        self._declaration = declaration
        self._object = declaration.target.singular
        self._verifier = verifier
        self._tally = tally
        self._types = {f.target.wire_name: f.target.type for f in declaration.fields}

    async def update(self, changes: Sequence[Change]) -> list[PlannedRecord]:
        """Merge and write one batch; `None` for a state marks a record that is adopted now. Returns the records that
        were destroyed and are to be made again."""
        ids = [state.record_id if state else planned.id for planned, state in changes]
        absent = [
            state.record_id
            for _, state in changes
            if state and (state.status in (Status.VANISHED, Status.DELETED) or state.reason == Loss.LOST)
        ]
        if absent:
            await self._run.store.restore(self._object, absent)
        marked = [state.record_id for _, state in changes if state and state.reason == MARKED]
        if marked:
            await self._run.store.update_ids(self._object, marked, {ABSENT.name: False})
        current = await self._run.store.read(self._object, ids)
        writes: list[_Merged] = []
        gone: list[PlannedRecord] = []
        for (planned, state), record in zip(changes, ids, strict=True):
            if record not in current:
                gone.append(planned)
                continue
            writes.append(self._merge(planned, state, self._verifier.current(current[record])))
        again = gone if self._run.restore_deleted and self._object != MEMBER else []
        if gone and not again:
            keys = [RecordKey(planned.source_object, planned.source_id) for planned in gone]
            self._run.ledger.set_status(self._run.run, keys, Status.DELETED, "deleted_by_a_person")
            for key in keys:
                self._run.ledger.conflict_resolve(key, ConflictState.CLOSED, by=BY, run=self._run.run)
            self._tally.deleted_by_a_person += len(gone)
        if writes:
            await self._write(writes)
        return again

    async def complete(self, batch: Sequence[PlannedRecord]) -> None:
        """Write the relations to the object's own kind that had to wait for their targets."""
        known = self._known(batch)
        writes: list[_Merged] = []
        for planned in batch:
            sent = {n: planned.values[n] for n in self._declaration.self_relations if planned.values[n]}
            writes.append(_Merged(planned, known[planned.key], sent, set(sent)))
        await self._write(writes, completing=True)

    def _known(self, batch: Sequence[PlannedRecord]) -> dict[str, RecordState]:
        found: dict[str, RecordState] = {}
        for source_object in {p.source_object for p in batch}:
            ids = [p.source_id for p in batch if p.source_object == source_object]
            for source_id, state in self._run.ledger.known(source_object, ids).items():
                found[f"{source_object}:{source_id}"] = state
        return found

    def _merge(self, planned: PlannedRecord, state: RecordState | None, current: Mapping[str, Any]) -> _Merged:
        """Decide every field; conflicts that nobody has decided go into the ledger."""
        ledger = self._run.ledger
        written = ledger.field_prints(state.prints) if state and state.prints else {}
        empty = ledger.prints.value(None)
        sent: dict[str, Any] = {}
        settled: set[str] = set()
        conflicts: list[Conflict] = []
        key = RecordKey(planned.source_object, planned.source_id)
        standing = self._standing.get(key, {})
        for name, value in self._verifier.canonical(planned.values).items():
            exported, holds = ledger.prints.value(value), ledger.prints.value(current.get(name))
            if state is not None and name in written:
                decision = merge(written[name], exported, holds)
            else:
                decision = adopt(exported, holds, empty)
            if decision is Decision.CONFLICT:
                decision = decided(standing.get(name), exported, holds)
            if self._was_unlinked(state, name) and holds == empty != exported:
                decision = Decision.WRITE
            if decision is Decision.WRITE:
                sent[name] = planned.values[name]
            if decision in (Decision.WRITE, Decision.SAME, Decision.KEPT):
                settled.add(name)
            elif decision is Decision.CONFLICT:
                conflicts.append(Conflict(key, name, written.get(name), exported, holds))
        if conflicts:
            ledger.conflict_add(self._run.run, conflicts, drop=self._run.drop)
            self._tally.conflicts += len(conflicts)
        closed = tuple(standing.keys() - {one.field for one in conflicts})
        return _Merged(planned, state, sent, settled, closed)

    def _was_unlinked(self, state: RecordState | None, name: str) -> bool:
        """Whether Twenty, and no person, has emptied the relation, and it is to be set again."""
        unlinked = state is not None and state.reason == Loss.UNLINKED
        return unlinked and self._run.restore_deleted and self._types[name] is FieldType.RELATION

    async def _write(self, writes: Sequence[_Merged], *, completing: bool = False) -> None:
        ledger = self._run.ledger
        intents, payload = [], []
        for one in writes:
            planned, state = one.planned, one.state
            record = state.record_id if state else planned.id
            canonical = self._verifier.canonical(planned.values)
            prints = ledger.merged_fingerprints(state.prints if state else None, {n: canonical[n] for n in one.settled})
            intents.append(RecordIntent(one.key, record, planned.digest, prints, planned.position))
            if one.sent:
                payload.append({"id": record, **{n: self._sendable(n, v) for n, v in one.sent.items()}})
        intent = ledger.intend(self._run.run, Operation.UPSERT, self._object, intents, drop=self._run.drop)
        answer = await self._send(payload) if payload else None
        refused = {r.id: r for r in answer.refused} if answer else {}
        outcomes = []
        for one, made in zip(writes, intents, strict=True):
            if made.record_id in refused:
                refusal = refused[made.record_id]
                outcomes.append(Outcome(made.key, made.record_id, Result.REFUSED, refusal.code))
                self._parents.report(one.planned, refusal.code, refusal.field, "warning")
                self._tally.refused += 1
                continue
            if answer is not None and made.record_id in answer.stored:
                self._verifier.check_sent(one.sent, answer.stored[made.record_id])
            result = Result.ADOPTED if one.state is None else Result.LANDED
            outcomes.append(Outcome(made.key, made.record_id, result))
            self._count(one.state, bool(one.sent), completing=completing)
        ledger.settle(intent, outcomes)
        self._hold_only([one for one, o in zip(writes, outcomes, strict=True) if o.result is not Result.REFUSED])
        for one, outcome in zip(writes, outcomes, strict=True):
            if one.closed and outcome.result is not Result.REFUSED:
                ledger.conflict_resolve(one.key, ConflictState.CLOSED, by=BY, fields=one.closed, run=self._run.run)

    def _hold_only(self, written: Sequence[_Merged]) -> None:
        """A record that got another e-mail or web site no longer holds the one before."""
        for unique in (EMAIL, SITE):
            if unique.object == self._object:
                holding: dict[str, str | None] = {}
                for one in written:
                    if unique.field in one.sent:
                        key = one.planned.key
                        holding |= {key: unique.value(one.sent) or None, KEPT + key: None}
                self._run.ledger.hold_only(unique.kind, holding)

    async def _send(self, payload: Sequence[dict[str, Any]]) -> BatchOutcome:
        """One upsert batch; workspace members can only be updated, one at a time."""
        store = self._run.store
        if self._object != MEMBER:
            return await store.create(self._object, payload, upsert=True)
        return await store.update_each(self._object, payload)

    def _sendable(self, name: str, value: Any) -> Any:
        """A composite that becomes empty is sent whole with empty parts: null for it would change nothing."""
        return cleared(self._types[name]) if value is None else value

    def _count(self, state: RecordState | None, sent: bool, *, completing: bool) -> None:
        if completing:
            self._tally.completed += 1
        elif state is None:
            self._tally.adopted += 1
        elif sent:
            self._tally.updated += 1
        else:
            self._tally.conflicting += 1
