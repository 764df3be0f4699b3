"""A process that runs migrations and rollbacks in forks of itself and kills them; it takes orders on standard input.

An order is `<practice file> <API key> <phase> <seconds>`: the fork kills itself so many seconds after the phase has
begun (`provision` or `load` of a migration, or `rollback`); a negative number lets it finish. The answer is the fork's
exit status (-9: killed). Forking a process that has imported everything already makes thirty kills affordable.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import load_practice


def _arm(seconds: float) -> None:
    if seconds >= 0:
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()


@contextlib.contextmanager
def killable() -> Iterator[subprocess.Popen[str]]:
    """Such a process."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def order(process: subprocess.Popen[str], practice: Path, key: str, phase: str, seconds: float) -> int:
    """Run one migration or rollback; its exit status."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{practice} {key} {phase} {seconds}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def roll_back(practice_file: str, api_key: str, seconds: float) -> None:
    """One rollback, killed on the way or not."""
    with Migration(load_practice(Path(practice_file)), api_key=api_key) as migration, migration.run("rollback"):
        assert migration.store
        _arm(seconds)
        migration.rollback()


def run(practice_file: str, api_key: str, phase: str, seconds: float) -> None:
    """One migration, killed on the way or not."""
    if phase == "rollback":
        roll_back(practice_file, api_key, seconds)
        return
    practice = load_practice(Path(practice_file))
    with Migration(practice, api_key=api_key) as migration, migration.run("migrate"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        if phase == "provision":
            _arm(seconds)
        migration.provision()
        migration.adopt()
        if phase == "load":
            _arm(seconds)
        migration.write_members()
        for object_ in migration.objects:
            migration.load(object_)
        migration.load_files()


def main() -> None:
    """Take orders until standard input ends."""
    for line in sys.stdin:
        practice_file, api_key, phase, seconds = line.split()
        child = os.fork()
        if child == 0:
            exit_status = 1
            try:
                run(practice_file, api_key, phase, float(seconds))
                exit_status = 0
            finally:
                if exit_status:
                    traceback.print_exc()
                os._exit(exit_status)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
