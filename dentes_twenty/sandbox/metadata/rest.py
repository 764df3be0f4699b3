"""The data model over REST: /rest/metadata/objects and /rest/metadata/fields, in both shapes of Twenty.

The newer shape answers bare objects and lists under `data`, the older one wraps them in the name of the operation
(`data.createOneObject`). Lists are ordered by id, last one first, and page by raw ids.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dentes_twenty.sandbox.errors import BadProperties, InvalidMetadata, PlainFailure, Refusal
from dentes_twenty.sandbox.http import BodyRefused, json_body, json_response, nest_error
from dentes_twenty.sandbox.metadata import fields, objects
from dentes_twenty.sandbox.metadata.ids import is_uuid
from dentes_twenty.sandbox.metadata.present import rest_field, rest_object
from dentes_twenty.sandbox.metadata.properties import field_properties, object_properties
from dentes_twenty.sandbox.model import DataModel, Field, Object
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]

DEFAULT_PAGE = 60
LARGEST_PAGE = 200
SINGULAR = {"objects": "Object", "fields": "Field"}


class MetadataRest:
    """Serves the two collections."""

    def __init__(self, workspace: Workspace, *, legacy: bool = False) -> None:
        self.workspace = workspace
        self.legacy = legacy

    async def collection(self, kind: str, request: Request) -> Response:
        """GET (a page) and POST of a collection; `kind` is objects or fields."""
        handler = self._create if request.method == "POST" else self._page
        return await self._answered(kind, request, handler)

    async def item(self, kind: str, request: Request) -> Response:
        """GET, PATCH, PUT and DELETE of one object or field."""
        if not is_uuid(request.path_params["id"]):
            return nest_error(400, "Validation failed (uuid is expected)", "Bad Request")
        handlers = {"GET": self._read, "DELETE": self._delete}
        return await self._answered(kind, request, handlers.get(request.method, self._update))

    async def _answered(
        self, kind: str, request: Request, handler: Callable[[str, Request], Awaitable[Response]]
    ) -> Response:
        try:
            return await handler(kind, request)
        except BodyRefused as error:
            return error.response()
        except BadProperties as error:
            return json_response(error.rest_body(), 400)
        except InvalidMetadata as error:
            return json_response(error.rest_body(), 400)
        except PlainFailure as error:
            return json_response(error.message, 500)
        except Refusal as error:
            return json_response(error.rest_body(), error.status)

    def _wrapped(self, kind: str, operation: str, body: Json, status: int = 200) -> Response:
        if self.legacy:
            body = {"data": {f"{operation}{SINGULAR[kind]}": body}}
        return json_response(body, status)

    async def _page(self, kind: str, request: Request) -> Response:
        limit = _limit(request.query_params.get("limit"))
        found: Mapping[str, Object | Field]
        found = self.workspace.model.objects if kind == "objects" else self.workspace.model.fields
        ids = sorted(found, reverse=True)
        after, before = request.query_params.get("starting_after"), request.query_params.get("ending_before")
        if after and before:
            raise Refusal("Only one of starting_after and ending_before may be provided", error="Error")
        for cursor in (after, before):
            if cursor is not None and "\0" in cursor:
                raise PlainFailure('invalid byte sequence for encoding "UTF8": 0x00')
            if cursor is not None and not is_uuid(cursor):
                raise PlainFailure(f'invalid input syntax for type uuid: "{cursor}"')
        if before:
            left = [i for i in ids if i > before]
            page, more = left[-limit:] if limit else [], len(left) > limit
        else:
            left = [i for i in ids if i < after] if after else ids
            page, more = left[:limit], len(left) > limit
        rows = [_shown(self.workspace.model, found[i]) for i in page]
        info = {
            "hasNextPage": more,
            "startCursor": page[0] if page else None,
            "endCursor": page[-1] if page else None,
        }
        data = {kind: rows} if self.legacy else rows
        return json_response({"data": data, "pageInfo": info, "totalCount": len(found)})

    async def _read(self, kind: str, request: Request) -> Response:
        key = request.path_params["id"]
        model = self.workspace.model
        found = (model.objects if kind == "objects" else model.fields).get(key.lower())
        if found is None:
            singular = SINGULAR[kind]
            raise Refusal(
                f"{singular} metadata not found",
                status=404,
                error="Error",
                rest_code=f"{singular.upper()}_METADATA_NOT_FOUND",
            )
        body = _shown(model, found)
        return json_response({"data": {SINGULAR[kind].lower(): body}} if self.legacy else body)

    async def _create(self, kind: str, request: Request) -> Response:
        body = await json_body(request)
        made: Json
        if kind == "objects":
            item = objects.create_object(self.workspace, object_properties(body, creating=True))
            made = rest_object(self.workspace.model, item, written=True)
        else:
            field = fields.create_field(self.workspace, field_properties(body, creating=True))
            made = rest_field(self.workspace.model, field, written=True)
        return self._wrapped(kind, "createOne", made, 201)

    async def _update(self, kind: str, request: Request) -> Response:
        body, key = await json_body(request), request.path_params["id"]
        changed: Json
        if kind == "objects":
            item = objects.update_object(self.workspace, key, object_properties(body, creating=False))
            changed = rest_object(self.workspace.model, item, written=True)
        else:
            field = fields.update_field(self.workspace, key, field_properties(body, creating=False))
            changed = rest_field(self.workspace.model, field, written=True)
        return self._wrapped(kind, "updateOne", changed)

    async def _delete(self, kind: str, request: Request) -> Response:
        key = request.path_params["id"]
        gone: Json
        if kind == "objects":
            item = objects.delete_object(self.workspace, key)
            gone = rest_object(self.workspace.model, item, written=True, with_fields=False)
        else:
            gone = rest_field(self.workspace.model, fields.delete_field(self.workspace, key), written=True)
        return self._wrapped(kind, "deleteOne", gone)


def _shown(model: DataModel, found: Object | Field) -> Json:
    return rest_object(model, found) if isinstance(found, Object) else rest_field(model, found)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE
    try:
        limit = int(text)
    except ValueError:
        limit = -1
    if limit < 0:
        raise Refusal(
            f"limit '{text}' is invalid. Should be an integer",
            error="Error",
            rest_code="INVALID_LIMIT_QUERY_PARAM",
        )
    return min(limit, LARGEST_PAGE)
