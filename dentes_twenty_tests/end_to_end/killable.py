"""A process that runs migrations in forks of itself and kills them; it takes orders on standard input.

An order is `<practice file> <API key> <phase> <seconds>`: the fork kills itself so many seconds after the phase has
begun (`provision` or `load`); a negative number lets it finish. The answer is the fork's exit status (-9: killed).
Forking a process that has imported everything already makes thirty kills affordable.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import load_practice


def _arm(seconds: float) -> None:
    if seconds >= 0:
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()


def run(practice_file: str, api_key: str, phase: str, seconds: float) -> None:
    """One migration, killed on the way or not."""
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
