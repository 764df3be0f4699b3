"""The rules of every field type: what a create or an update accepts, what is stored, how it is answered.

`compile_normaliser(field)` gives a function from a sent JSON value to the stored columns, `compile_presenter(field)`
one from a row to the answered value. Both are made once for a field and used for every record, so that a batch
does no dispatch by type. `default_columns(field)` gives what a row holds that does not send the field.

Stored values are what SQLite keeps: texts (an empty one is NULL), numbers, 0 and 1, JSON documents as text.
A composite gives the columns of the sub-fields that were sent and, where Twenty writes them unasked (label and
secondary links, additional phones, the primary e-mail), those too; null for a whole composite gives nothing.
Composite types are in `composites`; relations are the record engine's, their ids go through the rules of UUID.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import orjson

from dentes_twenty.sandbox import composites, dates
from dentes_twenty.sandbox.fieldspec import COMPOSITES, FieldSpec, column_name
from dentes_twenty.sandbox.jsvalues import as_double, inspect, to_json_number
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.scalars import (
    ACTOR_SOURCES,
    Normaliser,
    check_json,
    check_number,
    check_option,
    check_text,
    check_uuid,
    json_text,
    storable,
)

__all__ = [
    "ACTOR_SOURCES",
    "Generated",
    "Normaliser",
    "Presenter",
    "ValueRefused",
    "check_record_id",
    "compile_normaliser",
    "compile_presenter",
    "default_columns",
    "inspect",
    "normalise",
    "null_violation",
    "present",
]

Presenter = Callable[[Mapping[str, Any]], Any]
"""Reads the columns of one field from a row and gives the answered JSON value."""


class Generated(Enum):
    """A default that is made anew for each row."""

    NOW = "now"
    TODAY = "today"
    UUID = "uuid"


def normalise(field: FieldSpec, value: Any) -> dict[str, Any]:
    """The columns that a sent value sets. Raises ValueRefused."""
    return compile_normaliser(field)(value)


def present(field: FieldSpec, row: Mapping[str, Any]) -> Any:
    """The answered value of a field of a row."""
    return compile_presenter(field)(row)


def null_violation(relation: str, column: str) -> ValueRefused:
    """The database's refusal of NULL in a column that has to have a value; `relation` is the table's name."""
    return ValueRefused(f'null value in column "{column}" of relation "{relation}" violates not-null constraint')


def check_record_id(value: Any) -> None:
    """Refuse a record id that is a text but no UUID; all else is for the rules of UUID fields."""
    if isinstance(value, str) and value and not _is_uuid(value):
        raise ValueRefused(
            f'Value "{value}" is not a valid UUID',
            error="Error",
            code="INVALID_QUERY_INPUT",
            sub_code="INVALID_QUERY_INPUT",
        )


def _is_uuid(text: str) -> bool:
    try:
        check_uuid(text, "id")
    except ValueRefused:
        return False
    return True


def compile_normaliser(field: FieldSpec) -> Normaliser:
    """The function that checks and stores values of a field.

    It takes a JSON value and gives columns to set; it raises ValueRefused. Raises KeyError for relation fields.
    """
    compiler = composites.compile_normaliser if field.type in COMPOSITES else _PLAIN[field.type]
    inner = compiler(field)
    if field.is_nullable or field.default_value is not None:
        return inner
    message = f"Field {field.name} is not nullable and has no default value."

    def required(value: Any) -> dict[str, Any]:
        if value is None:
            raise ValueRefused(message)
        return inner(value)

    return required


def _text(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        return {name: check_text(value, name)}

    return normaliser


def _number(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        return {name: None if value is None else check_number(value, name)}

    return normaliser


def _position(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        if type(value) is not int and type(value) is not float:
            raise ValueRefused(f'Invalid position value {inspect(value)} for field "{name}"')
        return {name: as_double(value)}

    return normaliser


def _boolean(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None or value is True or value is False:
            return {name: None if value is None else int(value)}
        raise ValueRefused(f'Invalid boolean value {inspect(value)} for field "{name}"')

    return normaliser


def _uuid(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        return {name: check_uuid(value, name)}

    return normaliser


def _dated(parse: Callable[[str], str | None], kind: str, expected: str) -> Callable[[FieldSpec], Normaliser]:
    def compiled(field: FieldSpec) -> Normaliser:
        name = field.name

        def normaliser(value: Any) -> dict[str, Any]:
            if value is None:
                return {name: None}
            stored = parse(value) if type(value) is str else None
            if stored is None:
                found = inspect(value)
                message = f'Invalid value {found} for {kind} field "{name}". Expected format: {expected}'
                raise ValueRefused(message)
            return {name: stored}

        return normaliser

    return compiled


def _select(field: FieldSpec) -> Normaliser:
    name = field.name
    values = tuple(option.value for option in field.options)
    known = frozenset(values)

    def normaliser(value: Any) -> dict[str, Any]:
        if type(value) is str and value in known:
            return {name: value}
        return {name: check_option(value, name, values)}

    return normaliser


def _check_list(value: Any, name: str) -> list[str]:
    """Texts, or one text as a list of one; anything else is refused."""
    if isinstance(value, str):
        return [storable(value)]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueRefused(f'Invalid value {inspect(value)} for field "{name} - Array values need to be string"')
    return [storable(item) for item in value]


def _array(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        items = None if value is None else _check_list(value, name)
        return {name: json_text(items) if items else None}

    return normaliser


def _multi_select(field: FieldSpec) -> Normaliser:
    name = field.name
    known = frozenset(option.value for option in field.options)

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            return {name: None}
        items = _check_list(value, name)
        if not known.issuperset(items):
            raise ValueRefused(f'Invalid value {inspect(value)} for multi select field "{name}"')
        return {name: json_text(items) if items else None}

    return normaliser


def _raw_json(field: FieldSpec) -> Normaliser:
    name = field.name

    def normaliser(value: Any) -> dict[str, Any]:
        return {name: check_json(value, name)}

    return normaliser


def _files(field: FieldSpec) -> Normaliser:
    """The form of a FILES value; whether the files exist and are free is the file store's to say."""
    name = field.name
    maximum = field.settings.get("maxNumberOfValues")

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            return {name: None}
        items = _parsed_files(value, name)
        if isinstance(maximum, int) and len(items) > maximum:
            raise ValueRefused(f'Max number of files is {maximum} for field "{name}"')
        return {name: json_text(items) if items else None}

    return normaliser


_UUID_V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def _parsed_files(value: Any, name: str) -> list[dict[str, str]]:
    items = value
    if isinstance(value, str):
        try:
            items = orjson.loads(value)
        except orjson.JSONDecodeError:
            rule = 'It should be an array of objects with "fileId" and "label" properties.'
            raise ValueRefused(f'Invalid value "{inspect(value)}" for FILES field "{name}" - {rule}') from None
    issues = list(_file_issues(items))
    if issues:
        found = inspect(items)
        raise ValueRefused(f'Invalid value "{found}" for FILES field "{name}" - {", ".join(issues)}')
    return list(items)


def _file_issues(items: Any) -> list[str]:
    if not isinstance(items, list):
        return [f": Invalid input: expected array, received {_zod_type(items)}"]
    issues: list[str] = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            issues.append(f"{index}: Invalid input: expected object, received {_zod_type(item)}")
            continue
        for key in ("fileId", "label"):
            if not isinstance(item.get(key), str):
                received = _zod_type(item[key]) if key in item else "undefined"
                issues.append(f"{index}.{key}: Invalid input: expected string, received {received}")
            elif key == "fileId" and not _UUID_V4.fullmatch(item[key]):
                issues.append(f"{index}.fileId: Invalid UUID")
        unknown = [f'"{key}"' for key in item if key not in ("fileId", "label")]
        if unknown:
            issues.append(f"{index}: Unrecognized key{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}")
    return issues


def _zod_type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "unknown")


def _read_only(field: FieldSpec) -> Normaliser:
    message = f"{field.name} {field.type}-typed field does not support write operations"

    def normaliser(_value: Any) -> dict[str, Any]:
        raise ValueRefused(message)

    return normaliser


_PLAIN: Mapping[str, Callable[[FieldSpec], Normaliser]] = {
    "ARRAY": _array,
    "BOOLEAN": _boolean,
    "DATE": _dated(dates.parse_date, "date", "'YYYY-MM-DD'"),
    "DATE_TIME": _dated(dates.parse_date_time, "date-time", "'YYYY-MM-DDTHH:mm:ssZ'"),
    "FILES": _files,
    "MULTI_SELECT": _multi_select,
    "NUMBER": _number,
    "NUMERIC": _number,
    "POSITION": _position,
    "RATING": _select,
    "RAW_JSON": _raw_json,
    "SELECT": _select,
    "TEXT": _text,
    "TS_VECTOR": _read_only,
    "UUID": _uuid,
}


def compile_presenter(field: FieldSpec) -> Presenter:
    """The function that reads a field of a row: texts are never null, nor are lists and composites."""
    if field.type in COMPOSITES:
        return composites.compile_presenter(field)
    name = field.name
    if field.type == "TEXT":
        return lambda row: row[name] or ""
    if field.type in ("ARRAY", "MULTI_SELECT"):
        return lambda row: [] if row[name] is None else orjson.loads(row[name])
    if field.type in ("RAW_JSON", "FILES"):
        return lambda row: None if row[name] is None else orjson.loads(row[name])
    if field.type == "BOOLEAN":
        return lambda row: None if row[name] is None else bool(row[name])
    if field.type in ("NUMBER", "NUMERIC", "POSITION"):
        return lambda row: to_json_number(row[name])
    return lambda row: row[name]


def default_columns(field: FieldSpec) -> dict[str, Any]:
    """The columns of a row that does not send the field, NULL where there is no default.

    `Generated` members stand for what is made for each row. The notation is that of the metadata API, in which
    texts are quoted inside.
    """
    if field.type in COMPOSITES:
        parts = field.default_value if isinstance(field.default_value, Mapping) else {}
        return {
            column_name(field.name, part.name): _default(parts.get(part.name), part.type)
            for part in COMPOSITES[field.type]
        }
    return {field.name: _default(field.default_value, field.type)}


def _default(value: Any, field_type: str) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if field_type in ("ARRAY", "MULTI_SELECT"):
        items = value if isinstance(value, list) else [value]
        return json_text([_unquoted(item) for item in items]) if items else None
    if isinstance(value, list | dict):
        return json_text(value) if value else None
    if value == "now":
        return Generated.TODAY if field_type == "DATE" else Generated.NOW
    if value == "uuid":
        return Generated.UUID
    if isinstance(value, int | float):
        return as_double(value)
    return _unquoted(value) or None


def _unquoted(text: Any) -> Any:
    if isinstance(text, str) and len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text
