"""Changed records: read, merged field by field with people's edits, written in one upsert batch.

Belongs here: batches of records that stand in Twenty and differ from what was written; records that were there before
us (adopted); relations to the object's own kind that had to wait. Does not belong here: the decision on one field
(`migration.merge`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dentes_twenty.migration.ledger import (
    Conflict,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)
from dentes_twenty.migration.merge import Decision, adopt, merge
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.verify import Verifier
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.twenty.records import BatchOutcome
from dentes_twenty.twenty.values import cleared

if TYPE_CHECKING:
    from dentes_twenty.migration.load import LoadRun

MEMBER = "workspaceMember"
Change = tuple[PlannedRecord, RecordState | None]


class Updater:
    """Writes what changed in records of one declaration."""

    def __init__(self, run: LoadRun, declaration: SourceObject, verifier: Verifier, tally: Tally) -> None:
        self._run = run
        self._declaration = declaration
        self._object = declaration.target.singular
        self._verifier = verifier
        self._tally = tally
        self._types = {f.target.wire_name: f.target.type for f in declaration.fields}

    async def update(self, changes: Sequence[Change]) -> None:
        """Merge and write one batch; `None` for a state marks a record that is adopted now."""
        ids = [state.record_id if state else planned.id for planned, state in changes]
        current = await self._run.store.read(self._object, ids)
        writes: list[tuple[PlannedRecord, RecordState | None, dict[str, Any], set[str]]] = []
        gone: list[RecordKey] = []
        for (planned, state), record in zip(changes, ids, strict=True):
            if record not in current:
                gone.append(RecordKey(planned.source_object, planned.source_id))
                continue
            sent, settled = self._merge(planned, state, self._verifier.current(current[record]))
            writes.append((planned, state, sent, settled))
        if gone:
            self._run.ledger.set_status(self._run.run, gone, Status.DELETED, "deleted_by_a_person")
            self._tally.deleted_by_a_person += len(gone)
        if writes:
            await self._write(writes)

    async def complete(self, batch: Sequence[PlannedRecord]) -> None:
        """Write the relations to the object's own kind that had to wait for their targets."""
        known = self._known(batch)
        writes: list[tuple[PlannedRecord, RecordState | None, dict[str, Any], set[str]]] = []
        for planned in batch:
            sent = {n: planned.values[n] for n in self._declaration.self_relations if planned.values[n]}
            writes.append((planned, known[planned.key], sent, set(sent)))
        await self._write(writes, completing=True)

    def _known(self, batch: Sequence[PlannedRecord]) -> dict[str, RecordState]:
        found: dict[str, RecordState] = {}
        for source_object in {p.source_object for p in batch}:
            ids = [p.source_id for p in batch if p.source_object == source_object]
            for source_id, state in self._run.ledger.known(source_object, ids).items():
                found[f"{source_object}:{source_id}"] = state
        return found

    def _merge(
        self, planned: PlannedRecord, state: RecordState | None, current: Mapping[str, Any]
    ) -> tuple[dict[str, Any], set[str]]:
        """What to send, and the fields whose fingerprint becomes the planned value's."""
        ledger = self._run.ledger
        written = ledger.field_prints(state.prints) if state and state.prints else {}
        empty = ledger.prints.value(None)
        sent: dict[str, Any] = {}
        settled: set[str] = set()
        conflicts: list[Conflict] = []
        for name, value in self._verifier.canonical(planned.values).items():
            exported, holds = ledger.prints.value(value), ledger.prints.value(current.get(name))
            decision = adopt(exported, holds, empty) if state is None else merge(written.get(name), exported, holds)
            if decision is Decision.WRITE:
                sent[name] = planned.values[name]
            if decision in (Decision.WRITE, Decision.SAME):
                settled.add(name)
            elif decision is Decision.CONFLICT:
                key = RecordKey(planned.source_object, planned.source_id)
                conflicts.append(Conflict(key, name, written.get(name), exported, holds))
        if conflicts:
            ledger.conflict_add(self._run.run, conflicts, drop=self._run.drop)
            self._tally.conflicts += len(conflicts)
        return sent, settled

    async def _write(
        self,
        writes: Sequence[tuple[PlannedRecord, RecordState | None, dict[str, Any], set[str]]],
        *,
        completing: bool = False,
    ) -> None:
        ledger = self._run.ledger
        intents, payload = [], []
        for planned, state, sent, settled in writes:
            record = state.record_id if state else planned.id
            canonical = self._verifier.canonical(planned.values)
            prints = ledger.merged_fingerprints(state.prints if state else None, {n: canonical[n] for n in settled})
            key = RecordKey(planned.source_object, planned.source_id)
            intents.append(RecordIntent(key, record, planned.digest, prints, planned.position))
            if sent:
                payload.append({"id": record, **{n: self._sendable(n, v) for n, v in sent.items()}})
        intent = ledger.intend(self._run.run, Operation.UPSERT, self._object, intents, drop=self._run.drop)
        answer = await self._send(payload) if payload else None
        refused = {r.id: r for r in answer.refused} if answer else {}
        outcomes = []
        for (_, state, sent, _), made in zip(writes, intents, strict=True):
            if made.record_id in refused:
                code = refused[made.record_id].code
                outcomes.append(Outcome(made.key, made.record_id, Result.REFUSED, code))
                self._tally.refused += 1
                continue
            if answer is not None and made.record_id in answer.stored:
                self._verifier.check_sent(sent, answer.stored[made.record_id])
            result = Result.ADOPTED if state is None else Result.LANDED
            outcomes.append(Outcome(made.key, made.record_id, result))
            self._count(state, bool(sent), completing=completing)
        ledger.settle(intent, outcomes)

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
