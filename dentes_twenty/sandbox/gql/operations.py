"""The root fields of /graphql: which exist for an object, which arguments they take, what each does.

Belongs here: the names (`createPeople`, `peopleGroupBy`, …) as they follow from the data model, arguments and their
refusals. Does not belong here: the request as a whole (see `endpoint`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dentes_twenty.sandbox.casing import camel_case, capital
from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.gql.documents import Selected
from dentes_twenty.sandbox.gql.projection import Projection, connection, type_name
from dentes_twenty.sandbox.jsvalues import inspect
from dentes_twenty.sandbox.metadata.ids import is_uuid
from dentes_twenty.sandbox.model import Object
from dentes_twenty.sandbox.records import remove, update
from dentes_twenty.sandbox.records.aggregates import aggregate, group_by
from dentes_twenty.sandbox.records.create import create
from dentes_twenty.sandbox.records.filters import Filter, compile_filter
from dentes_twenty.sandbox.records.read import Query, count, find, find_one
from dentes_twenty.sandbox.tables import Record, Table
from dentes_twenty.sandbox.workspace import Workspace

Arguments = Mapping[str, Any]
INVALID = "INVALID_QUERY_INPUT"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of root field: the arguments it allows, those it needs with their JavaScript type."""

    run: Callable[[Workspace, Table, Selected], Any]
    allowed: tuple[str, ...]
    required: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Root:
    """A root field of the workspace's schema."""

    operation: str
    kind: Kind
    object: Object


_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "filter": (lambda value: isinstance(value, Mapping), "an object"),
    "orderBy": (lambda value: isinstance(value, list | Mapping), "an array"),
    "first": (lambda value: _is_number(value), "a number"),
    "last": (lambda value: _is_number(value), "a number"),
    "offset": (lambda value: _is_number(value), "a number"),
    "limit": (lambda value: _is_number(value), "a number"),
    "after": (lambda value: isinstance(value, str), "a string"),
    "before": (lambda value: isinstance(value, str), "a string"),
    "upsert": (lambda value: isinstance(value, bool), "a boolean"),
}
_REQUIRED: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "UUID": is_uuid,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_arguments(kind: Kind, arguments: Arguments) -> None:
    """Refuse unknown, missing and wrongly typed arguments. Raises Refusal."""
    for name in arguments:
        if name not in kind.allowed:
            raise Refusal(f"Argument not allowed: {name}", sub_code=INVALID)
    for name, wanted in kind.required:
        if not _REQUIRED[wanted](arguments.get(name)):
            raise Refusal(f'Missing required argument: "{name}" ({wanted})', sub_code=INVALID)
    for name, value in arguments.items():
        fits, wanted = _TYPES.get(name, (None, ""))
        if fits is not None and value is not None and not fits(value):
            raise Refusal(f'Invalid argument: "{name}" must be {wanted}', sub_code=INVALID)


def _find_many(workspace: Workspace, table: Table, item: Selected) -> Any:
    arguments = item.arguments
    edges = item.child("edges")
    node = edges.child("node") if edges else None
    if edges is not None and node is None:
        # Twenty builds the nodes that nobody asked for, out of nothing.
        raise stumbled("Cannot read properties of undefined (reading 'id')")
    projection = Projection(workspace, table, (node.children if node else None) or [], in_list=False)
    page = find(
        workspace,
        table,
        Query(
            filter=arguments.get("filter"),
            order_by=arguments.get("orderBy"),
            first=arguments.get("first"),
            last=arguments.get("last"),
            after=arguments.get("after") or None,
            before=arguments.get("before") or None,
            offset=arguments.get("offset") or 0,
            columns=projection.columns,
        ),
    )
    names = [part.name for part in item.children or ()]
    values = aggregate(workspace, table, page.where, [n for n in names if n != "totalCount"])
    if "totalCount" in names:
        values["totalCount"] = count(workspace, table, page.where)
    return connection(
        item,
        projection.apply(page.records),
        page.cursor,
        values,
        has_next=page.has_next,
        has_previous=page.has_previous,
        name=type_name(table),
    )


def _find_one(workspace: Workspace, table: Table, item: Selected) -> Any:
    if not item.arguments.get("filter"):
        raise Refusal("Missing filter argument", sub_code=INVALID)
    projection = Projection(workspace, table, item.children or [])
    record = find_one(workspace, table, item.arguments.get("filter"), projection.columns)
    return projection.apply([record])[0]


def _answer_one(workspace: Workspace, table: Table, item: Selected, record: Record) -> Any:
    return Projection(workspace, table, item.children or []).apply([record])[0]


def _answer_many(workspace: Workspace, table: Table, item: Selected, records: list[Record]) -> Any:
    return Projection(workspace, table, item.children or []).apply(records)


def _create_one(workspace: Workspace, table: Table, item: Selected) -> Any:
    upsert = item.arguments.get("upsert") is True
    records = create(workspace, table, [item.arguments["data"]], upsert=upsert)
    return _answer_one(workspace, table, item, records[0])


def _create_many(workspace: Workspace, table: Table, item: Selected) -> Any:
    upsert = item.arguments.get("upsert") is True
    projection = Projection(workspace, table, item.children or [])
    return projection.apply(create(workspace, table, item.arguments["data"], upsert=upsert))


def _update_one(workspace: Workspace, table: Table, item: Selected) -> Any:
    record_id = _record_id(item.arguments)
    record = update.update_one(workspace, table, record_id, item.arguments["data"])
    return _answer_one(workspace, table, item, record)


def _checked_filter(workspace: Workspace, table: Table, arguments: Arguments) -> Filter:
    """The filter of a write. The ids of an `in` at its top are checked by themselves, with a message of their own."""
    ids = arguments["filter"].get("id")
    for value in (ids.get("in") if isinstance(ids, Mapping) else None) or []:
        if not is_uuid(value):
            text = value if isinstance(value, str) else inspect(value)
            raise Refusal(f'Value "{text}" is not a valid UUID', sub_code=INVALID)
    return compile_filter(workspace, table, arguments["filter"])


def _update_many(workspace: Workspace, table: Table, item: Selected) -> Any:
    where = _checked_filter(workspace, table, item.arguments)
    records = update.update_many(workspace, table, where, item.arguments["data"])
    return _answer_many(workspace, table, item, records)


def _record_id(arguments: Arguments) -> str:
    """The id argument in lower case."""
    return str(arguments["id"]).lower()


def _one(operation: Callable[[Workspace, Table, str], Record]) -> Callable[..., Any]:
    def run(workspace: Workspace, table: Table, item: Selected) -> Any:
        return _answer_one(workspace, table, item, operation(workspace, table, _record_id(item.arguments)))

    return run


def _many(operation: Callable[[Workspace, Table, Filter], list[Record]]) -> Callable[..., Any]:
    def run(workspace: Workspace, table: Table, item: Selected) -> Any:
        where = _checked_filter(workspace, table, item.arguments)
        return _answer_many(workspace, table, item, operation(workspace, table, where))

    return run


def _group_by(workspace: Workspace, table: Table, item: Selected) -> Any:
    arguments = item.arguments
    names = [part.name for part in item.children or ()]
    groups = group_by(
        workspace,
        table,
        arguments.get("groupBy"),
        names,
        where=arguments.get("filter"),
        order_by=arguments.get("orderBy"),
        limit=arguments.get("limit"),
    )
    answers = []
    for group in groups:
        values = {**group.values, "groupByDimensionValues": group.dimensions}
        values["__typename"] = f"{type_name(table)}Connection"
        answers.append({part.key: values.get(part.name) for part in item.children or ()})
    return answers


_ID = (("id", "UUID"),)
_DATA = (("data", "object"),)
_FILTER = (("filter", "object"),)
_PAGE = ("filter", "orderBy", "first", "last", "before", "after", "offset")
_GROUP = ("filter", "orderBy", "orderByForRecords", "groupBy", "viewId", "limit", "offsetForRecords")

QUERIES: Mapping[str, Kind] = {
    "{plural}": Kind(_find_many, _PAGE),
    "{singular}": Kind(_find_one, ("filter",)),
    "{plural}GroupBy": Kind(_group_by, _GROUP),
}
MUTATIONS: Mapping[str, Kind] = {
    "create{Singular}": Kind(_create_one, ("data", "upsert"), _DATA),
    "create{Plural}": Kind(_create_many, ("data", "upsert"), (("data", "array"),)),
    "update{Singular}": Kind(_update_one, ("id", "data"), (*_ID, *_DATA)),
    "update{Plural}": Kind(_update_many, ("filter", "data"), (*_FILTER, *_DATA)),
    "delete{Singular}": Kind(_one(remove.delete_one), ("id",), _ID),
    "delete{Plural}": Kind(_many(remove.delete_many), ("filter",), _FILTER),
    "destroy{Singular}": Kind(_one(remove.destroy_one), ("id",), _ID),
    "destroy{Plural}": Kind(_many(remove.destroy_many), ("filter",), _FILTER),
    "restore{Singular}": Kind(_one(remove.restore_one), ("id",), _ID),
    "restore{Plural}": Kind(_many(remove.restore_many), ("filter",), _FILTER),
}


def roots(workspace: Workspace) -> dict[tuple[str, str], Root]:
    """All root fields by (`query` or `mutation`, name), as the data model has it now."""
    found: dict[tuple[str, str], Root] = {}
    for item in workspace.model:
        singular, plural = camel_case(item.name_singular), camel_case(item.name_plural)
        names = {"singular": singular, "plural": plural, "Singular": capital(singular), "Plural": capital(plural)}
        for operation, kinds in (("query", QUERIES), ("mutation", MUTATIONS)):
            for pattern, kind in kinds.items():
                found[operation, pattern.format(**names)] = Root(operation, kind, item)
    return found
