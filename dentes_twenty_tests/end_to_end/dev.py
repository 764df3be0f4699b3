"""A real `dagster dev` in a process group of its own: webserver, daemon and code servers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE_S = 240  # a machine with other work; alone it takes a fifth of that


@contextlib.contextmanager
def dagster_dev(environment: dict[str, str], log: Path, folder: Path, *target: str) -> Iterator[int]:
    """Starts it in a folder, for a target such as `-w workspace.yaml`; gives the webserver's port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "dagster"), "dev", *target, "-h", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=environment, stdout=said, stderr=said, start_new_session=True, cwd=folder
        )  # fmt: skip
        try:
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # Code servers outlive it by half a minute, and longer where a run was cut off.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(done: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.2)
    return False
