"""The workspace that everything is loaded into: the embedded sandbox in a process of its own, with weather in front.

The sandbox stores, checks and refuses as Twenty does, and is several times as fast as a real server (which takes about
800 people a second), so it never decides the outcome by being slow; the weather adds what a network and a bad day add:

    latency     every call of the records API takes so many milliseconds longer, whatever else is under way
    dirty       of those calls some are refused as by the rate limit, some lose their answer after the commit;
                a row whose text holds MARK is refused, and its batch with it, in Twenty's words

The rate limit is the sandbox's own. The process counts calls and how many were under way at once, and tells at the end
which records it holds, without either weather or limit.

Belongs here: the server process and the handle on it. Does not belong here: who loads.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dentes_twenty.sandbox.app import create_app
from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.faults import Fault, Faults
from dentes_twenty.sandbox.gql.endpoint import RecordsApi
from dentes_twenty.sandbox.workspace import Member

MEMBER = Member("ada@practice.example", "Ada", "Kaya")
MARK = "Refused by rule"
"""A row with this in a text, followed by a number, is one that the server does not take."""
REFUSED_SHARE, CUT_SHARE = 0.02, 0.01

_MARKED = re.compile(rf'"(\w+)":\s*"({MARK} \d+)"'.encode())
_LIMITED_PATHS = ("/graphql", "/rest/")
_FREE = "/rest/metadata/"
_PAGE = (
    "query($after:String){{{root}(first:200,after:$after)"
    "{{edges{{node{{sourceSystemId}}}}pageInfo{{endCursor hasNextPage}}}}}}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Conditions:
    """How the target behaves. `record`: a file that gets the body of every create, one a line."""

    latency_ms: float = 0.0
    calls_per_minute: int | None = None
    charge: Literal["request", "root-field"] = "request"
    dirty: bool = False
    record: Path | None = None


class Weather:
    """ASGI middleware in front of the sandbox and its faults."""

    def __init__(self, faults: Faults, app: Any, conditions: Conditions) -> None:
        self._faults = faults
        self._conditions = conditions
        self._chance = random.Random(7)
        self._record = conditions.record.open("ab") if conditions.record else None
        self._free = RecordsApi(app.state.sandbox, lambda: None)
        self._count: Counter[str] = Counter()
        self._under_way = self._most = 0
        self._busy = self._weighted = 0.0
        self._since = time.monotonic()
        self._marked = self._passed = 0.0
        self._left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/bench/", *_LIMITED_PATHS)) or path.startswith(_FREE):
            await self._faults(scope, receive, send)
        elif path.startswith("/bench/"):
            await self._tell(Request(scope, receive))(scope, receive, send)
        else:
            self._step(+1)
            try:
                await self._call(scope, receive, send)
            finally:
                self._step(-1)

    def _step(self, by: int) -> None:
        now = time.monotonic()
        if self._under_way:
            self._busy += now - self._since
            self._weighted += self._under_way * (now - self._since)
        self._since = now
        self._under_way += by
        self._most = max(self._most, self._under_way)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count["calls"] += 1
        self._left -= 1
        if self._left == 0:
            self._passed = time.monotonic() - self._marked
        # Even without latency: the sandbox serves without pausing, so this is where calls beside this one are counted.
        await asyncio.sleep(self._conditions.latency_ms / 1000)
        if not self._conditions.dirty and self._record is None:
            await self._faults(scope, receive, self._counting(send))
            return
        body = await Request(scope, receive).body()
        if self._record is not None and b"mutation" in body and b"create" in body:
            self._record.write(body + b"\n")
            self._record.flush()
        marked = _MARKED.search(body) if self._conditions.dirty else None
        if marked:
            self._count["rows refused"] += 1
            await self._refuse(scope, marked)(scope, receive, send)
            return
        if self._conditions.dirty:
            self._roll()
        await self._faults(scope, _again(body, receive), self._counting(send))

    def _roll(self) -> None:
        """Order a fault for the next request that gets to the faults, which is this one or one beside it."""
        dice = self._chance.random()
        if dice < REFUSED_SHARE:
            self._count["refused"] += 1
            self._faults.pending.append(Fault("rate-limit", 1))
        elif dice < REFUSED_SHARE + CUT_SHARE:
            self._count["cut"] += 1
            self._faults.pending.append(Fault("cut-after-commit", 1))

    def _refuse(self, scope: Scope, marked: re.Match[bytes]) -> JSONResponse:
        field, value = (group.decode() for group in marked.groups())
        refusal = Refusal(f'Invalid string value "{value}" for text field "{field}"', sub_code="INVALID_ARGS_DATA")
        if scope["path"] == "/graphql":
            return JSONResponse({"data": None, "errors": [refusal.graphql_error()]})
        return JSONResponse(refusal.rest_body(), status_code=400)

    def _counting(self, send: Send) -> Send:
        """Counts what the sandbox's own limiter refuses; leaves `send` itself where nothing is limited."""
        if self._conditions.calls_per_minute is None:
            return send

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.body" and b"Limit reached" in message.get("body", b"")[:300]:
                self._count["refused"] += 1
            await send(message)

        return counted

    def _tell(self, request: Request) -> ASGIApp:
        if request.url.path == "/bench/mark":
            self._marked, self._left = time.monotonic(), int(request.query_params["calls"])
            return JSONResponse({})
        if request.url.path == "/bench/figures":
            mean = self._weighted / self._busy if self._busy else 0.0
            return JSONResponse({**self._count, "most": self._most, "mean": round(mean, 2), "passed": self._passed})
        return JSONResponse(self._held(request.query_params["root"]))

    def _held(self, root: str) -> list[str]:
        """`sourceSystemId` of every record of an object."""
        found: list[str] = []
        after: str | None = None
        while True:
            _, answer = self._free.execute(_PAGE.format(root=root), {"after": after}, None, True)
            page = answer["data"][root]
            found += [edge["node"]["sourceSystemId"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body which was read already."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class Target:
    """The server process. Use as `with Target(folder, conditions) as target`."""

    def __init__(self, folder: Path, conditions: Conditions) -> None:
        self._folder = folder
        self._conditions = conditions
        self.url = self.api_key = ""

    def __enter__(self) -> Self:
        folder, options = self._folder, self._conditions
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.target", "--folder", str(folder), "--charge", options.charge]
        command += ["--latency-ms", str(options.latency_ms)]
        command += ["--calls-per-minute", str(options.calls_per_minute)] if options.calls_per_minute else []
        command += ["--dirty"] if options.dirty else []
        command += ["--record", str(options.record)] if options.record else []
        root = Path(__file__).resolve().parent.parent
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise SystemExit("The server that is to be loaded into did not start.")
        self.api_key = (folder / "key").read_text(encoding="utf-8").strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)

    def figures(self) -> dict[str, float]:
        """Calls, refused calls, how many were under way at once: at most, and in the mean of the busy time."""
        told: dict[str, float] = httpx.get(f"{self.url}/bench/figures", timeout=60).json()
        return {"calls": 0, "refused": 0, "cut": 0, "passed": 0} | told

    def refill(self) -> None:
        """Wait until the bucket is full again, however many calls came before."""
        limit = self._conditions.calls_per_minute
        if limit:
            time.sleep(min(self.figures()["calls"], limit) * 60 / limit)

    def mark(self, calls: int) -> None:
        """From now on: how many seconds until so many calls have come (`passed` of the figures)."""
        httpx.get(f"{self.url}/bench/mark", params={"calls": calls}, timeout=60).raise_for_status()

    def held(self, root: str) -> list[str]:
        """`sourceSystemId` of every record under a root field (`people`)."""
        found: list[str] = httpx.get(f"{self.url}/bench/held", params={"root": root}, timeout=600).json()
        return found


def main() -> None:
    """The server process: serves until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--calls-per-minute", type=int)
    parser.add_argument("--charge", choices=("request", "root-field"), default="request")
    parser.add_argument("--dirty", action="store_true")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    conditions = Conditions(given.latency_ms, given.calls_per_minute, given.charge, given.dirty, given.record)
    app = create_app(
        state=str(given.folder / "state.db"),
        members=(MEMBER,),
        calls_per_minute=conditions.calls_per_minute,
        charge=conditions.charge,
    )
    app.state.authority.keep_in(given.folder / "key")
    weather = Weather(Faults(app, app.state.authority), app, conditions)
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    settings = uvicorn.Config(
        weather, access_log=False, log_config=None, lifespan="on", server_header=False, ws="none",
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    finally:
        app.state.sandbox.close()


if __name__ == "__main__":
    main()
