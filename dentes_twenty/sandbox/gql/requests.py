"""Bodies of GraphQL requests: JSON, query string or multipart, and what is wrong with them.

Belongs here: what both GraphQL endpoints share before a document is looked at. The texts are those of Twenty's
GraphQL server (Yoga).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from dentes_twenty.sandbox.jsvalues import inspect
from dentes_twenty.sandbox.metadata.graphql import Uploaded

Json = dict[str, Any]

PARAMETERS = ("query", "variables", "operationName", "extensions")
MOST_FILES = 10


class BadRequest(Exception):
    """A body that is no GraphQL request; answered with HTTP 400."""

    fix = "Send a JSON object with query and, where needed, variables and operationName."
    code = "BAD_REQUEST"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> Json:
        return errors_only(self.message)


def errors_only(message: str, code: str | None = None, locations: Any = None) -> Json:
    """An answer without data."""
    error: Json = {"message": message}
    if locations:
        error["locations"] = locations
    if code:
        error["extensions"] = {"code": code}
    return {"errors": [error]}


def request_parameters(body: Any) -> tuple[str, dict[str, Any], str | None]:
    """Query, variables and operation name of a body. Raises BadRequest with the texts of Twenty's GraphQL server."""
    if not isinstance(body, Mapping):
        if isinstance(body, list):
            raise BadRequest("Batching is not supported.")
        raise BadRequest(f'Expected "params" to be an object, but given {inspect(body)}.')
    for name in body:
        if name not in PARAMETERS:
            raise BadRequest(f'Unexpected parameter "{name}" in the request body.')
    query = body.get("query")
    if query is None:
        raise BadRequest("Must provide query string.")
    if not isinstance(query, str):
        raise BadRequest(f'Expected "query" param to be a string, but given "{_kind(query)}".')
    variables = body.get("variables") or {}
    if not isinstance(variables, dict):
        raise BadRequest(f'Expected "variables" param to be empty or an object, but given "{_kind(variables)}".')
    name = body.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest(f'Expected "operationName" param to be empty or a string, but given "{_kind(name)}".')
    return query, variables, name


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def query_parameters(sent: Mapping[str, str]) -> Json:
    """The parameters of a GET request; variables are JSON text there. Raises BadRequest."""
    body: Json = dict(sent)
    for name in ("variables", "extensions"):
        if body.get(name):
            body[name] = _json(body[name], name)
    return body


async def multipart_parameters(request: Request) -> Json:
    """The parameters of a multipart request (operations, map, files) with the files in their variables.

    Raises BadRequest.
    """
    try:
        async with request.form(max_files=MOST_FILES) as form:
            operations = _json(form.get("operations"), "operations")
            places = _json(form.get("map"), "map")
            if not isinstance(operations, dict) or not isinstance(places, dict):
                raise BadRequest("Invalid multipart request.")
            for key, paths in places.items():
                part = form.get(key)
                if not isinstance(part, UploadFile) or not isinstance(paths, list):
                    raise BadRequest("File missing in the request.")
                file = Uploaded(part.filename or "", await part.read())
                for path in paths:
                    _place(operations, str(path).split("."), file)
    except MultiPartException as error:
        raise BadRequest(error.message) from error
    return operations


def _json(text: Any, name: str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise BadRequest(f"Invalid JSON in the '{name}' parameter.") from error


def _place(tree: Any, path: list[str], file: Uploaded) -> None:
    *parents, last = path
    try:
        for part in parents:
            tree = tree[int(part)] if isinstance(tree, list) else tree[part]
        tree[int(last) if isinstance(tree, list) else last] = file
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise BadRequest("Invalid path in the map of a multipart request.") from error
