"""Progress of long work: figures that a progress bar or a log line shows. Counts only, never a record's content."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, slots=True)
class LoadProgress:
    """`done` of `total` (None while it is not known), records per second so far, and what that leaves to wait."""

    object: str
    done: int
    total: int | None
    rate: float
    seconds_left: float | None
    calls: int


Listener = Callable[[LoadProgress], None]


class Meter:
    """Turns a growing count into progress. `calls` tells how many calls were made so far."""

    def __init__(
        self,
        object_: str,
        total: int | None,
        listener: Listener | None,
        calls: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._object = object_
        self._total = total
        self._listener = listener
        self._calls = calls
        self._clock = clock
        self._start = clock()

    def at(self, done: int) -> None:
        """Tell the listener where the work stands."""
        if self._listener is None:
            return
        seconds = self._clock() - self._start
        rate = done / seconds if seconds > 0 else 0.0
        left = (self._total - done) / rate if self._total is not None and rate > 0 else None
        self._listener(LoadProgress(self._object, done, self._total, rate, left, self._calls()))
