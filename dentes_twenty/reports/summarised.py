"""The whole migration on one page, from what its steps have left: tallies, totals, the ledger, the other pages.

Belongs here: which step counts as done, and how it went. Does not belong here: asking Twenty (the caller hands over the
totals that were compared), the page itself (`pages.summary`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from dentes_twenty.migration.approval import KIND
from dentes_twenty.migration.ledger import FileState, Ledger, Run, RunState, Severity
from dentes_twenty.migration.reconcile import COUNT
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps.drawing import CONTACTS
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.form import WIDE_REPORT
from dentes_twenty.reports.assemble import money_totals, owner_report
from dentes_twenty.reports.figures import ObjectFigures, ReasonCount, Stage, SummaryReport
from dentes_twenty.reports.model import Heading, State
from dentes_twenty.reports.rebuild import rebuild_checklist

PAGES: Mapping[str, str] = {
    "field_diff": "sample",
    "reconciliation": "reconciliation",
    "quarantine": "quarantine",
    "owners": "owners",
    "mapping": "mapping",
    "checklist": "checklist",
    "cutover": "cutover",
}
"""Pages that the summary leads to, as their texts are called -> name of the file in the reports folder."""
DELTA = "delta"
RUNS = 1_000  # of the ledger that are looked through for the last sample and delta


@dataclasses.dataclass(frozen=True, slots=True)
class Moved:
    """What the run itself knows: tallies by Twenty object and source object, and the totals that were compared."""

    tallies: Mapping[str, Mapping[str, Tally]]
    totals: tuple[Total, ...]


def summary_report(heading: Heading, migration: Migration, moved: Moved) -> SummaryReport:
    """The summary at the end of a run that has moved everything."""
    ledger, practice = migration.ledger, migration.practice
    files = ledger.file_counts()
    runs = ledger.runs(limit=RUNS)
    objects = tuple(_objects(migration, moved))
    mine = next(run for run in runs if run.id == migration.run_id)
    reasons: Counter[tuple[str, Severity]] = Counter()
    for (_, severity, code), count in ledger.quarantine_counts().items():
        reasons[code, severity] += count
    return SummaryReport(
        heading,
        tuple(_stages(heading, migration, (_load_state(objects), runs))),
        objects,
        money_totals(moved.totals, migration.planner.declarations),
        tuple(ReasonCount(code, count, severity.value) for (code, severity), count in reasons.items()),
        files.get(FileState.ATTACHED, 0),
        files.get(FileState.MISSING, 0) + files.get(FileState.REFUSED, 0),
        sum(len(page) for page in ledger.conflicts()),
        len(rebuild_checklist(migration.planner.declarations, practice.labels)),
        migration.calls.total,
        (dt.datetime.now(dt.UTC) - mine.started).total_seconds() / 60,
        tuple((key, f"{name}.html") for key, name in PAGES.items() if (practice.reports_dir / f"{name}.html").exists()),
    )


# ---
# Figures
# ---


def _objects(migration: Migration, moved: Moved) -> Iterator[ObjectFigures]:
    out = _rows_out(migration.ledger)
    found = {(one.object, one.source_object): one.found for one in moved.totals if one.name == COUNT}
    for declaration in migration.planner.declarations:
        tally = moved.tallies.get(declaration.target.singular, {}).get(declaration.name)
        if tally is not None:
            names = CONTACTS if declaration.name in CONTACTS else (declaration.name,)
            there = sum(found.get((declaration.target.singular, name), 0) for name in names)
            figures = _figures(declaration, tally, there, migration, out)
            if figures.in_export or figures.landed:
                yield figures


def _figures(
    declaration: SourceObject, tally: Tally, there: int, migration: Migration, out: Mapping[str, int]
) -> ObjectFigures:
    """Rows of a report of the object's own are accounted for one by one; those of a form file belong to several."""
    staged, report = migration.planner.staged, declaration.report
    form = report is WIDE_REPORT
    own = not form and declaration.sources == (report.name,) and staged.has(report.name)
    return ObjectFigures(
        declaration.name,
        staged.report(report.name).rows_read if own else tally.planned if form else None,
        tally.landed,
        there,
        out.get(report.name, 0) if own else 0,
        tally.held,
        tally.refused,
        staged.report(report.name).duplicates if own else 0,
        tally.deleted_by_a_person,
        None,
        sum(tally.differing.values()),
        declaration.label if form else "",
    )


def _rows_out(ledger: Ledger) -> dict[str, int]:
    """Report -> rows that stay out; what Twenty refused is counted by the tallies."""
    found: defaultdict[str, set[tuple[str, int | None, str | None]]] = defaultdict(set)
    for page in ledger.quarantine_open(severity=Severity.QUARANTINE):
        for entry in page:
            if not entry.code.startswith("refused_"):
                found[entry.report].add((entry.file, entry.row, entry.source_id))
    return {report: len(rows) for report, rows in found.items()}


# ---
# Steps
# ---


def _stages(heading: Heading, migration: Migration, figures: tuple[State | None, list[Run]]) -> Iterator[Stage]:
    zone, confirmed, (load, runs) = migration.practice.zone, migration.mapping.confirmed, figures
    if confirmed is not None:
        yield Stage("mapping", State.GOOD, confirmed.at.astimezone(zone), confirmed.by)
    yield Stage("owners", owner_report(heading, migration.owners()).state)
    sampled = _last(runs, KIND)
    yield Stage("sample", State.GOOD, sampled.astimezone(zone)) if sampled else Stage("sample")
    given = [one for one in migration.ledger.approvals(KIND) if one.withdrawn is None]
    if given:
        yield Stage("approval", State.GOOD, given[-1].at.astimezone(zone), given[-1].by, given[-1].note)
    else:
        yield Stage("approval")  # a sandbox needs none
    yield Stage("load", load, heading.made_at if load else None)
    yield _reconciled(migration.practice.reports_dir)
    if migration.practice.cutover_window is not None:
        delta = _last(runs, DELTA)
        yield Stage("cutover", State.GOOD, delta.astimezone(zone)) if delta else Stage("cutover")


def _last(runs: list[Run], kind: str) -> dt.datetime | None:
    """When a run of a kind has ended well last; the newest run comes first."""
    return next((run.ended for run in runs if run.kind == kind and run.state is RunState.DONE and run.ended), None)


def _load_state(figures: tuple[ObjectFigures, ...]) -> State | None:
    """None where this run has loaded nothing."""
    if not figures:
        return None
    if any(one.differing or one.unexplained or one.missing for one in figures):
        return State.FAILED
    return State.ATTENTION if any(one.waiting for one in figures) else State.GOOD


def _reconciled(folder: Path) -> Stage:
    """As the reconciliation's own page says, when there is one."""
    path = folder / f"{PAGES['reconciliation']}.json"
    if not path.exists():
        return Stage("reconciliation")
    told = json.loads(path.read_text(encoding="utf-8"))
    made_at = dt.datetime.fromisoformat(told["report"]["heading"]["made_at"])
    return Stage("reconciliation", State(told["state"]), made_at)
