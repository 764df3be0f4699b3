"""Bodies of GraphQL requests: JSON, query string or multipart, and what is wrong with them.

Belongs here: what both GraphQL endpoints share before a document is looked at. The texts are those of Twenty's
GraphQL server (Yoga).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from dentes_twenty.sandbox.http import json_body
from dentes_twenty.sandbox.jsvalues import inspect
from dentes_twenty.sandbox.metadata.graphql import Uploaded

Json = dict[str, Any]

PARAMETERS = ("query", "variables", "operationName", "extensions")
MOST_FILES = 10
NO_OPERATION = "Could not determine what operation to execute."


class BadRequest(Exception):
    """A body that is no GraphQL request; answered with HTTP 400 unless the server has it otherwise."""

    fix = "Send a JSON object with query and, where needed, variables and operationName."
    code = "BAD_REQUEST"

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    def body(self) -> Json:
        """The answer."""
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
    """Query, variables and operation name of a body. Raises BadRequest."""
    if not isinstance(body, Mapping):
        if isinstance(body, list):
            raise BadRequest("Batching is not supported.")
        raise BadRequest(f'Expected "params" to be an object, but given {inspect(body)}.')
    for name in body:
        if name not in PARAMETERS:
            raise BadRequest(f'Unexpected parameter "{name}" in the request body.')
    query, name = body.get("query"), body.get("operationName")
    if query is None:
        raise BadRequest("Must provide query string.", 200 if "query" in body else 400)
    if not isinstance(query, str):
        raise BadRequest(f'Expected "query" param to be a string, but given {_kind(query)}.')
    for key in ("variables", "extensions"):
        value = body.get(key)
        if value is not None and not isinstance(value, dict):
            raise BadRequest(f'Expected "{key}" param to be empty or an object, but given {_kind(value)}.')
    if name is not None and not isinstance(name, str):
        raise BadRequest(NO_OPERATION)
    return query, body.get("variables") or {}, name


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


async def parameters_of(request: Request) -> tuple[str, dict[str, Any], str | None]:
    """Query, variables and operation name of a request in any of the forms Twenty takes.

    Raises BadRequest, BodyRefused.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if request.method == "GET":
        return request_parameters(_text_parameters(request.query_params))
    if kind == "multipart/form-data":
        return request_parameters(await multipart_parameters(request))
    if kind == "application/graphql":
        return request_parameters({"query": (await request.body()).decode("utf-8", "replace")})
    if kind == "application/x-www-form-urlencoded":
        text = (await request.body()).decode("utf-8", "replace")
        return request_parameters(_text_parameters(dict(parse_qsl(text))))
    if not kind.endswith("json"):
        raise BadRequest("", 415)
    return request_parameters(await json_body(request))


def _text_parameters(sent: Mapping[str, str]) -> Json:
    """Parameters given as texts, in which variables and extensions are JSON. Raises BadRequest."""
    body: Json = {"query": None, **sent}
    for name in ("variables", "extensions"):
        if body.get(name):
            try:
                body[name] = orjson.loads(body[name])
            except orjson.JSONDecodeError as error:
                text = body[name]
                raise BadRequest(f"Unexpected token '{text[:1]}', \"{text}\" is not valid JSON", 500) from error
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
