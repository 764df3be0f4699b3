"""From what a client sent for one record to the columns to write.

Belongs here: unknown and read-only fields, the normalisation of each value, positions, authors, and finding the record
that a `connect` means. All of it runs before anything is written, for all records of a batch; the first problem
is the answer. Does not belong here: the writing itself (see `create`, `update`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import Undefined

from dentes_twenty.sandbox.auth import Authority
from dentes_twenty.sandbox.errors import Refusal, data_refused, stumbled
from dentes_twenty.sandbox.fieldspec import is_composite, unique_columns
from dentes_twenty.sandbox.jsvalues import inspect
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.tables import Record, Relation, Table, sql_name
from dentes_twenty.sandbox.values import check_record_id
from dentes_twenty.sandbox.workspace import Workspace

NO_WRITE = "INVALID_ARGS_DATA"


@dataclass(slots=True)
class Prepared:
    """One record to write: columns that were sent, the id as it was sent, files and links still to resolve."""

    columns: Record
    sent_id: str | None = None
    files: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    connects: list[tuple[Relation, Mapping[str, Any]]] = field(default_factory=list)
    place: str | None = None
    """`first` or `last` when the position is to be found by the server."""


def as_object(data: Any, *, updating: bool) -> Mapping[str, Any]:
    """The payload of one record. A list counts as an object with its indexes as keys, as in JavaScript.

    Raises Refusal for other values: a create stumbles over them when it adds the position.
    """
    if isinstance(data, Mapping):
        return data
    if isinstance(data, list):
        return {str(index): item for index, item in enumerate(data)}
    if data is Undefined:
        raise stumbled("Cannot read properties of undefined (reading 'position')")
    if data is None:
        raise stumbled("Cannot read properties of null (reading 'position')")
    if updating:
        return {str(index): item for index, item in enumerate(data)} if isinstance(data, str) else {}
    kind = {str: "string", bool: "boolean"}.get(type(data), "number")
    raise stumbled(f"Cannot create property 'position' on {kind} '{data}'")


def prepare(table: Table, data: Any, *, updating: bool = False) -> Prepared:
    """Check and normalise one record. Raises Refusal with the first problem."""
    payload = as_object(data, updating=updating)
    prepared = Prepared({})
    columns, fields = prepared.columns, table.fields
    try:
        for name, value in payload.items():
            known = fields.get(name)
            if value is Undefined and (known or name in table.relations or name in table.relation_of_column):
                continue
            if known is None:
                _relation(table, name, value, payload, prepared)
            elif name in _SPECIAL or known.type == "FILES":
                _special(table, name, value, prepared, updating)
            else:
                columns.update(known.normalise(value))
    except ValueRefused as refused:
        raise Refusal.of_value(refused) from refused
    return prepared


_SPECIAL = frozenset({"id", "position", "createdBy", "updatedBy"})


def _special(table: Table, name: str, value: Any, prepared: Prepared, updating: bool) -> None:
    known = table.fields[name]
    convert = known.normalise
    if known.type == "FILES":
        stored = convert(value)[name]
        prepared.files[name] = orjson.loads(stored) if stored else []
    elif name == "id":
        check_record_id(value if value is None or isinstance(value, str) else inspect(value))
        prepared.columns.update(convert(value))
        prepared.sent_id = value
    elif name == "position" and value in ("first", "last"):
        prepared.place = value
    elif name == "createdBy" and updating:
        prepared.columns.update(convert(value))
    elif name == "createdBy" and isinstance(value, Mapping) and value and not value.get("name"):
        # Without a name the server signs with the API key and takes over nothing but the source.
        source = convert({"source": value["source"]}) if "source" in value else {"createdBySource": "API"}
        convert(value)
        signed = {"createdByName": Authority.key_name, "createdByWorkspaceMemberId": None}
        prepared.columns.update(source | signed | {"createdByContext": "{}"})
    else:
        sent = convert(value)
        if name == "createdBy" and sent:
            missing = {"createdByWorkspaceMemberId": None, "createdByContext": None}
            sent = {**missing, **sent}
        if name != "updatedBy":
            prepared.columns.update(sent)


def _relation(table: Table, name: str, value: Any, payload: Mapping[str, Any], prepared: Prepared) -> None:
    by_column = table.relation_of_column.get(name)
    if by_column is not None:
        prepared.columns.update(by_column.normalise(value))
        return
    relation = table.relations.get(name)
    if relation is None:
        if name in table.lists:
            raise Refusal(f"One-to-many relation {name} field does not support write operations.", sub_code=NO_WRITE)
        raise Refusal(f'Object {table.name} doesn\'t have any "{name}" field.', sub_code=NO_WRITE)
    if payload.get(relation.column) is not None:
        raise Refusal(f"{name} and {relation.column} cannot be both provided.")
    value = _given(value)
    if not isinstance(value, Mapping) or not value.keys() & {"connect", "disconnect"}:
        raise Refusal(f'Relation "{name}" requires connect or disconnect operation', sub_code=NO_WRITE)
    connect = value.get("connect")
    if connect is not None and value.get("disconnect") is True:
        # The name of the object is missing in Twenty's own text.
        raise Refusal("Cannot have both connect and disconnect for the same field on undefined.")
    if value.get("disconnect") is True:
        prepared.columns[relation.column] = None
    where = connect.get("where") if isinstance(connect, Mapping) else None
    if isinstance(where, Mapping):
        prepared.connects.append((relation, where))


def _given(value: Any) -> Any:
    return {key: item for key, item in value.items() if item is not Undefined} if isinstance(value, Mapping) else value


def connect_all(workspace: Workspace, items: list[Prepared]) -> None:
    """Replace every `connect` by the id of the record it means. Raises Refusal when it means none or several."""
    for item in items:
        for relation, where in item.connects:
            known = workspace.table(relation.target).fields.keys() & where.keys()
            if known:  # a `where` without any field that exists is passed over, as Twenty does
                item.columns[relation.column] = _connected_id(workspace, relation, where)


def _connected_id(workspace: Workspace, relation: Relation, where: Mapping[str, Any]) -> str:
    target = workspace.table(relation.target)
    conditions = _unique_conditions(target, where)
    name = relation.field.name
    if not conditions:
        raise Refusal(
            f"Missing required fields: at least one unique constraint have to be fully populated for '{name}'."
        )
    sql = " AND ".join(f"{sql_name(column)} = ?" for column in conditions)
    found = workspace.db.rows(
        f"SELECT id FROM {target.sql} WHERE {sql} AND deleted_at IS NULL LIMIT 2",  # noqa: S608
        list(conditions.values()),
    )
    if len(found) != 1:
        shown = " and ".join(f"{column} = {value}" for column, value in conditions.items())
        raise Refusal(f"Expected 1 record to connect to {name}, but found {len(found)} for {shown}")
    return str(found[0][0])


def _unique_conditions(target: Table, where: Mapping[str, Any]) -> Record:
    """Column -> value of the first unique key that `where` gives completely."""
    keys = [(target.fields["id"].spec, ("id",)), *target.unique_keys]
    for spec, names in keys:
        value = where.get(spec.name)
        if value is None:
            continue
        if is_composite(spec.type) and not isinstance(value, Mapping):
            raise data_refused()
        try:
            stored = target.fields[spec.name].normalise(value)
        except ValueRefused as refused:
            if spec.type == "UUID":  # not checked before it reaches the database
                raise Refusal(f'invalid input syntax for type uuid: "{value}"') from refused
            raise Refusal.of_value(refused) from refused
        if all(stored.get(column) is not None for column in names):
            return {column: stored[column] for column in names}
    return {}


def place_positions(workspace: Workspace, table: Table, items: list[Prepared]) -> list[Prepared]:
    """Give a position to every record that has none, and the order in which Twenty inserts a mixed batch.

    Records without a position go before all others, the first of them last of all: an import without positions
    shows in reverse. Order: without or `first`, `last`, with a number.
    """
    numbered = [item for item in items if item.place is None and "position" in item.columns]
    lasts = [item for item in items if item.place == "last"]
    firsts = [item for item in items if item.place == "first" or "position" not in item.columns]
    firsts = [item for item in firsts if item.place != "last"]
    if firsts or lasts:
        numbers = [item.columns["position"] for item in numbered if item.columns.get("position") is not None]
        low, high = workspace.db.rows(
            f"SELECT (SELECT MIN(position) FROM {table.sql}), (SELECT MAX(position) FROM {table.sql})"  # noqa: S608
        )[0]
        lowest = min([low if low is not None else 1, *numbers])
        highest = max([high if high is not None else 1, *numbers])
        for index, item in enumerate(firsts):
            item.columns["position"] = lowest - 1 - index
        for index, item in enumerate(lasts):
            item.columns["position"] = highest + 1 + index
    return [*firsts, *lasts, *numbered]


def unique_label(table: Table, name: str, columns: Record) -> str:
    """`emails.primaryEmail: a@b.c`, as the message about an undecidable upsert shows a key."""
    spec = table.fields[name].spec
    if not is_composite(spec.type):
        return f"{name}: {columns[name]}"
    parts = []
    for column in unique_columns(spec):
        sub = column[len(name) :]
        parts.append(f"{name}.{sub[0].lower()}{sub[1:]}: {columns[column]}")
    return ", ".join(parts)
