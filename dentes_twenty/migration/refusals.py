"""Rows that Twenty refused: whether one is still the same, and whether it has a chance now.

Belongs here: the table of what each reason means for a second attempt, and asking Twenty where the reason lies there.
Does not belong here: sending, finding the guilty rows of a batch (`twenty.isolate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dentes_twenty.migration.delta import MARKED
from dentes_twenty.migration.ledger import Conflict, Ledger, RecordState, Status
from dentes_twenty.migration.merge import outstanding
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.twenty.records import RecordStore

REFUSED_CODE = "refused_"
"""How codes of quarantine begin where Twenty gave the reason."""

LIES_IN_TWENTY = frozenset(("duplicate", "soft_deleted", "foreign_key"))
"""Another record has the value, or a record that is pointed at is missing: both may change without the export."""

LIES_IN_THE_ROW = frozenset(("invalid_value", "missing_value", "ambiguous_match", "file", "too_large"))
"""The same row gets the same answer. Any other reason (a server in trouble) is worth another attempt."""


def was_refused(state: RecordState | None) -> bool:
    """Whether Twenty has refused the record, or its last change."""
    if state is None or state.reason is None or state.pending is None or state.reason == MARKED:
        return False
    return state.status in (Status.REFUSED, Status.LANDED, Status.ADOPTED)


def refused_as_it_is(
    ledger: Ledger,
    planned: PlannedRecord,
    values: Mapping[str, Any],
    state: RecordState,
    conflicts: Mapping[str, Conflict],
) -> bool:
    """Of one that `was_refused`: whether it is this very row, or this very change of a record that stands.

    `values` in normal form. Values of relations may differ in a new record: a target that was not there is left out.
    """
    assert state.pending is not None
    refused, empty = ledger.field_prints(state.pending), ledger.prints.value(None)
    exported = {name: ledger.prints.value(value) for name, value in values.items()}
    if state.status is Status.REFUSED:
        differing = {name for name, print_ in exported.items() if refused.get(name, empty) != print_}
        return state.pending_row == planned.digest and all(
            name.endswith("Id") and refused.get(name, empty) == empty for name in differing
        )
    written = ledger.field_prints(state.prints) if state.prints else {}
    tried = {name for name, print_ in refused.items() if written.get(name) != print_}
    changed = outstanding(written, exported, empty, conflicts)
    return bool(changed) and changed <= tried and all(exported.get(name) == refused[name] for name in tried)


async def worth_sending(store: RecordStore, object_: str, rows: Sequence[tuple[PlannedRecord, str]]) -> frozenset[str]:
    """Ids of the refused rows that may land now. `rows` with the reason for which each was refused.

    One call for 200 rows of a reason that lies in Twenty, none for the others.
    """
    chances = {planned.id for planned, reason in rows if reason not in LIES_IN_TWENTY | LIES_IN_THE_ROW}
    missing = [planned.creation() for planned, reason in rows if reason == "foreign_key"]
    taken = [planned.creation() for planned, reason in rows if reason in LIES_IN_TWENTY and reason != "foreign_key"]
    for records, look in ((taken, store.taken), (missing, store.without_target)):
        for start in range(0, len(records), store.batch_size):
            some = records[start : start + store.batch_size]
            blocked = await look(object_, some)
            chances |= {record["id"] for record in some} - blocked
    return frozenset(chances)
