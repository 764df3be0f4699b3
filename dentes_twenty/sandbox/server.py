"""Serving the sandbox: in the foreground for a person, in the background for tests and embedded runs.

Belongs here: the socket (loopback only), starting, stopping, where the key goes. What is served is `app`'s.

    with SandboxServer(SandboxOptions(members=(Member("a@b.example", "Ada", "L"),))) as sandbox:
        httpx.get(f"{sandbox.url}/rest/people", headers={"Authorization": f"Bearer {sandbox.api_key}"})
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, Self

import uvicorn
from starlette.applications import Starlette

from dentes_twenty.sandbox.app import create_app
from dentes_twenty.sandbox.auth import Authority
from dentes_twenty.sandbox.errors import SandboxError
from dentes_twenty.sandbox.faults import Fault, Faults
from dentes_twenty.sandbox.workspace import Member

HOST = "127.0.0.1"
_START_S, _STOP_S = 15.0, 10.0


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox runs.

    `state` is a file or `:memory:`; `port` 0 takes a free one; `api_key_file` gets the key, readable by the user only;
    `calls_per_minute` None is no limit (100 is Twenty's own) and `charge` says what counts as a call;
    `legacy_metadata` answers the metadata REST API as workspaces of older versions do.
    """

    state: str = ":memory:"
    port: int = 0
    api_key_file: Path | None = None
    members: tuple[Member, ...] = ()
    calls_per_minute: int | None = None
    charge: Literal["request", "root-field"] = "request"
    legacy_metadata: bool = False
    faults: tuple[Fault, ...] = ()


def parse_member(text: str) -> Member:
    """A workspace member as written on the command line, mail:First:Last. Raises SandboxError."""
    email, *names = (part.strip() for part in text.split(":"))
    if "@" not in email or len(names) != 2:
        raise SandboxError(
            "MEMBER_UNREADABLE",
            "A member is not in the form mail:First:Last.",
            "Write ada@practice.example:Ada:Lovelace.",
        )
    return Member(email.lower(), *names)


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it is up, and for which Ctrl-C and SIGTERM are an orderly end."""

    def __init__(self, config: uvicorn.Config, up: Callable[[], None]) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._up()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but without raising the signals again once the server has stopped."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        # The second time is for somebody who does not want to wait for open connections.
        self.force_exit = self.should_exit
        self.should_exit = True


class _Service:
    """The parts of a running sandbox that foreground and background share."""

    def __init__(self, options: SandboxOptions, up: Callable[[], None]) -> None:
        self.socket = _listen(options.port)
        self.url = f"http://{HOST}:{self.socket.getsockname()[1]}"
        try:
            self.app: Starlette = create_app(
                state=options.state,
                members=options.members,
                calls_per_minute=options.calls_per_minute,
                charge=options.charge,
                legacy_metadata=options.legacy_metadata,
            )
            authority: Authority = self.app.state.authority
            file = options.api_key_file
            self.api_key = authority.issue() if file is None else authority.keep_in(file)
        except BaseException:
            self.socket.close()
            raise
        self.faults = Faults(self.app, authority, options.faults)
        config = uvicorn.Config(
            self.faults,
            access_log=False,
            log_config=None,
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
        )
        self.server = _Server(config, up)

    def run(self) -> None:
        """Serve until told to stop, then close the workspace."""
        try:
            self.server.run(sockets=[self.socket])
        finally:
            self.socket.close()
            self.app.state.sandbox.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise SandboxError(
            "PORT_TAKEN",
            f"Port {port} of this machine cannot be listened on.",
            "Choose another port, or 0 for any free one.",
        ) from error
    return listening


def run_sandbox(options: SandboxOptions, announce: Callable[[str], None]) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM; `announce` gets the URL once it answers.

    Raises SandboxError when the port is taken or the state cannot be opened.
    """
    service = _Service(options, up=lambda: announce(service.url))
    service.run()


class SandboxServer:
    """A sandbox in a thread of this process, on a free port unless the options name one.

    `url` and `api_key` are what a client needs, `faults` orders faults without the admin route.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._up = threading.Event()
        self._service = _Service(options or SandboxOptions(), self._up.set)
        self._thread = threading.Thread(target=self._service.run, name="sandbox", daemon=True)
        self.url = self._service.url
        self.api_key = self._service.api_key
        self.faults = self._service.faults

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._up.wait(0.05):
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SandboxError(
                    "NOT_STARTED", "The sandbox did not start.", "Look at the error that was logged before this one."
                )
        return self

    def __exit__(self, *_exception: object) -> None:
        self._service.server.should_exit = True
        self._thread.join(_STOP_S)
