"""13. Custom form / survey -> one custom object per form (data-model.md, 13; AMBIGUITIES 74-77).

Forms make their object and fields from the file itself: the reader finds the forms and the type of each question
(package `exports`), and `form_declaration` turns one `Form` into a declaration like any other.
Both layouts are known: wide (one column per question) and long (question / type / answer rows).
"""

from __future__ import annotations

import dataclasses
import re

from dentes_twenty.objects.common import patient_reference
from dentes_twenty.objects.fields import (
    Context,
    Field,
    Row,
    SourceObject,
    Transform,
    column,
    date,
    field,
    moment,
    number,
    raw_of,
    relation,
    source_key,
)
from dentes_twenty.objects.folding import fold_name
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType, Option, RelationTo, TargetObject

_FORM_COLUMNS = (
    Column("form_id", Kind.ID, ("Form No", "Form Kodu", "Form ID")),
    Column("form_name", Kind.TEXT, ("Form Adı", "Form", "Anket Adı", "Form name", "Survey name")),
    Column("response_id", Kind.ID, ("Yanıt No", "Yanıt Kodu", "Cevap No", "Response ID", "Response No"), required=True),
    patient_reference(),
    Column(
        "submitted_at",
        Kind.DATETIME,
        ("Doldurma Tarihi", "Doldurma Zamanı", "Tarih", "Yanıt Tarihi", "Submitted", "Submitted at", "Date"),
    ),
)

WIDE_REPORT = Report(
    name="response",
    titles=("Anamnez", "Formlar", "Form Yanıtları", "Anamnesis", "Forms", "Form responses"),
    key="response_id",
    columns=_FORM_COLUMNS,
    wide_questions=True,
)
LONG_REPORT = Report(
    name="answer",
    titles=("Memnuniyet Anketi", "Anket", "Anket Yanıtları", "Survey", "Survey answers"),
    key="response_id",
    columns=(
        *_FORM_COLUMNS,
        Column("question", Kind.TEXT, ("Soru", "Soru Metni", "Question"), required=True),
        Column("question_type", Kind.TEXT, ("Tip", "Tür", "Soru Tipi", "Type", "Question type")),
        Column("answer", Kind.TEXT, ("Cevap", "Yanıt", "Answer", "Value")),
    ),
)

MAX_OPTIONS = 30
MAX_NAME = 63  # Twenty's limit for names of objects and fields, and for option values
RESERVED = frozenset(  # Twenty refuses these as field names, or they are taken on every form object
    {
        "type",
        "address",
        "addresses",
        "search",
        "event",
        "events",
        "field",
        "fields",
        "link",
        "links",
        "user",
        "users",
        "workspace",
        "workspaces",
        "plan",
        "plans",
        "job",
        "jobs",
        "role",
        "roles",
        "object",
        "objects",
        "index",
        "relation",
        "relations",
        "aggregate",
        "currency",
        "currencies",
        "name",
        "id",
        "position",
        "createdAt",
        "updatedAt",
        "deletedAt",
        "createdBy",
        "updatedBy",
        "patient",
        "submittedAt",
        "sourceSystemId",
        "attachments",
        "noteTargets",
        "taskTargets",
        "timelineActivities",
        "searchVector",
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question: its staged column, its label, the field it becomes, and the options of a choice."""

    column: str
    label: str
    field: str
    type: FieldType
    options: tuple[Option, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """One form found in an export."""

    name: str
    questions: tuple[Question, ...]

    @property
    def object(self) -> str:
        """Name of its custom object."""
        return form_object_name(self.name)


def _words(text: str) -> list[str]:
    return [w for w in re.split("[^a-z0-9]+", fold_name(text)) if w]


def form_object_name(name: str) -> str:
    """`form<Name>` in camel case, ASCII (AMBIGUITIES 74)."""
    return ("form" + "".join(w.capitalize() for w in _words(name)))[:MAX_NAME]


def question_field_name(label: str, taken: set[str]) -> str:
    """Camel-case ASCII name of a question, at most 40 letters, unique among `taken` (which it joins)."""
    words = _words(label) or ["question"]
    name = words[0] + "".join(w.capitalize() for w in words[1:])
    if not name[0].isalpha():
        name = "q" + name.capitalize()
    name = name[:40]
    if name in RESERVED:
        name += "Answer"
    unique, n = name, 2
    while unique in taken:
        unique, n = f"{name}{n}", n + 1
    taken.add(unique)
    return unique


def option_value(label: str, taken: set[str]) -> str:
    """UPPER_SNAKE value of an option; labels that fold to the same word stay different options (AMBIGUITIES 76)."""
    spelled = label.replace("(+)", " pozitif ").replace("(-)", " negatif ")
    value = "_".join(w.upper() for w in _words(spelled)) or "OPTION"
    if not value[0].isalpha():
        value = "O_" + value
    value = value[: MAX_NAME - 4].rstrip("_")
    unique, n = value, 2
    while unique in taken:
        unique, n = f"{value}_{n}", n + 1
    taken.add(unique)
    return unique


def options_of(labels: list[str]) -> tuple[Option, ...]:
    """Options for the distinct texts of a column, in the order given. Twenty refuses a comma in a label."""
    taken: set[str] = set()
    return tuple(Option(option_value(label, taken), label.replace(",", " ")[:MAX_NAME]) for label in labels)


def _answer(question: Question) -> Transform:
    name = question.column
    if question.type is FieldType.DATE:
        return date(name)
    if question.type is FieldType.NUMBER:
        return number(name)
    if question.type is FieldType.MULTI_SELECT:

        def chosen(row: Row, ctx: Context) -> list[str] | None:
            return list(row.get(name) or ()) or None

        return Transform((name,), "chosen options", chosen)
    return column(name, "chosen option" if question.type is FieldType.SELECT else "as answered")


def _question_fields(question: Question) -> tuple[Field, ...]:
    made = field(
        question.field, question.type, question.label[:MAX_NAME], _answer(question), options=question.options,
        description=question.label,
    )  # fmt: skip
    if question.type is FieldType.TEXT:
        return (made,)
    raw = field(f"{question.field}Raw", FieldType.TEXT, f"{question.label[:56]} (raw)", raw_of(question.column))
    return (made, raw)


def form_declaration(form: Form) -> SourceObject:
    """The declaration of one form's object: key, patient, moment of answering, and a field for each question."""
    fields = (
        source_key("response", "response_id"),
        field(
            "name",
            FieldType.TEXT,
            "Name",
            Transform(
                ("response_id",),
                "form's name and the response's id",
                lambda row, ctx: f"{form.name} {row['response_id']}",
            ),
            standard=True,
        ),
        field(
            "patient",
            FieldType.RELATION,
            "Patient",
            relation("patient_id", "patient"),
            to=RelationTo("person", f"{form.name[: MAX_NAME - 10]} responses"),
        ),
        field("submittedAt", FieldType.DATE_TIME, "Submitted at", moment("submitted_at")),
        *(made for question in form.questions for made in _question_fields(question)),
    )
    return SourceObject(
        name="response",
        label=form.name,
        report=WIDE_REPORT,
        target=TargetObject(
            form.object,
            f"{form.object[: MAX_NAME - 9]}Responses",
            form.name[:MAX_NAME],
            f"{form.name[: MAX_NAME - 10]} responses",
            False,
            tuple(f.target for f in fields),
            "IconForms",
            f"Responses to the form {form.name[:80]}.",
        ),
        fields=fields,
        made_from=(WIDE_REPORT.name, LONG_REPORT.name),
    )
