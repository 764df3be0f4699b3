"""Owners, mapping and quarantine: what a person reads before anything moves."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from dentes_twenty.reports.model import Finding, MappingReport, OwnerReport, QuarantineReport
from dentes_twenty.reports.page import Rendered, render, words_of
from dentes_twenty.reports.reasons import Reason, reason
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.words import Words

MATCHES = {"matched": "good", "override": "good", "fallback": "warn", "unmatched": "bad"}
ON_PAGE = 20_000  # findings in the page itself: 2 MB, opened in under a second; the CSV holds them all
DOUBTFUL = 0.6


def owners(report: OwnerReport) -> Rendered:
    """The page, one CSV line for each provider, and JSON."""
    w = words_of(report.heading)
    counts = Counter(row.match for row in report.rows)
    stats = [(w.number(len(report.rows)), w("owners.stat.providers"), "")]
    for match, tone in MATCHES.items():
        stats.append((w.number(counts[match]), w(f"owners.stat.{match}"), tone if counts[match] else ""))
    rows = ((r.provider_id, r.name, r.email, w(f"owners.matches.{r.match}"), r.member, r.records) for r in report.rows)
    header = ("provider_id", "name", "email", "match", "member", "records")
    loose = [row for row in report.rows if row.match in ("unmatched", "fallback")]
    return render(
        "owners",
        report,
        {"": table(header, rows, w.language)},
        stats=stats,
        tones=MATCHES,
        example=(loose or report.rows)[0].provider_id if report.rows else "1",
    )


def mapping(report: MappingReport) -> Rendered:
    """The page, CSV of columns and words, and JSON."""
    w = words_of(report.heading)
    columns = [(mapped, column) for mapped in report.tables for column in mapped.columns]
    kinds = Counter(column.kind for _, column in columns)
    doubtful = sum(c.confidence is not None and c.confidence < DOUBTFUL for _, c in columns)
    stats = [
        (w.number(len(report.tables)), w("mapping.stat.tables"), ""),
        (w.number(kinds["column"]), w("mapping.stat.columns"), ""),
        (w.number(kinds["custom"] + kinds["question"]), w("mapping.stat.custom"), ""),
        (w.number(kinds["ignored"]), w("mapping.stat.ignored"), ""),
        (w.number(doubtful), w("mapping.stat.doubtful"), "warn" if doubtful else ""),
    ]
    rows = (
        (
            mapped.table,
            w.object(mapped.object),
            column.header,
            w(f"mapping.kinds.{column.kind}"),
            column.column,
            ", ".join(column.becomes),
            column.type,
            column.confidence,
            column.evidence,
        )
        for mapped, column in columns
    )
    header = ("table", "object", "header", "kind", "column", "becomes", "type", "confidence", "evidence")
    words = ((t.table, word.column, word.word, word.option) for t in report.tables for word in t.words)
    return render(
        "mapping",
        report,
        {"": table(header, rows, w.language), "words": table(("table", "column", "word", "option"), words, w.language)},
        stats=stats,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Group:
    """The findings of one reason: what became of the rows goes with the reason."""

    key: str
    severity: str
    reason: Reason
    count: int


def quarantine(report: QuarantineReport) -> Rendered:
    """The page (by reason, rows drawn when opened), one CSV line for each finding, and JSON."""
    w = words_of(report.heading)
    counts = Counter((f.severity, f.code) for f in report.findings)
    order = sorted(counts, key=lambda key: (key[0] != "quarantine", -counts[key], key[1]))
    groups = [
        _Group(f"{severity}:{code}", severity, reason(code, w), counts[severity, code]) for severity, code in order
    ]
    objects = list(dict.fromkeys(w.object(f.object) for f in report.findings))
    kept = sorted(report.findings, key=lambda f: f.severity != "quarantine")[:ON_PAGE]
    warnings = sum(f.severity == "warning" for f in report.findings)
    stats = [
        (w.number(report.quarantined), w("quarantine.stat.quarantined"), "warn" if report.quarantined else "good"),
        (w.number(warnings), w("quarantine.stat.warnings"), ""),
        (w.number(len(groups)), w("quarantine.stat.reasons"), ""),
        (w.number(len({f.file for f in report.findings if f.file})), w("quarantine.stat.files"), ""),
    ]
    return render(
        "quarantine",
        report,
        {"": findings_table(report.findings, w)},
        scripts=("findings.js",) if groups else (),
        data=_data(kept, groups, objects, w) if groups else None,
        groups=groups,
        objects=objects,
        stats=stats,
        left_out=len(report.findings) - len(kept),
    )


def _data(findings: list[Finding], groups: list[_Group], objects: list[str], w: Words) -> dict[str, Any]:
    places = {name: number for number, name in enumerate(objects)}
    found: dict[str, list[dict[str, Any]]] = {group.key: [] for group in groups}
    for f in findings:
        found[f"{f.severity}:{f.code}"].append(
            {
                "o": places[w.object(f.object)],
                "f": f.file,
                "l": f.line,
                "i": f.source_id,
                "c": w.column(f.column) if f.column else None,
                "s": f.severity,
            }
        )
    texts = {
        "object": w("common.object"),
        "file": w("common.file"),
        "line": w("findings.line_head"),
        "source_id": w("common.source_id"),
        "column": w("findings.column"),
        "shown": w("quarantine.shown"),
    }
    return {"findings": found, "objects": objects, "texts": texts, "language": w.language}


def findings_table(findings: tuple[Finding, ...], w: Words) -> str:
    """CSV of rows with a defect."""
    said = {code: reason(code, w) for code in {f.code for f in findings}}
    header = ("severity", "object", "file", "line", "row", "source_id", "column", "code", "what", "fix")
    rows = (
        (
            w(f"quarantine.severities.{f.severity}"),
            w.object(f.object),
            f.file,
            f.line,
            f.row,
            f.source_id,
            f.column,
            f.code,
            *said[f.code],
        )
        for f in findings
    )
    return table(header, rows, w.language)
