"""Faults on demand: the next N matching requests go wrong in a named way.

For tests and demonstrations of what a migration does when the network or the server fails. A fault that strikes
*after commit* lets the request be processed and loses its answer, which is the case that a client has to resolve by
asking; one that strikes *before commit* leaves the workspace untouched. Faults come from the command line or
through `POST /sandbox/faults` (with the key), `GET` lists what is left, `DELETE` clears all.

The middleware stands outermost and sees whole requests. Its own route and the health check are never hit.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dentes_twenty.sandbox import auth

ADMIN_PATH = "/sandbox/faults"
_LIMIT_MESSAGE = "Limit reached ({} tokens per 60000 ms)"
_SLOW_S, _TIME_OUT_S = 2.0, 600.0
_EXEMPT = (ADMIN_PATH, "/healthz")


class FaultError(Exception):
    """A fault that cannot be ordered as it was written."""

    code = "UNKNOWN_FAULT"
    fix = "Write NAME:COUNT or NAME:COUNT:TEXT with one of the names that the message lists."

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(slots=True)
class Fault:
    """One ordered fault.

    `count` requests are hit that have `match` in their method, path, query or body, after the first `skip` of them.
    With `lasting` every one of them is hit for so many seconds from the first on, whatever the count: a storm.
    `seconds` is how long a slow answer takes (None: 2), or a time-out lasts if the client does not give up before
    (None: 600). `limit` is what a rate limit tells, in calls per minute.
    """

    name: str
    count: int
    match: str = ""
    skip: int = 0
    seconds: float | None = None
    lasting: float | None = None
    limit: int = 100
    ends: float = field(default=math.inf, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in _STRIKES:
            known = ", ".join(_STRIKES)
            raise FaultError(f"There is no fault named {self.name[:40]!r}; there are {known}.")
        if self.count < 1 or self.limit < 1 or min(self.skip, self.seconds or 0, self.lasting or 0) < 0:
            raise FaultError("A fault has a count and a limit of at least 1; nothing about it is negative.")


def parse_fault(text: str) -> Fault:
    """A fault as written on the command line, NAME:COUNT[:match]. Raises FaultError."""
    name, _, rest = text.partition(":")
    count, _, match = rest.partition(":")
    if not count.isascii() or not count.isdigit():
        raise FaultError(f"{text[:60]!r} is not NAME:COUNT or NAME:COUNT:match.")
    return Fault(name, int(count), match)


class Faults:
    """ASGI middleware that makes requests go wrong as ordered, and the route for ordering.

    `struck` counts the requests that went wrong.
    """

    def __init__(self, app: ASGIApp, authority: auth.Authority, ordered: Sequence[Fault] = ()) -> None:
        self._app = app
        self._authority = authority
        self.pending: list[Fault] = list(ordered)
        self.struck = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == ADMIN_PATH:
            response = await self._administer(Request(scope, receive))
            await response(scope, receive, send)
        elif scope["type"] != "http" or not self.pending or scope["path"] in _EXEMPT:
            await self._app(scope, receive, send)
        else:
            body = await Request(scope, receive).body()
            exchange = _Exchange(self._app, scope, body, receive, send)
            fault = self._next_for(scope, body)
            await (exchange.process(send) if fault is None else _STRIKES[fault.name](exchange, fault))

    def _next_for(self, scope: Scope, body: bytes) -> Fault | None:
        """The fault that hits this request; counts it down."""
        line = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}".encode()
        now = time.monotonic()
        self.pending[:] = [fault for fault in self.pending if now < fault.ends]
        for fault in self.pending:
            wanted = fault.match.encode()
            if wanted not in line and wanted not in body:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self._count_down(fault, now)
            self.struck += 1
            return fault
        return None

    def _count_down(self, fault: Fault, now: float) -> None:
        if fault.lasting is not None:
            fault.ends = min(fault.ends, now + fault.lasting)
            return
        fault.count -= 1
        if not fault.count:
            self.pending.remove(fault)

    async def _administer(self, request: Request) -> Response:
        verdict = self._authority.check(request.headers.get("authorization"))
        if verdict != "ok":
            status, refusal = auth.rest_refusal(verdict)
            return JSONResponse(refusal, status_code=status)
        if request.method == "DELETE":
            self.pending.clear()
        elif request.method == "POST":
            try:
                self.pending.append(_ordered(await request.body()))
            except FaultError as error:
                body = {"code": error.code, "message": error.message, "fix": error.fix}
                return JSONResponse(body, status_code=400)
        elif request.method != "GET":
            return Response(status_code=405)
        return JSONResponse({"pending": [_as_ordered(fault) for fault in self.pending]})


def _as_ordered(fault: Fault) -> dict[str, Any]:
    told = {name: value for name, value in asdict(fault).items() if name in ("name", *_OPTIONS)}
    if fault.name != "rate-limit":
        del told["limit"]
    if fault.lasting is None:
        del told["lasting"]
    return told


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "count": int,
    "match": str,
    "skip": int,
    "seconds": float,
    "lasting": float,
    "limit": int,
}


def _ordered(body: bytes) -> Fault:
    names = ", ".join(_OPTIONS)
    try:
        wanted = orjson.loads(body)
        name = str(wanted["fault"])
        unknown = wanted.keys() - {"fault", *_OPTIONS}
        options = {key: read(wanted[key]) for key, read in _OPTIONS.items() if wanted.get(key) is not None}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FaultError(f"Send an object {{fault, {names}}}; only fault is needed.") from error
    if unknown:
        raise FaultError(f"Only fault, {names} are known.")
    return Fault(name, **{"count": 1, **options})


class _Exchange:
    """One request and the ways to answer it."""

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._body = body
        self._receive = receive
        self.send = send

    async def process(self, send: Send) -> None:
        """Let the sandbox serve the request, with the body that was read to find the fault."""
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:
                return await self._receive()
            given = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await self._app(self._scope, receive, send)

    async def process_unheard(self) -> list[Message]:
        """Let the sandbox serve the request and keep its answer from the client."""
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        await self.process(send)
        return messages

    async def answer(self, status: int, body: Any) -> None:
        """Answer in place of the sandbox."""
        response = JSONResponse(body, status_code=status)
        await response(self._scope, self._receive, self.send)

    @property
    def is_graphql(self) -> bool:
        """Whether errors belong into the body of an answer with status 200."""
        return self._scope["path"] in ("/graphql", "/metadata")

    async def cut(self) -> None:
        """Close the connection without a word.

        ASGI has no message for it: the transport behind uvicorn's `send` is closed, so that the client sees what it
        would see of a server that died.
        """
        cycle = getattr(self.send, "__self__", None)
        transport = getattr(cycle, "transport", None)
        if transport is None:
            raise ConnectionAbortedError("a connection can only be cut under uvicorn")
        transport.abort()
        # uvicorn learns of the lost connection in the next round of the loop; before that it would complain.
        await asyncio.sleep(0)

    async def outwait(self, seconds: float) -> None:
        """Say nothing until the client gives up, or the time is over."""

        async def gone() -> None:
            while (await self._receive())["type"] != "http.disconnect":
                pass

        try:
            await asyncio.wait_for(gone(), seconds)
        except TimeoutError:
            await self.cut()


async def _error_before(exchange: _Exchange, _fault: Fault) -> None:
    await exchange.answer(500, {"statusCode": 500, "message": "Internal server error"})


async def _error_after(exchange: _Exchange, fault: Fault) -> None:
    await exchange.process_unheard()
    await _error_before(exchange, fault)


async def _cut_before(exchange: _Exchange, _fault: Fault) -> None:
    await exchange.cut()


async def _cut_after(exchange: _Exchange, _fault: Fault) -> None:
    await exchange.process_unheard()
    await exchange.cut()


async def _time_out_before(exchange: _Exchange, fault: Fault) -> None:
    await exchange.outwait(_TIME_OUT_S if fault.seconds is None else fault.seconds)


async def _time_out_after(exchange: _Exchange, fault: Fault) -> None:
    await exchange.process_unheard()
    await exchange.outwait(_TIME_OUT_S if fault.seconds is None else fault.seconds)


async def _slow(exchange: _Exchange, fault: Fault) -> None:
    await asyncio.sleep(_SLOW_S if fault.seconds is None else fault.seconds)
    await exchange.process(exchange.send)


async def _limited(exchange: _Exchange, fault: Fault) -> None:
    message = _LIMIT_MESSAGE.format(fault.limit)
    if exchange.is_graphql:
        extensions = {"subCode": "LIMIT_REACHED", "code": "BAD_USER_INPUT"}
        await exchange.answer(200, {"data": None, "errors": [{"message": message, "extensions": extensions}]})
    else:
        await exchange.answer(429, {"statusCode": 429, "error": "HttpException", "messages": [message]})


async def _wrong_type(exchange: _Exchange, _fault: Fault) -> None:
    """What a proxy in between says: a page instead of JSON; the request was processed."""
    await exchange.process_unheard()
    page = b"<html><body><h1>Please wait</h1></body></html>"
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(page)).encode())]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": page})


async def _truncated(exchange: _Exchange, _fault: Fault) -> None:
    """Half of the answer, with a length that fits the half: valid HTTP, broken JSON; the request was processed."""
    start, *rest = await exchange.process_unheard()
    body = b"".join(message.get("body", b"") for message in rest)
    half = body[: len(body) // 2]
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    start["headers"] = [*kept, (b"content-length", str(len(half)).encode())]
    await exchange.send(start)
    await exchange.send({"type": "http.response.body", "body": half})


async def _revoked(exchange: _Exchange, _fault: Fault) -> None:
    if exchange.is_graphql:
        await exchange.answer(200, auth.graphql_refusal("revoked"))
    else:
        await exchange.answer(*auth.rest_refusal("revoked"))


_STRIKES: dict[str, Callable[[_Exchange, Fault], Awaitable[None]]] = {
    "error-before-commit": _error_before,
    "error-after-commit": _error_after,
    "cut-before-commit": _cut_before,
    "cut-after-commit": _cut_after,
    "time-out-before-commit": _time_out_before,
    "time-out-after-commit": _time_out_after,
    "slow": _slow,
    "rate-limit": _limited,
    "wrong-content-type": _wrong_type,
    "truncated-json": _truncated,
    "token-revoked": _revoked,
}

FAULT_NAMES = tuple(_STRIKES)
