"""What a mapping says, held against the declarations: what cannot be, and what is still open.

Belongs here: pure checks that need no file. `problems` are contradictions (such a mapping is refused when it is read);
`open_points` are what a person should look at before confirming, of which the blocking ones prevent it.
Does not belong here: whether a drop still fits the mapping (`binding`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator

from rapidfuzz import process

from dentes_twenty.exports.mapping_model import DATE_ORDER, DECIMAL_MARK, LEDGER_SIGN, Mapping, TableMapping, each_field
from dentes_twenty.objects.form import form_object_name
from dentes_twenty.objects.registry import FIXED, REPORTS
from dentes_twenty.objects.source import Column, Kind, OnBad, Report

_REPORT_NAMES = tuple(report.name for report in REPORTS)
_DOUBTFUL = 0.6


@dataclasses.dataclass(frozen=True, slots=True)
class OpenPoint:
    """Something to look at. `blocking`: the mapping cannot be confirmed while it is open."""

    code: str
    where: str
    text: str
    blocking: bool


def suggestion(name: str, candidates: Iterable[str]) -> str:
    """` Did you mean ...?`, or nothing when no candidate is close."""
    best = process.extractOne(name, list(candidates), score_cutoff=60)
    return f" Did you mean {best[0]!r}?" if best else ""


# ---
# Contradictions
# ---


def problems(mapping: Mapping) -> Iterator[str]:
    """Sentences, each with the place it speaks of; none for a sound mapping."""
    for table in mapping.reports:
        if table.report not in _REPORT_NAMES:
            yield f"{table.table}: unknown report {table.report!r}.{suggestion(table.report, _REPORT_NAMES)}"
            continue
        yield from (f"{table.report}, {table.table}: {text}" for text in _table_problems(table))
    for table_name, count in Counter(table.table for table in mapping.reports).items():
        if count > 1:
            yield f"{table_name}: stands under {count} reports."
    yield from _form_problems(mapping)


def _form_problems(mapping: Mapping) -> Iterator[str]:
    """Two forms of one object name would write over each other."""
    forms = [(table.table, form.name) for table in mapping.reports for form in table.forms]
    for object_, count in Counter(form_object_name(name) for _, name in forms).items():
        if count > 1:
            places = ", ".join(table for table, name in forms if form_object_name(name) == object_)
            yield f"{places}: {count} forms become the object {object_}; name them apart (in_file keeps the old name)."


def _table_problems(table: TableMapping) -> Iterator[str]:
    declaration = table.declaration
    names = [column.name for column in declaration.columns]
    for entry in table.columns:
        if entry.column is not None and entry.column not in names:
            yield f"{entry.header!r}: unknown column {entry.column!r}.{suggestion(entry.column, names)}"
    for column, count in Counter(entry.column for entry in table.columns if entry.column).items():
        if count > 1:
            yield f"{count} headers are mapped to {column!r}."
    for key, count in Counter((entry.header, entry.occurrence) for entry in table.columns).items():
        if count > 1:
            yield f"the header {key[0]!r} stands there {count} times; give each its own occurrence."
    yield from _value_problems(table, declaration)
    yield from _field_problems(table)
    if table.forms and declaration.key != "response_id":
        yield "forms belong to the reports response and answer only."


def _value_problems(table: TableMapping, declaration: Report) -> Iterator[str]:
    by_name = {column.name: column for column in declaration.columns}
    for name, words in table.values.items():
        column = by_name.get(name)
        if column is None:
            yield f"values: unknown column {name!r}.{suggestion(name, by_name)}"
            continue
        if column.values is None:
            yield f"values: the column {name!r} takes no words."
            continue
        options = list(column.values.words)
        for number, option in enumerate(words.values(), 1):
            if option is not None and option not in options:
                close = suggestion(option, options) or f" Known: {', '.join(options)}."
                yield f"values, {name}, word {number}: unknown option {option!r}.{close}"


def declared_fields(report: str) -> set[str]:
    """Names of the fields that the declarations of a report make already."""
    own = (declaration for declaration in FIXED if declaration.report.name == report)
    return {field.target.name for declaration in own for field in declaration.fields}


def _field_problems(table: TableMapping) -> Iterator[str]:
    taken: Counter[tuple[str, str]] = Counter()
    declared = {
        field.target.name
        for declaration in FIXED
        if declaration.report.name == table.report
        for field in declaration.fields
    }
    for header, field in each_field(table):
        if field.name in declared:
            yield f"{header!r}: the field {field.name!r} is declared already; choose another name."
        if field.type in ("SELECT", "MULTI_SELECT") and not field.options:
            yield f"{header!r}: a {field.type} needs options."
        if field.type == "MULTI_SELECT" and field.separator is None:
            yield f"{header!r}: a MULTI_SELECT needs its separator."
    for entry in table.columns:
        if entry.action == "custom" and entry.field is not None:
            taken["", entry.field.name] += 1
    for form in table.forms:
        for question in form.questions:
            taken[form.name, question.field.name] += question.action is None
    for (form_name, name), count in taken.items():
        if count > 1:
            yield f"{f'form {form_name!r}: ' if form_name else ''}the field {name!r} is made {count} times."


# ---
# Open points
# ---


def open_points(mapping: Mapping) -> list[OpenPoint]:
    """Everything a person should look at, the blocking ones first."""
    points = [*_questions(mapping), *_missing_reports(mapping)]
    for table in mapping.reports:
        points += _missing_columns(table)
        points += _unread_formats(mapping, table)
        points += _words(table)
        points += _doubts(table)
    points += [
        OpenPoint("unknown_table", other.file, f"{other.file}: {other.evidence or 'no report fits'}", False)
        for other in mapping.other_tables
    ]
    return sorted(points, key=lambda point: not point.blocking)


def _questions(mapping: Mapping) -> Iterator[OpenPoint]:
    for question in mapping.questions:
        if question.answer is None:
            text = f"{question.text} Answer with one of: {', '.join(question.choices)}."
            yield OpenPoint("unanswered_question", question.name, text, True)
    asked = any(question.name == LEDGER_SIGN for question in mapping.questions)
    if mapping.tables_of("entry") and mapping.ledger_sign is None and not asked:
        yield OpenPoint("no_ledger_sign", "ledger", "ledger: say what the sign of the amounts means.", True)


def _missing_reports(mapping: Mapping) -> Iterator[OpenPoint]:
    for report in REPORTS:
        if not report.optional and not mapping.tables_of(report.name):
            yield OpenPoint("missing_report", report.name, f"No file is the report {report.name!r}.", True)


def _missing_columns(table: TableMapping) -> Iterator[OpenPoint]:
    mapped = table.mapped()
    for column in table.declaration.columns:
        if column.required and column.name not in mapped:
            text = f"{table.table}: no header is mapped to the required column {column.name!r}."
            yield OpenPoint("missing_column", table.table, text, True)
    for groups in table.declaration.one_of:
        if not any(set(group) <= mapped.keys() for group in groups):
            needed = " or ".join(" + ".join(group) for group in groups)
            yield OpenPoint("missing_column", table.table, f"{table.table}: no headers are mapped to {needed}.", True)


def _unread_formats(mapping: Mapping, table: TableMapping) -> Iterator[OpenPoint]:
    """A column of numbers or dates that neither says its format nor has a question about it."""
    kinds = {column.name: column.kind for column in table.declaration.columns}
    asked = {question.name for question in mapping.questions}
    for entry in table.columns:
        kind = kinds.get(entry.column or "")
        if kind in (Kind.DATE, Kind.DATETIME) and mapping.date_order(table, entry.dates) is None:
            topic, need = DATE_ORDER, "dates: dmy, mdy or ymd"
        elif kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER) and mapping.decimal_mark(table, entry.decimal) is None:
            topic, need = DECIMAL_MARK, 'decimal: "," or "."'
        else:
            continue
        if f"{topic}:{table.table}" not in asked:
            yield OpenPoint("missing_format", table.table, f"{table.table}, {entry.header!r}: say {need}.", True)


def _words(table: TableMapping) -> Iterator[OpenPoint]:
    for name, words in table.values.items():
        unknown = sum(option is None for option in words.values())
        if unknown:
            column = table.declaration.column(name)
            text = f"{table.table}, {name}: {unknown} words are not mapped; {_consequence(column)}."
            yield OpenPoint("unknown_words", table.table, text, False)


def _consequence(column: Column) -> str:
    if column.on_bad is OnBad.QUARANTINE:
        return "rows with them will be quarantined"
    if column.values is not None and column.values.fallback is not None:
        return f"they land as {column.values.fallback} and keep their text"
    return "the field stays empty there"


def _doubts(table: TableMapping) -> Iterator[OpenPoint]:
    for entry in table.columns:
        if entry.column is not None and entry.confidence is not None and entry.confidence < _DOUBTFUL:
            text = f"{table.table}, {entry.header!r}: {entry.column!r} is doubtful ({entry.evidence or 'no evidence'})."
            yield OpenPoint("doubtful_column", table.table, text, False)
    ignored = sum(entry.action == "ignore" for entry in table.columns)
    if ignored:
        yield OpenPoint("ignored_columns", table.table, f"{table.table}: {ignored} columns will not move.", False)
