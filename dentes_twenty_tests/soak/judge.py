"""Faulted runs from their start to the verdict.

A chain begins with a state of the practice. One process after the other does the same phase, each hit by another fault
at a random moment, without a clean run in between; then it is started once more, undisturbed, and has to be done.
Now the workspace and the ledger must be those of an undisturbed run. Some chains go on to the end of the migration and
are rolled back: then the workspace must be as it was before.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dentes_twenty.failures import UNEXPECTED
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty_tests.soak.driver import Ended, Worker
from dentes_twenty_tests.soak.faults import (
    AGAIN,
    BY_NAME,
    CALLS,
    COMMANDS,
    PHASES,
    STARTS,
    TROUBLES,
    Moment,
    Trouble,
    mounted,
)
from dentes_twenty_tests.soak.states import States

STOPS_WITHIN_S = 5.0
CHAIN = 3
ROLLED_BACK = 0.12
"""Share of the chains that go on to the end and back: it takes as long as ten other processes."""
WHOLE = 0.25
"""Share of the chains that provision, or roll back, from the beginning instead of the last third."""
IN_POSTGRES = 0.1
"""Share of the chains whose ledger is in PostgreSQL although no fault asks for it."""
PLACES = {"state": "state", "staging": "private/staging", "reports": "private/reports"}
ENDS = {"provision": "provisioned", "load": "loaded", "files": "filed", "verify": "filed", "sample": "sampled",
        "delta": "later", "rollback": "undone"}  # fmt: skip
LINE = ("provision", "load", "files")
PRINTED = 600
"""Characters of what should not have been printed; the practice is invented."""
BAD_WORDS = ("Traceback (most recent", "Exception ignored in", "was never retrieved", "was never awaited")


@dataclasses.dataclass(frozen=True, slots=True)
class Struck:
    """One process with one fault. `hit`: whether it struck; `stopped_s`: from a signal to the end; `blemishes`: what
    the process should not have done."""

    fault: str
    ended: str
    code: str
    hit: bool
    stopped_s: float | None
    blemishes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one chain. `differences`: from an undisturbed run, or why it could not be finished."""

    number: int
    phase: str
    struck: tuple[Struck, ...]
    rolled_back: bool
    seconds: float
    differences: tuple[str, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        """All that is wrong; nothing, if all is well."""
        return (*(f"{one.fault}: {what}" for one in self.struck for what in one.blemishes), *self.differences)


@dataclasses.dataclass(frozen=True, slots=True)
class Chain:
    """A phase, and the faults that it is hit by one after the other."""

    phase: str
    faults: tuple[str, ...]


def chains(seed: int, *, postgres: bool = True) -> list[Chain]:
    """Every phase with every fault that it can have at least once, in the order of this seed.

    A fault of the database server comes with two that can be had with any ledger.
    """
    chance = random.Random(seed)
    found = []
    for phase in PHASES:
        mine = [one for one in TROUBLES if phase in one.phases]
        anywhere = [one.name for one in mine if not (one.postgres or one.sqlite)]
        first = [one.name for one in mine if not one.postgres]
        chance.shuffle(first)
        found += [Chain(phase, tuple(first[start : start + CHAIN])) for start in range(0, len(first), CHAIN)]
        for one in mine:
            if one.postgres and postgres:
                three = [one.name, *chance.sample(anywhere, CHAIN - 1)]
                found.append(Chain(phase, tuple(chance.sample(three, CHAIN))))
    chance.shuffle(found)
    return found


class Judge:
    """Runs chains on a worker. `states` by whether the ledger is in PostgreSQL."""

    def __init__(self, worker: Worker, states: dict[bool, States], seed: int) -> None:
        self._worker = worker
        self._states = states
        self._seed = seed
        self._chains = chains(seed, postgres=True in states)

    def run(self, number: int, chain: Chain | None = None) -> Verdict:
        """Chain number so-and-so of this seed; or this one with that number's moments."""
        chain = chain or self._chains[number % len(self._chains)]
        troubles = [BY_NAME[fault] for fault in chain.faults]
        chance = random.Random(f"{self._seed}:{number}")
        either = True in self._states and not any(one.sqlite for one in troubles) and chance.random() < IN_POSTGRES
        states = self._states[either or any(one.postgres for one in troubles)]
        began = time.monotonic()
        one = _Run(self._worker, states, troubles, chain.phase, chance)
        struck, differences = one.run()
        seconds = round(time.monotonic() - began, 1)
        return Verdict(number, chain.phase, tuple(struck), one.rolled_back, seconds, tuple(differences))


def strike(
    worker: Worker,
    states: States,
    server: SandboxServer,
    trouble: Trouble,
    phase: str,
    chance: random.Random,
    *,
    again: bool = False,
    stage: bool = False,
) -> Struck:
    """Let one process do the phase, with the fault; the fault is over afterwards. `again`: others have been at it.
    `stage`: the export is read before, because an earlier fault has cut that off."""
    moment = Moment(states, server, phase, chance, max(CALLS[phase] // (AGAIN if again else 1), 1))
    trouble.arm(moment)
    before = len(_said(states))
    try:
        at = "phase" if phase == "delta" and trouble.at == "stage" else trouble.at  # a delta stages by itself
        order = states.order(server, at=at, **_work(states, trouble, phase, stage), **moment.options)
        ended = worker.run(order, moment.begun)
        over = time.monotonic()
    finally:
        for undo in moment.undo:
            undo()
    hit = moment.hits() > 0 and (not trouble.mounted or ended.how == "failed")
    stopped_s = round(over - moment.sent[0], 2) if trouble.command and moment.sent else None
    blemishes = tuple(_blemishes(trouble, ended, stopped_s, _said(states)[before:]))
    return Struck(trouble.name, ended.how, ended.code, hit, stopped_s, blemishes)


def _said(states: States) -> str:
    return states.log.read_text(encoding="utf-8", errors="replace") if states.log.exists() else ""


def _work(states: States, trouble: Trouble, phase: str, stage: bool) -> dict[str, Any]:
    """Flows, or a command that a person would start."""
    if trouble.command:
        words = COMMANDS.get(phase, ("migrate",))
        drop = (str(states.later),) if words[-1] == "--drop" else ()
        return {"command": (*words, *drop, "--practice", str(states.practice_file))}
    staging = (stage or trouble.at == "stage") and phase != "delta"
    return {"flows": (("stage",) if staging else ()) + (phase,)}


def _blemishes(trouble: Trouble, ended: Ended, stopped_s: float | None, said: str) -> Iterator[str]:
    """A process that a fault stops says what happened and what to do, by itself and in time."""
    if ended.how in ("hung", "lost"):
        yield f"the process was {ended.how}"
    if ended.how == "failed" and (ended.code in ("", UNEXPECTED) or not (ended.message or trouble.command)):
        yield f"failed without an explanation: {ended.code} {ended.message} {ended.places}"
    if trouble.command and ended.how not in ("stopped", "done"):
        yield f"the command ended as {ended.how} ({ended.code})"
    if stopped_s is not None and stopped_s > STOPS_WITHIN_S:
        yield f"it took {stopped_s} s to stop"
    if ended.how != "killed":
        yield from (f"printed {said[said.index(word) :][-PRINTED:]!r}" for word in BAD_WORDS if word in said)


class _Run:
    def __init__(
        self, worker: Worker, states: States, troubles: Sequence[Trouble], phase: str, chance: random.Random
    ) -> None:
        self._worker, self._states, self._troubles = worker, states, troubles
        self._phase, self._chance = phase, chance
        whole = chance.random() < WHOLE
        early = {"provision": "new" if whole else "half-provisioned", "rollback": "filed" if whole else "half-undone"}
        self._start = STARTS.get(phase) or early[phase]
        self.rolled_back = chance.random() < ROLLED_BACK and phase in (*LINE, "verify")

    def run(self) -> tuple[list[Struck], list[str]]:
        """What the faults did, and what is different afterwards."""
        with contextlib.ExitStack() as stack:
            self._states.restore(self._start)
            for place in {PLACES[one.mounted] for one in self._troubles if one.mounted}:
                _empty(self._states.work / place)
                stack.enter_context(mounted(self._states.work / place))
            self._states.restore(self._start)
            server = stack.enter_context(self._states.serve())
            sides = (self._worker, self._states, server)
            struck = [
                strike(*sides, trouble, self._phase, self._chance, again=number > 0, stage=self._cut_off(number))
                for number, trouble in enumerate(self._troubles)
            ]
            return struck, self._finished(server) or self._undone(server)

    def _cut_off(self, number: int) -> bool:
        """Whether a fault before this one may have cut off the staging; a command stages by itself."""
        staging = any(one.at == "stage" or one.command for one in self._troubles[:number])
        return staging and self._phase != "rollback"

    def _finished(self, server: SandboxServer) -> list[str]:
        """Start it again; then compare."""
        flows: tuple[str, ...] = (self._phase,)
        end = ENDS[self._phase]
        if self._phase in (*LINE, "verify") and any(one.command for one in self._troubles):
            flows, end = ("stage", *LINE), "filed"  # the command goes on to the end
        elif self._phase != "delta" and self._cut_off(len(self._troubles)):
            flows = ("stage", self._phase)
        again = self._worker.run(self._states.order(server, flows=flows))
        if again.how != "done":
            return [f"the clean run {again.how}: {again.code} {again.message} {again.places}"]
        return self._states.pictures[end].differences(self._states.picture(server))

    def _undone(self, server: SandboxServer) -> list[str]:
        if not self.rolled_back:
            return []
        rest = LINE[LINE.index(self._phase) + 1 :] if self._phase in LINE else ()
        for flows in (rest, ("rollback",)):
            ended = self._worker.run(self._states.order(server, flows=flows)) if flows else None
            if ended is not None and ended.how != "done":
                return [f"{flows} {ended.how}: {ended.code} {ended.message} {ended.places}"]
        before, after = self._states.pictures["new"].workspace, self._states.picture(server).workspace
        return [] if before == after else ["the workspace is not as before the migration"]


def _empty(folder: Path) -> None:
    """What is mounted there would hide what the folder holds."""
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()


assert set(ENDS) == set(PHASES)
