"""Telling somebody how a run goes: the command line's bars, and now and then a line in the run's log.

Belongs here: what a listener is told, and how often a log line is worth its place. Imports no Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from dentes_twenty.migration.progress import LoadProgress

LOG_EVERY_S = 5.0


class Listener(Protocol):
    """Is told of each step's beginning, progress and end, and what it has to say; figures are counts."""

    def started(self, step: str) -> None: ...
    def progressed(self, step: str, progress: LoadProgress) -> None: ...
    def finished(self, step: str, figures: Mapping[str, float]) -> None: ...
    def said(self, text: str) -> None: ...


class Silent:
    """Nobody listens."""

    def started(self, step: str) -> None:
        """Nothing."""

    def progressed(self, step: str, progress: LoadProgress) -> None:
        """Nothing."""

    def finished(self, step: str, figures: Mapping[str, float]) -> None:
        """Nothing."""

    def said(self, text: str) -> None:
        """Nothing."""


class Throttle:
    """Lets a message through when the last one is at least `every` seconds old."""

    def __init__(self, every: float = LOG_EVERY_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._last = clock()

    def __call__(self) -> bool:
        """Whether it is time for another message."""
        now = self._clock()
        if now - self._last < self._every:
            return False
        self._last = now
        return True


def duration(seconds: float | None) -> str:
    """As people say it: "45 s", "3 min 20 s", "2 h 05 min"; a dash for what is not known."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def sentence(progress: LoadProgress) -> str:
    """One log line: "1,200 of 8,000 (Appointments), 310/s, 22 s left, 14 calls so far"."""
    calls = "" if progress.calls is None else f", {progress.calls:,} calls so far"
    total = "" if progress.total is None else f" of {progress.total:,}"
    return (
        f"{progress.done:,}{total} ({progress.object}), {progress.rate:,.0f}/s, "
        f"{duration(progress.seconds_left)} left{calls}"
    )
