"""Objects and fields as nodes of the metadata GraphQL schema.

The target columns of link objects (`targetPerson`, `targetCompany`, …) are one field `target` here, with one relation
for each target. What costs work is a function, which graphql-core calls only when it is selected.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dentes_twenty.sandbox.metadata.present import field_json, object_json
from dentes_twenty.sandbox.model import Field, Object
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]

DEFAULT_PAGE = 10
"""The metadata API pages by ten unless told otherwise."""


class Nodes:
    """Makes nodes."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def objects(self, paging: Any = None, filter: Any = None) -> Json:
        """A connection of objects."""
        found = [item for item in self.workspace.model if _matches(object_json(self.workspace.model, item), filter)]
        found.sort(key=lambda item: item.id)
        return _page([(item.id, item) for item in found], paging, self.object)

    def fields(self, paging: Any = None, filter: Any = None) -> Json:
        """A connection of fields of all objects."""
        model = self.workspace.model
        found = [f for f in model.fields.values() if _matches(field_json(self.workspace.model, f), filter)]
        found.sort(key=lambda field: field.id)
        return _page([(field.id, field) for field in found], paging, self.field)

    def object(self, item: Object) -> Json:
        """One object."""

        def own(_: Any, paging: Any = None, filter: Any = None) -> Json:
            listed = [f for f in self._folded(item) if _matches(field_json(self.workspace.model, f), filter)]
            return _page([(f.id, f) for f in listed], paging, self.field)

        def every(_: Any) -> list[Json]:
            return [self.field(field) for field in self._folded(item)]

        return object_json(self.workspace.model, item) | {"fieldsList": every, "fields": own}

    def field(self, field: Field) -> Json:
        """One field; those of one morph relation share the name of the relation."""
        node = field_json(self.workspace.model, field)
        model = self.workspace.model
        node["object"] = lambda _: self._owner(field)
        if field.morph_id:
            node["name"] = self._morph_name(field)
            siblings = [f for f in model.fields.values() if f.morph_id == field.morph_id]
            node["morphRelations"] = lambda _: [self._relation(each) for each in siblings]
        elif field.is_relation:
            node["relation"] = lambda _: self._relation(field)
        return node

    def _owner(self, field: Field) -> Json | None:
        item = self.workspace.model.objects.get(field.object_id)
        return self.object(item) if item else None

    def _morph_name(self, field: Field) -> str:
        target = self.workspace.model.objects.get(field.target_object_id or "")
        return field.name.removesuffix(target.capital if target else "") or field.name

    def _folded(self, item: Object) -> Iterator[Field]:
        seen: set[str] = set()
        for field in item.fields.values():
            if field.morph_id in seen:
                continue
            if field.morph_id:
                seen.add(field.morph_id)
            yield field

    def _relation(self, field: Field) -> Json:
        model = self.workspace.model
        other = model.fields[field.target_field_id or ""]
        return {
            "type": field.relation_type,
            "sourceObjectMetadata": lambda _: self._owner(field),
            "targetObjectMetadata": lambda _: self.object(model.target(field)),
            "sourceFieldMetadata": lambda _: self.field(field),
            "targetFieldMetadata": lambda _: self.field(other),
        }


def _matches(json: Mapping[str, Any], wanted: Any) -> bool:
    """Whether an object or field fits a filter input."""
    for key, condition in (wanted or {}).items():
        if condition is None:
            continue
        if key in ("and", "or"):
            results = [_matches(json, part) for part in condition]
            if not (all(results) if key == "and" else any(results)):
                return False
        elif not _fits(json[key], condition):
            return False
    return True


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "in": lambda value, wanted: value in wanted,
    "notIn": lambda value, wanted: value not in wanted,
    "is": operator.is_,
    "isNot": operator.is_not,
}


def _fits(value: Any, condition: Mapping[str, Any]) -> bool:
    return all(_TESTS[name](value, wanted) for name, wanted in condition.items() if wanted is not None)


def _page(items: Sequence[tuple[str, Any]], paging: Any, node: Any) -> Json:
    paging = paging or {}
    keys = [key for key, _ in items]
    start, end = 0, len(items)
    if paging.get("after") in keys:
        start = keys.index(paging["after"]) + 1
    if paging.get("before") in keys:
        end = keys.index(paging["before"])
    if paging.get("last") is not None and paging.get("first") is None:
        start = max(start, end - max(paging["last"], 0))
    else:
        first = DEFAULT_PAGE if paging.get("first") is None else max(paging["first"], 0)
        end = min(end, start + first)
    chosen = items[start:end]
    return {
        "edges": [{"node": node(item), "cursor": key} for key, item in chosen],
        "pageInfo": {
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
            "startCursor": chosen[0][0] if chosen else None,
            "endCursor": chosen[-1][0] if chosen else None,
        },
    }
