"""Totals that differ because people have worked in Twenty: what their edits and deletions account for, to the coin.

Belongs here: finding, among the records of a source object whose figures differ, those that somebody has changed or
deleted since they were written. Does not belong here: the figures (`migration.totals`), single differences for people
to read (`migration.reconcile`).

Reading the records costs a call for 200 of them, so what was found is remembered as figures: as long as the next delta
finds the same differences, nothing is read again.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from dentes_twenty.migration.ledger import ConflictState, Ledger, RecordState, Status
from dentes_twenty.migration.ledger.runs import RunState
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.totals import RECORDS, STANDING, Total, amount_of, money_fields
from dentes_twenty.migration.update import BY
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import FieldType
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical

if TYPE_CHECKING:
    from dentes_twenty.migration.session import Migration

PREFIX = "edited:"
Figures = Mapping[str, int]
"""`edited:<source object>:<figure>` -> by how much people have changed it."""


def name_of(total: Total) -> str:
    """Under which an explanation is remembered."""
    return f"{PREFIX}{total.source_object}:{total.name}"


def remembered(ledger: Ledger) -> Figures:
    """What the last delta found."""
    for run in ledger.runs(limit=100, state=RunState.DONE):
        if run.kind == "delta":
            return {name: int(value) for name, value in run.counts.items() if name.startswith(PREFIX)}
    return {}


def with_edits(totals: Iterable[Total], figures: Figures) -> tuple[Total, ...]:
    """The totals, with what is known of edits where that is the whole difference."""
    found = []
    for total in totals:
        explained = dataclasses.replace(total, edited=figures.get(name_of(total), 0))
        found.append(explained if explained.ok else total)
    return tuple(found)


def explain(migration: Migration, totals: Sequence[Total]) -> tuple[tuple[Total, ...], Figures]:
    """The totals, with what people's edits account for, and that to be remembered. Reads only what is not known yet."""
    ledger = migration.ledger
    known = remembered(ledger)
    explained = with_edits(totals, known)
    figures = {name_of(total): total.edited for total in explained if total.edited}
    for object_ in dict.fromkeys(total.object for total in explained if not total.ok):
        for declaration in migration.declarations(object_):
            records = migration.planner.records(declaration, migration.owners())
            found = find_edits(migration.store, ledger, migration.run_id, declaration, records)
            figures |= migration.wait(found)
    return with_edits(totals, figures), {**known, **figures}


async def find_edits(
    store: RecordStore, ledger: Ledger, run: int, declaration: SourceObject, records: Iterable[PlannedRecord]
) -> Figures:
    """Read the records of one declaration, and add up what others have made of them.

    A record that is gone was deleted by a person: the ledger notes it, and its conflicts are none any more.
    """
    fields = money_fields(declaration)
    found: Counter[str] = Counter()
    iterator = iter(records)
    while some := list(islice(iterator, store.batch_size)):
        states = _standing(ledger, some)
        ids = [state.record_id for state in states.values()]
        stored = await store.read(declaration.target.singular, ids, fields or ("id",)) if ids else {}
        gone = []
        for planned in some:
            state = states.get(planned.key)
            if state is None:
                continue
            if state.record_id not in stored:
                gone.append(state.key)
                found[f"{PREFIX}{planned.source_object}:{RECORDS}"] -= 1
                _add(found, planned.source_object, {name: planned.values.get(name) for name in fields}, -1)
                continue
            _compare(ledger, state, planned, stored[state.record_id], fields, found)
        if gone:
            ledger.set_status(run, gone, Status.DELETED, "deleted_by_a_person")
            for key in gone:
                ledger.conflict_resolve(key, ConflictState.CLOSED, by=BY, run=run)
    return found


def _standing(ledger: Ledger, records: Sequence[PlannedRecord]) -> dict[str, RecordState]:
    found: dict[str, RecordState] = {}
    for source_object in {planned.source_object for planned in records}:
        ids = [planned.source_id for planned in records if planned.source_object == source_object]
        for source_id, state in ledger.known(source_object, ids).items():
            if state.status in STANDING:
                found[f"{source_object}:{source_id}"] = state
    return found


def _compare(
    ledger: Ledger,
    state: RecordState,
    planned: PlannedRecord,
    record: Mapping[str, Any],
    fields: Sequence[str],
    found: Counter[str],
) -> None:
    """Amounts that read neither as we wrote them nor as the export has them are somebody's."""
    written = ledger.field_prints(state.prints) if state.prints else {}
    for name in fields:
        now = ledger.prints.value(canonical(FieldType.CURRENCY, record.get(name)))
        meant = ledger.prints.value(canonical(FieldType.CURRENCY, planned.values.get(name)))
        if now not in (meant, written.get(name)):
            _add(found, planned.source_object, {name: record.get(name)}, 1)
            _add(found, planned.source_object, {name: planned.values.get(name)}, -1)


def _add(found: Counter[str], source_object: str, amounts: Mapping[str, Any], sign: int) -> None:
    for name, value in amounts.items():
        amount = amount_of(value)
        if amount is not None:
            found[f"{PREFIX}{source_object}:{name} {amount['currencyCode']}"] += sign * amount["amountMicros"]
