"""What goes wrong in the soak, in which phases, and what it may come to.

Belongs here: the faults by name, each with how it is begun and ended. Does not belong here: what a run must look like
afterwards (`judge`), the faults of the sandbox itself (`dentes_twenty.sandbox.faults`).
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty_tests.soak.states import FOREVER, REVOKED, States

PHASES = ("provision", "load", "files", "verify", "sample", "delta", "rollback")
STAGING = tuple(phase for phase in PHASES if phase not in ("verify", "rollback"))  # which read what was staged before
WITH_PAGES = ("verify", "sample", "delta", "rollback")
TYPICAL_S = {"provision": 2.0, "load": 1.5, "files": 0.5, "verify": 1.5, "sample": 2.0, "delta": 3.0, "rollback": 3.0}
"""Of a phase alone on two busy cores: moments are drawn from it. Written down, so that a seed means the same moment."""
COMMAND_S = 8.0
MATCHES = {
    "provision": ("", "createOneField", "createOneObject", "/metadata"),
    "load": ("", "mutation", "createPeople", "createBillingLedgers", "createTasks", "query"),
    "files": ("", "/metadata", "createAttachments"),
    "verify": ("", "query", "people", "Aggregate"),
    "sample": ("", "mutation", "createPeople", "query"),
    "delta": ("", "mutation", "query", "people"),
    "rollback": ("", "destroy", "deleteOneField", "query"),
}
CALLS = {"provision": 40, "load": 30, "files": 8, "verify": 25, "sample": 40, "delta": 18, "rollback": 60}
"""Requests of a phase, roughly: the fault skips some of them. One that skips all has come too late."""
AGAIN = 8
"""A phase that has been gone through before makes about an eighth of them."""
COMMANDS = {"sample": ("sample", "--size", "100"), "delta": ("delta", "--drop"), "rollback": ("rollback", "--yes")}
STARTS = {"verify": "filed", "delta": "filed", "load": "provisioned", "sample": "provisioned", "files": "loaded"}
TMPFS_MB = 24


@dataclasses.dataclass(slots=True)
class Moment:
    """One faulted run while it is under way. `options` go into the order; `undo` is done before the recovery."""

    states: States
    server: SandboxServer
    phase: str
    chance: random.Random
    calls: int
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    begun: Callable[[int], None] = lambda _pid: None
    undo: list[Callable[[], Any]] = dataclasses.field(default_factory=list)
    hits: Callable[[], int] = lambda: 1
    sent: list[float] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the soak: `arm` prepares a moment. `postgres`, `sqlite`: the only place for the ledger; `mounted`: a
    folder that gets a file system of its own; `at`: the part of a flow that it hits; `command`: a command is run."""

    name: str
    arm: Callable[[Moment], None]
    phases: tuple[str, ...] = PHASES
    postgres: bool = False
    sqlite: bool = False
    mounted: str = ""
    at: str = "phase"
    command: bool = False


# -- the server


def _server(name: str, most: int, **options: Any) -> Callable[[Moment], None]:
    def arm(moment: Moment) -> None:
        chance = moment.chance
        match = chance.choice(MATCHES[moment.phase])
        skip = chance.randrange(moment.calls if match in ("", "/metadata") else max(moment.calls // 6, 1))
        fault = Fault(name, chance.randint(1, most), match, skip, **options)
        _order(moment, fault)
        if name.startswith("time-out"):
            moment.options["answer_s"] = 2.0

    return arm


def _order(moment: Moment, fault: Fault) -> None:
    faults = moment.server.faults
    moment.begun = lambda _pid: faults.pending.append(fault)
    moment.undo.append(faults.pending.clear)
    before = faults.struck
    moment.hits = lambda: faults.struck - before


def _storm(outage_s: float, lasting: float) -> Callable[[Moment], None]:
    def arm(moment: Moment) -> None:
        skip = moment.chance.randrange(max(moment.calls // 2, 1))
        _order(moment, Fault("rate-limit", 1, skip=skip, lasting=lasting, limit=3000))
        moment.options["outage_s"] = outage_s

    return arm


def _minute(moment: Moment) -> None:
    """The whole of it: refused for a minute, paced at 100 a minute after it."""
    _order(moment, Fault("rate-limit", 1, skip=moment.chance.randrange(3), lasting=60.0))
    moment.options["outage_s"] = 90.0


def _revoked(moment: Moment) -> None:
    skip = moment.chance.randrange(moment.calls)
    _order(moment, Fault(REVOKED, FOREVER, "", skip))


# -- the process


def _signal(number: signal.Signals, longest: float | None = None) -> Callable[[Moment], None]:
    def arm(moment: Moment) -> None:
        delay = moment.chance.uniform(0.0, longest or TYPICAL_S[moment.phase])

        def begun(pid: int) -> None:
            def send() -> None:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    return
                moment.sent.append(time.monotonic())

            timer = threading.Timer(delay, send)
            timer.start()
            moment.undo.append(timer.cancel)

        moment.begun = begun
        moment.hits = lambda: len(moment.sent)

    return arm


# -- disks


def _full(folder: Callable[[States], Path], left: int, *, anew: bool = False) -> Callable[[Moment], None]:
    """All but a few bytes of the file system are taken; where none could be mounted, files may not grow. `anew`: what
    is there is read again, and its successor would fit into its place, so it goes before."""

    def arm(moment: Moment) -> None:
        place = folder(moment.states)
        for old in place.iterdir() if anew else ():
            old.unlink()
        spare = moment.chance.randrange(left)
        if not place.is_mount():
            moment.options["cap"] = (
                max((p.stat().st_size for p in place.glob("*") if p.is_file()), default=0) * (left > 8192) + spare
            )
            return
        filler = place / "filler"

        def begun(_pid: int) -> None:
            free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(free - spare // 4096 * 4096, 4096))

        moment.begun = begun
        moment.undo.append(lambda: filler.unlink(missing_ok=True))

    return arm


def _ledger_folder(states: States) -> Path:
    return states.work / "state"


def _staging_folder(states: States) -> Path:
    return states.practice.staging_dir


def _reports_folder(states: States) -> Path:
    return states.practice.reports_dir


@contextmanager
def mounted(folder: Path) -> Iterator[bool]:
    """A small file system of its own there, if this user may have one; the folder must be empty."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m,mode=0700", "tmpfs", str(folder)]
    done = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


# -- the ledger's database


def _cut_off(moment: Moment) -> None:
    """Its connections end, once or several times."""
    delays = [moment.chance.uniform(0.0, TYPICAL_S[moment.phase]) for _ in range(moment.chance.randint(1, 3))]
    _later(moment, [(delay, moment.states.disconnect) for delay in delays])


def _refusing(moment: Moment) -> None:
    """It takes no connection for a while."""
    delay = moment.chance.uniform(0.0, TYPICAL_S[moment.phase])
    states = moment.states
    _later(
        moment,
        [(delay, lambda: states.disconnect(refuse=True)), (delay + 2.0, lambda: states.disconnect(refuse=False))],
    )
    moment.undo.append(lambda: states.disconnect(refuse=False))


def _locked(moment: Moment) -> None:
    """Another process has the write lock for a while, as a backup would."""
    delay = moment.chance.uniform(0.0, TYPICAL_S[moment.phase] / 2)
    length = moment.chance.uniform(0.5, 3.0)
    path = _ledger_folder(moment.states) / "ledger.db"

    def lock() -> None:
        with sqlite3.connect(path, timeout=10, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(length)
            connection.execute("ROLLBACK")
        connection.close()

    _later(moment, [(delay, lock)])


def _later(moment: Moment, deeds: list[tuple[float, Callable[[], Any]]]) -> None:
    done: list[float] = []

    def do(deed: Callable[[], Any]) -> None:
        deed()
        done.append(time.monotonic())

    timers = [threading.Timer(delay, do, (deed,)) for delay, deed in deeds]
    moment.hits = lambda: len(done)

    def begun(_pid: int) -> None:
        for timer in timers:
            timer.start()

    def stop() -> None:
        for timer in timers:
            timer.cancel()
            if timer.ident is not None:
                timer.join()

    moment.begun = begun
    moment.undo.append(stop)


# -- clocks


def _jumping(*jumps: float) -> Callable[[Moment], None]:
    def arm(moment: Moment) -> None:
        moment.options["clock"] = tuple(moment.chance.choice(jumps) for _ in range(6))
        _order(moment, Fault("rate-limit", 1, skip=moment.chance.randrange(4), limit=3000))  # so that the limiter paces

    return arm


DAY = 86_400.0
TROUBLES = (
    Trouble("error before commit", _server("error-before-commit", 5)),
    Trouble("error after commit", _server("error-after-commit", 5)),
    Trouble("cut before commit", _server("cut-before-commit", 3)),
    Trouble("cut after commit", _server("cut-after-commit", 3)),
    Trouble("time-out before commit", _server("time-out-before-commit", 1)),
    Trouble("time-out after commit", _server("time-out-after-commit", 1)),
    Trouble("slow answers", _server("slow", 5, seconds=0.4)),
    Trouble("wrong content type", _server("wrong-content-type", 4)),
    Trouble("truncated JSON", _server("truncated-json", 4)),
    Trouble("storm of refusals", _storm(20.0, 2.0)),
    Trouble("storm beyond all patience", _storm(0.5, 3.0)),
    Trouble("token revoked", _revoked),
    Trouble("SIGKILL", _signal(signal.SIGKILL)),
    Trouble("SIGTERM", _signal(signal.SIGTERM, COMMAND_S), command=True),
    Trouble("Ctrl-C", _signal(signal.SIGINT, COMMAND_S), command=True),
    Trouble("ledger's disk full", _full(_ledger_folder, 262_144), sqlite=True, mounted="state"),
    Trouble("staging's disk full", _full(_staging_folder, 2_048, anew=True), STAGING, mounted="staging", at="stage"),
    Trouble("reports' disk full", _full(_reports_folder, 2_048), WITH_PAGES, mounted="reports", at="report"),
    Trouble("ledger's connections cut", _cut_off, postgres=True),
    Trouble("ledger's database refuses", _refusing, postgres=True),
    Trouble("ledger locked by another", _locked, sqlite=True),
    Trouble("clock set back", _jumping(-5.0, -3600.0, -DAY)),
    Trouble("clock set forward", _jumping(5.0, 3600.0, 400 * DAY, -DAY)),
)
MINUTE = Trouble("storm of a minute", _minute, ("load", "delta", "rollback"))
BY_NAME = {trouble.name: trouble for trouble in (*TROUBLES, MINUTE)}
