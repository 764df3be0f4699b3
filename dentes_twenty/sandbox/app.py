"""The ASGI application: routes, authentication, and what each API answers without a key.

Belongs here: wiring. Does not belong here: what an API does with a request (see `gql`, `rest`, `metadata`), how the
application is served (see `server`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dentes_twenty.sandbox.auth import graphql_refusal, rest_refusal
from dentes_twenty.sandbox.gql.documents import is_mutation
from dentes_twenty.sandbox.gql.endpoint import RecordsApi
from dentes_twenty.sandbox.gql.requests import BadRequest, errors_only, parameters_of
from dentes_twenty.sandbox.http import BodyRefused, base_url, json_response, nest_error
from dentes_twenty.sandbox.limiter import RateLimiter
from dentes_twenty.sandbox.metadata.graphql import MetadataGraphql
from dentes_twenty.sandbox.metadata.rest import MetadataRest
from dentes_twenty.sandbox.rest.endpoint import RecordsRest
from dentes_twenty.sandbox.workspace import Member, Workspace

Endpoint = Callable[[Request], Awaitable[Response]]
Charge = Literal["request", "root-field"]

WORKER_DELAY_S = 0.2
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    *,
    state: str = ":memory:",
    members: Sequence[Member] = (),
    calls_per_minute: int | None = None,
    charge: Charge = "request",
    legacy_metadata: bool = False,
) -> Starlette:
    """The application over a workspace in a SQLite file or in memory.

    `app.state.sandbox` is the workspace, `app.state.authority` knows its API key. `calls_per_minute` None means no
    limit; `charge` says whether a GraphQL request costs one token or one for each root field.
    Raises SandboxError when the state cannot be used.
    """
    workspace = Workspace(state, members)
    limiter = RateLimiter(calls_per_minute)
    records = RecordsApi(workspace, limiter.take, per_root_field=charge == "root-field")
    rest = RecordsRest(workspace, limiter.take)
    guard = _Guard(workspace)
    data_model = MetadataGraphql(workspace)
    metadata = MetadataRest(workspace, legacy=legacy_metadata)
    routes = [
        Route("/graphql", _GraphqlEndpoint(workspace, records.execute).serve, methods=EVERY_METHOD),
        Route("/metadata", _GraphqlEndpoint(workspace, data_model.execute).serve, methods=EVERY_METHOD),
        *_metadata_routes(guard, metadata),
        Route("/rest/{path:path}", guard.rest(rest.serve), methods=EVERY_METHOD),
        Route("/healthz", _health, methods=["GET"]),
        *workspace.files.routes(),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(_Worker, workspace=workspace)],
        exception_handlers={HTTPException: _no_route},
    )
    app.state.sandbox = workspace
    app.state.authority = workspace.authority
    return app


class _Worker:
    """Stands for Twenty's background worker: a moment after a request it makes the timeline entries."""

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self.app = app
        self.workspace = workspace
        self.is_scheduled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        self._schedule()

    def _schedule(self) -> None:
        if self.workspace.events.pending and not self.is_scheduled:
            self.is_scheduled = True
            asyncio.get_running_loop().call_later(WORKER_DELAY_S, self._work)

    def _work(self) -> None:
        self.is_scheduled = False
        self.workspace.events.flush()
        self._schedule()


def _metadata_routes(guard: _Guard, metadata: MetadataRest) -> list[Route]:
    routes = []
    for kind in ("objects", "fields"):
        collection, item = guard.rest(partial(metadata.collection, kind)), guard.rest(partial(metadata.item, kind))
        routes += [
            Route(f"/rest/metadata/{kind}", collection, methods=["GET", "POST"]),
            Route(f"/rest/metadata/{kind}/{{id}}", item, methods=["GET", "PUT", "PATCH", "DELETE"]),
        ]
    return routes


class _Guard:
    """Puts the check of the API key before an endpoint."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def rest(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            verdict = self.workspace.authority.check(request.headers.get("authorization"))
            if verdict != "ok":
                status, body = rest_refusal(verdict)
                return json_response(body, status)
            self.workspace.base_url = base_url(request)
            return await endpoint(request)

        return guarded


Execute = Callable[[str, dict[str, Any], str | None, bool], tuple[int, Any]]
"""Query, variables, operation name, and whether there is a key -> status and body."""


class _GraphqlEndpoint:
    def __init__(self, workspace: Workspace, execute: Execute) -> None:
        self.workspace = workspace
        self.execute = execute

    async def serve(self, request: Request) -> Response:
        if request.method not in ("GET", "POST"):
            return json_response(errors_only("GraphQL only supports GET and POST requests."), 405)
        verdict = self.workspace.authority.check(request.headers.get("authorization"))
        if verdict not in ("ok", "missing"):
            return json_response(graphql_refusal(verdict))
        try:
            query, variables, name = await parameters_of(request)
        except BodyRefused as error:
            return error.response()
        except BadRequest as error:
            return json_response(error.body(), error.status) if error.message else Response("", error.status)
        if request.method == "GET" and is_mutation(query):
            message = "Can only perform a mutation operation from a POST request."
            return json_response(errors_only(message), 405)
        self.workspace.base_url = base_url(request)
        status, body = self.execute(query, variables, name, verdict == "ok")
        return json_response(body, status)


async def _health(_request: Request) -> Response:
    return json_response({"status": "ok", "info": {}, "error": {}, "details": {}})


async def _no_route(request: Request, _error: Exception) -> Response:
    return nest_error(404, f"Cannot {request.method} {request.url.path}", "Not Found")
