"""Filters: from the object a client sends to an SQL condition, with Twenty's operators and refusals.

Belongs here: which operator fits which field type, the check of each value, three-valued logic as PostgreSQL has it.
Does not belong here: the text grammar of REST filters (see `rest.filter_text`), which makes the same objects.

    {"and": [{"name": {"ilike": "%x%"}}, {"emails": {"primaryEmail": {"in": ["a@b.c"]}}}, {"company": {...}}]}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import Undefined

from dentes_twenty.sandbox.errors import Refusal, data_refused, stumbled
from dentes_twenty.sandbox.fieldspec import FieldSpec, column_name, is_composite
from dentes_twenty.sandbox.jsvalues import inspect, to_number
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.tables import Relation, Table, sql_name
from dentes_twenty.sandbox.values import ACTOR_SOURCES, compile_normaliser
from dentes_twenty.sandbox.workspace import Workspace

SUB_CODE = "INVALID_ARGS_FILTER"

_COMPARE = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")
_TEXT = (*_COMPARE, "like", "ilike", "startsWith", "endsWith")
_CHOICE = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "containsAny", "is", "isEmptyArray")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "TEXT": _TEXT,
    "UUID": _COMPARE,
    "RELATION": _COMPARE,
    "NUMBER": _COMPARE,
    "NUMERIC": _COMPARE,
    "POSITION": _COMPARE,
    "BOOLEAN": ("eq", "is"),
    "DATE": _COMPARE,
    "DATE_TIME": _COMPARE,
    "SELECT": _CHOICE,
    "RATING": _CHOICE,
    "MULTI_SELECT": ("containsAny", "is", "isEmptyArray"),
    "ARRAY": ("containsIlike", "is", "isEmptyArray"),
    "RAW_JSON": ("is", "like"),
    "FILES": ("is", "like"),
    "TS_VECTOR": ("eq", "neq", "is"),
}
_SQL = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(slots=True)
class Filter:
    """A checked filter: an SQL condition over the table alias `t` with its parameters."""

    sql: str
    parameters: list[Any] = field(default_factory=list)
    mentions_deleted: bool = False
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """The left side of a condition: an SQL expression with the type and the full name of its field."""

    sql: str
    type: str
    spec: FieldSpec
    relation_name: str = ""
    """The table in Twenty's database, for messages."""


def compile_filter(workspace: Workspace, table: Table, condition: Any) -> Filter:
    """Check a filter object and make it SQL. None and {} find everything. Raises Refusal."""
    if condition is None:
        condition = {}
    if not isinstance(condition, Mapping):
        raise refused(f"Invalid filter: {inspect(condition)}")
    compiled = Filter("1")
    sql = _Compiler(workspace, compiled).all_of(table, condition, "t", None)
    compiled.sql, compiled.is_empty = sql or "1", not sql
    return compiled


def refused(message: str, sub_code: str = SUB_CODE) -> Refusal:
    """A filter that Twenty does not accept."""
    return Refusal(message, sub_code=sub_code)


class _Compiler:
    def __init__(self, workspace: Workspace, result: Filter) -> None:
        self.workspace = workspace
        self.result = result

    def all_of(self, table: Table, condition: Mapping[str, Any], alias: str, hop: Relation | None) -> str:
        """The conditions of one object, joined by AND; `hop` is set inside a relation."""
        parts = []
        for key, value in condition.items():
            if key in ("and", "or"):
                part = self._group(table, key, value, alias, hop)
            elif key == "not":
                part = f"NOT ({self.all_of(table, _condition(value, key), alias, hop) or '1'})"
            else:
                part = self._field(table, key, value, alias, hop)
            if part:
                parts.append(part)
        return " AND ".join(parts)

    def _group(self, table: Table, key: str, value: Any, alias: str, hop: Relation | None) -> str:
        if value is Undefined:
            raise stumbled("Cannot read properties of undefined (reading 'map')")
        if not isinstance(value, list):
            raise stumbled("value.map is not a function")
        parts = [self.all_of(table, _condition(item, key), alias, hop) for item in value]
        joined = f" {key.upper()} ".join(f"({part})" for part in parts if part)
        return f"({joined})" if joined else ""

    def _field(self, table: Table, name: str, value: Any, alias: str, hop: Relation | None) -> str:
        if name == "deletedAt" and hop is None:
            self.result.mentions_deleted = True
        known = table.fields.get(name)
        if known is not None:
            if is_composite(known.type):
                return self._composite(table, name, _object(value, name), alias, hop)
            operand = Operand(self._column(alias, name, hop), known.type, known.spec, table.object.relation_name)
            return self._operations(operand, _object(value, name))
        relation = table.relation_of_column.get(name)
        if relation is not None:
            spec = FieldSpec(name=name, type="UUID", object_name=table.name)
            return self._operations(Operand(self._column(alias, name, hop), "RELATION", spec), _object(value, name))
        if name in table.lists:
            raise refused(f'Cannot filter by relation field "{name}"')
        relation = table.relations.get(name)
        if relation is not None:
            if hop is not None:
                raise refused("Relation filter nesting deeper than 1 hop is not supported")
            target = self.workspace.table(relation.target)
            return self.all_of(target, _object(value, name), alias, relation)
        raise refused(f'Object {table.name} doesn\'t have any "{name}" field.')

    def _column(self, alias: str, name: str, hop: Relation | None) -> str:
        if hop is None:
            return f"{alias}.{sql_name(name)}"
        target = self.workspace.table(hop.target)
        # A scalar sub-query behaves like the LEFT JOIN of Twenty: no related record means null.
        return (
            f"(SELECT r.{sql_name(name)} FROM {target.sql} r "  # noqa: S608
            f"WHERE r.id = {alias}.{sql_name(hop.column)} AND r.deleted_at IS NULL)"
        )

    def _composite(self, table: Table, name: str, value: Mapping[str, Any], alias: str, hop: Relation | None) -> str:
        types = table.sub_types(name)
        parts = []
        for sub, operations in value.items():
            if sub not in types:
                raise refused(f'Sub field "{sub}" not found for composite type: {table.fields[name].type}')
            sub_spec = FieldSpec(name=f"{name}.{sub}", type=types[sub], object_name=table.name)
            operand = Operand(
                self._column(alias, column_name(name, sub), hop),
                types[sub],
                sub_spec,
                table.object.relation_name,
            )
            parts.append(self._operations(operand, _object(operations, f"{name}.{sub}")))
        return " AND ".join(part for part in parts if part)

    def _operations(self, operand: Operand, operations: Mapping[str, Any]) -> str:
        if len(operations) != 1:
            raise refused(f'Filter for field "{operand.spec.name}" must have exactly one operator')
        parts = []
        for operator, value in operations.items():
            allowed = OPERATORS[operand.type]
            if operator not in allowed:
                raise refused(
                    f'Operator "{operator}" is not valid for field "{operand.spec.name}" of type '
                    f"{operand.type} - Allowed operators: {', '.join(allowed)}"
                )
            sql, parameters = self._operation(operand, operator, value)
            self.result.parameters += parameters
            parts.append(sql)
        return " AND ".join(parts)

    def _operation(self, operand: Operand, operator: str, value: Any) -> tuple[str, list[Any]]:
        if operator in _WITHOUT_CONVERSION:
            return _WITHOUT_CONVERSION[operator](operand, value)
        if operator in ("in", "containsAny"):
            if not isinstance(value, list):
                name = operand.spec.name
                raise refused(f'Filter operator "{operator}" requires an array value for field {name}')
            if not value:
                raise refused(
                    f"Invalid filter value for field {operand.spec.name}. Expected non-empty array",
                    "INVALID_QUERY_INPUT",
                )
            if operator == "containsAny":
                return _contains_any(operand, value)
            convert = self._converter(operand)
            return _in(operand, [convert(item) for item in value])
        if operator == "eq" and (value is None or value == "") and operand.type in ("TEXT", "SELECT"):
            return f"{operand.sql} IS NULL", []  # an empty text is stored as null
        stored = self._converter(operand)(value)
        return f"{operand.sql} {_SQL[operator]} ?", [stored]

    def _converter(self, operand: Operand) -> Callable[[Any], Any]:
        """Gives the stored form of a value, checked like a value to write."""
        spec = operand.spec
        if spec.type in ("SELECT", "RATING", "MULTI_SELECT"):
            return lambda value: self._option(operand, value)
        if spec.type in ("TEXT", "TS_VECTOR"):
            return _as_text
        if spec.type in _NUMBERS:
            return lambda value: _as_number(spec.name, value)
        plain = FieldSpec(name=spec.name, type=spec.type, object_name=spec.object_name)
        normalise = compile_normaliser(plain)

        def convert(value: Any) -> Any:
            try:
                return next(iter(normalise(value).values()), None)
            except ValueRefused as error:
                raise Refusal.of_value(error, SUB_CODE) from error

        return convert

    def _option(self, operand: Operand, value: Any) -> Any:
        spec = operand.spec
        name, _, sub = spec.name.partition(".")
        known = ACTOR_SOURCES if sub == "source" else [option.value for option in spec.options]
        if value in known:
            return value
        column = column_name(name, sub) if sub else name
        raise bad_enum(self.workspace, operand.relation_name, column, value)


def bad_enum(workspace: Workspace, relation: str, column: str, value: Any) -> Refusal:
    """PostgreSQL's answer to a value that a select does not have; it quotes names that hold capitals."""
    name = f"{relation}_{column}_enum"
    shown = name if name == name.lower() else f'"{name}"'
    return Refusal(f'invalid input value for enum {workspace.schema_name}.{shown}: "{value}"')


_NUMBERS = ("NUMBER", "NUMERIC", "POSITION")


def _as_text(value: Any) -> Any:
    """A value to compare a text with: PostgreSQL casts what is none."""
    if value is Undefined:
        return None
    return value if isinstance(value, str) or value is None else inspect(value)


def _as_number(name: str, value: Any) -> Any:
    """A value to compare a number with; texts that hold one are taken."""
    if value is None:
        return None
    number = to_number(value)
    if isinstance(value, bool | list | dict) or math.isnan(number):
        raise refused(f'Invalid number value {inspect(value)} for field "{name}"')
    return number


def _condition(value: Any, name: str) -> Mapping[str, Any]:
    if value is None or value is Undefined:
        raise stumbled("Cannot convert undefined or null to object")
    return _object(value, name)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refused(f'Filter value for field "{name}" must be an object')
    return value


def _in(operand: Operand, values: Sequence[Any]) -> tuple[str, list[Any]]:
    given = [value for value in values if value is not None]
    return f"{operand.sql} IN ({', '.join('?' * len(given))})", given


def _contains_any(operand: Operand, values: Sequence[Any]) -> tuple[str, list[Any]]:
    if operand.type != "MULTI_SELECT":
        raise data_refused()  # PostgreSQL has no such operator for a single value
    listed = ", ".join("?" * len(values))
    return (
        f"EXISTS (SELECT 1 FROM json_each({operand.sql}) e WHERE e.value IN ({listed}))",  # noqa: S608
        list(values),
    )


def _is(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    if value not in ("NULL", "NOT_NULL"):
        sub_code = SUB_CODE if value is None or value is Undefined else "INVALID_QUERY_INPUT"
        raise refused('Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"', sub_code)
    return f"{operand.sql} IS {'NOT ' if value == 'NOT_NULL' else ''}NULL", []


def _pattern(operand: Operand, operator: str, value: Any) -> str:
    if not isinstance(value, str):
        kinds = {bool: "boolean", int: "number", float: "number"}
        kind = "undefined" if value is Undefined else kinds.get(type(value), "object")
        raise refused(
            f'Filter operator "{operator}" requires a string value for field "{operand.spec.name}", got {kind}'
        )
    return value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    if value == "":
        return f"{operand.sql} IS NULL", []
    return f"{operand.sql} LIKE ? ESCAPE '\\'", [_pattern(operand, "like", value)]


def _ilike(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    return f"fold({operand.sql}) LIKE ? ESCAPE '\\'", [_pattern(operand, "ilike", value).casefold()]


def _starts(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    return f"{operand.sql} LIKE ? ESCAPE '\\'", [_escaped(_pattern(operand, "startsWith", value)) + "%"]


def _ends(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    return f"{operand.sql} LIKE ? ESCAPE '\\'", ["%" + _escaped(_pattern(operand, "endsWith", value))]


def _contains_ilike(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    return (
        f"EXISTS (SELECT 1 FROM json_each({operand.sql}) e WHERE fold(e.value) LIKE ? ESCAPE '\\')",  # noqa: S608
        [_pattern(operand, "containsIlike", value).casefold()],
    )


def _empty_array(operand: Operand, value: Any) -> tuple[str, list[Any]]:
    # The value does not matter to Twenty, and an empty list is stored as null: this finds nothing.
    return f"{operand.sql} = '[]'", []


_WITHOUT_CONVERSION: Mapping[str, Callable[[Operand, Any], tuple[str, list[Any]]]] = {
    "is": _is,
    "like": _like,
    "ilike": _ilike,
    "startsWith": _starts,
    "endsWith": _ends,
    "containsIlike": _contains_ilike,
    "isEmptyArray": _empty_array,
}
