"""Small things every HTTP endpoint of the sandbox needs: bodies, answers, refusals that belong to no API.

Belongs here: JSON in and out and Nest's own error shapes. Does not belong here: what a route does.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

LARGEST_BODY = 10 * 1024 * 1024
"""Twenty's limit for JSON bodies."""


class BodyRefused(Exception):
    """A body that is no JSON (400) or too large (413)."""

    fix = "Send JSON of at most 10 MB."
    code = "BAD_BODY"

    def __init__(self, message: str, status: int, error: str) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error = error

    def response(self) -> Response:
        """The answer in Nest's shape."""
        return nest_error(self.status, self.message, self.error)


def json_response(body: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(body), status, media_type="application/json; charset=utf-8")


def nest_error(status: int, message: str, error: str) -> Response:
    """An answer of the web framework itself."""
    return json_response({"message": message, "error": error, "statusCode": status}, status)


async def json_body(request: Request) -> Any:
    """The JSON body of a request, {} for an empty one. Raises BodyRefused.

    As strict as Twenty's parser: a document is an object or a list. Another content type is taken as a text.
    """
    raw = await request.body()
    if len(raw) > LARGEST_BODY:
        raise BodyRefused("request entity too large", 413, "Payload Too Large")
    if not raw.strip():
        return {}
    if "json" not in request.headers.get("content-type", "json"):
        return raw.decode("utf-8", "replace")
    first = raw.lstrip()[:1].decode("utf-8", "replace")
    if first not in ("{", "["):
        text = raw.decode("utf-8", "replace")
        raise BodyRefused(f"Unexpected token '{first}', \"{text}\" is not valid JSON", 400, "Bad Request")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        end = "Unexpected end of JSON input" if "EOF" in error.msg or "unexpected end" in error.msg else None
        message = end or f"Invalid JSON at position {error.pos}"
        raise BodyRefused(message, 400, "Bad Request") from error


def base_url(request: Request) -> str:
    """Scheme and host as the client knows them."""
    return f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}"
