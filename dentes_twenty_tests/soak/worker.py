"""A process that has imported everything and forks for each order: a run then costs a second, not six.

Belongs here: the fork, and what can only be done from within it: a cap on the size of files, a clock that jumps.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import importlib
import io
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dentes_twenty.cli import run as run_command
from dentes_twenty.failures import explain
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import load_practice
from dentes_twenty.twenty.client import Patience
from dentes_twenty_tests.soak.flows import FLOWS, KINDS
from dentes_twenty_tests.soak.orders import Order, say

HEAVY = ("dentes_twenty.orchestration.execute", "dentes_twenty.reports", "dentes_twenty.exports.propose")
READINGS = 7
"""Of the clock, before it jumps again."""


class JumpingClock:
    """Wall time as a machine shows it whose clock is set again and again."""

    def __init__(self, jumps: tuple[float, ...]) -> None:
        self._jumps = list(jumps)
        self._readings = 0
        self._offset = dt.timedelta(0)

    def __call__(self) -> dt.datetime:
        """The ledger's clock and the limiter's."""
        self._readings += 1
        if self._jumps and self._readings % READINGS == 0:
            self._offset += dt.timedelta(seconds=self._jumps.pop(0))
        return dt.datetime.now(dt.UTC) + self._offset


class Fork:
    """One order in the child; `told` goes to the driver, `answers` come from it."""

    def __init__(self, order: Order, told: TextIO, answers: TextIO) -> None:
        self._order = order
        self._told, self._answers = told, answers
        self._begun = False

    @contextlib.contextmanager
    def at(self, part: str) -> Iterator[None]:
        """Where the fault begins, the first time that this part is come to."""
        if part != self._order.at or self._begun:
            yield
            return
        self.begin()
        if self._order.cap is None:
            yield
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._order.cap, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def begin(self) -> None:
        """Tell the driver, and wait until it has done its part."""
        self._begun = True
        say(self._told, begun=os.getpid())
        self._answers.readline()

    def run(self) -> None:
        """The command, or the flows in one session."""
        order = self._order
        if order.command:
            if order.at:
                self.begin()
            code = run_command(order.command)
            say(self._told, ended="done" if code in (0, 3) else "stopped" if code == 130 else "failed", code=str(code))
            return
        practice = load_practice(Path(order.practice))
        patience = Patience(order.answer_s, order.outage_s)
        clock = JumpingClock(order.clock)
        with (
            Migration(practice, api_key=order.api_key, clock=clock, patience=patience) as migration,
            migration.run(KINDS.get(order.flows[0], "migrate")),
        ):
            for flow in order.flows:
                FLOWS[flow](migration, self.at, order.later)
        say(self._told, ended="done", calls=migration.client.calls.total)

    def tell(self) -> int:
        """Run, and say how it ended; the exit status."""
        try:
            self.run()
        except Exception as error:  # noqa: BLE001 - what it means is for the driver to judge
            told = explain(error)
            say(self._told, ended="failed", code=told.code, message=told.message, fix=told.fix, places=told.places)
            return 1
        return 0


def in_fork(order: Order) -> int:
    """Everything of the child: its streams go into the order's log, apart from what the driver hears."""
    told = os.fdopen(os.dup(1), "w")
    log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)
    os.environ[load_practice(Path(order.practice)).twenty.api_key_env] = order.api_key
    return Fork(order, told, sys.stdin).tell()


def main() -> None:
    """Take orders until standard input ends."""
    for name in HEAVY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page of what has been imported
    say(sys.stdout, ready=True)
    while line := sys.stdin.readline():
        if not line.startswith("{"):
            continue  # meant for a fork that was killed before it had read it
        child = os.fork()
        if child == 0:
            status = 70
            try:
                status = in_fork(Order.read(line))
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        say(sys.stdout, exit=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
