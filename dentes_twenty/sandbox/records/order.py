"""Order and cursors: from `orderBy` to SQL, and pages by the values of the last row instead of by offset.

A cursor is the base64 of a JSON object with the values of the ordering fields and the id of a row, as Twenty makes
it, so it belongs to one order and keeps its place while rows come and go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.fieldspec import column_name, is_composite
from dentes_twenty.sandbox.tables import Record, Relation, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")
INVALID = "INVALID_QUERY_INPUT"


@dataclass(frozen=True, slots=True)
class Term:
    """One ordering expression; `path` is where its value stands in a cursor (`("name", "lastName")`).

    A select is ordered by the place of its option among `options`, not by its text.
    """

    path: tuple[str, ...]
    value_sql: str
    descending: bool = False
    nulls_first: bool = True
    options: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """What the rows are ordered by."""
        if not self.options:
            return self.value_sql
        places = " ".join(f"WHEN '{value}' THEN {place}" for place, value in enumerate(self.options))
        return f"CASE {self.value_sql} {places} END"

    def reversed(self) -> Term:
        """The opposite direction, for pages backwards."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)

    def clause(self) -> str:
        """The term in ORDER BY."""
        direction = "DESC" if self.descending else "ASC"
        if self.path == ("id",):
            return f"{self.sql} {direction}"  # never null; without NULLS the index on id serves
        return f"{self.sql} {direction} NULLS {'FIRST' if self.nulls_first else 'LAST'}"

    def after(self, value: Any) -> tuple[str, list[Any]]:
        """The rows that come after `value` in this term alone.

        Where empty values come last, Twenty compares with them too and so never reaches them by cursor: rows
        without a value are lost at the end of such a walk (seen on the real server).
        """
        if value is None:
            return (f"{self.sql} IS NOT NULL", []) if self.nulls_first else ("0", [])
        if self.options:
            value = self.options.index(value) if value in self.options else -1
        return f"{self.sql} {'<' if self.descending else '>'} ?", [value]


ID_TERM = Term(("id",), "t.id")


def compile_order(workspace: Workspace, table: Table, order_by: Any) -> list[Term]:
    """The terms of an `orderBy` list, with the id at the end. Raises Refusal."""
    terms: list[Term] = []
    items = order_by if isinstance(order_by, list) else [order_by] if order_by else []
    for item in items:
        if not isinstance(item, Mapping):
            raise stumbled("Cannot convert undefined or null to object")
        for name, direction in item.items():
            terms += _terms(workspace, table, name, direction, None)
    if not any(term.path == ("id",) for term in terms):
        terms.append(ID_TERM)
    return terms


def _refused(message: str, rest_code: str | None = INVALID) -> Refusal:
    return Refusal(message, error="Error", rest_code=rest_code, sub_code=rest_code)


def _terms(workspace: Workspace, table: Table, name: str, direction: Any, hop: Relation | None) -> list[Term]:
    prefix = (hop.field.name,) if hop else ()
    known = table.fields.get(name)
    if known is not None and is_composite(known.type):
        if not isinstance(direction, Mapping):
            example = f"{{ {name}: {{ subFieldName: 'AscNullsFirst' }} }}"
            raise _refused(f'Composite field "{name}" requires subfield ordering (e.g., {example})')
        types = table.sub_types(name)
        if not types.keys() >= direction.keys():
            raise _refused(f"Sub field metadata not found for composite type: {known.type}", None)
        return [
            _term(workspace, (*prefix, name, sub), column_name(name, sub), value, hop)
            for sub, value in direction.items()
        ]
    if known is not None:
        options = tuple(option.value for option in known.spec.options) if known.type != "MULTI_SELECT" else ()
        return [_term(workspace, (*prefix, name), name, direction, hop, options)]
    if name in table.relation_of_column:
        return [_term(workspace, (*prefix, name), name, direction, hop)]
    relation = table.relations.get(name)
    if relation is None or hop is not None:
        raise _refused(f'Field "{name}" does not exist or is not sortable', "FIELD_NOT_FOUND")
    if not isinstance(direction, Mapping):
        example = f"{{ {name}: {{ fieldName: 'AscNullsFirst' }} }}"
        raise _refused(f'Relation field "{name}" requires nested field ordering (e.g., {example})')
    target = workspace.table(relation.target)
    return [term for inner, value in direction.items() for term in _terms(workspace, target, inner, value, relation)]


def _term(
    workspace: Workspace,
    path: tuple[str, ...],
    column: str,
    direction: Any,
    hop: Relation | None,
    options: tuple[str, ...] = (),
) -> Term:
    if direction not in DIRECTIONS:
        allowed = ", ".join(DIRECTIONS)
        raise _refused(f'Scalar field "{path[-1]}" requires a direction value ({allowed})')
    if hop is None:
        sql = f"t.{sql_name(column)}"
    else:
        target = workspace.table(hop.target)
        sql = (
            f"(SELECT r.{sql_name(column)} FROM {target.sql} r "  # noqa: S608
            f"WHERE r.id = t.{sql_name(hop.column)} AND r.deleted_at IS NULL)"
        )
    return Term(path, sql, direction.startswith("Desc"), direction.endswith("First"), options)


def beyond(terms: Sequence[Term], values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition for rows that come after the row with these values in this order."""
    alternatives: list[str] = []
    parameters: list[Any] = []
    for index, term in enumerate(terms):
        equal = " AND ".join(f"{earlier.value_sql} IS ?" for earlier in terms[:index])
        after, own = term.after(values[index])
        alternatives.append(f"({equal} AND {after})" if equal else f"({after})")
        parameters += [*values[:index], *own]
    return f"({' OR '.join(alternatives)})", parameters


def encode_cursor(terms: Sequence[Term], values: Sequence[Any]) -> str:
    """The cursor of a row whose ordering values are these."""
    tree: Record = {}
    for term, value in zip(terms, values, strict=True):
        place = tree
        for part in term.path[:-1]:
            place = place.setdefault(part, {})
        place[term.path[-1]] = value
    return base64.b64encode(orjson.dumps(tree)).decode()


def decode_cursor(terms: Sequence[Term], cursor: Any) -> list[Any]:
    """The ordering values in a cursor. Raises Refusal for what is no cursor, or one of another order."""
    try:
        tree = json.loads(base64.b64decode(str(cursor), validate=False).decode())
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"Invalid cursor: {cursor}", sub_code="INVALID_CURSOR") from error
    if not isinstance(tree, Mapping):
        raise Refusal(f"Invalid cursor: {cursor}", sub_code="INVALID_CURSOR")
    if {term.path[0] for term in terms} != set(tree):
        raise _foreign_cursor()
    return [_value_at(tree, term.path) for term in terms]


def _value_at(tree: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(tree, Mapping) or part not in tree:
            raise _foreign_cursor()
        tree = tree[part]
    if isinstance(tree, list | dict):
        raise _foreign_cursor()
    return tree


def _foreign_cursor() -> Refusal:
    return Refusal("Invalid cursor", error="Error", rest_code="INVALID_CURSOR", sub_code="INVALID_CURSOR")
