"""A workspace that does not say it is a sandbox: the same application, served without the sandbox's own route.

For what must not depend on the address: a real Twenty may run on loopback too.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from dentes_twenty.sandbox.app import create_app
from dentes_twenty.sandbox.workspace import Member


@dataclass(frozen=True)
class Workspace:
    url: str
    api_key: str


@contextmanager
def unmarked_workspace(members: tuple[Member, ...]) -> Iterator[Workspace]:
    app = create_app(members=members)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield Workspace(f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.authority.issue())
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
        app.state.sandbox.close()
