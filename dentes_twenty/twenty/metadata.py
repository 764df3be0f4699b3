"""Reading and changing the data model over the wire.

Belongs here: documents and routes of the metadata API, and their differences between versions. Does not belong here:
what a model is (`model`), or what should be changed (`provision`).

GraphQL first, because the targets of relations are only there. A version that lacks a property says so in its
error ("Cannot query field ..."), and the property is left out; where GraphQL does not answer, REST does, in the shape
of new workspaces (`data: [...]`) or of older ones (`data: {objects: [...]}`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import MetadataRefused, ModelMismatch, NotFound, NotTwenty
from dentes_twenty.twenty.model import FieldInfo, WorkspaceModel, parse_field, parse_model

PAGE = 200
_OBJECT = ("id", "nameSingular", "namePlural", "labelSingular", "labelPlural", "isActive", "isSystem")
_FIELD = (
    "id",
    "name",
    "label",
    "type",
    "isActive",
    "isSystem",
    "isNullable",
    "isUnique",
    "defaultValue",
    "options",
    "settings",
    "relation{type targetObjectMetadata{nameSingular} targetFieldMetadata{name}}",
    "morphRelations{targetObjectMetadata{nameSingular}}",
)


def objects_document(without: frozenset[str] = frozenset()) -> str:
    """The query for a page of objects with all their fields, without some properties."""
    fields = " ".join(f for f in _FIELD if f.partition("{")[0] not in without)
    objects = " ".join(f for f in _OBJECT if f not in without)
    return (
        "query($paging:CursorPaging!){objects(paging:$paging,filter:{}){"
        f"edges{{node{{{objects} fieldsList{{{fields}}}}}}} pageInfo{{hasNextPage endCursor}}}}}}"
    )


async def read_model(client: TwentyClient) -> WorkspaceModel:
    """The workspace's data model. Raises what the client raises, and NotTwenty where nothing can be read."""
    try:
        return parse_model(await _read_graphql(client))
    except (ModelMismatch, NotTwenty):
        return parse_model(await _read_rest(client))


async def _read_graphql(client: TwentyClient) -> list[dict[str, Any]]:
    without: frozenset[str] = frozenset()
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        paging = {"first": PAGE, **({"after": cursor} if cursor else {})}
        try:
            data = await client.graphql(
                objects_document(without), {"paging": paging}, endpoint="/metadata", write=False
            )
        except ModelMismatch as error:
            missing = re.match(r"(?:Object|Field)\.(\w+)", error.what)
            if missing is None or missing.group(1) in without:
                raise
            without |= {missing.group(1)}
            continue
        page = data["objects"]
        found += [edge["node"] for edge in page["edges"]]
        cursor = page["pageInfo"].get("endCursor")
        if not page["pageInfo"]["hasNextPage"] or not cursor:
            return found


async def _read_rest(client: TwentyClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, str | int] = {"limit": PAGE}
    while True:
        body = await client.rest("GET", "/rest/metadata/objects", params)
        entries = body.get("data") if isinstance(body, dict) else None
        if isinstance(entries, dict):
            entries = entries.get("objects")
        if not isinstance(entries, list):
            raise NotTwenty(200, "metadata in an unknown shape")
        found += entries
        page = body.get("pageInfo") or {}
        if not page.get("hasNextPage") or not page.get("endCursor"):
            return found
        params = {"limit": PAGE, "starting_after": str(page["endCursor"])}


async def create_object(client: TwentyClient, properties: Mapping[str, Any]) -> str:
    """Create an object; its id. Raises MetadataRefused, or OutcomeUnknown when the answer is lost."""
    document = "mutation($i:CreateOneObjectInput!){createOneObject(input:$i){id}}"
    return await _changed(client, document, "createOneObject", {"object": dict(properties)})


async def create_field(client: TwentyClient, object_id: str, properties: Mapping[str, Any]) -> str:
    """Create a field; its id. Raises MetadataRefused, or OutcomeUnknown when the answer is lost."""
    document = "mutation($i:CreateOneFieldMetadataInput!){createOneField(input:$i){id}}"
    field = {"objectMetadataId": object_id, **properties}
    return await _changed(client, document, "createOneField", {"field": field})


async def update_field(client: TwentyClient, field_id: str, changes: Mapping[str, Any]) -> None:
    """Change a field. Options must be sent whole, the existing ones with their ids."""
    document = "mutation($i:UpdateOneFieldMetadataInput!){updateOneField(input:$i){id}}"
    await _changed(client, document, "updateOneField", {"id": field_id, "update": dict(changes)}, repeatable=True)


async def update_object(client: TwentyClient, object_id: str, changes: Mapping[str, Any]) -> None:
    """Change an object."""
    document = "mutation($i:UpdateOneObjectInput!){updateOneObject(input:$i){id}}"
    await _changed(client, document, "updateOneObject", {"id": object_id, "update": dict(changes)}, repeatable=True)


async def read_field(client: TwentyClient, field_id: str) -> FieldInfo:
    """One field as it is now. Raises NotFound."""
    properties = " ".join(_FIELD[:11])
    data = await client.graphql(
        f"query($id:UUID!){{field(id:$id){{{properties}}}}}", {"id": field_id}, endpoint="/metadata", write=False
    )
    return parse_field(data["field"])


async def delete_field(client: TwentyClient, field_id: str) -> None:
    """Delete a custom field with its values, and the other side of a relation. Raises NotFound."""
    await _delete(client, "Field", field_id)


async def delete_object(client: TwentyClient, object_id: str) -> None:
    """Delete a custom object with all its records. Raises NotFound."""
    await _delete(client, "Object", object_id)


async def _delete(client: TwentyClient, kind: str, thing_id: str) -> None:
    document = f"mutation($i:DeleteOne{kind}Input!){{deleteOne{kind}(input:$i){{id}}}}"
    try:
        await _changed(client, document, f"deleteOne{kind}", {"id": thing_id})
    except MetadataRefused:
        # 1.x deletes nothing that is active ("Active objects cannot be deleted").
        await (update_field if kind == "Field" else update_object)(client, thing_id, {"isActive": False})
        await _changed(client, document, f"deleteOne{kind}", {"id": thing_id})


async def _changed(
    client: TwentyClient, document: str, root: str, given: Mapping[str, Any], *, repeatable: bool = False
) -> str:
    data = await client.graphql(document, {"i": dict(given)}, endpoint="/metadata", write=True, repeatable=repeatable)
    answer = data.get(root)
    if not isinstance(answer, dict) or "id" not in answer:
        raise NotFound("field or object")
    return str(answer["id"])
