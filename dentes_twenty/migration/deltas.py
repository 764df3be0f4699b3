"""One delta from beginning to end: guard, plan, load what changed, vanished rows, totals of what was touched.

Belongs here: the order of things, and what is left out because nothing changed. Does not belong here: the decisions
(`migration.delta`, `migration.merge`), when a drop is picked up (`migration.cutover`), pages (`reports`).

A delta in which nothing changed costs two calls: the data model (which no rate limit counts) and the members. A
changed row costs its share of a batch of 200 for the read and for the write. Records that Twenty refused are sent again
each time: the reason may be gone from the workspace without any change of the export.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from dentes_twenty.exports.stage import absent_reports, keep_report
from dentes_twenty.migration.delta import (
    DropChanged,
    DropNotNew,
    DropRefused,
    ObjectDelta,
    Recognised,
    RowKind,
    Shortfall,
    last_processed,
    missing,
    recognise,
    row_kind,
    shortfalls,
)
from dentes_twenty.migration.ledger import DropState, Ledger, RunState, Severity, Status
from dentes_twenty.migration.load import LOOK_UP
from dentes_twenty.migration.merge import outstanding
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.progress import Listener
from dentes_twenty.migration.steps import FilesTally
from dentes_twenty.migration.steps.loading import member_records
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.migration.vanished import MADE, Vanished, handle_vanished
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.twenty.values import canonical

if TYPE_CHECKING:
    from dentes_twenty.migration.session import Migration

OLDER = "older"
"""Allowed by name, an export that is older than the one processed last is taken all the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeltaResult:
    """What one delta did. `objects` by source object in import order, `tallies` of those that were loaded (none when
    nothing changed), `totals` of the Twenty objects that were touched; `calls` include those for the data model."""

    run: int
    drop: int
    objects: tuple[ObjectDelta, ...]
    tallies: Mapping[str, Tally]
    files: FilesTally
    vanished: Vanished
    totals: tuple[Total, ...]
    conflicts_open: int
    held: int
    quarantined: int
    calls: int
    seconds: float

    @property
    def figures(self) -> dict[str, float]:
        """Numbers for events, plots and the ledger's run."""
        rows = {
            kind: sum(getattr(one, kind) for one in self.objects)
            for kind in ("new", "changed", "unchanged", "returned", "deleted", "vanished")
        }
        tallies = self.tallies.values()
        return {
            **rows,
            "created": sum(tally.created for tally in tallies),
            "updated": sum(tally.updated for tally in tallies),
            "conflicts_found": sum(tally.conflicts for tally in tallies),
            "conflicts_open": self.conflicts_open,
            "held": self.held,
            "quarantined": self.quarantined,
            "refused": sum(tally.refused for tally in tallies),
            "differing": sum(tally.differing.total() for tally in tallies),
            "files": self.files.attached,
            "files_replaced": self.files.replaced,
            "taken_away": self.vanished.deleted,
            "marked": self.vanished.marked,
            "totals_wrong": sum(not total.ok for total in self.totals),
            "calls": self.calls,
            "minutes": round(self.seconds / 60, 3),
        }


def run_delta(
    migration: Migration,
    *,
    expected: str | None = None,
    allow: Collection[str] = (),
    restore_deleted: bool = False,
    progress: Listener | None = None,
) -> DeltaResult:
    """Bring Twenty to the state of the migration's present drop. Within `migration.run("delta")`.

    `allow`: reports that may be missing or short, and `older`. `restore_deleted`: what a person deleted comes back.
    `expected`: the content's fingerprint when the drop was chosen.
    Raises DropChanged, DropNotNew, DropRefused, and what loading raises.
    """
    began, calls = time.monotonic(), migration.calls.total
    ledger = migration.ledger
    if expected is not None and migration.drop.fingerprint() != expected:
        raise DropChanged(
            "The export has changed since it was chosen.", "Nothing was written; it is taken when it stands still."
        )
    since = _admit(migration, allow)
    unfinished = _unfinished(ledger, migration.run_id)
    try:
        _stage(migration, since, allow)
        migration.check_references()
        before = ledger.seen_counts(since)
        plan = _plan(migration, since)
        now = {name: one.shown for name, one in plan.objects.items() if name not in MADE}
        _require(migration, shortfalls(before, now, migration.practice.policies.most_rows_lost_percent, allow))
    except DropRefused as error:
        ledger.set_drop_state(migration.drop_id, DropState.REFUSED, "; ".join(str(one) for one in error.shortfalls))
        raise
    ledger.set_drop_state(migration.drop_id, DropState.PROCESSING)
    touched = _touched(migration, plan, everything=unfinished, deleted=restore_deleted)
    tallies = _load(migration, touched, restore_deleted=restore_deleted, progress=progress)
    files = migration.load_files(progress, restore_deleted=restore_deleted)
    if migration.practice.policies.vanished == "mark" and migration.provision_plan().steps:
        migration.provision()
    gone = migration.wait(handle_vanished(migration.step_context(), since))
    for one in plan.objects.values():
        one.vanished = gone.rows[one.object]
    touched |= gone.objects
    totals = tuple(t for name in migration.objects if name in touched for t in migration.totals(name))
    spent = migration.calls.total - calls
    return DeltaResult(
        migration.run_id, migration.drop_id, tuple(plan.objects.values()), tallies, files, gone, totals,
        *_left(ledger), spent,
        round(time.monotonic() - began, 3),
    )  # fmt: skip


def _left(ledger: Ledger) -> tuple[int, int, int]:
    """What waits for somebody: open conflicts, held records, quarantined rows."""
    conflicts = sum(len(page) for page in ledger.conflicts())
    held = sum(count for (_, _, status), count in ledger.counts().items() if status is Status.HELD)
    findings = ledger.quarantine_counts().items()
    return conflicts, held, sum(n for (_, severity, _), n in findings if severity is Severity.QUARANTINE)


def _admit(migration: Migration, allow: Collection[str]) -> int | None:
    """The id of the drop that was processed before this one. Raises DropNotNew for an older export."""
    drops = migration.ledger.drops()
    found = recognise(drops, migration.drop.fingerprint(), migration.drop.modified)
    if found is Recognised.OLDER and OLDER not in allow:
        raise DropNotNew(
            "This export is older than the one that was processed last.",
            f"Export again; to go back to it on purpose, run `dentes-twenty delta --allow {OLDER}`.",
        )
    mine = migration.drop_id
    last = last_processed(drop for drop in drops if drop.id != mine)
    return last.id if last else None


def _unfinished(ledger: Ledger, run: int) -> bool:
    """Whether the run before this one stopped half-way: then records, links and doubts are looked at everywhere."""
    before = [one for one in ledger.runs(limit=10) if one.id != run and one.kind in ("migrate", "delta", "materialize")]
    return bool(before) and before[0].state is not RunState.DONE


def _stage(migration: Migration, since: int | None, allow: Collection[str]) -> None:
    """An allowed report that the drop lacks keeps the tables that were staged before: it counts as unchanged."""
    absent = absent_reports(migration.drop, migration.mapping)
    if absent:
        _require(migration, missing(_by_report(migration.ledger.seen_counts(since)), absent, allow))
    for report in migration.reports:
        if report not in absent:
            migration.stage(report)
    for report in absent:
        keep_report(migration.drop, report, migration.staging_dir)
    migration.forget_plan()


def _require(migration: Migration, found: tuple[Shortfall, ...]) -> None:
    if found:
        migration.ledger.event(
            migration.run_id, "delta", "drop", f"drop:{migration.drop_id}", "refused", {"reports": len(found)}
        )
        raise DropRefused(found)


def _by_report(counts: Mapping[str, int]) -> dict[str, int]:
    reports = {declaration.name: declaration.report.name for declaration in FIXED}
    found: dict[str, int] = {}
    for name, count in counts.items():
        if name not in MADE:
            report = reports.get(name, name)
            found[report] = max(found.get(report, 0), count)
    return found


@dataclasses.dataclass(slots=True)
class _Plan:
    """`objects`: figures by source object. `working`, `deleted`: Twenty objects with rows that a call has to be made
    for, and with records that a person deleted."""

    objects: dict[str, ObjectDelta] = dataclasses.field(default_factory=dict)
    working: set[str] = dataclasses.field(default_factory=set)
    deleted: set[str] = dataclasses.field(default_factory=set)


def _plan(migration: Migration, since: int | None) -> _Plan:
    """Compare every planned record with the ledger, and remember that the drop shows its row."""
    planner, owners = migration.planner, migration.owners()
    plan = _Plan()
    made = (record for _, record in member_records(planner, owners))
    _compare(migration, MEMBERS, made, since, plan)
    for declaration in planner.declarations:
        plan.objects.setdefault(declaration.name, ObjectDelta(declaration.name, declaration.label))
        _compare(migration, declaration, planner.records(declaration, owners), since, plan)
    return plan


def _compare(
    migration: Migration,
    declaration: SourceObject,
    records: Iterator[PlannedRecord],
    since: int | None,
    plan: _Plan,
) -> None:
    ledger = migration.ledger
    standing = ledger.conflicts_standing()
    empty = ledger.prints.value(None)
    types = {field.target.wire_name: field.target.type for field in declaration.fields}
    while chunk := list(islice(records, LOOK_UP)):
        for source_object in {planned.source_object for planned in chunk}:
            mine = [planned for planned in chunk if planned.source_object == source_object]
            known = ledger.known(source_object, [planned.source_id for planned in mine])
            one = plan.objects.setdefault(source_object, ObjectDelta(source_object, declaration.label))
            for planned in mine:
                state = known.get(planned.source_id)
                fields: frozenset[str] = frozenset()
                if state is not None and state.prints is not None:
                    values = {name: canonical(types[name], value) for name, value in planned.values.items()}
                    if ledger.changed_fields(state.prints, values):
                        exported = {name: ledger.prints.value(value) for name, value in values.items()}
                        conflicts = standing.get(state.key, {})
                        fields = outstanding(ledger.field_prints(state.prints), exported, empty, conflicts)
                kind = row_kind(state, bool(fields), since, migration.drop_id)
                one.add(kind, fields if kind is RowKind.CHANGED else ())
                if kind is RowKind.DELETED:
                    plan.deleted.add(declaration.target.singular)
                elif kind is not RowKind.UNCHANGED:
                    plan.working.add(declaration.target.singular)
            ledger.mark_seen(migration.drop_id, [state.key for state in known.values()])


def _touched(migration: Migration, plan: _Plan, *, everything: bool, deleted: bool) -> set[str]:
    """Twenty objects that have to be loaded, the members' among them."""
    if everything:
        return {MEMBERS.target.singular, *migration.objects}
    return plan.working | (plan.deleted if deleted else set())


def _load(
    migration: Migration, touched: set[str], *, restore_deleted: bool, progress: Listener | None
) -> dict[str, Tally]:
    """Load the touched objects in import order; what the export needs anew in Twenty is made before."""
    if not touched:
        return {}
    if migration.provision_plan().steps:
        migration.provision()
    migration.adopt()
    tallies: dict[str, Tally] = {}
    if MEMBERS.target.singular in touched:
        tallies[MEMBERS.name] = migration.write_members()
    for object_ in migration.objects:
        if object_ in touched:
            tallies |= migration.load(object_, progress, restore_deleted=restore_deleted)
    return tallies
