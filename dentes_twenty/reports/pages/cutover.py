"""Cutover: the report after each delta, and the closing report with its plots over time."""

from __future__ import annotations

from dentes_twenty.reports.charts import Series, columns, lines, stacks
from dentes_twenty.reports.figures import ClosingReport, DeltaReport
from dentes_twenty.reports.page import Rendered, render, words_of
from dentes_twenty.reports.pages.lists import findings_table
from dentes_twenty.reports.pages.reconciliation import notices_table
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.values import shown
from dentes_twenty.reports.words import Words

_KINDS = ("new", "changed", "unchanged", "vanished", "returned")


def cutover(report: DeltaReport) -> Rendered:
    """The page, CSV of objects, conflicts (with both values), held rows, findings and notices, and JSON."""
    w = words_of(report.heading)
    totals = [sum(getattr(figures, kind) for figures in report.objects) for kind in _KINDS]
    open_ = {"conflicts": report.open_conflicts, "held": report.held, "quarantined": report.quarantined}
    points = [(w(f"cutover.point.{key}", n=len(rows)), key) for key, rows in open_.items() if rows]
    sections = ("rows", "conflicts", "held", "notices")
    return render(
        "cutover",
        report,
        _tables(report, w),
        points=points,
        stats=_stats(report, totals, w),
        totals=totals,
        chart=_objects_chart(report, w),
        toc=[(key, w(f"cutover.{key}")) for key in sections],
    )


def _stats(report: DeltaReport, totals: list[int], w: Words) -> list[tuple[str, str, str]]:
    state = report.reconciliation
    tone = {"good": "good", "attention": "warn", "failed": "bad"}.get(state or "", "")
    conflicts = len(report.open_conflicts)
    return [
        (w.number(totals[0]), w("cutover.new"), ""),
        (w.number(totals[1]), w("cutover.changed"), ""),
        (w.number(totals[2]), w("cutover.unchanged"), ""),
        (w.number(totals[3]), w("cutover.vanished"), "warn" if totals[3] else ""),
        (w.number(conflicts), w("cutover.stat.conflicts"), "warn" if conflicts else ""),
        (w(f"states.{state or 'not_run'}"), w("cutover.stat.reconciliation"), tone),
        (w.number(report.calls), w("common.calls"), ""),
        (w.minutes(report.minutes), w("common.duration"), ""),
    ]


def _objects_chart(report: DeltaReport, w: Words) -> object:
    shown_ = [figures for figures in report.objects if figures.new or figures.changed or figures.vanished]
    if not shown_:
        return None
    series = [
        Series(w(f"cutover.{kind}"), tone, tuple(getattr(figures, kind) for figures in shown_))
        for kind, tone in (("new", "good"), ("changed", "info"), ("vanished", "warn"))
    ]
    labels = [w.object(figures.object, figures.label) for figures in shown_]
    return stacks(w("cutover.rows"), labels, series, w.short)


def _tables(report: DeltaReport, w: Words) -> dict[str, str]:
    objects = ((w.object(f.object, f.label), *(getattr(f, kind) for kind in _KINDS)) for f in report.objects)
    conflicts = (
        (
            w.object(c.object, c.label),
            c.source_id,
            c.title,
            c.field,
            c.field_label,
            shown(c.written, c.type, w),
            shown(c.exported, c.type, w),
            shown(c.current, c.type, w),
            c.decision,
        )
        for c in report.conflicts
    )
    conflict_header = (
        "object",
        "source_id",
        "record",
        "field",
        "label",
        "written",
        "exported",
        "in_twenty",
        "decision",
    )
    held = ((w.object(h.object, h.label), h.source_id, h.title, h.waits_for) for h in report.held)
    return {
        "": table(("object", *_KINDS), objects, w.language),
        "conflicts": table(conflict_header, conflicts, w.language),
        "held": table(("object", "source_id", "record", "waits_for"), held, w.language),
        "quarantined": findings_table(report.quarantined, w),
        "notices": notices_table([("notice", report.notices)], w),
    }


def closing(report: ClosingReport) -> Rendered:
    """The page, one CSV line for each delta, and JSON."""
    w = words_of(report.heading)
    last = report.deltas[-1] if report.deltas else None
    open_ = {key: getattr(last, key) if last else 0 for key in ("conflicts", "held", "quarantined")}
    stats = [
        (w.number(len(report.deltas)), w("closing.stat.deltas"), ""),
        (w.number(sum(d.new for d in report.deltas)), w("closing.stat.new"), ""),
        (w.number(sum(d.changed for d in report.deltas)), w("closing.stat.changed"), ""),
        (w.number(sum(d.calls for d in report.deltas)), w("closing.stat.calls"), ""),
        (w.minutes(sum(d.minutes for d in report.deltas)), w("common.duration"), ""),
    ]
    header = (
        "at",
        "new",
        "changed",
        "vanished",
        "conflicts",
        "held",
        "quarantined",
        "calls",
        "minutes",
        "reconciliation",
    )
    rows = ((d.at.isoformat(), *(getattr(d, name) for name in header[1:-1]), d.reconciliation) for d in report.deltas)
    return render(
        "closing",
        report,
        {"": table(header, rows, w.language)},
        points=[(w(f"cutover.point.{key}", n=number), "") for key, number in open_.items() if number],
        stats=stats,
        charts=_plots(report, w) if len(report.deltas) > 1 else [],
        toc=[],
    )


def _plots(report: ClosingReport, w: Words) -> list[tuple[str, object]]:
    labels = [f"{w.day(d.at)[:-5]} {d.at:%H:%M}" for d in report.deltas]

    def series(name: str, tone: str, text: str) -> Series:
        return Series(w(text), tone, tuple(getattr(d, name) for d in report.deltas))

    changes = [series("new", "good", "cutover.new"), series("changed", "info", "cutover.changed")]
    left = [
        series("conflicts", "bad", "cutover.conflicts"),
        series("held", "info", "cutover.held"),
        series("quarantined", "warn", "cutover.quarantined"),
    ]
    cost = [series("calls", "mute", "common.calls")]
    return [
        ("changes", columns(w("closing.changes"), labels, changes, w.short)),
        ("open", lines(w("closing.open"), labels, left, w.short)),
        ("cost", columns(w("closing.cost"), labels, cost, w.short)),
    ]
