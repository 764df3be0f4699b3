"""One delta from beginning to end: guard, plan, load what changed, vanished rows, totals of what was touched.

Belongs here: the order of things, and what is left out because nothing changed. Does not belong here: the decisions
(`migration.delta`, `migration.merge`), when a drop is picked up (`migration.cutover`), pages (`reports`).

A delta in which nothing changed costs two calls: the data model (which no rate limit counts) and the members. A
changed row costs its share of a batch of 200 for the read and for the write.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from dentes_twenty.exports.stage import absent_reports, keep_report
from dentes_twenty.migration.delta import (
    DropChanged,
    DropRefused,
    ObjectDelta,
    Shortfall,
    last_processed,
    missing,
    shortfalls,
)
from dentes_twenty.migration.delta_plan import DeltaPlan, plan_delta, refused_entries, still_refused
from dentes_twenty.migration.explaining import explain
from dentes_twenty.migration.ledger import DropState, Ledger, RunState, Severity, Status
from dentes_twenty.migration.progress import Listener
from dentes_twenty.migration.steps import FilesTally
from dentes_twenty.migration.steps.context import ALL, Again
from dentes_twenty.migration.steps.loading import nothing_known, release_gone
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.migration.vanished import MADE, Vanished, handle_vanished
from dentes_twenty.objects.registry import FIXED, MEMBERS

if TYPE_CHECKING:
    from dentes_twenty.migration.session import Migration


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for beyond the usual: that what people deleted in Twenty comes back, and that rows which
    Twenty has refused are sent again as they are."""

    restore_deleted: bool = False
    retry_refused: bool = False


NOTHING_MORE = Asked()


@dataclasses.dataclass(frozen=True, slots=True)
class DeltaResult:
    """What one delta did. `objects` by source object in import order, `tallies` of those that were loaded (none when
    nothing changed), `totals` of the Twenty objects that were touched; `calls` include those for the data model.
    `edits`: what people have made of the totals, for the next delta (`migration.explaining`)."""

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
    edits: Mapping[str, int]

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
            "refused": self.refused,
            "differing": sum(tally.differing.total() for tally in tallies),
            "files": self.files.attached,
            "files_replaced": self.files.replaced,
            "taken_away": self.vanished.deleted,
            "marked": self.vanished.marked,
            "totals_wrong": sum(not total.ok for total in self.totals),
            "calls": self.calls,
            "minutes": round(self.seconds / 60, 3),
        }

    @property
    def refused(self) -> int:
        """Rows and changes that Twenty does not take: found now, or refused before as they are."""
        before = sum(one.refused for one in self.objects if one.object not in self.tallies)
        return before + sum(tally.refused for tally in self.tallies.values())


def run_delta(
    migration: Migration,
    *,
    expected: str | None = None,
    allow: Collection[str] = (),
    asked: Asked = NOTHING_MORE,
    progress: Listener | None = None,
) -> DeltaResult:
    """Bring Twenty to the state of the migration's present drop. Within `migration.run("delta")`.

    `allow`: reports that may be missing or short, and `older`. `expected`: the content's fingerprint when the drop was
    chosen.
    Raises DropChanged, DropNotNew, DropRefused, and what loading raises.
    """
    began, calls = time.monotonic(), migration.calls.total
    ledger = migration.ledger
    if expected is not None and migration.origin.fingerprint != expected:
        raise DropChanged(
            "The export has changed since it was chosen.", "Nothing was written; it is taken when it stands still."
        )
    migration.admit(allow)
    since = _processed_before(migration)
    unfinished = _unfinished(ledger, migration.run_id)
    try:
        _stage(migration, since, allow, progress)
        refused = refused_entries(ledger)
        migration.check_references(progress)
        before = ledger.seen_counts(since)
        plan = plan_delta(migration, since, retry_refused=asked.retry_refused)
        now = {name: one.shown for name, one in plan.objects.items() if name not in MADE}
        _require(migration, shortfalls(before, now, migration.practice.policies.most_rows_lost_percent, allow))
    except DropRefused as error:
        ledger.set_drop_state(migration.drop_id, DropState.REFUSED, "; ".join(str(one) for one in error.shortfalls))
        raise
    migration.note_taken()
    again = still_refused(plan, (MEMBERS, *migration.planner.declarations), refused)
    ledger.quarantine_add(migration.run_id, again, drop=migration.drop_id)
    everything = unfinished or asked.restore_deleted or next(ledger.in_doubt(), None) is not None
    touched = _touched(migration, plan, everything=everything)
    tallies, chosen = _load(migration, plan, touched, asked, progress, everything=everything)
    files = migration.load_files(progress, Again(asked.restore_deleted))
    if migration.practice.policies.vanished == "mark" and migration.provision_plan().steps:
        migration.provision()
    gone = migration.wait(handle_vanished(migration.step_context(), since))
    for one in plan.objects.values():
        one.vanished = gone.rows[one.object]
    touched |= gone.objects
    known = partial(plan.expected, ledger) if chosen else nothing_known
    totals, edits = explain(
        migration, [t for name in migration.objects if name in touched for t in migration.totals(name, known)]
    )
    spent = migration.calls.total - calls
    return DeltaResult(
        migration.run_id, migration.drop_id, tuple(plan.objects.values()), tallies, files, gone, totals,
        *_left(ledger), spent,
        round(time.monotonic() - began, 3), edits,
    )  # fmt: skip


def _left(ledger: Ledger) -> tuple[int, int, int]:
    """What waits for somebody: open conflicts, held records, quarantined rows."""
    conflicts = sum(len(page) for page in ledger.conflicts())
    held = sum(count for (_, _, status), count in ledger.counts().items() if status is Status.HELD)
    findings = ledger.quarantine_counts().items()
    return conflicts, held, sum(n for (_, severity, _), n in findings if severity is Severity.QUARANTINE)


def _processed_before(migration: Migration) -> int | None:
    """The id of the drop that was processed before this one."""
    mine = migration.drop_id
    last = last_processed(drop for drop in migration.ledger.drops() if drop.id != mine)
    return last.id if last else None


def _unfinished(ledger: Ledger, run: int) -> bool:
    """Whether the run before this one stopped half-way: then records, links and doubts are looked at everywhere."""
    before = [one for one in ledger.runs(limit=10) if one.id != run and one.kind in ("migrate", "delta", "materialize")]
    return bool(before) and before[0].state is not RunState.DONE


def _stage(migration: Migration, since: int | None, allow: Collection[str], progress: Listener | None) -> None:
    """An allowed report that the drop lacks keeps the tables that were staged before: it counts as unchanged."""
    absent = absent_reports(migration.drop, migration.mapping)
    if absent:
        _require(migration, missing(_by_report(migration.ledger.seen_counts(since)), absent, allow))
    for report in migration.reports:
        if report not in absent:
            migration.stage(report, progress)
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


def _touched(migration: Migration, plan: DeltaPlan, *, everything: bool) -> set[str]:
    """Twenty objects that have to be loaded, the members' among them. `everything`: a run was interrupted or something
    is in doubt, or what was deleted is to come back, links of unchanged records among it; what is in order costs no
    call."""
    return {MEMBERS.target.singular, *migration.objects} if everything else set(plan.working)


def _load(
    migration: Migration,
    plan: DeltaPlan,
    touched: set[str],
    asked: Asked,
    progress: Listener | None,
    *,
    everything: bool,
) -> tuple[dict[str, Tally], bool]:
    """Load the touched objects in import order; what the export needs anew in Twenty is made before.

    Adds to `touched` the objects in which a row waits for a parent that landed now, or goes without it. True beside the
    tallies when the records were those that the plan has chosen: not for `everything`, nor where adopting has found
    somebody, whom others point at.
    """
    tallies: dict[str, Tally] = {}
    chosen = not everything
    if touched:
        if migration.provision_plan().steps:
            migration.provision()
        chosen = not migration.adopt(progress).found and chosen
    if MEMBERS.target.singular in touched:
        tallies[MEMBERS.name] = migration.write_members()
    for object_ in migration.objects:
        if object_ not in touched and object_ in plan.waiting:
            release_gone(migration.step_context(), migration.declarations(object_))
            if _released(migration, object_):
                touched.add(object_)
        if object_ in plan.left_out and any(tally.created or tally.adopted for tally in tallies.values()):
            touched.add(object_)
        if object_ in touched:
            again = Again(asked.restore_deleted, asked.retry_refused, plan.chances)
            tallies |= migration.load(object_, progress, again, plan.chosen(object_) if chosen else ALL)
    return tallies, chosen


def _released(migration: Migration, object_: str) -> bool:
    names = {declaration.name for declaration in migration.declarations(object_)}
    return any(key.source_object in names for page in migration.ledger.releasable() for key in page)
