"""The cutover window: which drop is taken, when, and why not. Pure; the sensor and `watch` ask the same questions.

Belongs here: decisions from plain values. Does not belong here: looking at the drop folder (`migration.watching`), runs
(Dagster or the command line), what a delta does (`migration.deltas`).

A drop counts once two looks in a row found the same content, or at once when its marker file is there. Drops are taken
in the order in which they were written, one delta at a time; a delta that failed is tried again, a few times.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from dentes_twenty.migration.delta import Recognised, recognise
from dentes_twenty.migration.ledger.runs import Drop

MARKER = "_SUCCESS"
"""A file of this name, written last, says that a drop is complete."""

MOST_ATTEMPTS = 3
Window = tuple[dt.datetime, dt.datetime]


class Action(StrEnum):
    """What follows from a look."""

    SKIP = "skip"  # look again later
    TAKE = "take"  # run a delta for `look`
    STOP = "stop"  # the window has ended: write the closing report, watch no more


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One drop as one look found it. `name`: of its folder. `fingerprint`: of its content, None while it cannot be read
    or a copy in progress shows by its file names. `modified`: when its newest report was written. `marked`: its marker
    file is there and not older than its reports. `attachments`: their print (`Drop.attachments_print`)."""

    name: str
    location: str
    fingerprint: str | None
    modified: dt.datetime | None = None
    marked: bool = False
    attachments: str = ""

    @property
    def content(self) -> str:
        """What must be the same at two looks."""
        return f"{self.fingerprint} {self.attachments}".strip()


@dataclasses.dataclass(frozen=True, slots=True)
class Deltas:
    """What is known of deltas: whether one is under way, and how often one failed, by the drop's fingerprint."""

    busy: bool = False
    failures: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is for people, one sentence for each drop. `look` and `attempt` (from 1) are set for TAKE; `again` when
    the drop was processed before and only attachments were replaced since."""

    action: Action
    reason: str
    look: Look | None = None
    attempt: int = 0
    again: bool = False

    @property
    def run_key(self) -> str:
        """Names the delta that is asked for: the drop's content and the attempt."""
        if self.look is None:
            return ""
        files = f"-{self.look.attachments}" if self.again else ""
        return f"{run_name(self.look)}{files}-{self.attempt}"


def run_name(look: Look) -> str:
    """A drop's content, in a few characters."""
    return (look.fingerprint or "")[:16]


def decide(
    now: dt.datetime,
    window: Window | None,
    looks: Sequence[Look],
    before: Mapping[str, str],
    drops: Collection[Drop],
    deltas: Deltas,
) -> Decision:
    """`before`: location -> content at the look before this one. `drops`: those that the ledger knows."""
    if window is None:
        return Decision(Action.SKIP, "The practice file plans no cutover (`cutover: {from, hours}`).")
    start, end = window
    if now < start:
        return Decision(Action.SKIP, f"The cutover window opens at {start:%Y-%m-%d %H:%M %Z}.")
    if now >= end:
        if deltas.busy:
            return Decision(Action.SKIP, "The cutover window has ended; the last delta is still under way.")
        return Decision(Action.STOP, f"The cutover window ended at {end:%Y-%m-%d %H:%M %Z}.")
    if deltas.busy:
        return Decision(Action.SKIP, "A delta is under way; the next drop has to wait for its end.")
    if not looks:
        return Decision(Action.SKIP, "The drop folder holds no export.")
    reasons = []
    for look in sorted(looks, key=_order):
        found = recognise(drops, look.fingerprint, look.modified, look.attachments) if look.fingerprint else None
        reason, attempt = _judge(look, found, before, deltas)
        if reason is None:
            again = found is Recognised.FILES_REPLACED
            what = "processed already, but attachments were replaced since" if again else "complete and new"
            return Decision(Action.TAKE, f"{look.name}: {what}, attempt {attempt}.", look, attempt, again)
        reasons.append(f"{look.name}: {reason}")
    return Decision(Action.SKIP, " ".join(reasons))


def _order(look: Look) -> tuple[bool, float, str]:
    """As written; what has no moment comes last, by name."""
    return look.modified is None, look.modified.timestamp() if look.modified else 0.0, look.name


def _judge(look: Look, found: Recognised | None, before: Mapping[str, str], deltas: Deltas) -> tuple[str | None, int]:
    """Why a drop is not taken (None when it is), and the number of the attempt."""
    if look.fingerprint is None:
        return "is being copied, or cannot be read.", 0
    match found:
        case Recognised.PROCESSED:
            return "processed already, and unchanged since.", 0
        case Recognised.OLDER:
            return "older than what was processed last, or processed before it.", 0
        case Recognised.UNDONE:
            return "undone by a rollback; `dentes-twenty migrate` takes it again.", 0
        case Recognised.REFUSED:
            return "refused, because it shows too few rows; `dentes-twenty delta --allow` takes it all the same.", 0
        case _:
            pass
    if not look.marked:
        if look.location not in before:
            return "seen for the first time; taken when the next look finds the same.", 0
        if before[look.location] != look.content:
            return "has changed since the last look: still being copied.", 0
    failed = deltas.failures.get(look.fingerprint, 0)
    if failed >= MOST_ATTEMPTS:
        return f"its delta failed {failed} times; look into the run, then start it by hand.", failed
    return None, failed + 1
