"""Reconciliation for the practice owner: do the books agree, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterable

from dentes_twenty.reports.figures import ObjectFigures, PatientMoney, ReconciliationReport, RecordNotice
from dentes_twenty.reports.page import Rendered, render, words_of
from dentes_twenty.reports.pages.figures import money_chart, money_difference, money_table, objects_table, shares_chart
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.values import shown
from dentes_twenty.reports.words import Words

_ANCHORS = {
    **dict.fromkeys(("unexplained", "missing", "quarantined", "held", "refused"), "rows"),
    **dict.fromkeys(("files_changed", "files_out"), "files"),
}
_SUMMED = ("in_export", "landed", "quarantined", "held", "refused", "other", "in_twenty", "verified")


def reconciliation(report: ReconciliationReport) -> Rendered:
    """The page, CSV of objects, money, patients, balances, plans, values and notices, and JSON."""
    w = words_of(report.heading)
    numbers = _numbers(report)

    def points(keys: Iterable[str]) -> list[tuple[str, str]]:
        return [(w(f"reconciliation.points.{key}", n=numbers.get(key, 0)), _ANCHORS.get(key, key)) for key in keys]

    toc_keys = ("rows", "money", "differences", "orphans", "files", "drift")
    toc = [(key, w(f"reconciliation.{key}")) for key in toc_keys] + [("signature", w("reconciliation.sign"))]
    return render(
        "reconciliation",
        report,
        _tables(report, w),
        wrong=points(report.wrong),
        notable=points(report.notable),
        stats=_stats(report, w),
        shares=shares_chart(report.objects, w),
        money=money_chart(report.money, w),
        totals=_totals(report.objects),
        values_verified=sum(f.verified or 0 for f in report.objects),
        steps=[w(f"reconciliation.step.{key}") for key in (*report.wrong, *report.notable)],
        toc=toc,
    )


def _numbers(report: ReconciliationReport) -> dict[str, int]:
    return {
        "patients": len(report.patients),
        "orphans": len(report.orphans),
        "quarantined": sum(f.quarantined for f in report.objects),
        "held": sum(f.held for f in report.objects),
        "refused": sum(f.refused for f in report.objects),
        "balances": len(report.balances),
        "plans": len(report.plans),
        "strays": len(report.strays),
        "drift": len(report.drift),
        "files": len(report.files_wrong),
        "files_changed": len(report.files_notable),
        "files_out": report.files.out if report.files else 0,
    }


def _totals(objects: Iterable[ObjectFigures]) -> list[tuple[str, int]]:
    """In the order of the table's columns."""
    sums = dict.fromkeys(_SUMMED, 0)
    for f in objects:
        for name in sums:
            sums[name] += f.identical + f.deleted if name == "other" else getattr(f, name) or 0
    return list(sums.items())


def _stats(report: ReconciliationReport, w: Words) -> list[tuple[str, str, str]]:
    totals = dict(_totals(report.objects))
    aside = totals["quarantined"] + totals["refused"]
    verified = [f.verified for f in report.objects if f.verified is not None]
    different = any(total.difference for total in report.money)
    return [
        (w.number(totals["in_export"]), w("reconciliation.stat.export"), ""),
        (w.number(totals["in_twenty"]), w("reconciliation.stat.twenty"), ""),
        (w.number(aside), w("reconciliation.stat.aside"), "warn" if aside else ""),
        (w.number(totals["held"]), w("reconciliation.stat.held"), "warn" if totals["held"] else ""),
        (w.number(sum(verified)) if verified else "–", w("reconciliation.stat.values"), ""),
        (money_difference(report.money, w), w("reconciliation.stat.money"), "bad" if different else "good"),
    ]


def _tables(report: ReconciliationReport, w: Words) -> dict[str, str]:
    values = (
        (
            w.object(d.object, d.label),
            d.source_id,
            d.title,
            d.field,
            d.field_label,
            shown(d.sent, d.type, w),
            shown(d.stored, d.type, w),
        )
        for d in report.differences
    )
    value_header = ("object", "source_id", "record", "field", "label", "sent", "stored")
    notices = (("orphan", report.orphans), ("stray", report.strays), ("drift", report.drift))
    files = (("file", (*report.files_wrong, *report.files_notable)),)
    return {
        "": objects_table(report.objects, w),
        "money": money_table(report.money, w),
        "patients": _patients(report.patients, "expected", "found", w),
        "balances": _patients(report.balances, "ledger", "stated", w),
        "plans": _patients(report.plans, "total", "lines", w, "plan"),
        "values": table(value_header, values, w.language),
        "notices": notices_table((*notices, *files), w),
    }


def _patients(rows: Iterable[PatientMoney], first: str, second: str, w: Words, who: str = "patient") -> str:
    lines = ((p.source_id, p.name, p.currency, p.expected, p.found, p.difference) for p in rows)
    return table((who, "name", "currency", first, second, "difference"), lines, w.language)


def notices_table(groups: Iterable[tuple[str, Iterable[RecordNotice]]], w: Words) -> str:
    """CSV of records with something to say about them."""
    rows = (
        (
            kind,
            w.object(n.object, n.label),
            n.source_id,
            n.title,
            w.known(f"notices.{n.what}") or n.what,
            ", ".join(n.fields),
        )
        for kind, notices in groups
        for n in notices
    )
    return table(("kind", "object", "source_id", "record", "what", "fields"), rows, w.language)
