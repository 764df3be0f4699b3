"""One page for the whole migration: steps, figures, reasons, and the way to the other reports."""

from __future__ import annotations

from dentes_twenty.reports.figures import SummaryReport
from dentes_twenty.reports.page import Rendered, render, words_of
from dentes_twenty.reports.pages.figures import money_table, objects_table, shares_chart
from dentes_twenty.reports.reasons import reason
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.words import Words


def summary(report: SummaryReport) -> Rendered:
    """The page, CSV of objects, money and reasons, and JSON."""
    w = words_of(report.heading)
    ordered = sorted(report.reasons, key=lambda r: (r.severity != "quarantine", -r.count, r.code))
    figures = report.objects
    totals = (
        sum(f.in_export or 0 for f in figures),
        sum(f.landed for f in figures),
        sum(f.waiting for f in figures),
        sum(f.in_twenty for f in figures),
        sum(f.verified or 0 for f in figures),
    )
    toc_keys = [("stages", "summary.stages")]
    toc_keys += [("rows", "reconciliation.rows")] if report.objects else []
    toc_keys += [("reasons", "summary.reasons")] if report.reasons else []
    toc_keys += [("reports", "summary.reports")] if report.links else []
    return render(
        "summary",
        report,
        {
            "": objects_table(report.objects, w),
            "money": money_table(report.money, w),
            "reasons": table(
                ("severity", "code", "rows", "what", "fix"),
                ((r.severity, r.code, r.count, *reason(r.code, w)) for r in ordered),
                w.language,
            ),
        },
        stats=_stats(report, w),
        shares=shares_chart(report.objects, w),
        totals=totals,
        reasons=[(reason(r.code, w), r.count, "warn" if r.severity == "quarantine" else "") for r in ordered],
        toc=[(anchor, w(key)) for anchor, key in toc_keys],
    )


def _stats(report: SummaryReport, w: Words) -> list[tuple[str, str, str]]:
    landed, waiting = sum(f.landed for f in report.objects), sum(f.waiting for f in report.objects)
    return [
        (w.number(landed), w("summary.stat.landed"), "good" if landed else ""),
        (w.number(waiting), w("summary.stat.waiting"), "warn" if waiting else ""),
        (w.number(report.files_uploaded), w("summary.stat.files"), ""),
        (w.number(report.files_missing), w("summary.stat.files_missing"), "warn" if report.files_missing else ""),
        (w.number(report.conflicts_open), w("summary.stat.conflicts"), "warn" if report.conflicts_open else ""),
        (w.number(report.checklist_items), w("summary.stat.checklist"), ""),
        (w.number(report.calls), w("common.calls"), ""),
        (w.minutes(report.minutes), w("common.duration"), ""),
    ]
