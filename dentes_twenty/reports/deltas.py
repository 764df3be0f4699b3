"""The cutover pages from what a delta has brought: one after each delta, one for the whole window.

Belongs here: putting a delta's result, the ledger's open matters and both values of each conflict together. Does not
belong here: the delta itself (`migration.deltas`), the pages (`pages.cutover`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import Ledger, Run, RunState, Severity, Status
from dentes_twenty.migration.reconcile import title_of
from dentes_twenty.migration.resolving import ConflictValues
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.practice import Practice
from dentes_twenty.reports.assemble import findings
from dentes_twenty.reports.figures import (
    ClosingReport,
    ConflictRow,
    DeltaFigures,
    DeltaPoint,
    DeltaReport,
    HeldRow,
    RecordNotice,
)
from dentes_twenty.reports.headings import heading_of
from dentes_twenty.reports.model import State
from dentes_twenty.reports.pages.cutover import closing, cutover
from dentes_twenty.reports.writing import write_report

PAGE, CLOSING_PAGE = "cutover", "cutover-closing"
DELTA = "delta"
HELD_AT_MOST = 10_000


def write_delta_report(migration: Migration, result: DeltaResult) -> Path:
    """The page of one delta, `cutover.html` in the practice's private folder; it replaces that of the delta before."""
    practice = migration.practice
    heading = heading_of(practice, run=result.run, location=migration.drop.location)
    ledger = migration.ledger
    report = DeltaReport(
        heading,
        sum(1 for run in ledger.runs(limit=100_000) if run.kind == DELTA),
        tuple(
            DeltaFigures(one.object, one.new, one.changed, one.unchanged, one.vanished, one.returned)
            for one in result.objects
        ),
        tuple(_conflict(one, practice) for one in migration.conflicts()),
        tuple(_notices(migration, result)),
        tuple(_held(ledger)),
        findings(e for page in ledger.quarantine_open(severity=Severity.QUARANTINE) for e in page),
        reconciliation(result),
        result.calls,
        result.seconds / 60,
    )
    return write_report(practice.reports_dir, PAGE, cutover(report))


def reconciliation(result: DeltaResult) -> State | None:
    """Of what the delta touched: counts and money against Twenty, and every value that it wrote. None when it touched
    nothing."""
    if not result.tallies and not result.vanished.deleted:
        return None
    wrong = any(not total.ok for total in result.totals)
    differing = any(tally.differing for tally in result.tallies.values())
    return State.FAILED if wrong or differing else State.GOOD


def write_closing_report(practice: Practice, ledger: Ledger) -> Path:
    """The page of the whole window, from the ledger's runs. Raises ValueError when no cutover is planned."""
    window = practice.cutover_window
    if window is None:
        raise ValueError("no cutover is planned")
    start, end = window
    runs = [run for run in ledger.runs(limit=100_000) if run.kind == DELTA and start <= run.started < end]
    points = tuple(_point(run, practice) for run in reversed(runs) if run.state is RunState.DONE and run.ended)
    report = ClosingReport(heading_of(practice), start, end, points)
    return write_report(practice.reports_dir, CLOSING_PAGE, closing(report))


def _point(run: Run, practice: Practice) -> DeltaPoint:
    counts = run.counts
    assert run.ended is not None
    touched = counts.get("new", 0) + counts.get("changed", 0) + counts.get("returned", 0) + counts.get("taken_away", 0)
    wrong = counts.get("totals_wrong", 0) + counts.get("differing", 0)
    return DeltaPoint(
        run.ended.astimezone(practice.zone),
        int(counts.get("new", 0)),
        int(counts.get("changed", 0)),
        int(counts.get("vanished", 0)),
        int(counts.get("conflicts_open", 0)),
        int(counts.get("held", 0)),
        int(counts.get("quarantined", 0)),
        int(counts.get("calls", 0)),
        float(counts.get("minutes", 0)),
        State.FAILED if wrong else State.GOOD if touched else None,
    )


def _conflict(one: ConflictValues, practice: Practice) -> ConflictRow:
    conflict = one.conflict
    return ConflictRow(
        conflict.key.source_object,
        conflict.key.source_id,
        title_of(one.planned.values) if one.planned else "",
        conflict.field,
        one.field_label,
        one.type,
        one.exported,
        one.current,
        decision=conflict.state.value,
        url=f"{practice.twenty.url.rstrip('/')}/object/{one.target}/{one.record_id}",
    )


def _held(ledger: Ledger) -> Iterator[HeldRow]:
    shown = 0
    for page in ledger.held():
        for one in page:
            if shown == HELD_AT_MOST:
                return
            shown += 1
            parent = f"{one.parent.source_object}:{one.parent.source_id}"
            yield HeldRow(one.key.source_object, one.key.source_id, "", parent)


def _notices(migration: Migration, result: DeltaResult) -> Iterable[RecordNotice]:
    """Rows that this export does not show, and records that a person deleted."""
    ledger = migration.ledger
    names = {one.object for one in result.objects} | {MEMBERS.name}
    for page in ledger.vanished(result.drop, names):
        for state in page:
            yield RecordNotice(state.key.source_object, state.key.source_id, "", "vanished")
    for status, what in ((Status.VANISHED, "vanished"), (Status.DELETED, "deleted_by_a_person")):
        for page in ledger.iterate(status=status):
            for state in page:
                if state.key.source_object in names:
                    yield RecordNotice(state.key.source_object, state.key.source_id, "", what)
