"""GraphQL documents for records, built from the workspace's data model. Pure text, no sending.

Belongs here: names of operations, selections, and the one function that builds a filter for writes.
Values travel as variables; only names that the model confirms are put into a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dentes_twenty.twenty.errors import CallRefused, ModelMismatch
from dentes_twenty.twenty.model import (
    COMPOSITE_PARTS,
    FieldInfo,
    ObjectInfo,
    capital,
    record_keys,
)
from dentes_twenty.twenty.naming import camel_case

MOST_IDS = 200
"""Ids in one filter: the size of a page and of a write by filter."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOST_ROOT_FIELDS = 20
"""In one request (GRAPHQL_MAX_ROOT_RESOLVERS) [graphql-limits]."""

_CREATE = re.compile(r"mutation\(\$data:(?P<type>[^)]+)\)\{(?P<root>\w+)\(data:\$data(?P<rest>.*)\}", re.S)
_NAME = re.compile(r"[A-Za-z]\w*")


def list_name(item: ObjectInfo) -> str:
    """Root field of a page of records."""
    return camel_case(item.plural)


def plural_name(item: ObjectInfo) -> str:
    """What follows the verb in operations on several records."""
    return capital(camel_case(item.plural))


def type_name(item: ObjectInfo) -> str:
    """What follows the verb in operations on one record, and begins the names of input types."""
    return capital(camel_case(item.singular))


def is_record_id(value: object) -> bool:
    """True for what Twenty takes as an id and finds again: a UUID of version 1 to 5 in lower case."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def ids_filter(ids: Sequence[str]) -> dict[str, Any]:
    """The filter of every write by filter: these ids and nothing else.

    An empty or misspelt filter changes every record of an object without an error [update-many], so this is the only
    place that builds one. Raises CallRefused for no ids, more than 200, or anything that is not a record id.
    """
    if isinstance(ids, str) or not 1 <= len(ids) <= MOST_IDS or not all(map(is_record_id, ids)):
        raise CallRefused("unsafe_filter", f"a write by filter needs 1 to {MOST_IDS} ids in lower case")
    return {"id": {"in": list(ids)}}


def with_deleted(condition: Mapping[str, Any]) -> dict[str, Any]:
    """The same filter, soft-deleted records included: a filter hides them unless it mentions `deletedAt`."""
    either = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
    return {"and": [dict(condition), either]}


def field_selection(field: FieldInfo, key: str, *, blocknote: bool = False) -> str:
    """What to select of a field: composites whole. The blocks of a rich text are left out unless asked for, because
    Twenty makes them from the markdown and they are many times its size."""
    if field.type == "RICH_TEXT" and not blocknote:
        return f"{key}{{markdown}}"
    parts = COMPOSITE_PARTS.get(field.type)
    return f"{key}{{{' '.join(parts)}}}" if parts else key


def selection(item: ObjectInfo, names: Iterable[str] | None = None, *, blocknote: bool = False) -> str:
    """A selection set with the id, for the given fields (names or join columns), or for all when None.

    Raises ModelMismatch for a name that the object lacks. Unknown fields would be answered as null, silently.
    """
    if names is None:
        wanted = {key: field for key, field in item.columns.items() if field.type != "TS_VECTOR"}
    else:
        wanted = {}
        for name in names:
            field = item.field(name)
            keys = record_keys(field) if name == field.name else (name,)
            if field.type == "TS_VECTOR" or not keys:
                raise ModelMismatch(f"Field {item.singular}.{name}", "cannot be read")
            wanted.update((key, field) for key in keys)
    wanted.pop("id", None)
    return " ".join(["id", *(field_selection(f, key, blocknote=blocknote) for key, f in wanted.items())])


def create_many(item: ObjectInfo, selected: str, *, upsert: bool) -> str:
    """Create (or upsert) records; variable `data`, root field `create<Plural>`."""
    name, flag = type_name(item), ",upsert:true" if upsert else ""
    return f"mutation($data:[{name}CreateInput!]!){{{create_name(item)}(data:$data{flag}){{{selected}}}}}"


def together(creates: Sequence[str]) -> str:
    """One document of several `create_many` documents; their variables become `data0`, `data1`, ..."""
    heads, fields = [], []
    for number, document in enumerate(creates):
        found = _CREATE.fullmatch(document)
        assert found
        heads.append(f"$data{number}:{found['type']}")
        fields.append(f"{found['root']}(data:$data{number}{found['rest']}")
    return f"mutation({','.join(heads)}){{{' '.join(fields)}}}"


def create_name(item: ObjectInfo) -> str:
    """Root field of `create_many`."""
    return f"create{plural_name(item)}"


def update_one(item: ObjectInfo, selected: str) -> str:
    """Update one record; variables `id` and `data`, root field `update<Singular>`."""
    name = type_name(item)
    return f"mutation($id:UUID!,$data:{name}UpdateInput!){{update{name}(id:$id,data:$data){{{selected}}}}}"


def update_by_ids(item: ObjectInfo, selected: str) -> str:
    """The same change to several records; variables `filter` (from `ids_filter`) and `data`."""
    name = type_name(item)
    head = f"mutation($filter:{name}FilterInput!,$data:{name}UpdateInput!)"
    return f"{head}{{update{plural_name(item)}(filter:$filter,data:$data){{{selected}}}}}"


def by_ids(item: ObjectInfo, verb: str) -> str:
    """`destroy`, `delete` or `restore` by `filter` (from `ids_filter`); the ids come back."""
    name = type_name(item)
    return f"mutation($filter:{name}FilterInput!){{{verb}{plural_name(item)}(filter:$filter){{id}}}}"


def page(item: ObjectInfo, selected: str) -> str:
    """A page of records in the order of ids; variables `filter`, `first`, `after`."""
    name = type_name(item)
    return (
        f"query($filter:{name}FilterInput,$first:Int,$after:String)"
        f"{{{list_name(item)}(filter:$filter,first:$first,after:$after)"
        f"{{edges{{node{{{selected}}}}} pageInfo{{hasNextPage endCursor}}}}}}"
    )


def aggregate(item: ObjectInfo, names: Sequence[str]) -> str:
    """Aggregates over a filter, such as `totalCount` or `sumAmountAmountMicros`; variable `filter`."""
    _check_names(names)
    name = type_name(item)
    return f"query($filter:{name}FilterInput){{{list_name(item)}(filter:$filter,first:1){{{' '.join(names)}}}}}"


def group_by(item: ObjectInfo, dimensions: Sequence[str], names: Sequence[str], limit: int) -> str:
    """Aggregates by groups. A dimension is a field, a part (`amount.currencyCode`) or a join column; the default of
    50 groups of the server is always overridden."""
    _check_names(names)
    groups = ",".join(f"{{{_dimension(item, dimension)}}}" for dimension in dimensions)
    name = type_name(item)
    return (
        f"query($filter:{name}FilterInput){{{group_by_name(item)}(groupBy:[{groups}],filter:$filter,limit:{limit:d})"
        f"{{groupByDimensionValues {' '.join(names)}}}}}"
    )


def group_by_name(item: ObjectInfo) -> str:
    """Root field of `group_by`."""
    return f"{list_name(item)}GroupBy"


def _dimension(item: ObjectInfo, dimension: str) -> str:
    name, _, part = dimension.partition(".")
    field = item.field(name)
    if not part:
        return f"{name}:true"
    if part not in COMPOSITE_PARTS.get(field.type, ()):
        raise ModelMismatch(f"Field {item.singular}.{dimension}")
    return f"{name}:{{{part}:true}}"


def _check_names(names: Sequence[str]) -> None:
    if not names or not all(_NAME.fullmatch(name) for name in names):
        raise CallRefused("unknown_aggregate")
