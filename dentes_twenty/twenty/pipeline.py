"""Many batches, a handful in flight: as many as the server gains from, found out while loading.

Belongs here: the stream of batches and the number in flight. Does not belong here: one batch (`writing`), pacing
(`limiter`), what is recorded before and after (callbacks of the caller).

The number in flight follows TCP Vegas: compare the time a batch takes with the best time seen. What is above it is
time spent in the server's queue; two batches in the queue keep the server busy, five only make it slow.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice

from dentes_twenty.twenty.outcomes import BatchOutcome, Record
from dentes_twenty.twenty.writing import Writer

Before = Callable[[Sequence[Record]], Awaitable[None] | None]
"""Called with the records of a batch before it is sent: the place for an intent."""
OnOutcome = Callable[[Sequence[Record], BatchOutcome], Awaitable[None] | None]
"""Called with the records of a batch and what became of them."""


@dataclasses.dataclass(slots=True)
class Summary:
    """Counts of a stream. `stored` includes what stood before (`already`)."""

    sent: int = 0
    stored: int = 0
    refused: int = 0
    adopted: int = 0
    already: int = 0
    batches: int = 0
    in_flight: int = 0


@dataclasses.dataclass(slots=True)
class InFlight:
    """How many batches to have in flight. Pure but for its own state; times in seconds per full batch.

    `LOW` and `HIGH`: batches in the server's queue below which one more is tried, above which one fewer. Until the
    first sign of a queue the number doubles.
    """

    most: int
    now: int = 4
    best: float = math.inf
    smooth: float = 0.0
    _since: int = 0
    _doubling: bool = True

    LOW = 2.0
    HIGH = 5.0

    def completed(self, seconds: float) -> None:
        """Learn from a batch that took so long."""
        self.best = min(self.best, seconds)
        self.smooth = seconds if not self.smooth else 0.7 * self.smooth + 0.3 * seconds
        self._since += 1
        if self._since < self.now:  # one step for a round of batches: the step before has to show first
            return
        self._since = 0
        queued = self.now * (1 - self.best / self.smooth) if self.smooth else 0.0
        self._doubling = self._doubling and queued < self.LOW
        if queued < self.LOW:
            self.now = min(self.most, self.now * 2 if self._doubling else self.now + 1)
        elif queued > self.HIGH:
            self.now = max(1, self.now - 1)
        self.best *= 1.002  # a server that has become slower for good is not held against its past


class Pipeline:
    """Sends a stream of records; memory holds the batches in flight and one more."""

    def __init__(self, writer: Writer, *, most_in_flight: int) -> None:
        self._writer = writer
        self._flight = InFlight(most_in_flight, now=min(4, most_in_flight))
        self._free = asyncio.Event()
        self._under_way = 0
        self._summary = Summary()

    async def run(
        self,
        object_: str,
        records: Iterable[Record],
        *,
        upsert: bool,
        selection: Sequence[str] | None,
        before: Before | None,
        on_outcome: OnOutcome | None,
    ) -> Summary:
        """Send all records. Raises the first error that is no refusal; batches under way are then cancelled."""

        async def send(batch: list[Record]) -> None:
            try:
                await _call(before, batch)
                started = time.monotonic()
                outcome = await self._writer.create(object_, batch, upsert=upsert, selection=selection)
                self._flight.completed(time.monotonic() - started)
                await _call(on_outcome, batch, outcome)
                self._add(batch, outcome)
            finally:
                self._under_way -= 1
                self._free.set()

        try:
            async with asyncio.TaskGroup() as group:
                for batch in self._batches(iter(records)):
                    self._under_way += 1
                    group.create_task(send(batch))
                    while self._under_way >= self._flight.now:
                        self._free.clear()
                        await self._free.wait()
                    await asyncio.sleep(0)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        self._summary.in_flight = self._flight.now
        return self._summary

    def _batches(self, records: Iterator[Record]) -> Iterator[list[Record]]:
        while batch := list(islice(records, self._writer.batch_size)):
            yield batch

    def _add(self, batch: Sequence[Record], outcome: BatchOutcome) -> None:
        self._summary.sent += len(batch)
        self._summary.stored += len(outcome.stored)
        self._summary.refused += len(outcome.refused)
        self._summary.adopted += len(outcome.adopted)
        self._summary.already += len(outcome.already)
        self._summary.batches += 1


async def _call(function: Callable[..., Awaitable[None] | None] | None, *arguments: object) -> None:
    if function is not None:
        answer = function(*arguments)
        if inspect.isawaitable(answer):
            await answer
