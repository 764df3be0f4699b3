"""The cells of sampled rows as their files hold them, each with what was understood of it.

Belongs here: which rows of which files a sampled record comes from, also where planning made its row of others (people
behind contact columns, suppliers, plan notes). Does not belong here: reading the files (`exports.originals`), which
records are sampled (`steps.drawing`), how cells are shown (package `reports`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.originals import FileCell, Originals, RowRef, read_originals
from dentes_twenty.exports.plans import StageSettings
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.contacts import EMERGENCY_CONTACT, Mention
from dentes_twenty.migration.steps.drawing import SampledRow
from dentes_twenty.objects import guardian, item, plan
from dentes_twenty.objects.fields import Row
from dentes_twenty.objects.registry import report_named
from dentes_twenty.practice import Practice

SUPPLIER = "supplier:"
_CONTACT = ("name", "phone", "email", "relation")


class Export(NamedTuple):
    """What a second look into the files needs: the drop, and how it was read."""

    drop: Drop
    mapping: MappingFile
    settings: StageSettings


def stage_settings(practice: Practice) -> StageSettings:
    """How a practice's files are read."""
    return StageSettings(
        zone=ZoneInfo(practice.timezone),
        region=practice.region,
        currency=practice.currency,
        national_id=practice.policies.national_id == "move",
        language=practice.labels,
    )


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FiledCell:
    """One cell: the header and the text that the file has, and the staged value."""

    header: str
    text: str
    understood: Any


FiledCells = Mapping[str, tuple[FiledCell, ...]]
"""Column of a planned row -> the cells behind it; a column that the export does not have is absent."""


class _Place(NamedTuple):
    """A staged row by its id; `understood` are the values that were read from it. `columns`: column of the planned row
    -> column of this one, where they are called otherwise."""

    report: str
    source_id: str
    understood: Row
    columns: Mapping[str, str] | None = None


def filed_cells(planner: Planner, export: Export, rows: Sequence[SampledRow]) -> list[FiledCells]:
    """The cells behind each row. Raises RowsChanged when the export is no longer the one that was staged."""
    own = [_own(planner, row) for row in rows]
    others = [list(places) for places in _others(planner, rows)]
    refs = _refs(planner, {(place.report, place.source_id) for places in others for place in places})
    wanted = [ref for ref in own if ref is not None] + list(refs.values())
    found = read_originals(export.drop, export.mapping, export.settings, wanted)
    zone = export.settings.zone
    cells: list[FiledCells] = []
    for row, ref, places in zip(rows, own, others, strict=True):
        mine: defaultdict[str, list[FiledCell]] = defaultdict(list)
        if ref is not None:
            _add(mine, found[ref], row.row, None, zone)
        for place in places:
            _add(mine, found[refs[place.report, place.source_id]], place.understood, place.columns, zone)
        cells.append({column: tuple(_telling(several)) for column, several in mine.items()})
    return cells


def _add(
    cells: defaultdict[str, list[FiledCell]],
    original: Originals,
    understood: Row,
    columns: Mapping[str, str] | None,
    zone: ZoneInfo,
) -> None:
    for column, name in columns.items() if columns is not None else ((name, name) for name in original):
        for one in original.get(name, ()):
            cells[column].append(FiledCell(one.header, one.text, _half(understood.get(column), one, zone)))


def _half(value: Any, cell: FileCell, zone: ZoneInfo) -> Any:
    """Of an instant that two cells make, the half that this one holds."""
    if not cell.part or not isinstance(value, dt.datetime):
        return value
    local = value.astimezone(zone)
    return local.date() if cell.part == "day" else local.time().isoformat("seconds")


def _telling(cells: Sequence[FiledCell]) -> Sequence[FiledCell]:
    """Blank cells are worth showing only where there is no other."""
    return [cell for cell in cells if cell.text.strip()] or cells[:1]


# ---
# Which rows
# ---


def _own(planner: Planner, row: SampledRow) -> RowRef | None:
    """The staged row itself, None where planning made the row."""
    content = row.row.get("_digest")
    if content is None:
        return None
    report = row.declaration.report
    form = planner.form_of(row.declaration)
    name = planner.staged.form_report(form) if form is not None else report.name
    return RowRef(name, row.row[report.key], row.row["_row"], content)


def _others(planner: Planner, rows: Iterable[SampledRow]) -> Iterator[Iterator[_Place]]:
    """For each row the other rows that tell of it."""
    rows = list(rows)
    contacts = planner.index.contacts
    keys = {row.planned.key for row in rows}
    people = {person.key: person.mentions for person in contacts.people if person.key in keys}
    items = _first_items(planner, keys)
    for row in rows:
        name = row.declaration.name
        if name == "patient":
            links = contacts.links.get(row.row["patient_id"])
            yield _guardian_of(links.first if links else None)
        elif name == guardian.DECLARATION.name:
            yield map(_mention, people[row.planned.key])
        elif name == guardian.PATIENT_CONTACT.name:
            further = contacts.links[row.row["patient_id"]].further
            yield (_mention(m) for m, _ in further if m.source_id == row.row["guardian_id"])
        elif name == "supplier":
            yield iter([items[row.planned.key]])
        elif name == "plan-note":
            yield iter([_Place(plan.REPORT.name, row.row["plan_id"], row.row)])
        else:
            yield iter(())


def _mention(mention: Mention) -> _Place:
    """Where a contact is named, and what was read there."""
    understood = {
        "guardian_id": mention.source_id,
        "patient_id": mention.patient_id,
        "name": mention.name,
        "phone": mention.phones,
        "email": mention.email,
        "relation": mention.relation,
    }
    if mention.report == guardian.REPORT.name:
        return _Place(mention.report, mention.source_id, understood, dict(zip(understood, understood, strict=True)))
    prefix = "emergency" if mention.role == EMERGENCY_CONTACT else "guardian"
    columns = {"guardian_id": "patient_id", "patient_id": "patient_id", **{c: f"{prefix}_{c}" for c in _CONTACT}}
    return _Place(mention.report, mention.patient_id, understood, columns)


def _guardian_of(mention: Mention | None) -> Iterator[_Place]:
    """A patient's guardian stands in the patient's own row, or in a row of the guardian file."""
    if mention is not None and mention.report == guardian.REPORT.name:
        told = _mention(mention)
        understood = {f"guardian_{column}": told.understood[column] for column in _CONTACT}
        yield _Place(told.report, told.source_id, understood, {f"guardian_{column}": column for column in _CONTACT})


def _first_items(planner: Planner, keys: Iterable[str]) -> dict[str, _Place]:
    """Supplier's key -> the first item that names it."""
    wanted = {key for key in keys if key.startswith(SUPPLIER)}
    found: dict[str, _Place] = {}
    names = (item.REPORT.key, "supplier_id", "supplier_name")
    for row in planner.staged.rows(item.REPORT.name, columns=names) if wanted else ():
        key = planner.index.supplier(row)
        if key is not None and key in wanted and key not in found:
            understood = {"supplier_key": key.removeprefix(SUPPLIER), "supplier_name": row.get("supplier_name")}
            named_by = "supplier_id" if row.get("supplier_id") else "supplier_name"
            columns = {"supplier_key": named_by, "supplier_name": "supplier_name"}
            found[key] = _Place(item.REPORT.name, row[item.REPORT.key], understood, columns)
    return found


def _refs(planner: Planner, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], RowRef]:
    """Where the rows of these ids stand."""
    by_report: defaultdict[str, set[str]] = defaultdict(set)
    for report, source_id in wanted:
        by_report[report].add(source_id)
    found = {}
    for report, ids in by_report.items():
        key = report_named(report).key
        for row in planner.staged.rows(report, columns=(key, "_row", "_digest")):
            if row[key] in ids:
                found[report, row[key]] = RowRef(report, row[key], row["_row"], row["_digest"])
    return found
