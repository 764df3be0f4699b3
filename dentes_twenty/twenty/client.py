"""One HTTP conversation with one Twenty workspace: pool, retries, rate limit, and nothing about records.

Belongs here: sending, waiting, repeating what may be repeated, and turning answers into values or errors.
Does not belong here: what an answer means (`answers`), documents (`documents`), what becomes of a record (`records`).

A write whose answer is lost is never repeated here unless the caller says that repeating does no harm
(`repeatable=True`: an upsert, a destroy by ids); it raises `OutcomeUnknown`, and the ids are read back above.
Never put patient data into `path` or `params`: they show in access logs. GraphQL variables travel in the body.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
import orjson

from dentes_twenty.loopback import is_loopback
from dentes_twenty.twenty.answers import classify, complaint_of_graphql, complaint_of_rest
from dentes_twenty.twenty.errors import (
    AuthRefused,
    InsecureUrl,
    NotTwenty,
    OutcomeUnknown,
    RateLimited,
    ServerTrouble,
    TryAgain,
    TwentyError,
    Unreachable,
)
from dentes_twenty.twenty.in_flight import Gate, InFlight
from dentes_twenty.twenty.limiter import Limiter, Ticket

T = TypeVar("T")
Endpoint = Literal["/graphql", "/metadata"]

KEEP_ALIVE_S = 3.0
"""Node and uvicorn close idle connections after 5 s. Ours go first: a write on a connection that the server is just
closing is lost without an answer."""
PATIENCE_S = 90.0
"""How long a call goes on trying through an outage or a storm of refusals without one success."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 8.0
MOST_IN_FLIGHT = 16
"""However fast the server answers: its database is not ours alone."""
SIDE_IN_FLIGHT = 4
"""Uploads and data model calls at a time; they do not wait behind the rate limit."""


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for one answer, and for an outage as a whole."""

    answer_s: float = 60.0
    outage_s: float = PATIENCE_S


USUAL_PATIENCE = Patience()
ATTEMPTS = 3
"""For a failure that looks like the call's own: a 500, an answer that is not JSON."""

_JSON = {"Content-Type": "application/json"}
_OUTAGE = frozenset({"connection_lost", "http_408", "http_502", "http_503", "http_504"})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclasses.dataclass(slots=True)
class Calls:
    """Counts for reports. `total` are requests sent, `limited` those that the rate limit counts, and `refused` those
    that it refused."""

    total: int = 0
    limited: int = 0
    refused: int = 0
    retried: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer: data by root field, and the error of each root field that failed."""

    data: Mapping[str, Any]
    errors: Mapping[str, TwentyError]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Call:
    method: str
    path: str
    request: Mapping[str, Any]
    write: bool
    repeatable: bool
    limited: bool
    root_fields: int = 1
    kind: str | None = None


def check_url(url: str) -> str:
    """The base address without a trailing slash.

    Raises InsecureUrl for plain http to anything but loopback, and for an address without host or with a login in it.
    """
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise InsecureUrl("invalid_url", "`twenty.url` is not an address.") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InsecureUrl("invalid_url", "`twenty.url` is not an http(s) address.")
    if parsed.userinfo:
        raise InsecureUrl("login_in_url", "`twenty.url` holds a login.")
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise InsecureUrl()
    return str(parsed.copy_with(query=None, fragment=None)).rstrip("/")


def pause(attempt: int) -> float:
    """Seconds before attempt number `attempt` (1 is the first repetition): doubling, with full jitter above half."""
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 8))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


class TwentyClient:
    """Asynchronous client of one workspace. Use as `async with TwentyClient(url, key) as client`.

    Raises InsecureUrl or AuthRefused when made with an address or key that cannot be used; nothing is sent before
    the first call. `transport` replaces the network in tests.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        limiter: Limiter | None = None,
        most_in_flight: int = MOST_IN_FLIGHT,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = USUAL_PATIENCE.answer_s,
        patience: float = USUAL_PATIENCE.outage_s,
    ) -> None:
        self.url = check_url(url)
        key = api_key.strip()
        if not key or not key.isascii() or any(c.isspace() for c in key):
            raise AuthRefused("key_missing" if not key else "key_invalid")
        # httpx logs each request line at INFO, signed download addresses included.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.limiter = limiter or Limiter()
        self.calls = Calls()
        self.flight = InFlight(most_in_flight)
        self.patience = patience
        self._slots = Gate(self.flight)
        self._side_slots = asyncio.Semaphore(SIDE_IN_FLIGHT)
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout, connect=10.0, pool=None),
            limits=httpx.Limits(
                max_connections=most_in_flight + 8,
                max_keepalive_connections=most_in_flight + 8,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
            transport=transport,
            trust_env=not is_loopback(httpx.URL(self.url).host),  # a proxy of the environment never sees loopback
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"TwentyClient({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def graphql(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        endpoint: Endpoint = "/graphql",
        write: bool,
        repeatable: bool = False,
    ) -> dict[str, Any]:
        """Data of a document with one root field. Raises the error of that field."""
        answer = await self.execute(
            document, variables, endpoint=endpoint, write=write, repeatable=repeatable, root_fields=1
        )
        return dict(answer.data)

    async def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        endpoint: Endpoint = "/graphql",
        write: bool,
        root_fields: int,
        repeatable: bool = False,
        kind: str | None = None,
    ) -> Answer:
        """Run a document with so many different root fields; give what each of them came to.

        The root fields run side by side: one that fails leaves the others done. Raises only what befell the request
        as a whole; with one root field, its error is raised. `kind` names full batches that take about the same time:
        the number of requests in flight is learnt from them.
        """
        call = _Call(
            "POST",
            endpoint,
            {"content": orjson.dumps({"query": document, "variables": variables or {}}), "headers": _JSON},
            write=write,
            repeatable=repeatable,
            limited=endpoint == "/graphql",
            root_fields=root_fields,
            kind=kind,
        )
        return await self._send(call, lambda status, body: read_graphql(status, body, single=root_fields == 1))

    async def rest(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        *,
        repeatable: bool = False,
    ) -> Any:
        """Parsed JSON body of a REST answer. `params` never hold patient data, because addresses are logged."""
        content: dict[str, Any] = {} if json is None else {"content": orjson.dumps(json), "headers": _JSON}
        call = _Call(
            method,
            path,
            {"params": params, **content},
            write=method not in ("GET", "HEAD"),
            repeatable=repeatable,
            limited="/metadata/" not in path,
        )
        return await self._send(call, _read_rest)

    async def upload(self, operations: Mapping[str, Any], filename: str, content: bytes, media_type: str) -> Any:
        """GraphQL multipart request on /metadata with one file as variable `file`; data of the answer.

        Repeated freely: a file uploaded twice is a temporary one that nothing points at.
        """
        form = {"operations": orjson.dumps(operations).decode(), "map": '{"0":["variables.file"]}'}
        files = {"0": (filename, content, media_type)}
        call = _Call("POST", "/metadata", {"data": form, "files": files}, write=True, repeatable=True, limited=False)
        answer: Answer = await self._send(call, lambda status, body: read_graphql(status, body, single=True))
        return answer.data

    async def _send(self, call: _Call, read: Callable[[int, Any], T]) -> T:
        """Send until there is an answer, a reason not to repeat, or patience is gone."""
        deadline, attempt = time.monotonic() + self.patience, 0
        while True:
            try:
                return await self._once(call, read)
            except RateLimited:
                if time.monotonic() > deadline:
                    raise
                wait = 0.0 if call.limited else pause(attempt + 1)  # the limiter itself holds the next attempt back
            except (TryAgain, OutcomeUnknown) as error:
                attempt += 1
                if not may_repeat(error, call, attempt) or time.monotonic() > deadline:
                    raise
                wait = pause(attempt)
            self.calls.retried += 1
            await asyncio.sleep(wait)

    async def _once(self, call: _Call, read: Callable[[int, Any], T]) -> T:
        async with self._slots if call.limited else self._side_slots:
            ticket = await self.limiter.acquire(call.root_fields) if call.limited else None
            error: BaseException | None = None
            started = time.monotonic()
            try:
                answer = read(*await self._exchange(call))
            except BaseException as raised:
                error = raised
                raise
            else:
                error = partly_limited(answer)
                if call.kind is not None and error is None:
                    self.flight.completed(call.kind, time.monotonic() - started)
                return answer
            finally:
                if ticket is not None:
                    await self._settle(ticket, error)

    async def _settle(self, ticket: Ticket, error: BaseException | None) -> None:
        """Tell the limiter what became of a ticket: refused, nothing known, or let through."""
        if isinstance(error, RateLimited):
            self.calls.refused += 1
            await self.limiter.refused(ticket, error)
        elif isinstance(error, Unreachable | OutcomeUnknown) or not isinstance(error, TwentyError | None):
            self.limiter.lost()
        else:
            await self.limiter.accepted(ticket)

    async def _exchange(self, call: _Call) -> tuple[int, Any]:
        """One request; status and parsed body. Raises Unreachable, OutcomeUnknown or ServerTrouble."""
        self.calls.total += 1
        self.calls.limited += call.limited
        started = time.monotonic()
        try:
            response = await self._http.request(call.method, call.path, **call.request)
        except _NOT_SENT as error:
            raise Unreachable(type(error).__name__) from None
        except httpx.HTTPError as error:
            if call.write:
                raise OutcomeUnknown(type(error).__name__) from None
            raise ServerTrouble("connection_lost", f"The connection broke ({type(error).__name__}).") from None
        finally:
            self.calls.seconds += time.monotonic() - started
        self.calls.bytes_received += len(response.content)
        self.calls.bytes_sent += len(call.request.get("content") or b"")
        try:
            return response.status_code, orjson.loads(response.content)
        except orjson.JSONDecodeError:
            if response.status_code >= 300:
                return response.status_code, response.text[:300]
        if call.write:
            raise OutcomeUnknown("unreadable answer") from None
        raise ServerTrouble("unreadable_answer", "The answer is not JSON; is `twenty.url` right?") from None


def may_repeat(error: TwentyError, call: _Call, attempt: int) -> bool:
    """Whether a call that failed so may be sent again. Pure.

    What was not sent may. A write that may have been done may not, unless repeating it does no harm. An outage
    (502, 503, lost connections) is sat out; a failure that looks like the call's own is given three attempts.
    """
    if isinstance(error, Unreachable):
        return True
    if call.write and not call.repeatable:
        return False
    if isinstance(error, ServerTrouble) and error.code not in _OUTAGE:
        return attempt < ATTEMPTS
    return True


def read_graphql(status: int, body: Any, *, single: bool) -> Answer:
    """A GraphQL answer by root field. Raises what befell the request as a whole, or its `single` root field.

    Twenty 2.x gives no `path` with an error; the failed fields are those whose data is null. Where several failed
    for different reasons, none can be attributed: each gets ServerTrouble `unattributed`, to be sent on its own.
    """
    errors = body.get("errors") if isinstance(body, dict) else None
    data = body.get("data") if isinstance(body, dict) else None
    if not errors:
        if status >= 300 or not isinstance(data, dict):
            if status < 300:
                raise NotTwenty(status, "no GraphQL answer")
            raise classify(complaint_of_rest(status, body))
        return Answer(data, {})
    found = [classify(complaint_of_graphql(status, error)) for error in errors]
    if single or not isinstance(data, dict) or not data:
        raise found[0]
    failed = [name for name, value in data.items() if value is None]
    if not failed or (len(failed) == len(data) and all(isinstance(e, RateLimited) for e in found)):
        raise found[0]
    same = len({(type(e), e.code) for e in found}) == 1
    unknown = ServerTrouble("unattributed", "Several parts of a request failed for different reasons.")
    return Answer(data, {name: found[0] if same or len(failed) == 1 else unknown for name in failed})


def partly_limited(answer: object) -> RateLimited | None:
    """The rate limit that hit some root fields of an answer, if any: the server charges each of them."""
    if isinstance(answer, Answer):
        for error in answer.errors.values():
            if isinstance(error, RateLimited):
                return RateLimited(error.limit, error.window_ms, partial=True)
    return None


def _read_rest(status: int, body: Any) -> Any:
    if status >= 300:
        raise classify(complaint_of_rest(status, body))
    return body
