"""Rows that an export no longer shows: counted, and marked or soft-deleted where the practice's policy says so.

Belongs here: which records may be taken away, and doing it. Does not belong here: noticing that a row is missing (the
ledger), bringing back what returns (`migration.update`).

An export may be filtered, and a deleted patient leaves no trace in it, so nothing is taken away unless
`policies.vanished` is `delete`; under `mark` a field (`objects.absent`) is set, which the row's return takes back. Even
then these stay as they are: records that were in Twenty before us, workspace members, records made of other rows, rows
that are in the export and quarantined (or may be: one without a readable id is), and, under `delete`, records that a
person has edited.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence

from dentes_twenty.migration.delta import MARKED
from dentes_twenty.migration.ledger import (
    Operation,
    Outcome,
    RecordIntent,
    RecordState,
    Result,
    Severity,
    Status,
)
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.objects.absent import ABSENT
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.twenty.values import canonical

MADE = ("guardian", "emergency", "contact", "supplier", "plan-note")
"""Source objects that are made of other rows: their number says nothing about the completeness of an export."""


@dataclasses.dataclass(frozen=True, slots=True)
class Vanished:
    """`rows`: source object -> rows that the drop before showed and this one does not. `deleted`: records that were
    soft-deleted. `kept`: reason -> records that policy would have taken away. `objects`: Twenty objects touched."""

    rows: Counter[str]
    deleted: int = 0
    marked: int = 0
    kept: Counter[str] = dataclasses.field(default_factory=Counter)
    objects: frozenset[str] = frozenset()


async def handle_vanished(context: StepContext, since: int | None) -> Vanished:
    """Count what has vanished since the drop `since`, and do what policy says with all that is missing now."""
    rows: Counter[str] = Counter()
    for page in context.ledger.vanished(context.drop, _names(context)):
        rows.update(s.key.source_object for s in page if since is None or (s.last_seen_drop or 0) >= since)
    policy = context.planner.practice.policies.vanished
    if policy == "report":
        return Vanished(rows)
    policed = _Policed(context)
    act = policed.remove if policy == "delete" else policed.mark
    for page in list(context.ledger.vanished(context.drop, _names(context))):
        for object_ in {state.object for state in page}:
            mine = [state for state in page if state.object == object_ and policed.may_be_touched(state)]
            size = context.store.batch_size
            for start in range(0, len(mine), size):
                await act(object_, mine[start : start + size])
    return Vanished(rows, policed.deleted, policed.marked, policed.kept, frozenset(policed.objects))


def _names(context: StepContext) -> set[str]:
    """Source objects of rows that this export was asked for; link records go with their record."""
    asked = {declaration.name for declaration in context.planner.declarations} | set(MADE)
    known = {source_object for _, source_object, _ in context.ledger.counts()}
    return (asked & known) | ({MEMBERS.name} & known)


class _Policed:
    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._reports = {d.name: d.report.name for d in context.planner.declarations}
        self._quarantined = set(_quarantined(context))
        self.deleted = self.marked = 0
        self.kept: Counter[str] = Counter()
        self.objects: set[str] = set()

    def may_be_touched(self, state: RecordState) -> bool:
        """Whether policy may act on the record, as far as the ledger knows."""
        if state.reason == MARKED and self._context.planner.practice.policies.vanished == "mark":
            return False
        source, source_id = state.key
        report = self._reports.get(source, "")
        reason = None
        if source in MADE or source == MEMBERS.name:
            reason = "made_of_other_rows"
        elif state.adopted or state.status is not Status.LANDED:
            reason = "was_there_before"
        elif not self._context.planner.staged.has(report):
            reason = "report_missing"
        elif (report, source_id) in self._quarantined:
            reason = "quarantined"
        elif (report, None) in self._quarantined:
            reason = "unreadable_ids_in_report"
        if reason is not None:
            self.kept[reason] += 1
        return reason is None

    async def mark(self, object_: str, states: Sequence[RecordState]) -> None:
        """Set the mark on a batch, in one call. A crash before the ledger knows of it repeats the call."""
        changes = {ABSENT.name: True}
        done = set(await self._context.store.update_ids(object_, [state.record_id for state in states], changes))
        keys = [state.key for state in states if state.record_id in done]
        self._context.ledger.set_status(self._context.run, keys, Status.LANDED, MARKED)
        self.marked += len(keys)

    async def remove(self, object_: str, states: Sequence[RecordState]) -> None:
        """Soft-delete a batch, but for records that a person has edited or deleted."""
        ledger, store, run = self._context.ledger, self._context.store, self._context.run
        current = await store.read(object_, [state.record_id for state in states])
        gone = [state.key for state in states if state.record_id not in current]
        ledger.set_status(run, gone, Status.DELETED, "deleted_by_a_person")
        self.kept["deleted_by_a_person"] += len(gone)
        types = store.field_types(object_)
        going = []
        for state in states:
            record = current.get(state.record_id)
            if record is None:
                continue
            written = ledger.field_prints(state.prints) if state.prints else {}
            if any(ledger.prints.value(canonical(types[n], record.get(n))) != p for n, p in written.items()):
                self.kept["edited"] += 1
            else:
                going.append(state)
        if not going:
            return
        intents = [RecordIntent(state.key, state.record_id) for state in going]
        intent = ledger.intend(run, Operation.DELETE, object_, intents)
        await store.soft_delete(object_, [state.record_id for state in going])
        ledger.settle(intent, [Outcome(state.key, state.record_id, Result.LANDED) for state in going])
        self.deleted += len(going)
        self.objects.add(object_)


def _quarantined(context: StepContext) -> Iterator[tuple[str, str | None]]:
    """(report, source id) of rows that are in the export and stay out."""
    for page in context.ledger.quarantine_open(severity=Severity.QUARANTINE):
        for entry in page:
            yield entry.report, entry.source_id
