"""How many requests to have in flight: as many as the server gains from, found out while loading.

Belongs here: the number (pure, from the times that batches take), and the gate that holds requests back to it.
Does not belong here: sending (`client`), pacing under a rate limit (`limiter`).

The number follows TCP Vegas: compare the time a batch takes with the best time seen for its kind. What is above it is
time spent in the server's queue; two batches in the queue keep the server busy, five only make it slow.
"""

from __future__ import annotations

import asyncio
import dataclasses
from types import TracebackType

FIRST = 2
"""In flight while nothing is known of a kind of batch: its best time must not be one spent in a queue."""
LOW, HIGH = 2.0, 5.0
"""Batches in the server's queue below which one more goes out, above which one fewer."""
FORGET = 1.002
"""A server that has become slower for good is not held against its past: each round lets the best times fade."""


@dataclasses.dataclass(slots=True)
class InFlight:
    """How many batches to have in flight, at most `most`. Pure but for its own state; times in seconds per full batch.

    Until the first sign of a queue the number doubles with each round of batches. A kind of batch that was not seen
    before begins anew: nobody knows how long it takes.
    """

    most: int
    now: int = FIRST
    _best: dict[str, float] = dataclasses.field(default_factory=dict)
    _slower: float = 1.0
    _since: int = 0
    _doubling: bool = True

    def __post_init__(self) -> None:
        self.now = min(self.now, self.most)

    def completed(self, kind: str, seconds: float) -> None:
        """Learn from a batch that took so long."""
        if kind not in self._best:
            self.now, self._slower, self._since, self._doubling = min(FIRST, self.most), 1.0, 0, True
        best = self._best[kind] = min(self._best.get(kind, seconds), seconds)
        self._slower = 0.7 * self._slower + 0.3 * (seconds / best if best else 1.0)
        self._since += 1
        if self._since < self.now:  # one step for a round of batches: the step before has to show first
            return
        self._since = 0
        queued = self.now * (1 - 1 / self._slower)
        self._doubling = self._doubling and queued < LOW
        if queued < LOW:
            self.now = min(self.most, self.now * 2 if self._doubling else self.now + 1)
        elif queued > HIGH:
            self.now = max(1, self.now - 1)
        self._best[kind] = best * FORGET


class Gate:
    """Lets as many in as are to be in flight, and `ahead` more; use as `async with gate`."""

    def __init__(self, flight: InFlight, ahead: int = 0) -> None:
        self._flight = flight
        self._ahead = ahead
        self._inside = 0
        self._changed = asyncio.Condition()

    async def enter(self) -> None:
        """Wait for a place and take it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < self._flight.now + self._ahead)
            self._inside += 1

    async def leave(self) -> None:
        """Give the place back; whoever waits looks again, because the number may have changed too."""
        self._inside -= 1
        async with self._changed:
            self._changed.notify_all()

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()
