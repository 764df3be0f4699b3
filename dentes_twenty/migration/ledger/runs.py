"""Runs and drops: who works on the practice, since when, with which export.

Belongs here: beginning and ending a run, noticing one that died, remembering drops and what became of them. Does not
belong here: what a run does, and whether a drop may be taken (the planner and the sensor decide).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import socket
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.errors import LedgerMisuse, RunInProgress
from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import Clock, Core, Row, Write
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.fingerprints import canonical_json
from dentes_twenty.migration.ledger.schema import drops, records, runs
from dentes_twenty.migration.ledger.types import Status

BEAT_EVERY = dt.timedelta(seconds=10)

BEAT_LOST = dt.timedelta(minutes=10)
"""A run on another machine counts as dead after this silence; on the same machine its process is looked for."""


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # asked to stop; resumable
    CRASHED = "crashed"  # died without a word; found by the next run


class DropState(StrEnum):
    """What became of a drop."""

    NEW = "new"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    UNDONE = "undone"  # processed; a rollback has left nothing of it


STANDING = (Status.SENDING, Status.LANDED, Status.ADOPTED, Status.VANISHED)
"""Records that an older export would take back to what they were."""


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One run; `counts` is what `note_run` and `end_run` were given."""

    id: int
    kind: str
    state: RunState
    started: dt.datetime
    heartbeat: dt.datetime
    ended: dt.datetime | None
    counts: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Drop:
    """One export as it was found. Ids grow in the order in which exports were taken, see `Ledger.renew_drop`."""

    id: int
    fingerprint: str
    location: str
    first_seen: dt.datetime
    state: DropState
    detail: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """Names a process so that another one can tell whether it still lives. `start` tells reused numbers apart."""

    host: str
    pid: int
    start: str | None

    @classmethod
    def current(cls) -> Process:
        """The process that asks."""
        return cls(socket.gethostname(), os.getpid(), process_start(os.getpid()))


def process_start(pid: int) -> str | None:
    """When a process began, as the kernel counts; None when there is no such process or no way to ask."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return f"{boot}:{after_name.split()[19]}"


def is_alive(process: Process, heartbeat: dt.datetime, now: dt.datetime, here: str) -> bool:
    """Whether a run's process still works on it. `here` is the name of the machine that asks."""
    if process.host != here:
        return now - heartbeat < BEAT_LOST
    if process.start is not None:
        return process_start(process.pid) == process.start
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Runs(Core):
    """The part of the ledger that knows runs and drops."""

    def __init__(self, database: Database, practice: str, actor: str, clock: Clock) -> None:
        super().__init__(database, practice, actor, clock)
        self._last_beat: dict[int, dt.datetime] = {}

    def begin_run(self, kind: str, *, exclusive: bool = False) -> int:
        """Opens a run and returns its id; runs whose process has died are marked CRASHED on the way.

        `exclusive` refuses to begin beside a live run of the same practice: raises RunInProgress.
        """
        with self._write() as write:
            living = self._bury_dead(write)
            if exclusive and living:
                raise RunInProgress(
                    f"Run {living[0].id} ({living[0].kind}) of this practice is in progress.",
                    "Wait until it has ended, or stop it; then try again.",
                )
            process = Process.current()
            row = {
                "practice": self._practice, "kind": kind, "state": RunState.RUNNING, "started": write.now,
                "heartbeat": write.now, "host": process.host, "pid": process.pid, "process_start": process.start,
            }  # fmt: skip
            run = int(write.execute(sa.insert(runs).returning(runs.c.id), row).scalar_one())
            write.tell(AuditLine("run", kind, f"run:{run}", "begun", None, run))
        return run

    def note_run(self, run: int, figures: Mapping[str, Any]) -> None:
        """Remembers how an open run stands, beside what was noted before: figures only. Nothing for an ended one."""
        open_ = (runs.c.id == run, runs.c.practice == self._practice, runs.c.state == RunState.RUNNING)
        with self._write(durable=False) as write:
            held = write.execute(sa.select(runs.c.counts).where(*open_)).scalar()
            counts = canonical_json({**_counts(held), **figures}).decode()
            write.execute(sa.update(runs).where(*open_).values(counts=counts, heartbeat=write.now))

    def is_busy(self) -> bool:
        """Whether somebody works on the practice; runs whose process has died are marked CRASHED on the way."""
        with self._write() as write:
            return bool(self._bury_dead(write))

    def end_run(self, run: int, state: RunState, counts: Mapping[str, Any] | None = None) -> None:
        """Closes a run. `counts` are figures and codes only, kept beside those that were noted.

        Raises LedgerMisuse for a run that is not open.
        """
        with self._write() as write:
            held = write.execute(sa.select(runs.c.counts).where(runs.c.id == run)).scalar()
            statement = (
                sa.update(runs)
                .where(runs.c.id == run, runs.c.practice == self._practice, runs.c.state == RunState.RUNNING)
                .values(
                    state=state,
                    ended=write.now,
                    heartbeat=write.now,
                    counts=canonical_json({**_counts(held), **(counts or {})}).decode(),
                )
                .returning(runs.c.kind)
            )
            kind = write.execute(statement).scalar()
            if kind is None:
                raise LedgerMisuse(f"Run {run} is not open.", "Begin a run before ending it.", code="ledger_no_run")
            write.tell(AuditLine("run", kind, f"run:{run}", state, counts, run))

    def heartbeat(self, run: int) -> None:
        """Tells other machines that the run lives; needed in long stretches without a batch."""
        with self._write(durable=False) as write:
            self._beat(write, run)

    def runs(self, *, limit: int = 50, state: RunState | None = None) -> list[Run]:
        """The newest runs first."""
        statement = sa.select(runs).where(runs.c.practice == self._practice)
        if state is not None:
            statement = statement.where(runs.c.state == state)
        return [_run(row) for row in self._rows(statement.order_by(runs.c.id.desc()).limit(limit))]

    def register_drop(self, fingerprint: str, location: str) -> Drop:
        """The drop with this content, remembered on its first sight (its location stays the first one)."""
        row = {
            "practice": self._practice,
            "fingerprint": fingerprint,
            "location": location,
            "state": DropState.NEW,
        }
        with self._write() as write:
            insert = self._database.insert(drops).on_conflict_do_nothing()
            new = write.execute(insert, {**row, "first_seen": write.now}).rowcount == 1
            statement = sa.select(drops).where(drops.c.practice == self._practice, drops.c.fingerprint == fingerprint)
            drop = _drop(write.execute(statement).one())
            if new:
                write.tell(AuditLine("drop", "", f"drop:{drop.id}", "registered", {"fingerprint": fingerprint}))
        return drop

    def renew_drop(self, drop: int) -> int:
        """The id under which this export is taken now: a new one where records were seen in a drop of a higher id.

        That a row is missing is told by comparing ids, so the export that is taken has to have the highest. The earlier
        entry stays, under a fingerprint that nothing else has.
        """
        mine = (drops.c.practice == self._practice, drops.c.id == drop)
        later = sa.select(drops.c.id).where(drops.c.practice == self._practice, drops.c.id > drop)
        seen = sa.select(records.c.practice).where(
            records.c.practice == self._practice, records.c.last_seen_drop > drop
        )
        with self._write() as write:
            if write.execute(later.limit(1)).first() is None or write.execute(seen.limit(1)).first() is None:
                return drop
            old = write.execute(sa.select(drops).where(*mine)).one()
            write.execute(sa.update(drops).where(*mine).values(fingerprint=f"{old.fingerprint}~{old.id}"))
            row = {
                "practice": self._practice, "fingerprint": old.fingerprint, "location": old.location,
                "first_seen": old.first_seen, "state": DropState.NEW,
            }  # fmt: skip
            new = int(write.execute(sa.insert(drops).returning(drops.c.id), row).scalar_one())
            write.tell(AuditLine("drop", "", f"drop:{new}", "taken_again", {"before": drop}))
        return new

    def undo_drops(self) -> None:
        """After a rollback: where it has left nothing of any drop, each may be taken, whatever was processed last."""
        left = sa.select(records.c.practice).where(records.c.practice == self._practice, records.c.status.in_(STANDING))
        with self._write() as write:
            if write.execute(left.limit(1)).first() is not None:
                return
            statement = sa.update(drops).where(
                drops.c.practice == self._practice, drops.c.state.in_([DropState.DONE, DropState.PROCESSING])
            )
            for (undone,) in write.execute(statement.values(state=DropState.UNDONE).returning(drops.c.id)).all():
                write.tell(AuditLine("drop", "", f"drop:{undone}", DropState.UNDONE))

    def set_drop_state(self, drop: int, state: DropState, detail: str | None = None) -> None:
        """Remembers what became of a drop; `detail` is a code or a sentence without a patient's data."""
        with self._write() as write:
            statement = sa.update(drops).where(drops.c.id == drop, drops.c.practice == self._practice)
            write.execute(statement.values(state=state, detail=detail))
            told = None if detail is None else {"detail": detail}
            write.tell(AuditLine("drop", "", f"drop:{drop}", state, told))

    def drops(self) -> list[Drop]:
        """All drops, oldest first."""
        statement = sa.select(drops).where(drops.c.practice == self._practice).order_by(drops.c.id)
        return [_drop(row) for row in self._rows(statement)]

    def _beat(self, write: Write, run: int) -> None:
        """At most once in BEAT_EVERY, in a transaction that is written anyway."""
        last = self._last_beat.get(run)
        if last is None or abs(write.now - last) >= BEAT_EVERY:  # a clock may be set back
            write.execute(sa.update(runs).where(runs.c.id == run).values(heartbeat=write.now))
            self._last_beat[run] = write.now

    def _bury_dead(self, write: Write) -> list[Row]:
        """Marks dead runs as CRASHED; returns the living ones."""
        statement = sa.select(runs).where(runs.c.practice == self._practice, runs.c.state == RunState.RUNNING)
        living = []
        here = socket.gethostname()
        for row in write.execute(statement).all():
            if is_alive(Process(row.host, row.pid, row.process_start), row.heartbeat, write.now, here):
                living.append(row)
                continue
            crashed = sa.update(runs).where(runs.c.id == row.id)
            write.execute(crashed.values(state=RunState.CRASHED, ended=write.now))
            write.tell(AuditLine("run", row.kind, f"run:{row.id}", RunState.CRASHED, None, row.id))
        return living


def _run(row: Row) -> Run:
    return Run(row.id, row.kind, RunState(row.state), row.started, row.heartbeat, row.ended, _counts(row.counts))


def _counts(text: str | None) -> dict[str, Any]:
    return {} if text is None else dict(orjson.loads(text))


def _drop(row: Row) -> Drop:
    return Drop(row.id, row.fingerprint, row.location, row.first_seen, DropState(row.state), row.detail)
