"""A scripted HTTP server on loopback: answers, and breaks off, exactly as a test says.

The real thing where the wire itself is the subject: connections that close before or after the request was read,
half answers, silence. Each connection serves one request after the other until a script step closes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Reply:
    """`cut`: "before" closes without an answer, "inside" sends half of it, "never" keeps silent."""

    body: object = None
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: str = ""
    delay: float = 0.0


def data(**fields: object) -> Reply:
    return Reply({"data": fields})


def graphql_error(message: str, code: str = "BAD_USER_INPUT", sub_code: str | None = None, **fields: object) -> Reply:
    extensions = {"code": code, **({"subCode": sub_code} if sub_code else {})}
    return Reply({"data": fields or None, "errors": [{"message": message, "extensions": extensions}]})


LIMITED = graphql_error("Limit reached (100 tokens per 60000 ms)", sub_code="LIMIT_REACHED", x=None)


class StubServer:
    """`script`: replies in the order of requests; the last one is repeated. Or a function of the request."""

    def __init__(self, *script: Reply | Callable[[Request], Reply]) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        self.connections += 1
        try:
            while request := await self._read(reader):
                self.requests.append(request)
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                reply = step if isinstance(step, Reply) else step(request)
                if not await self._answer(writer, reply):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._open.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, path, headers, body)

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        await asyncio.sleep(reply.delay)
        if reply.cut == "never":
            await asyncio.sleep(3600)
        if reply.cut == "before":
            return False
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        if isinstance(reply.body, str):
            content = reply.body.encode()
        head = [f"HTTP/1.1 {reply.status} X", f"content-type: {reply.content_type}", f"content-length: {len(content)}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        whole = "\r\n".join(head).encode() + b"\r\n\r\n" + content
        writer.write(whole if reply.cut != "inside" else whole[: len(whole) - len(content) // 2])
        await writer.drain()
        return reply.cut != "inside"
