"""Drift: what people have changed in Twenty since the last whole reconciliation, or since the last load before any.

Belongs here: remembering, by keyed hashes only, which fields differed and which records were gone, and telling what is
new or undone. Does not belong here: finding differences (`steps.comparing`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from dentes_twenty.exports.private_files import private_folder, write_json
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.reconcile import Difference, FileTrouble, Kind, Notice, Reconciliation
from dentes_twenty.practice import Practice
from dentes_twenty.twenty.values import canonical

FILE = "reconciliation.json"
LOADS = ("migrate", "delta", "materialize")
EDITS = (Kind.EDITED, Kind.CHANGED)
FILES_GONE = (FileTrouble.DESTROYED, FileTrouble.DELETED)


def add_drift(practice: Practice, ledger: Ledger, result: Reconciliation) -> None:
    """Fill `drift` and `previous`; a whole reconciliation that compared values becomes the one to compare with next."""
    path = practice.private_dir / FILE
    before = _read(path)
    result.previous = before.at or _last_load(ledger)
    if not result.quick:
        fields = {_field_key(ledger, one): one for one in result.differences if one.kind in EDITS}
        prints = {key: ledger.prints.value(canonical(one.type, one.stored)).hex() for key, one in fields.items()}
        gone = {ledger.pseudonym(one.object, one.source_id): one for one in result.gone}
        gone |= {
            ledger.pseudonym(one.target, one.record_id): one for one in result.file_notices if one.what in FILES_GONE
        }
        result.drift += _edited(fields[key] for key, print_ in prints.items() if before.fields.get(key) != print_)
        result.drift += [one for key, one in gone.items() if key not in before.gone]
        if result.whole:
            private_folder(practice.private_dir)
            write_json(path, {"at": result.at.isoformat(), "fields": prints, "gone": sorted(gone)})
    counts = {**result.wrong(), **result.notable(), "drift": len(result.drift)}
    scope = "whole" if result.whole else ",".join(dict.fromkeys(rows.target for rows in result.rows))
    ledger.event(
        None, "reconcile", "", scope, "failed" if result.wrong() else "done", {"quick": result.quick, **counts}
    )


def _last_load(ledger: Ledger) -> dt.datetime | None:
    """When the last load ended: it has verified every value that it wrote."""
    return next((run.ended for run in ledger.runs() if run.kind in LOADS and run.ended is not None), None)


class _Before:
    """What the last whole reconciliation has remembered."""

    def __init__(self, at: dt.datetime | None, fields: dict[str, str], gone: frozenset[str]) -> None:
        self.at, self.fields, self.gone = at, fields, gone


def _read(path: Path) -> _Before:
    """Nothing when there was none, or when its file was changed by hand: then everything counts as new."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _Before(dt.datetime.fromisoformat(found["at"]), dict(found["fields"]), frozenset(found["gone"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return _Before(None, {}, frozenset())


def _field_key(ledger: Ledger, one: Difference) -> str:
    return ledger.pseudonym(one.object, one.source_id, one.field)


def _edited(differences: Iterable[Difference]) -> list[Notice]:
    """One notice for each record, with its fields."""
    records: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for one in differences:
        records[one.object, one.source_id].append(one)
    return [
        Notice(
            found[0].object,
            found[0].target,
            found[0].source_id,
            found[0].record_id,
            found[0].title,
            "edited",
            tuple(one.label for one in found),
        )
        for found in records.values()
    ]
