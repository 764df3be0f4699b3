"""The model of the mapping file: what each file, header and word of one practice's export means, and who said so.

Belongs here: the parts, and their meaning (`fingerprint`). Does not belong here: YAML (`mapping_file`), checks against
the declarations and what is still open (`mapping_checks`), confirming (`mapping`), proposing (`propose`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dentes_twenty.exports.dialect import is_separator
from dentes_twenty.exports.records import Pin
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.registry import REPORTS, report_named
from dentes_twenty.objects.source import Report
from dentes_twenty.objects.target import FieldType

DecimalMark = Literal[",", "."]
DateOrder = Literal["dmy", "mdy", "ymd"]
FieldKind = Literal["TEXT", "NUMBER", "BOOLEAN", "DATE", "SELECT", "MULTI_SELECT"]
# Said beside the meaning, not part of it: a person may edit these without confirming again
_NOT_MEANING = {"confidence", "evidence", "confirmed", "other_tables", "text"}

DATE_ORDER = "date_order"
DECIMAL_MARK = "decimal_mark"
LEDGER_SIGN = "ledger_sign"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NewField(_Part):
    """A field that the file brings itself: a question, or a column that the practice wants as custom field.

    `options`: option value -> the text as it stands in the file. `separator` parts the cells of a MULTI_SELECT.
    """

    name: str = Field(pattern=r"^[a-z][A-Za-z0-9]{0,62}$")
    label: str = Field(min_length=1)
    type: FieldKind
    options: dict[str, str] = {}
    separator: Literal[";", "|", ","] | None = None
    decimal: DecimalMark | None = None
    dates: DateOrder | None = None

    @property
    def field_type(self) -> FieldType:
        """As Twenty calls it."""
        return FieldType(self.type)


class ColumnMapping(_Part):
    """One header: the canonical `column` that it stands for, or what to do with a column that nobody declared.

    `occurrence` counts headers of the same words from 1. `decimal` and `dates` say how the column's numbers and dates
    are written; None where the file leaves it open (then a question asks) or where cells carry their own type.
    """

    header: str
    occurrence: int = Field(default=1, ge=1)
    column: str | None = None
    action: Literal["ignore", "custom"] | None = None
    field: NewField | None = None
    decimal: DecimalMark | None = None
    dates: DateOrder | None = None
    confidence: float | None = None
    evidence: str | None = None

    @model_validator(mode="after")
    def _one_meaning(self) -> ColumnMapping:
        if (self.column is None) == (self.action is None):
            raise ValueError("say either column: <canonical column> or action: ignore | custom")
        if self.action == "custom" and self.field is None:
            raise ValueError("action: custom needs field: {name, label, type}")
        return self


class QuestionMapping(_Part):
    """One question of a form: its header (wide layout) or its text (long layout), and the field it becomes."""

    question: str
    occurrence: int = Field(default=1, ge=1)
    action: Literal["ignore"] | None = None
    field: NewField
    confidence: float | None = None
    evidence: str | None = None


class FormMapping(_Part):
    """One form: its name as people know it, its name in the file where that is another, and its questions in order."""

    name: str = Field(min_length=1)
    in_file: str | None = None
    questions: list[QuestionMapping]


class PinMapping(_Part):
    """What a person has decided about a file instead of detection."""

    encoding: str | None = None
    separator: str | None = None
    header_line: int | None = Field(default=None, ge=1)

    @field_validator("separator")
    @classmethod
    def _one_sign(cls, value: str | None) -> str | None:
        if value is not None and not is_separator(value):
            raise ValueError('is no separator; write one sign, such as ";", or "\\t" for a tab')
        return value


class TableMapping(_Part):
    """One file or sheet: the report it is, its headers, its words, its forms.

    `values`: column -> word of the file -> option value (None: nobody knows the word).
    """

    report: str
    file: str
    sheet: str | None = None
    pin: PinMapping | None = None
    confidence: float | None = None
    evidence: str | None = None
    columns: list[ColumnMapping]
    values: dict[str, dict[str, str | None]] = {}
    forms: list[FormMapping] = []

    @property
    def table(self) -> str:
        """`<file>` or `<file>#<sheet>`."""
        return self.file if self.sheet is None else f"{self.file}#{self.sheet}"

    @property
    def declaration(self) -> Report:
        """The report's declaration. Raises KeyError when there is none of that name."""
        return report_named(self.report)

    def pinned(self) -> Pin | None:
        """For the reader."""
        pin = self.pin
        return None if pin is None else Pin(pin.encoding, pin.separator, pin.header_line)

    def mapped(self) -> dict[str, ColumnMapping]:
        """Canonical column -> its header's entry."""
        return {entry.column: entry for entry in self.columns if entry.column is not None}


class OtherTable(_Part):
    """A file or sheet that is no report anybody knows; it is left alone."""

    file: str
    sheet: str | None = None
    likes: str | None = None
    evidence: str | None = None


class OpenQuestion(_Part):
    """What the files cannot show by themselves; a person writes the answer, one of `choices`."""

    name: str
    text: str
    choices: list[str]
    answer: str | None = None

    @model_validator(mode="after")
    def _known_answer(self) -> OpenQuestion:
        if self.answer is not None and self.answer not in self.choices:
            raise ValueError(f"answer must be one of {', '.join(self.choices)}")
        return self


class LedgerMapping(_Part):
    """The ledger's sign convention; None: a question asks for it."""

    sign: LedgerSign | None = None
    confidence: float | None = None
    evidence: str | None = None


class Confirmation(_Part):
    """A person's yes, bound to the meaning that was read."""

    by: str = Field(min_length=1)
    at: dt.datetime
    fingerprint: str


class Mapping(_Part):
    """The whole mapping file."""

    version: int = Field(default=1, ge=1, le=1)
    ledger: LedgerMapping = LedgerMapping()
    questions: list[OpenQuestion] = []
    reports: list[TableMapping]
    other_tables: list[OtherTable] = []
    confirmed: Confirmation | None = None

    @property
    def report_names(self) -> tuple[str, ...]:
        """The reports that the mapping covers, in the order in which they are read."""
        covered = {table.report for table in self.reports}
        return tuple(report.name for report in REPORTS if report.name in covered)

    def tables_of(self, report: str) -> tuple[TableMapping, ...]:
        """The files or sheets of one report, in the mapping's order."""
        return tuple(table for table in self.reports if table.report == report)

    def answer(self, name: str) -> str | None:
        """The answer to an open question; None when it is open or was never asked."""
        return next((question.answer for question in self.questions if question.name == name), None)

    @property
    def ledger_sign(self) -> LedgerSign | None:
        """What the ledger's amounts mean; None while a question is open, or where the export holds no ledger."""
        answer = self.answer(LEDGER_SIGN)
        return LedgerSign(answer) if answer else self.ledger.sign

    def date_order(self, table: TableMapping, own: DateOrder | None) -> str | None:
        """The order of day and month in a column whose own is not said."""
        return own or self.answer(f"{DATE_ORDER}:{table.table}")

    def decimal_mark(self, table: TableMapping, own: DecimalMark | None) -> str | None:
        """The decimal mark of a column whose own is not said."""
        return own or self.answer(f"{DECIMAL_MARK}:{table.table}")

    def fingerprint(self) -> str:
        """SHA-256 over the meaning: not over comments, evidence, confidence, order of entries, or the confirmation."""
        meaning = json.dumps(_meaning(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(meaning.encode()).hexdigest()


def _meaning(value: Any) -> Any:
    if isinstance(value, _Part):
        names = (name for name in type(value).model_fields if name not in _NOT_MEANING)
        return {name: _meaning(getattr(value, name)) for name in names}
    if isinstance(value, list):
        return sorted((_meaning(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    if isinstance(value, dict):
        return {key: _meaning(part) for key, part in value.items()}
    return value


def each_field(table: TableMapping) -> Iterator[tuple[str, NewField]]:
    """(header or question, field) of everything in a table that becomes a field of its own."""
    for entry in table.columns:
        if entry.action == "custom" and entry.field is not None:
            yield entry.header, entry.field
    for form in table.forms:
        for question in form.questions:
            if question.action is None:
                yield question.question, question.field
