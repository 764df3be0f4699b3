"""The driver's end of a worker: send an order, do what is wanted when it begins, hear how it ended."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from dentes_twenty_tests.soak import worker
from dentes_twenty_tests.soak.orders import Order

HANGS_S = 300.0


class WorkerLost(Exception):
    """The worker's process is gone: a defect of the soak."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """`how`: done, failed, stopped, killed or hung; `code`, `message` and `fix` of a failure; `seconds` from the
    moment that the fault began to the end of the process."""

    how: str
    exit: int
    seconds: float
    code: str = ""
    message: str = ""
    fix: str = ""
    places: tuple[str, ...] = ()
    calls: int = 0


class Worker:
    """A worker process. One order at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", worker.__name__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self._hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def run(self, order: Order, begun: Callable[[int], None] = lambda _pid: None) -> Ended:
        """Run an order. `begun` is called with the fork's process id before the part that the order names."""
        self._say(order.line())
        said: dict[str, Any] = {}
        since = time.monotonic()
        watch: threading.Timer | None = None
        hung = threading.Event()
        try:
            while "exit" not in (heard := self._hear()):
                if "begun" in heard:
                    pid, since = heard["begun"], time.monotonic()
                    watch = threading.Timer(HANGS_S, _kill, (pid, hung))
                    watch.start()
                    begun(pid)
                    self._say("go\n")
                else:
                    said = heard
        finally:
            if watch is not None:
                watch.cancel()
        seconds, exit_ = time.monotonic() - since, heard["exit"]
        how = "hung" if hung.is_set() else said.pop("ended", "killed" if exit_ < 0 else "lost")
        said.pop("ended", None)
        return Ended(how, exit_, seconds, **{**said, "places": tuple(said.get("places", ()))})

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerLost
        heard: dict[str, Any] = json.loads(line)
        return heard


def _kill(pid: int, hung: threading.Event) -> None:
    hung.set()
    os.kill(pid, signal.SIGKILL)
