"""The field-level diff: every field of every sampled record, and what does not move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dentes_twenty.reports import reasons
from dentes_twenty.reports.filters import weblink
from dentes_twenty.reports.model import DiffReport, FieldDiff, FieldVerdict, RecordDiff, SourceCell
from dentes_twenty.reports.page import Rendered, render, words_of
from dentes_twenty.reports.tables import Cell, table
from dentes_twenty.reports.values import cell, shown, understood
from dentes_twenty.reports.words import Words

TONES = (
    (FieldVerdict.LOST, "bad"),
    (FieldVerdict.NOT_MIGRATED, "mute"),
    (FieldVerdict.NORMALISED, "info"),
    (FieldVerdict.SAME, "good"),
)
_HEADER = (
    "object",
    "source_id",
    "record",
    "field",
    "label",
    "type",
    "source_columns",
    "source_values",
    "understood",
    "transformation",
    "sent",
    "stored",
    "verdict",
    "why",
)


def field_diff(report: DiffReport) -> Rendered:
    """The page, one CSV line for each field, and JSON. Usable with 500 records of 30 fields: drawn when opened."""
    w = words_of(report.heading)
    counts = report.counts
    objects = list(dict.fromkeys(w.object(record.object, record.label) for record in report.records))
    stats = [
        (w.number(len(report.records)), w("field_diff.n_records"), ""),
        (w.number(sum(counts.values()) - counts[FieldVerdict.NOT_MIGRATED]), w("field_diff.n_values"), ""),
        *((w.number(counts[key]), w(f"verdicts.{key}"), tone if counts[key] else "") for key, tone in TONES),
    ]
    toc = [
        ("values", w("field_diff.values")),
        ("unmoved", w("unmoved.title")),
        *([("rebuild", w("checklist.title"))] if report.checklist else []),
        ("signature", w("field_diff.sign")),
    ]
    return render(
        "field_diff",
        report,
        {"": table(_HEADER, _lines(report, w), report.heading.language), "unmoved": _unmoved(report, w)},
        scripts=("field_diff.js",),
        data=_data(report, objects, w),
        counts=counts,
        objects=objects,
        tones=TONES,
        stats=stats,
        toc=toc,
    )


def _data(report: DiffReport, objects: list[str], w: Words) -> dict[str, Any]:
    """What the script draws: field descriptions once, values by record; `stored` only where it differs."""
    fields: dict[tuple[Any, ...], int] = {}
    places = {name: number for number, name in enumerate(objects)}

    def index(object_: str, field: FieldDiff) -> int:
        return fields.setdefault((object_, field.field, field.label, field.type, field.transformation), len(fields))

    records = []
    for record in report.records:
        lines = [_line(index(record.object, field), field, report, w) for field in record.fields]
        drawn: dict[str, Any] = {
            "o": places[w.object(record.object, record.label)],
            "id": record.source_id,
            "rid": record.record_id,
            "title": record.title,
            "f": lines,
        }
        if record.url and weblink(record.url) != "#":
            drawn["url"] = record.url
        if record.why:
            drawn["why"] = reasons.why(record.why, w)
        records.append(drawn)
    described = [
        {"name": name, "label": label, "type": type_, "says": w.says(says)} for _, name, label, type_, says in fields
    ]
    texts = {
        **{
            name: w(f"field_diff.{name}") for name in ("source", "transformation", "sent", "stored", "verdict", "shown")
        },
        **{name: w(f"field_diff.{name}") for name in ("no_source", "no_column", "understood", "nothing", "not_landed")},
        "open": w("field_diff.open_in_twenty"),
        "field": w("common.field"),
        "empty": w("common.empty"),
        "verdicts": {verdict.value: w(f"verdicts.{verdict}") for verdict in FieldVerdict},
    }
    return {"records": records, "fields": described, "objects": objects, "texts": texts}


def _line(index: int, field: FieldDiff, report: DiffReport, w: Words) -> dict[str, Any]:
    sent, stored = (shown(value, field.type, w, report.titles) for value in (field.sent, field.stored))
    line: dict[str, Any] = {
        "i": index,
        "v": field.verdict,
        "src": [_source(source, w) for source in field.sources],
        "sent": sent,
    }
    if stored != sent:
        line["stored"] = stored
    if field.why:
        line["why"] = reasons.why(field.why, w)
    return line


def _source(source: SourceCell, w: Words) -> list[str | None]:
    """Header, the file's text (None: no such column), and what was understood where that is not the same."""
    drawn = [source.header or w.column(source.column), source.text]
    said = understood(source, w)
    return drawn if said is None else [*drawn, said]


def _lines(report: DiffReport, w: Words) -> Iterator[tuple[Cell, ...]]:
    for record in report.records:
        for field in record.fields:
            yield _csv_line(record, field, report, w)


def _csv_line(record: RecordDiff, field: FieldDiff, report: DiffReport, w: Words) -> tuple[Cell, ...]:
    return (
        w.object(record.object, record.label),
        record.source_id,
        record.title,
        field.field,
        field.label,
        field.type,
        " | ".join(source.header or source.column for source in field.sources),
        " | ".join(source.text or "" for source in field.sources),
        " | ".join(cell(source.value, w) for source in field.sources),
        w.says(field.transformation),
        shown(field.sent, field.type, w, report.titles),
        shown(field.stored, field.type, w, report.titles),
        w(f"verdicts.{field.verdict}"),
        reasons.why(field.why, w),
    )


def _unmoved(report: DiffReport, w: Words) -> str:
    rows = ((column.file, column.header, reasons.why(column.why, w)) for column in report.unmoved)
    return table(("file", "header", "why"), rows, report.heading.language)
