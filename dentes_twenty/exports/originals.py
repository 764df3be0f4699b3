"""Chosen rows once more as their files hold them: the text of each cell, before anything was understood of it.

Belongs here: finding the cells of some staged rows again, so that a person can compare them with what was made of them.
Does not belong here: which rows are wanted (`migration`), how they are shown (`reports`).

Each file is streamed once, at most to the last wanted row (a file of single answers to its end, because the answers of
one response need not stand together); only the wanted rows are kept.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.binding import Binding, bind
from dentes_twenty.exports.cells import is_blank, parse_text
from dentes_twenty.exports.chunks import Plan, digest
from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.errors import RowsChanged
from dentes_twenty.exports.long_forms import LongForm, LongReader
from dentes_twenty.exports.mapped_tables import default_form, form_key, form_of, open_table
from dentes_twenty.exports.plans import (
    StageSettings,
    answer_readers,
    asked,
    meta_readers,
    question_column,
    report_plan,
    response_columns,
    wide_plan,
)
from dentes_twenty.exports.reading import BLANK, Outcome
from dentes_twenty.exports.records import Cell, RawRow, Table
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT


class RowRef(NamedTuple):
    """A staged row: its report, its id, `_row` and `_digest`. Rows of two files of one report may have one number; the
    digest tells them apart, and whether the file has changed since."""

    report: str
    source_id: str
    row: int
    digest: bytes

    def __repr__(self) -> str:
        """Without the id, which is a patient's."""
        return f"RowRef({self.report!r}, row {self.row})"


class FileCell(NamedTuple):
    """A cell of a file: its own header (the question in a file of single answers) and its own text. `part` says which
    half of an instant it holds, "day" or "time", where the file has two columns for one."""

    header: str
    text: str
    part: str = ""

    def __repr__(self) -> str:
        """Without the text."""
        return f"FileCell({self.header!r})"


Originals = Mapping[str, tuple[FileCell, ...]]
"""Staged column -> the cells of the file that it was made of."""


def cell_text(cell: Cell) -> str:
    """What a cell holds: its text untouched, a typed cell of a workbook in ISO notation."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, dt.datetime) and cell.time() != dt.time():
        return cell.isoformat(" ")
    return parse_text(cell)


def read_originals(
    drop: Drop, mapping: model.Mapping, settings: StageSettings, wanted: Iterable[RowRef]
) -> dict[RowRef, Originals]:
    """The cells of staged rows by staged column. `settings` are those of the staging.

    Raises RowsChanged when a row is no longer there as it was staged.
    """
    by_report: defaultdict[str, set[RowRef]] = defaultdict(set)
    for ref in wanted:
        by_report[ref.report].add(ref)
    found: dict[RowRef, Originals] = {}
    for report, refs in by_report.items():
        left = set(refs)
        for table in mapping.tables_of(report):
            if left:
                cells = _of_table(open_table(drop, mapping, table), mapping, table, settings, left)
                found |= cells
                left -= cells.keys()
        if left:
            raise RowsChanged(
                f"{len(left)} rows of the report {report!r} no longer stand in the export as they were read.",
                "Leave the export untouched while it is looked at; start the same command again to read it anew.",
            )
    return found


def _of_table(
    source: Table, mapping: model.Mapping, table: model.TableMapping, settings: StageSettings, wanted: set[RowRef]
) -> dict[RowRef, Originals]:
    binding = bind(table, source.info.header)
    if table.report == LONG_REPORT.name:
        return _answers(source, mapping, table, settings, wanted)
    plans = _plans(mapping, table, binding, settings)
    position, default = binding.columns.get("form_name"), default_form(table)
    found = {}
    for ref, row in _rows(source, wanted):
        form = "" if table.report != WIDE_REPORT.name else form_of(row, position, default)
        if form in plans:
            found[ref] = _cells(plans[form], source.info.header, row)
    return found


def _plans(
    mapping: model.Mapping, table: model.TableMapping, binding: Binding, settings: StageSettings
) -> dict[str | None, Plan]:
    """How the rows of a table are read, by form where it has forms."""
    if table.report != WIDE_REPORT.name:
        return {"": report_plan(mapping, table, binding, settings)}
    return {form_key(form): wide_plan(mapping, table, form, binding, settings) for form in table.forms}


def _rows(source: Table, wanted: set[RowRef]) -> Iterator[tuple[RowRef, RawRow]]:
    """The wanted rows of a table, as long as there are any to come."""
    by_place = {(ref.row, ref.digest): ref for ref in wanted}
    numbers = {ref.row for ref in wanted}
    last = max(numbers)
    for row in source.rows():
        if row.number in numbers and isinstance(row, RawRow):
            ref = by_place.get((row.number, digest(row.cells)))
            if ref is not None:
                yield ref, row
        if row.number >= last:
            return


def _cells(plan: Plan, header: Sequence[str], row: RawRow) -> Originals:
    def cell(position: int, part: str = "") -> FileCell:
        return FileCell(header[position].strip(), cell_text(row.cells[position]), part)

    found: dict[str, tuple[FileCell, ...]] = {name: (cell(source.position),) for name, source in plan.sources.items()}
    if plan.instant is not None:
        parts = (("day", plan.instant.day), ("time", plan.instant.time))
        found[plan.instant.column] = tuple(cell(source.position, part) for part, source in parts)
    return found


# # ---
# One answer for each row
# ---


def _as_it_stands(cell: Cell) -> Outcome:
    """In place of a reader: the text itself."""
    return BLANK if is_blank(cell) else Outcome(cell_text(cell))


def _answers(
    source: Table, mapping: model.Mapping, table: model.TableMapping, settings: StageSettings, wanted: set[RowRef]
) -> dict[RowRef, Originals]:
    """Responses are gathered as staging gathers them, with the text of each cell in place of its meaning."""
    positions, key = bind(table, source.info.header).columns, table.declaration.key
    identify = meta_readers(mapping, table, settings)[key]
    reader = LongReader(
        table.report,
        table.table,
        positions,
        {**dict.fromkeys(positions, _as_it_stands), key: identify},
        _long_forms(mapping, table, settings),
        default_form(table),
    )
    texts: dict[str, str] = {}
    ids = {ref.source_id for ref in wanted}
    for row in source.rows():
        id_ = identify(row.cells[positions[key]]).value if isinstance(row, RawRow) else None
        if isinstance(row, RawRow) and id_ in ids:
            texts.setdefault(id_, cell_text(row.cells[positions[key]]))
            reader.read([row])
    headers = {name: source.info.header[position].strip() for name, position in positions.items()}
    for form in table.forms:
        headers |= {question_column(question.field): question.question for question in asked(form)}
    found: dict[RowRef, Originals] = {}
    for id_, number, content, values in reader.gathered():
        ref = RowRef(table.report, id_, number, content)
        if ref in wanted:
            cells = {**values, key: texts[id_]}
            found[ref] = {name: (FileCell(headers[name], text),) for name, text in cells.items() if text is not None}
    return found


def _long_forms(mapping: model.Mapping, table: model.TableMapping, settings: StageSettings) -> dict[str, LongForm]:
    forms = {}
    for form in table.forms:
        plan = Plan(table.report, table.table, table.declaration.key, response_columns(table), (), {})
        columns = answer_readers(mapping, table, form, settings)
        answers = {question: (column, _as_it_stands) for question, (column, _) in columns.items()}
        forms[form_key(form)] = LongForm(form.name, plan, answers)
    return forms
