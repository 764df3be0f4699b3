"""The mapping as text: YAML that a person reads, edits and confirms.

Belongs here: writing it with comments that say what each part is for, reading it with errors that name the place, and
putting a confirmation into it without touching the rest. Does not belong here: what it means (`mapping_model`).
Words like yes, no and 1 are texts here (`plain_yaml`): YAML's own guessing would turn a practice's words into booleans.
A word of the file may be a patient's name in the wrong column, so that errors count words instead of showing them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from dentes_twenty.exports.errors import InvalidMapping
from dentes_twenty.exports.mapping_checks import problems, suggestion
from dentes_twenty.exports.mapping_model import ColumnMapping, Confirmation, Mapping, NewField, TableMapping
from dentes_twenty.plain_yaml import SettingsProblem, read_settings

MOST_CHARACTERS = 5_000_000
"""A thousand columns with their evidence take a tenth of it; the reader needs a minute for so many."""
_FIX = "Correct the mapping file, or write a new one with propose-mapping."
_HEAD = """\
# What the files of this export mean. Read it, correct it, and confirm it: nothing moves before that.
#   dentes-twenty confirm-mapping --by "YOUR NAME" --practice FILE
# Every header says which column of the migration it stands for, how sure the proposal is (1 = certain), and why.
# A header that nobody knows has `action: ignore`. Change that to `action: custom` to get a field of its own in
# Twenty (as `field` describes it), or replace it with `column: <name>`.
# A confirmed mapping also serves later exports of the same practice.
version: 1"""
_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_CONFIRMED = re.compile(r"^confirmed:.*\n?(?:^[ \t]+.*\n?)*", re.MULTILINE)


# ---
# Reading
# ---


def parse(text: str) -> Mapping:
    """Read a mapping file. Raises InvalidMapping with every problem found and where it stands."""
    try:
        data, _ = read_settings(text, most_characters=MOST_CHARACTERS, keep_empty=True, private=_is_word)
    except SettingsProblem as problem:
        line = f" (line {problem.line})" if problem.line else ""
        raise InvalidMapping(f"The mapping file cannot be read{line}: {problem.message}", problem.fix) from None
    if not data:
        raise InvalidMapping("The mapping file is empty.", _FIX)
    try:
        mapping = Mapping.model_validate(data)
    except ValidationError as error:
        raise InvalidMapping(f"The mapping file says what cannot be: {' '.join(_explain(error, data))}", _FIX) from None
    found = list(problems(mapping))
    if found:
        raise InvalidMapping(f"The mapping file contradicts itself: {' '.join(found)}", _FIX)
    return mapping


def _explain(error: ValidationError, data: Any) -> Iterator[str]:
    for part in error.errors(include_input=False, include_url=False):
        place = _place(part["loc"], data)
        if part["type"] == "extra_forbidden":
            key = str(part["loc"][-1])
            yield f"{place}: unknown key.{suggestion(key, _known_keys(part['loc'][:-1]))}"
        else:
            yield f"{place}: {part['msg'].removeprefix('Value error, ')}."


def _is_word(location: Sequence[str | int]) -> bool:
    """Whether the key at that place is a word of the file, or made from one."""
    return len(location) > 2 and (location[-2] == "options" or location[-3] == "values")


def _place(location: Sequence[str | int], data: Any) -> str:
    """Where it stands, in the words of the file: `reports, patient, columns, 'Tarih', dates`."""
    words: list[str] = []
    for index, step in enumerate(location):
        if _is_word(location[: index + 1]):
            words.append(f"word {[*data].index(step) + 1}" if isinstance(data, dict) and step in data else "a word")
            break
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(step, int) and isinstance(data, dict):
            name = next((data[key] for key in ("header", "question", "report", "name", "file") if key in data), None)
            words.append(repr(name) if name else f"entry {step + 1}")
        else:
            words.append(str(step))
    return ", ".join(words)


def _known_keys(location: Sequence[str | int]) -> list[str]:
    """Keys of the model at that place."""
    model: type[BaseModel] = Mapping
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            inner = _model_in(model.model_fields[step].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)


# ---
# Writing
# ---


def dump(mapping: Mapping) -> str:
    """The mapping as commented YAML."""
    lines = [_HEAD, *_ledger(mapping), *_questions(mapping), "reports:" if mapping.reports else "reports: []"]
    for table in mapping.reports:
        lines += _table(table)
    if mapping.other_tables:
        lines += ["", "# Files and sheets that no report fits; they are left alone.", "other_tables:"]
        for other in mapping.other_tables:
            lines.append(f"  - {_flow(other.model_dump(exclude_none=True))}")
    text = "\n".join(lines) + "\n"
    return text if mapping.confirmed is None else with_confirmation(text, mapping)


def with_confirmation(text: str, mapping: Mapping) -> str:
    """The text with the mapping's confirmation in place of an earlier one."""
    bare = _CONFIRMED.sub("", text).rstrip("\n") + "\n"
    if mapping.confirmed is None:
        return bare
    return bare + "\n" + "\n".join(_confirmation(mapping.confirmed)) + "\n"


def _confirmation(confirmed: Confirmation) -> list[str]:
    return [
        "confirmed:",
        f"  by: {_quote(confirmed.by)}",
        f"  at: {_quote(confirmed.at.isoformat())}",
        f"  fingerprint: {confirmed.fingerprint}",
    ]


def _ledger(mapping: Mapping) -> list[str]:
    if not mapping.tables_of("entry"):
        return []
    return [
        "",
        "# What the sign of the ledger's amounts means: debit-credit (two columns), debt-sign (positive raises the",
        "# debt), by-type (receipts are positive and lower the debt; a refund is a negative receipt).",
        "ledger:",
        f"  sign: {mapping.ledger.sign.value if mapping.ledger.sign else 'null  # asked below'}",
        *_beside(mapping.ledger.confidence, mapping.ledger.evidence, "  "),
    ]


def _questions(mapping: Mapping) -> list[str]:
    if not mapping.questions:
        return []
    lines = ["", "# What the files cannot show. Write one of the choices behind each answer.", "questions:"]
    for question in mapping.questions:
        lines += [
            f"  - name: {_quote(question.name)}",
            f"    text: {_quote(question.text)}",
            f"    choices: {_flow(question.choices)}",
            f"    answer: {_quote(question.answer) if question.answer else 'null'}",
        ]
    return lines


def _table(table: TableMapping) -> list[str]:
    lines = ["", f"  # {table.report}", f"  - report: {table.report}", f"    file: {_quote(table.file)}"]
    if table.sheet is not None:
        lines.append(f"    sheet: {_quote(table.sheet)}")
    if table.pin is not None:
        lines.append(f"    pin: {_flow(table.pin.model_dump(exclude_none=True))}")
    lines += [*_beside(table.confidence, table.evidence, "    "), "    columns:"]
    known = [entry for entry in table.columns if entry.column is not None]
    unknown = [entry for entry in table.columns if entry.column is None]
    lines += [f"      - {_flow(_column(entry))}" for entry in known]
    free = [column.name for column in table.declaration.columns if column.name not in table.mapped()]
    if unknown:
        lines.append("      # nobody knows these")
        lines += [f"      - {_flow(_column(entry))}" for entry in unknown]
    if free:
        lines.append(f"      # without a header: {', '.join(free)}")
    if table.values:
        lines.append("    values:  # word in the file: what it means (null: nobody knows it)")
        for name, words in table.values.items():
            lines.append(f"      {name}:")
            lines += [f"        {_quote(word)}: {option or 'null'}" for word, option in words.items()]
    lines += _forms(table)
    return lines


def _column(entry: ColumnMapping) -> dict[str, Any]:
    data = entry.model_dump(exclude_none=True, exclude_defaults=True)
    if entry.field is not None:
        data["field"] = _field(entry.field)
    return {key: data[key] for key in ColumnMapping.model_fields if key in data}


def _field(field: NewField) -> dict[str, Any]:
    return field.model_dump(exclude_none=True, exclude_defaults=True)


def _forms(table: TableMapping) -> list[str]:
    if not table.forms:
        return []
    lines = ["    forms:  # each becomes an object of its own, each question a field; action: ignore leaves one out"]
    for form in table.forms:
        lines.append(f"      - name: {_quote(form.name)}")
        if form.in_file is not None:
            lines.append(f"        in_file: {_quote(form.in_file)}")
        lines.append("        questions:" if form.questions else "        questions: []")
        for question in form.questions:
            data = question.model_dump(exclude_none=True, exclude_defaults=True)
            data["field"] = _field(question.field)
            lines.append(f"          - {_flow(data)}")
    return lines


def _beside(confidence: float | None, evidence: str | None, indent: str) -> list[str]:
    lines = [] if confidence is None else [f"{indent}confidence: {confidence}"]
    return lines if evidence is None else [*lines, f"{indent}evidence: {_quote(evidence)}"]


def _flow(value: Any) -> str:
    """One line of YAML; texts that are more than a plain word are quoted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", value) and value.lower() != "null" else _quote(value)
    return "null" if value is None else str(value)


def _quote(text: str) -> str:
    """A double-quoted YAML scalar. JSON's escapes are YAML's; further line breaks and controls are escaped too."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))
