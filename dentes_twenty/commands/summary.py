"""What came of a job, as tables that the owner of a practice can read.

Belongs here: turning a `JobOutcome` into rows; pure functions, tested without a run. Does not belong here: printing.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from dentes_twenty.objects.registry import FIXED, REPORTS
from dentes_twenty.orchestration.layout import ATTACHMENTS, LOAD_STEPS, REFERENCES, staged
from dentes_twenty.orchestration.outcome import JobOutcome


@dataclasses.dataclass(frozen=True, slots=True)
class ReportLine:
    """One report of the export. `landing`: rows that become records, None where records are made from several reports.

    `reasons`: code -> findings that keep rows out.
    """

    report: str
    title: str
    rows_read: int
    landing: int | None
    reasons: Mapping[str, int]

    @property
    def stays_out(self) -> str:
        """ "3 bad_amount, 1 missing_patient"."""
        return ", ".join(f"{count} {code}" for code, count in sorted(self.reasons.items(), key=lambda i: (-i[1], i[0])))


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectLine:
    """One Twenty object; `counted` is what Twenty itself counts, None where the check has not run."""

    name: str
    figures: Mapping[str, float]
    counted: int | None
    counts_ok: bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class MoneyLine:
    """One amount field of one source object, to the smallest coin, as decimal text."""

    object: str
    source: str
    figure: str
    expected: str
    found: str
    same: bool


def report_lines(outcome: JobOutcome) -> tuple[ReportLine, ...]:
    """The reports that the export holds, in reading order."""
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record in _check_table(outcome, REFERENCES, "every_row_lands", "quarantined"):
        reasons[record["report"]][record["code"]] += record["rows"]
    landing = {
        record["source"]: record["rows"] for record in outcome.tables.get(REFERENCES, {}).get("landing_by_source", ())
    }
    lines = []
    for report in REPORTS:
        figures = outcome.steps.get(staged(report.name), {})
        if "rows_read" not in figures:
            continue
        own = next((d.name for d in FIXED if d.sources == (report.name,) and d.report is report), None)
        landed = landing.get(own) if own else None
        lines.append(ReportLine(report.name, report.titles[0], int(figures["rows_read"]), landed, reasons[report.name]))
    return tuple(lines)


def object_lines(outcome: JobOutcome) -> tuple[ObjectLine, ...]:
    """The Twenty objects that something was planned for, in import order, attachments last."""
    lines = []
    for step in LOAD_STEPS:
        figures = outcome.steps.get(step.name, {})
        if not figures.get("planned"):
            continue
        records = _check_table(outcome, step.name, "counts", "figures")
        found = [int(str(record["found"]).replace(",", "")) for record in records]
        same = all(record["same"] for record in records) if records else None
        lines.append(ObjectLine(step.name, figures, sum(found) if records else None, same))
    files = outcome.steps.get(ATTACHMENTS, {})
    if files.get("planned"):
        lines.append(ObjectLine(ATTACHMENTS, files, None, None))
    return tuple(lines)


def money_lines(outcome: JobOutcome) -> tuple[MoneyLine, ...]:
    """Every sum of money that was compared."""
    return tuple(
        MoneyLine(
            step.name, record["source"], record["figure"], record["expected"], record["found"], bool(record["same"])
        )
        for step in LOAD_STEPS
        for record in _check_table(outcome, step.name, "money", "figures")
    )


def _check_table(
    outcome: JobOutcome, asset: str, check: str, table: str
) -> Iterator[dict[str, Any]] | list[dict[str, Any]]:
    for found in outcome.checks:
        if found.asset == asset and found.name == check:
            return found.tables.get(table, [])
    return []


def as_document(outcome: JobOutcome) -> dict[str, Any]:
    """For machines."""
    return {
        "job": outcome.job,
        "run_id": outcome.run_id,
        "ok": outcome.ok,
        "seconds": outcome.seconds,
        "reports": [
            {"report": line.report, "rows_read": line.rows_read, "quarantined": dict(line.reasons)}
            for line in report_lines(outcome)
        ],
        "steps": {name: dict(figures) for name, figures in outcome.steps.items()},
        "money": [dataclasses.asdict(line) for line in money_lines(outcome)],
        "checks": [
            {"asset": c.asset, "check": c.name, "passed": c.passed, "severity": c.severity, "says": c.description}
            for c in outcome.checks
        ],
        "failed": failed_steps(outcome),
    }


def failed_steps(outcome: JobOutcome) -> list[dict[str, str]]:
    """Steps that stopped, for machines."""
    return [
        {"step": f.step, "code": f.failure.code, "message": f.failure.message, "fix": f.failure.fix}
        for f in outcome.failed
    ]


def conflicts(outcome: JobOutcome) -> int:
    """Values of the export that contradict what adopted or edited records hold."""
    return int(sum(figures.get("conflicts", 0) for figures in outcome.steps.values()))


def stays_out(outcome: JobOutcome) -> int:
    """Findings that keep rows out of Twenty, and records that Twenty refused; a refused file keeps no row out."""
    refused = sum(figures.get("refused", 0) for step, figures in outcome.steps.items() if step != ATTACHMENTS)
    return int(outcome.steps.get(REFERENCES, {}).get("quarantined", 0) + refused)
