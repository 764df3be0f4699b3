"""From a mapping and a file's header line to the plan by which its rows are read.

Belongs here: settings of the practice that reading needs, which cell each staged column comes from, and the fields that
the file brings itself (custom fields, questions). Does not belong here: reading (`chunks`, `long_forms`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.binding import Binding, key_of
from dentes_twenty.exports.chunks import CellSource, Instant, Plan
from dentes_twenty.exports.reading import CellRules, Reader, column_reader, field_reader, word_key
from dentes_twenty.exports.scan import known_words
from dentes_twenty.exports.schema import Extra, combined, staged_columns
from dentes_twenty.objects import fields
from dentes_twenty.objects.form import MAX_NAME, Form, Question
from dentes_twenty.objects.source import Column
from dentes_twenty.objects.target import FieldType, Option


@dataclasses.dataclass(frozen=True, slots=True)
class StageSettings:
    """What staging needs of the practice file.

    `zone` of the local wall times; `region` (ISO 3166) of phone numbers without a country; `currency` (ISO 4217) of
    amounts that name none; `national_id`: keep national ids; `language` ("en" or "tr") of labels;
    `as_of`: the day after which a birth date is in the future (default: today in `zone`).
    """

    zone: ZoneInfo
    region: str = "TR"
    currency: str = "TRY"
    national_id: bool = False
    language: str = "en"
    as_of: dt.date | None = None

    def rules(self) -> CellRules:
        """For the readers of cells."""
        return CellRules(self.zone, self.region, self.as_of or dt.datetime.now(self.zone).date())


def report_plan(mapping: model.Mapping, table: model.TableMapping, binding: Binding, settings: StageSettings) -> Plan:
    """How the rows of a report other than a form are read."""
    columns = staged_columns(table.declaration, national_id=settings.national_id)
    staged = {column.name for column in columns}
    readers = _column_readers(mapping, table, settings)
    sources = {
        name: CellSource(position, readers[name]) for name, position in binding.columns.items() if name in staged
    }
    for entry in table.columns:
        if entry.action == "custom" and entry.field is not None:
            position = binding.custom[entry.field.name]
            sources[custom_column(entry.field)] = CellSource(
                position, _field_reader(mapping, table, entry.field, settings)
            )
    return Plan(
        report=table.report,
        file=table.table,
        key=table.declaration.key,
        columns=columns,
        extras=custom_extras(mapping, table.report),
        sources=sources,
        instant=_instant(table, binding, readers, settings),
    )


def wide_plan(
    mapping: model.Mapping,
    table: model.TableMapping,
    form: model.FormMapping,
    binding: Binding,
    settings: StageSettings,
) -> Plan:
    """How the responses to one form of a wide file are read."""
    readers = _column_readers(mapping, table, settings)
    sources = {name: CellSource(position, readers[name]) for name, position in binding.columns.items()}
    for question in asked(form):
        reader = _field_reader(mapping, table, question.field, settings)
        sources[question_column(question.field)] = CellSource(binding.questions[key_of(question)], reader)
    columns = response_columns(table)
    return Plan(table.report, table.table, table.declaration.key, columns, question_extras(form), sources)


def answer_readers(
    mapping: model.Mapping, table: model.TableMapping, form: model.FormMapping, settings: StageSettings
) -> dict[str, tuple[str, Reader]]:
    """Folded question -> (staged column, reader of its answers), for the long layout."""
    return {
        key_of(question)[0]: (
            question_column(question.field),
            _field_reader(mapping, table, question.field, settings),
        )
        for question in asked(form)
    }


def meta_readers(mapping: model.Mapping, table: model.TableMapping, settings: StageSettings) -> dict[str, Reader]:
    """Canonical column -> reader, for the columns that a response has beside its answers."""
    return _column_readers(mapping, table, settings)


def response_columns(table: model.TableMapping) -> tuple[Column, ...]:
    """The canonical columns of a staged response, the same in both layouts."""
    return tuple(
        column for column in table.declaration.columns if column.name not in ("question", "question_type", "answer")
    )


def _column_readers(mapping: model.Mapping, table: model.TableMapping, settings: StageSettings) -> dict[str, Reader]:
    rules = settings.rules()
    readers = {}
    for name, entry in table.mapped().items():
        column = table.declaration.column(name)
        readers[name] = column_reader(
            column,
            rules,
            decimal=mapping.decimal_mark(table, entry.decimal),
            dates=mapping.date_order(table, entry.dates),
            words=_words(column, table),
        )
    return readers


def _field_reader(
    mapping: model.Mapping, table: model.TableMapping, field: model.NewField, settings: StageSettings
) -> Reader:
    decimal, dates = mapping.decimal_mark(table, field.decimal), mapping.date_order(table, field.dates)
    return field_reader(field, settings.rules(), decimal=decimal, dates=dates)


def _words(column: Column, table: model.TableMapping) -> Mapping[str, str | None]:
    """The mapping's words over those that the declaration ships, so that a later export may use a word more."""
    words: dict[str, str | None] = dict(known_words(column))
    words.update({word_key(word): option for word, option in table.values.get(column.name, {}).items()})
    return words


def _instant(
    table: model.TableMapping, binding: Binding, readers: Mapping[str, Reader], settings: StageSettings
) -> Instant | None:
    """Day and time apart, where the file has no column with both."""
    parts = combined(table.declaration)
    if parts is None or parts[0] in binding.columns or not {parts[1], parts[2]} <= binding.columns.keys():
        return None
    name, day, time = parts
    sources = [CellSource(binding.columns[part], readers[part]) for part in (day, time)]
    return Instant(name, sources[0], sources[1], day, time, settings.zone)


# ---
# Fields that the file brings itself
# ---


def custom_column(field: model.NewField) -> str:
    """Staged column of a custom field."""
    return f"custom_{field.name}"


def question_column(field: model.NewField) -> str:
    """Staged column of a question."""
    return f"question_{field.name}"


def custom_mappings(mapping: model.Mapping, report: str) -> tuple[model.NewField, ...]:
    """The custom fields of a report, each once when several files bring it."""
    found: dict[str, model.NewField] = {}
    for table in mapping.tables_of(report):
        for entry in table.columns:
            if entry.action == "custom" and entry.field is not None:
                found.setdefault(entry.field.name, entry.field)
    return tuple(found.values())


def custom_extras(mapping: model.Mapping, report: str) -> tuple[Extra, ...]:
    """Staged columns of a report's custom fields."""
    return tuple(_extra(custom_column(field), field) for field in custom_mappings(mapping, report))


def question_extras(form: model.FormMapping) -> tuple[Extra, ...]:
    """Staged columns of a form's questions."""
    return tuple(_extra(question_column(question.field), question.field) for question in asked(form))


def asked(form: model.FormMapping) -> Sequence[model.QuestionMapping]:
    """The questions that move."""
    return [question for question in form.questions if question.action is None]


def _extra(name: str, field: model.NewField) -> Extra:
    return Extra(name, field.field_type, tuple(field.options))


def as_form(form: model.FormMapping) -> Form:
    """The form as the declarations want it."""
    questions = (
        Question(
            question_column(question.field),
            question.field.label,
            question.field.name,
            question.field.field_type,
            options(question.field),
        )
        for question in asked(form)
    )
    return Form(form.name, tuple(questions))


def as_field(field: model.NewField) -> fields.Field:
    """The custom field as the declarations want it."""
    name = custom_column(field)
    transform = {
        FieldType.NUMBER: fields.number,
        FieldType.DATE: fields.date,
        FieldType.MULTI_SELECT: _chosen,
    }.get(field.field_type, fields.column)(name)
    return fields.field(field.name, field.field_type, field.label, transform, options=options(field))


def _chosen(name: str) -> fields.Transform:
    return fields.Transform((name,), "chosen options", lambda row, ctx: list(row.get(name) or ()) or None)


def options(field: model.NewField) -> tuple[Option, ...]:
    """The options of a choice. Twenty refuses a comma in a label and more than 63 characters."""
    return tuple(Option(value, text.replace(",", " ")[:MAX_NAME]) for value, text in field.options.items())
