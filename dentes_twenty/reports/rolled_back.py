"""What a rollback kept, could not do, and found different: lists with ids, for the practice alone.

Belongs here: the private files `rollback.json` and `rollback.csv`, and the counts that everybody may see. Ids of
records name patients to whoever can open the workspace, so they stand in the private files only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dentes_twenty.exports.private_files import private_folder, write_json, write_text
from dentes_twenty.migration.steps import RollbackSummary, counts_of, kept_by_fields, part_name
from dentes_twenty.reports.tables import table

JSON, CSV = "rollback.json", "rollback.csv"
HEADER = ("what", "object", "source", "twenty_id", "fields_or_reason")

Line = tuple[str, str, str, str, str]


def write_rollback(folder: Path, summary: RollbackSummary) -> Path:
    """Write both files (0600, folder 0700), replacing those of an earlier rollback; returns the CSV's path."""
    private_folder(folder)
    write_json(folder / JSON, as_document(summary))
    path = folder / CSV
    write_text(path, table(HEADER, lines(summary)))
    return path


def lines(summary: RollbackSummary) -> Iterator[Line]:
    """One line for each record that is not simply reversed, and for each record that differs."""
    for kept in summary.kept:
        source = f"{kept.key.source_object}:{kept.key.source_id}"
        yield "kept", kept.object, source, kept.record_id, ", ".join(kept.fields)
    for failed in summary.failed:
        source = f"{failed.key.source_object}:{failed.key.source_id}"
        yield "failed", failed.object, source, failed.record_id, failed.reason
    for part in summary.parts.kept:
        yield "stays in the data model", part.part.object, "", "", f"{part_name(part.part)}: {part.reason}"
    for found in summary.comparison.differences if summary.comparison else ():
        for what in ("added", "missing", "changed"):
            for record in getattr(found, what):
                yield what, found.object, "", record, ""


def as_document(summary: RollbackSummary) -> dict[str, Any]:
    """The same as JSON, with the counts."""
    return {
        **counted(summary),
        "removed": [part_name(part) for part in summary.parts.removed],
        "records": [dict(zip(HEADER, line, strict=True)) for line in lines(summary)],
    }


def counted(summary: RollbackSummary) -> dict[str, Any]:
    """Counts and names of the data model, no record's id: for the screen and for Dagster."""
    compared = summary.comparison
    return {
        "dry_run": summary.dry_run,
        "forced": summary.forced,
        "ok": summary.ok,
        "complete": summary.complete,
        "counts": counts_of(summary),
        "objects": [
            {
                "object": one.object,
                "destroyed": one.destroyed,
                "restored": one.restored,
                "gone": one.gone,
                "reversed_earlier": one.earlier,
                "kept": len(one.kept),
                "failed": len(one.failed),
            }
            for one in summary.objects
        ],
        "kept_fields": [
            {"object": name, "field": field, "records": count}
            for (name, field), count in sorted(kept_by_fields(summary).items())
        ],
        "failed_reasons": sorted({f"{one.object}: {one.reason}" for one in summary.failed}),
        "parts_removed": len(summary.parts.removed),
        "parts_kept": [
            {"part": part_name(one.part), "reason": one.reason, "records": one.records} for one in summary.parts.kept
        ],
        "comparison": None if compared is None else compared.as_counts(),
        "last_comparison": summary.earlier,
    }
