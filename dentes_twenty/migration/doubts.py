"""Doubts: what a crash left between an intent and its outcome is asked of Twenty, never assumed.

Belongs here: settling open intents by reading the ids back. Does not belong here: sending again (the loader plans what
is absent as new, or as changed, by itself).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dentes_twenty.migration.ledger import Loss, Operation, Outcome, RecordState, Result, Status
from dentes_twenty.twenty.values import canonical

if TYPE_CHECKING:
    from dentes_twenty.migration.load import LoadRun

GONE = (Operation.DELETE, Operation.DESTROY)
STOOD = (Status.LANDED, Status.ADOPTED)


async def settle_doubts(run: LoadRun, object_: str) -> int:
    """Settle every open intent on the object; returns how many records were in doubt."""
    count = 0
    for states in run.ledger.in_doubt(object_):
        found = await run.store.read(object_, [state.record_id for state in states], with_deleted=True)
        by_intent: dict[int, list[Outcome]] = {}
        for state in states:
            assert state.intent is not None
            by_intent.setdefault(state.intent, []).append(_outcome(run, state, found.get(state.record_id)))
        for intent, outcomes in by_intent.items():
            run.ledger.settle(intent, outcomes)
        count += len(states)
    return count


def _outcome(run: LoadRun, state: RecordState, stored: Mapping[str, Any] | None) -> Outcome:
    """A record that was made is remembered as it stands: what differs from the plan is written as a change."""
    result = _result(run, state, stored)
    prints = None
    if result is Result.LANDED and state.operation is Operation.CREATE and stored and state.pending:
        types = run.store.field_types(state.object)
        names = [name for name in run.ledger.field_prints(state.pending) if name in stored]
        prints = run.ledger.fingerprints({name: canonical(types[name], stored[name]) for name in names})
    # One that stood, was to be made again, and is not there, is as lost as before the crash.
    lost = result is Result.ABSENT and state.operation is Operation.CREATE and state.prior in STOOD
    return Outcome(state.key, state.record_id, result, Loss.LOST if lost else None, prints)


def _result(run: LoadRun, state: RecordState, stored: Mapping[str, Any] | None) -> Result:
    if state.operation in GONE:
        done = stored is None or (state.operation is Operation.DELETE and bool(stored.get("deletedAt")))
        return Result.LANDED if done else Result.ABSENT
    if stored is None:
        return Result.ABSENT
    if state.operation is Operation.CREATE:
        return Result.LANDED  # a plain create is one statement: the record is there whole or not at all
    return Result.LANDED if _as_intended(run, state, stored) else Result.ABSENT


def _as_intended(run: LoadRun, state: RecordState, stored: Mapping[str, Any]) -> bool:
    """An upsert commits row by row: this one is done when every field that it meant to change reads as meant."""
    if state.pending is None:
        return True
    pending = run.ledger.field_prints(state.pending)
    before = run.ledger.field_prints(state.prints) if state.prints else {}
    meant: Sequence[str] = [name for name, print_ in pending.items() if before.get(name) != print_]
    types = run.store.field_types(state.object)
    return all(
        name in stored and run.ledger.prints.value(canonical(types[name], stored[name])) == pending[name]
        for name in meant
    )
