"""A real GraphQL schema of the workspace, for clients that introspect it.

Requests for records never touch it. It is made when somebody asks, and again after the data model has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from graphql import GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate

from dentes_twenty.sandbox.casing import camel_case, capital
from dentes_twenty.sandbox.fieldspec import COMPOSITES, is_composite
from dentes_twenty.sandbox.model import Field, Object
from dentes_twenty.sandbox.records.aggregates import aggregates_of
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]

SCALARS = {
    "BOOLEAN": "Boolean",
    "DATE": "Date",
    "DATE_TIME": "DateTime",
    "NUMBER": "Float",
    "NUMERIC": "BigFloat",
    "POSITION": "Position",
    "RAW_JSON": "RawJSONScalar",
    "TS_VECTOR": "TSVector",
    "UUID": "UUID",
}
PREAMBLE = """
scalar Date scalar DateTime scalar BigFloat scalar Position scalar RawJSONScalar scalar TSVector scalar UUID
scalar Cursor
enum OrderByDirection { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }
enum FilterIs { NULL NOT_NULL }
type PageInfo { hasNextPage: Boolean hasPreviousPage: Boolean startCursor: Cursor endCursor: Cursor }
type FileObject { fileId: UUID! label: String! extension: String url: String }
input FileItemInput { fileId: UUID! label: String! }
"""

_schemas: WeakKeyDictionary[Workspace, tuple[int, GraphQLSchema]] = WeakKeyDictionary()


def introspect(workspace: Workspace, text: str, variables: Json, name: str | None) -> Json:
    """The answer to a request with `__schema`, `__type` or `__typename` among its root fields."""
    schema = schema_of(workspace)
    document = parse(text)
    errors = validate(schema, document)
    if errors:
        return {"errors": [{"message": error.message.replace("'", '"')} for error in errors]}
    result = execute_sync(schema, document, variable_values=variables, operation_name=name)
    answer: Json = {"data": result.data}
    if result.errors:
        answer["errors"] = [_shown(error) for error in result.errors]
    return answer


def _shown(error: GraphQLError) -> Json:
    return {"message": error.message, "path": error.path}


def schema_of(workspace: Workspace) -> GraphQLSchema:
    """The schema of the data model as it is now."""
    version = workspace.model.version
    known = _schemas.get(workspace)
    if known is None or known[0] != version:
        known = _schemas[workspace] = (version, build_schema("\n".join(_definitions(workspace))))
    return known[1]


def _pascal(name: str) -> str:
    return capital(camel_case(name))


def _definitions(workspace: Workspace) -> Iterator[str]:
    yield PREAMBLE
    for kind, parts in COMPOSITES.items():
        name = _composite(kind)
        listed = " ".join(f"{part.name}: {_sub_type(part.type)}" for part in parts)
        yield f"type {name} {{ {listed} }}"
        yield f"input {name}CreateInput {{ {listed} }}"
        yield f"input {name}UpdateInput {{ {listed} }}"
        filters = " ".join(f"{part.name}: {_filter_type(part.type)}" for part in parts)
        yield f"input {name}FilterInput {{ {filters} }}"
        orders = " ".join(f"{part.name}: OrderByDirection" for part in parts)
        yield f"input {name}OrderByInput {{ {orders} }}"
    for kind in (*SCALARS, "TEXT", "SELECT", "ARRAY", "FILES"):
        yield _filter_definition(kind)
    queries: list[str] = []
    mutations: list[str] = []
    for item in workspace.model:
        yield from _object_types(workspace, item)
        queries += _queries(item)
        mutations += _mutations(item)
    yield f"type Query {{ {' '.join(queries)} }}"
    yield f"type Mutation {{ {' '.join(mutations)} }}"


def _sub_type(kind: str) -> str:
    return SCALARS.get(kind, "String")


def _filter_type(kind: str) -> str:
    known = kind if kind in SCALARS or kind in ("SELECT", "ARRAY", "FILES") else "TEXT"
    return f"{known.title().replace('_', '')}Filter"


def _filter_definition(kind: str) -> str:
    value = SCALARS.get(kind, "String")
    operators = [f"eq: {value}", f"neq: {value}", f"in: [{value}]", "is: FilterIs"]
    if kind in ("BOOLEAN", "RAW_JSON", "FILES"):
        operators = ["is: FilterIs", f"eq: {value}" if kind == "BOOLEAN" else "like: String"]
    elif kind == "ARRAY":
        operators = ["containsIlike: String", "is: FilterIs", "isEmptyArray: Boolean"]
    elif kind == "TS_VECTOR":
        operators = ["search: String"]
    else:
        operators += [f"{name}: {value}" for name in ("gt", "gte", "lt", "lte")]
    if kind == "TEXT":
        texts = ("like", "ilike", "startsWith", "endsWith", "regex", "iregex")
        operators += [f"{name}: String" for name in texts]
    if kind == "SELECT":
        operators += ["containsAny: [String!]", "isEmptyArray: Boolean"]
    return f"input {_filter_type(kind)} {{ {' '.join(operators)} }}"


def _composite(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _enum(item: Object, field: Field) -> str:
    return f"{_pascal(item.name_singular)}{_pascal(field.name)}Enum"


def _value_type(item: Object, field: Field, suffix: str = "") -> str:
    if field.type in ("SELECT", "RATING"):
        return _enum(item, field)
    if field.type == "MULTI_SELECT":
        return f"[{_enum(item, field)}]"
    if field.type == "ARRAY":
        return "[String]"
    if field.type == "FILES":
        return "[FileItemInput]" if suffix else "[FileObject]"
    if is_composite(field.type):
        return _composite(field.type) + suffix
    return SCALARS.get(field.type, "String")


def _object_types(workspace: Workspace, item: Object) -> Iterator[str]:
    name = _pascal(item.name_singular)
    shown: list[str] = []
    filters = [f"and: [{name}FilterInput] or: [{name}FilterInput] not: {name}FilterInput"]
    orders: list[str] = []
    inputs: dict[str, list[str]] = {"Create": [], "Update": []}
    for field in item.fields.values():
        if field.options and field.type in ("SELECT", "MULTI_SELECT", "RATING"):
            values = " ".join(option["value"] for option in field.options)
            yield f"enum {_enum(item, field)} {{ {values} }}"
        if field.is_relation:
            _relation_parts(workspace, field, shown, filters, orders, inputs)
            continue
        shown.append(f"{field.name}: {_value_type(item, field)}")
        if is_composite(field.type):
            filters.append(f"{field.name}: {_composite(field.type)}FilterInput")
            orders.append(f"{field.name}: {_composite(field.type)}OrderByInput")
        else:
            kind = "SELECT" if field.type in ("RATING", "MULTI_SELECT") else field.type
            filters.append(f"{field.name}: {_filter_type(kind)}")
            orders.append(f"{field.name}: OrderByDirection")
        if field.type != "TS_VECTOR":
            for kind, parts in inputs.items():
                parts.append(f"{field.name}: {_value_type(item, field, f'{kind}Input')}")
    totals = " ".join(f"{key}: Float" for key in aggregates_of(workspace.table(item)))
    yield f"type {name} {{ {' '.join(shown)} }}"
    yield f"type {name}Edge {{ node: {name} cursor: Cursor }}"
    yield f"type {name}Connection {{ edges: [{name}Edge] pageInfo: PageInfo {totals} }}"
    yield f"type {name}GroupByConnection {{ groupByDimensionValues: [String] {totals} }}"
    yield f"input {name}FilterInput {{ {' '.join(filters)} }}"
    yield f"input {name}OrderByInput {{ {' '.join(orders)} }}"
    for kind, parts in inputs.items():
        yield f"input {name}{kind}Input {{ {' '.join(parts)} }}"


def _relation_parts(
    workspace: Workspace,
    field: Field,
    shown: list[str],
    filters: list[str],
    orders: list[str],
    inputs: dict[str, list[str]],
) -> None:
    target = _pascal(workspace.model.target(field).name_singular)
    column = field.join_column
    if column is None:
        arguments = f"first: Int filter: {target}FilterInput orderBy: [{target}OrderByInput]"
        shown.append(f"{field.name}({arguments}): {target}Connection")
        return
    shown.append(f"{field.name}: {target} {column}: UUID")
    filters.append(f"{field.name}: {target}FilterInput {column}: {_filter_type('UUID')}")
    orders.append(f"{field.name}: {target}OrderByInput {column}: OrderByDirection")
    for parts in inputs.values():
        parts.append(f"{field.name}: RawJSONScalar {column}: UUID")


def _queries(item: Object) -> list[str]:
    singular, plural, name = camel_case(item.name_singular), camel_case(item.name_plural), _pascal(item.name_singular)
    found = f"filter: {name}FilterInput"
    page = f"{found} orderBy: [{name}OrderByInput] first: Int last: Int before: String after: String offset: Int"
    return [
        f"{plural}({page}): {name}Connection",
        f"{singular}({found}): {name}",
        f"{plural}GroupBy({found} groupBy: [RawJSONScalar!]! limit: Int): [{name}GroupByConnection]",
    ]


def _mutations(item: Object) -> list[str]:
    name, names = _pascal(item.name_singular), _pascal(item.name_plural)
    fields = [
        f"create{name}(data: {name}CreateInput! upsert: Boolean): {name}",
        f"create{names}(data: [{name}CreateInput!]! upsert: Boolean): [{name}!]",
        f"update{name}(id: UUID! data: {name}UpdateInput!): {name}",
        f"update{names}(data: {name}UpdateInput! filter: {name}FilterInput!): [{name}!]",
    ]
    for operation in ("delete", "destroy", "restore"):
        fields.append(f"{operation}{name}(id: UUID!): {name}")
        fields.append(f"{operation}{names}(filter: {name}FilterInput!): [{name}!]")
    return fields
