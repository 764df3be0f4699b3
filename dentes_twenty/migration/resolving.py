"""Conflicts for people: both values side by side, a decision, and carrying it out.

Belongs here: reading the two values of open conflicts (for the private report and the terminal of the person who
decides), remembering decisions, writing what was decided without waiting for the next delta. Does not belong here:
finding conflicts (`migration.update`), what a decision means for a field (`migration.merge`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from dentes_twenty.migration import steps
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import Conflict, ConflictState, RecordKey
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.steps.context import Chosen
from dentes_twenty.migration.steps.loading import member_records
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import MEMBERS

if TYPE_CHECKING:
    from dentes_twenty.migration.session import Migration

DECIDED = (ConflictState.OURS, ConflictState.THEIRS)


class NoSuchConflict(MigrationError):
    """Nobody has to decide anything there."""

    default_code = "NO_SUCH_CONFLICT"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ConflictValues:
    """A conflict with both values, in wire form. `target`: the Twenty object. `planned`: the export's record.

    `exported` and `current` are None where the field is empty, or the record is no longer in the export or in Twenty.
    """

    conflict: Conflict
    object: str
    target: str
    record_id: str
    field_label: str
    type: str
    exported: Any
    current: Any
    planned: PlannedRecord | None


def conflict_values(migration: Migration) -> tuple[ConflictValues, ...]:
    """All conflicts that are not closed. One read for 200 records of a Twenty object; none when there are none."""
    standing = migration.ledger.conflicts_standing()
    if not standing:
        return ()
    found: list[ConflictValues] = []
    for declaration in (MEMBERS, *migration.planner.declarations):
        mine = _planned(migration, declaration, standing)
        names = {declaration.name} | {record.source_object for record in mine.values()}
        keys = [key for key in standing if key.source_object in names]
        if not keys:
            continue
        states = migration.ledger.known
        ids = {key: states(key.source_object, [key.source_id])[key.source_id].record_id for key in keys}
        object_ = declaration.target.singular
        current = migration.wait(migration.store.read(object_, list(ids.values())))
        fields = {field.target.wire_name: field.target for field in declaration.fields}
        for key in keys:
            planned, record = mine.get(key), current.get(ids[key], {})
            for name, conflict in standing[key].items():
                if name in fields:
                    found.append(
                        ConflictValues(
                            conflict,
                            declaration.name,
                            object_,
                            ids[key],
                            fields[name].label,
                            fields[name].type.value,
                            planned.values.get(name) if planned else None,
                            record.get(name),
                            planned,
                        )
                    )
    return tuple(found)


def _planned(
    migration: Migration, declaration: SourceObject, wanted: Collection[RecordKey]
) -> dict[RecordKey, PlannedRecord]:
    """The records of a declaration among the wanted keys."""
    planner, owners = migration.planner, migration.owners()
    records = (
        (record for _, record in member_records(planner, owners))
        if declaration is MEMBERS
        else planner.records(declaration, owners)
    )
    keyed = ((RecordKey(record.source_object, record.source_id), record) for record in records)
    return {key: record for key, record in keyed if key in wanted}


def resolve(
    migration: Migration, key: str | None, decision: ConflictState, *, by: str, fields: Collection[str] | None = None
) -> int:
    """Remember a decision; returns for how many fields. `key`: `<source object>:<source id>`, None for all conflicts.

    `by` names the person. Raises NoSuchConflict.
    """
    if decision not in DECIDED:
        raise ValueError("a person decides for ours or theirs")
    ledger = migration.ledger
    standing = ledger.conflicts_standing()
    if key is not None:
        source_object, _, source_id = key.partition(":")
        wanted = RecordKey(source_object, source_id)
        standing = {wanted: standing[wanted]} if wanted in standing else {}
    chosen = None if fields is None else sorted(fields)
    count = sum(ledger.conflict_resolve(one, decision, by=by, fields=chosen) for one in standing)
    if not count:
        raise NoSuchConflict(
            "No conflict of that record or field waits for a decision.",
            "`dentes-twenty conflicts` lists what waits; records are named as `patient:12`.",
        )
    return count


def carry_out(migration: Migration) -> Tally:
    """Write what was decided, for the records of the export that is staged. Within `migration.run("resolve")`.

    `conflicts` of the tally counts the decided fields that are open again, because Twenty's value has changed since.
    """
    standing = migration.ledger.conflicts_standing()
    fields = {(key, name) for key, found in standing.items() for name, one in found.items() if one.state in DECIDED}
    decided = {key for key, _ in fields}
    together = Tally()
    for declaration in (MEMBERS, *migration.planner.declarations):
        records = list(_planned(migration, declaration, decided).values()) if decided else []
        if not records:
            continue
        migration.require_approval()
        context = migration.step_context()
        if declaration is MEMBERS:
            tallies = [migration.wait(steps.write_members(context, records))]
        else:
            tallies = list(migration.wait(steps.load(context, [declaration], None, _only(records))).values())
        for tally in tallies:
            together.planned += tally.planned
            together.updated += tally.updated
            together.conflicting += tally.conflicting
            together.refused += tally.refused
    left = migration.ledger.conflicts_standing()
    together.conflicts = sum(
        name in left.get(key, {}) and left[key][name].state is ConflictState.OPEN for key, name in fields
    )
    return together


def _only(records: Sequence[PlannedRecord]) -> Chosen:
    return Chosen(lambda _: records)
