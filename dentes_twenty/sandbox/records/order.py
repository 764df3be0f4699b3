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
from graphql import Undefined

from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.fieldspec import column_name, is_composite
from dentes_twenty.sandbox.metadata.ids import is_uuid
from dentes_twenty.sandbox.tables import Record, Relation, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")
INVALID = "INVALID_QUERY_INPUT"


@dataclass(frozen=True, slots=True)
class Term:
    """One ordering expression; `path` is where its value stands in a cursor (`("name", "lastName")`).

    A select is ordered by the place of its option among `options`, not by its text. Fields of related records and
    ids of relations order the rows, but are not part of a cursor.
    """

    path: tuple[str, ...]
    value_sql: str
    descending: bool = False
    nulls_first: bool = True
    options: tuple[str, ...] = ()
    is_text: bool = False
    in_cursor: bool = True
    backward: bool = False

    @property
    def sql(self) -> str:
        """What the rows are ordered by."""
        if not self.options:
            return self.value_sql
        places = " ".join(f"WHEN '{value}' THEN {place}" for place, value in enumerate(self.options))
        return f"CASE {self.value_sql} {places} END"

    def reversed(self) -> Term:
        """The term on pages backwards: the direction turns, the place of empty values stays, as in Twenty."""
        return replace(self, backward=True)

    def clause(self) -> str:
        """The term in ORDER BY."""
        if self.path == ("id",):
            # Twenty puts the ascending id behind every order, and so in front of a descending one.
            return f"{self.sql} {'DESC' if self.backward else 'ASC'}"
        direction = "DESC" if self.descending != self.backward else "ASC"
        return f"{self.sql} {direction} NULLS {'FIRST' if self.nulls_first else 'LAST'}"

    def shown(self, value: Any) -> Any:
        """A value as it stands in a cursor: like in an answer, where empty texts are not null."""
        return "" if self.is_text and value is None else value

    def after(self, value: Any) -> tuple[str, list[Any]]:
        """The rows that come after `value` in this term alone.

        Twenty compares empty values like all others: nothing comes after null, so a walk in an order with empty
        values ends at them and loses what is behind (seen on the real server for numbers, dates and selects).
        """
        if value is None:
            return "0", []
        if self.options:
            value = self.options.index(value) if value in self.options else -1
        return f"{self.sql} {'<' if self.descending != self.backward else '>'} ?", [value]

    def equal(self, value: Any) -> tuple[str, list[Any]]:
        """The rows that have the value of a cursor."""
        if value is None:
            return "0", []
        return (f"{self.value_sql} IS NULL", []) if self.is_text and value == "" else (f"{self.value_sql} = ?", [value])


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


def _needs_nested(name: str) -> Refusal:
    example = f"{{ {name}: {{ fieldName: 'AscNullsFirst' }} }}"
    return _refused(f'Relation field "{name}" requires nested field ordering (e.g., {example})')


def _terms(workspace: Workspace, table: Table, name: str, direction: Any, hop: Relation | None) -> list[Term]:
    prefix = (hop.field.name,) if hop else ()
    if direction is Undefined:
        raise _refused(f'Field "{name}" does not exist or is not sortable', "FIELD_NOT_FOUND")
    known = table.fields.get(name)
    if known is not None and is_composite(known.type):
        if not isinstance(direction, Mapping):
            example = f"{{ {name}: {{ subFieldName: 'AscNullsFirst' }} }}"
            raise _refused(f'Composite field "{name}" requires subfield ordering (e.g., {example})')
        types = table.sub_types(name)
        if not types.keys() >= direction.keys():
            raise _refused(f"Sub field metadata not found for composite type: {known.type}", None)
        if Undefined in direction.values():
            raise stumbled("Sub field order by value must be of type OrderByDirection, but got: undefined")
        return [
            replace(
                _term(workspace, (*prefix, name, sub), column_name(name, sub), value, hop),
                is_text=types[sub] == "TEXT" and sub not in ("currencyCode", "blocknote"),
            )
            for sub, value in direction.items()
        ]
    if known is not None:
        options = tuple(o.value for o in known.spec.options) if known.type != "MULTI_SELECT" else ()
        term = _term(workspace, (*prefix, name), name, direction, hop)
        return [replace(term, options=options, is_text=known.type == "TEXT")]
    if name in table.relation_of_column:
        return [replace(_term(workspace, (*prefix, name), name, direction, hop), in_cursor=False)]
    if name in table.lists:
        raise _needs_nested(name)
    relation = table.relations.get(name)
    if relation is None or hop is not None:
        raise _refused(f'Field "{name}" does not exist or is not sortable', "FIELD_NOT_FOUND")
    if not isinstance(direction, Mapping):
        raise _needs_nested(name)
    target = workspace.table(relation.target)
    return [term for inner, value in direction.items() for term in _terms(workspace, target, inner, value, relation)]


def _term(
    workspace: Workspace,
    path: tuple[str, ...],
    column: str,
    direction: Any,
    hop: Relation | None,
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
    return Term(path, sql, direction.startswith("Desc"), direction.endswith("First"), in_cursor=hop is None)


def beyond(terms: Sequence[Term], values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition for rows that come after the row with these cursor values in this order."""
    if not values:
        return "1", []
    alternatives: list[str] = []
    parameters: list[Any] = []
    equal: list[tuple[str, list[Any]]] = []
    for term, value in zip(_of_cursor(terms), values, strict=True):
        parts = [*equal, term.after(value)]
        alternatives.append(" AND ".join(sql for sql, _ in parts))
        parameters += [parameter for _, own in parts for parameter in own]
        equal.append(term.equal(value))
    return f"({' OR '.join(f'({each})' for each in alternatives)})", parameters


def _of_cursor(terms: Sequence[Term]) -> list[Term]:
    return [term for term in terms if term.in_cursor]


def encode_cursor(terms: Sequence[Term], values: Sequence[Any]) -> str:
    """The cursor of a row whose ordering values are these."""
    tree: Record = {}
    for term, value in zip(terms, values, strict=True):
        if not term.in_cursor:
            continue
        place = tree
        for part in term.path[:-1]:
            place = place.setdefault(part, {})
        place[term.path[-1]] = term.shown(value)
    return base64.b64encode(orjson.dumps(tree)).decode()


def decode_cursor(terms: Sequence[Term], cursor: Any) -> list[Any]:
    """The ordering values in a cursor. Raises Refusal for what is no cursor, or one of another order."""
    try:
        tree = json.loads(base64.b64decode(str(cursor), validate=False).decode())
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"Invalid cursor: {cursor}", sub_code="INVALID_CURSOR") from error
    if not tree:  # Twenty takes an empty cursor for none
        return []
    if not isinstance(tree, Mapping):
        raise Refusal(f"Invalid cursor: {cursor}", sub_code="INVALID_CURSOR")
    wanted = _of_cursor(terms)
    if {term.path[0] for term in wanted} != set(tree):
        raise _foreign_cursor()
    if not is_uuid(tree["id"]):
        raise Refusal(f'invalid input syntax for type uuid: "{tree["id"]}"')
    return [_value_at(tree, term.path) for term in wanted]


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
