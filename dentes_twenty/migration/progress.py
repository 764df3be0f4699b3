"""Progress of long work: figures that a progress bar or a log line shows. Counts only, never a record's content.

Belongs here: rate and time left from a growing count. Does not belong here: how often anybody wants to hear of it
(`orchestration.listening`).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 500
"""Items of a stream between two reports: telling costs as much as planning some rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class LoadProgress:
    """`done` of `total` (None while it is not known), records per second so far, and what that leaves to wait.
    `object`: what is worked at; `calls`: None for work that makes none."""

    object: str
    done: int
    total: int | None
    rate: float
    seconds_left: float | None
    calls: int | None


Listener = Callable[[LoadProgress], None]


def told_by(listener: Listener) -> Callable[[str, int, int | None], None]:
    """For work that tells names, counts (from 0) and what it knows of the totals by itself: a meter for each name, and
    a new one when its count begins anew."""
    meters: dict[str, Meter] = {}

    def told(name: str, done: int, total: int | None) -> None:
        if done == 0 or name not in meters:
            meters[name] = Meter(name, None, listener)
        meter = meters[name]
        meter.expect(total)
        meter.at(done)

    return told


class Meter:
    """Turns a growing count into progress. `calls` tells how many calls were made so far."""

    def __init__(
        self,
        object_: str,
        total: int | None,
        listener: Listener | None,
        calls: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._object = object_
        self._total = total
        self._listener = listener
        self._calls = calls
        self._clock = clock
        self._start = clock()
        self.done = 0

    def of(self, items: Iterable[T], object_: str | None = None) -> Iterator[T]:
        """The items, counted as they go by."""
        before = 0
        for before, item in enumerate(items, 1):
            yield item
            if before % EVERY == 0:
                self.at(self.done + EVERY, object_)
        self.at(self.done + before % EVERY, object_)

    def expect(self, total: int | None) -> None:
        """What is known of the total by now."""
        self._total = total

    def at(self, done: int, object_: str | None = None) -> None:
        """Tell the listener where the work stands, and at which object it is from now on."""
        self.done = done
        self._object = object_ or self._object
        if self._listener is None:
            return
        seconds = self._clock() - self._start
        rate = done / seconds if seconds > 0 else 0.0
        left = max(0, self._total - done) / rate if self._total is not None and rate > 0 else None
        calls = self._calls() if self._calls is not None else None
        self._listener(LoadProgress(self._object, done, self._total, rate, left, calls))
