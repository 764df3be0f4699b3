"""The planning check: every row planned once, nothing written into Twenty; what stays out stands in the ledger."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.progress import Listener, Meter

FINDINGS_AT_ONCE = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class ReferenceSummary:
    """`landing`: source object -> rows that become records. `quarantined`, `warned`: (report, code) -> rows or cells,
    findings of staging included."""

    landing: dict[str, int]
    quarantined: Counter[tuple[str, str]]
    warned: Counter[tuple[str, str]]


def check_references(
    planner: Planner, ledger: Ledger, run: int, drop: int, progress: Listener | None = None
) -> ReferenceSummary:
    """Plan everything; replace what earlier runs found in the same reports."""
    summary = ReferenceSummary({}, Counter(), Counter())
    meter = Meter("", sum(map(planner.expected_records, planner.declarations)), progress)
    for declaration in planner.declarations:
        found: list[Issue] = []
        count = 0
        for _ in meter.of(planner.rows(declaration, found), declaration.target.singular):
            count += 1
            if len(found) >= FINDINGS_AT_ONCE:
                ledger.quarantine_add(run, _counted(summary, found), drop=drop)
                found.clear()
        summary.landing[declaration.name] = summary.landing.get(declaration.name, 0) + count
        ledger.quarantine_add(run, _counted(summary, found), drop=drop)
    for report in planner.staged.reports:
        ledger.quarantine_add(run, _counted(summary, planner.staged.issues(report.report)), drop=drop)
    for name in {name for name, _, _ in ledger.quarantine_counts()}:  # those of reports that are gone, too
        ledger.quarantine_resolve(run, report=name)
    return summary


def _counted(summary: ReferenceSummary, issues: Iterator[Issue] | list[Issue]) -> Iterator[Issue]:
    for issue in issues:
        tally = summary.quarantined if issue.severity == "quarantine" else summary.warned
        tally[issue.report, issue.code] += 1
        yield issue
