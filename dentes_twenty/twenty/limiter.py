"""Client-side model of Twenty's token buckets: spend the burst, then pace just above the refill.

Belongs here: the arithmetic (pure functions on `Limits`) and a thin asynchronous shell. Does not belong here:
sending, or keeping the state between processes (anything with `LimiterState.change` will do, see `migration`).

Twenty's rule (throttler.service.ts, measured on 2.19), one bucket per workspace and window:

    available = min(tokens + floor((now - last) * limit / window), limit)
    available < 1: refuse, nothing is stored; else store (available - 1, now)

The floor throws fractions away at each accepted call, so a steady gap a little under the refill interval (600 ms at
100 per minute) gets about half: 599 ms -> 55 calls a minute, 606 ms -> 98 (measured). Refusals cost nothing.
The limit is unknown until the first refusal tells it ("Limit reached (100 tokens per 60000 ms)").
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import math
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from dentes_twenty.twenty.errors import RateLimited

T = TypeVar("T")

START_MARGIN = 0.008
"""Share of the refill interval added to it at first: 5 ms at 600 ms. Of fixed gaps on 2.19, 602 ms got 91 calls a
minute and 606 ms got 98; this one widens as soon as a call comes too early."""
LEAST_MARGIN = 0.003
"""The margin shrinks to this where calls arrive evenly."""
MOST_MARGIN = 0.10
"""A busy server delays arrivals; beyond a tenth of the interval waiting longer loses more than refusals do."""
RETRY_SHARES = (0.03, 0.4, 1.0)
"""Wait after the first, second and any further refusal in a row, as shares of the refill interval. The first is
short: a paced call that was refused came a few milliseconds too early; a second one means that others draw too."""
PLAN_SIZES = (50, 100)
"""Bucket sizes that Twenty sells. Near them one call goes at a time until the limit is known: a refusal hits
everything in flight, and finding the limit should cost one refused call, not four."""
PROBES = 3
"""Calls beyond such a bucket that still go one at a time; after them it is ruled out."""


FORGET_MS = 3_600_000.0
"""A limit that has refused nothing for an hour is forgotten: its bucket has been raised, or it costs one refusal to
learn again. A limit that was given and not learnt stays."""
_ROUNDING = 1e-9
"""Of a refill interval: a wait that was slept to its end is over, whatever floating point makes of the sum."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bucket:
    """What we believe of one of the server's buckets. Times are milliseconds of the limiter's clock.

    `tokens` were available at `last`; `margin` is the share of the interval we wait beyond the refill;
    `refused` counts refusals since the last accepted call, `refused_at` is the time of the last one.
    """

    limit: int
    window_ms: int
    tokens: int
    last: float
    margin: float = START_MARGIN
    refused: int = 0
    refused_at: float = -math.inf

    @property
    def interval(self) -> float:
        """Milliseconds between two tokens, margin included. A server clock counts whole milliseconds."""
        refill = self.window_ms / self.limit
        return refill + max(refill * self.margin, 1.0)

    def available(self, now: float) -> int:
        """Tokens at `now`. A clock that went back counts as no time gone."""
        return min(self.tokens + math.floor(max(now - self.last, 0.0) / self.interval + _ROUNDING), self.limit)

    def wait(self, now: float, cost: int) -> float:
        """Milliseconds until `cost` tokens are there (a cost above the bucket's size counts as a full bucket)."""
        missing = min(cost, self.limit) - self.available(now)
        if missing <= 0:
            return 0.0
        gained = self.available(now) - self.tokens
        return max(self.last + (gained + missing) * self.interval - now, 0.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Everything the limiter knows: the buckets that have refused something, and how requests are charged.

    `sent` counts calls since the start. `per_field`: how much of a further root field
    in a request is charged, from 0 (a request costs one token, as measured on 2.19) to 1 (each field costs one).
    `possible`: while no limit is known, what our calls have left of buckets of the usual sizes; the data model may be
    made, and such a bucket refill, for a minute between two calls. None before the first call.
    """

    buckets: tuple[Bucket, ...] = ()
    per_field: float = 0.0
    sent: int = 0
    possible: tuple[Bucket, ...] | None = None

    @property
    def known(self) -> bool:
        """True after the first refusal that told its limit."""
        return bool(self.buckets)

    def cost(self, root_fields: int) -> int:
        """Tokens that a request with so many root fields is expected to cost."""
        return 1 + round((root_fields - 1) * self.per_field)

    def probing(self, now: float) -> bool:
        """True while no limit is known and a bucket of the usual sizes would be empty: one call at a time."""
        return not self.known and any(bucket.available(now) <= 0 for bucket in self.possible or ())

    def spent(self, now: float) -> Limits:
        """After one more call while no limit is known."""
        usual = tuple(Bucket(size, 60_000, size, now) for size in PLAN_SIZES)
        buckets = self.possible if self.possible is not None else usual
        left = (dataclasses.replace(b, tokens=b.available(now) - 1, last=now) for b in buckets)
        possible = tuple(bucket for bucket in left if bucket.tokens > -PROBES)
        return dataclasses.replace(self, sent=self.sent + 1, possible=possible)


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """A request that was let go: when (limiter's clock, milliseconds) and with how many root fields."""

    granted: float
    root_fields: int = 1


def take(limits: Limits, now: float, root_fields: int = 1) -> tuple[Limits, float]:
    """Take the tokens for one request, or say how many milliseconds to wait before asking again (0: taken)."""
    kept = tuple(b for b in limits.buckets if math.isinf(b.refused_at) or now - b.refused_at < FORGET_MS)
    if len(kept) < len(limits.buckets):
        limits = dataclasses.replace(limits, buckets=kept, sent=0, possible=None)
    if not limits.known:
        return limits.spent(now), 0.0
    buckets = tuple(_set_back(b, now) for b in limits.buckets)
    cost = limits.cost(root_fields)
    wait = max(bucket.wait(now, cost) for bucket in buckets)
    if wait > 0:
        return dataclasses.replace(limits, buckets=buckets), wait
    taken = tuple(dataclasses.replace(b, tokens=max(b.available(now) - cost, 0), last=now) for b in buckets)
    return dataclasses.replace(limits, buckets=taken, sent=limits.sent + 1), 0.0


def _set_back(bucket: Bucket, now: float) -> Bucket:
    """The bucket after the clock was set back: what lay in the past must not lie in the future."""
    if bucket.last <= now and not now < bucket.refused_at:
        return bucket
    return dataclasses.replace(bucket, last=min(bucket.last, now), refused_at=min(bucket.refused_at, now))


def accepted(limits: Limits, root_fields: int = 1) -> Limits:
    """Learn from an accepted request: the margin shrinks slowly, so does the charge per root field.

    Shrinking 0.2 % per call against growing by half per refusal settles at one refusal in 200 calls.
    """
    per_field = limits.per_field * (0.98 if root_fields > 1 else 1.0)
    buckets = tuple(
        dataclasses.replace(b, refused=0, margin=max(LEAST_MARGIN, b.margin * 0.998)) for b in limits.buckets
    )
    return dataclasses.replace(limits, buckets=buckets, per_field=per_field)


def refused(limits: Limits, now: float, error: RateLimited, ticket: Ticket, since: float = -math.inf) -> Limits:
    """Learn from a refusal: the bucket is empty, and where it was not expected to be, our margin was too small.

    `since` is when the last accepted call was let go: the refill has been running from there.

    A refusal that does not tell its limit (a proxy's 429) empties all known buckets; with none known, the most
    common one (100 per minute) is assumed. A request that was let go before the last refusal teaches nothing more.
    """
    limit, window = error.limit, error.window_ms
    hit = [b for b in limits.buckets if limit is None or b.window_ms == window]
    rest = tuple(b for b in limits.buckets if b not in hit)
    if hit:
        emptied = tuple(
            b if ticket.granted < b.refused_at else _emptied(b, now, limit or b.limit, since, widen=b.refused == 0)
            for b in hit
        )
    else:
        new = Bucket(limit or PLAN_SIZES[-1], window or 60_000, 0, now)
        # This call came after the last accepted one and shared its way, so the refill began about when it was let go.
        emptied = (_emptied(new, now, new.limit, ticket.granted, widen=False),)
    per_field = limits.per_field
    if error.partial and ticket.root_fields > 1:
        per_field = min(1.0, per_field + 0.5)
    return dataclasses.replace(limits, buckets=(*rest, *emptied), per_field=per_field)


def _emptied(bucket: Bucket, now: float, limit: int, since: float, *, widen: bool) -> Bucket:
    emptied = dataclasses.replace(
        bucket,
        limit=limit,
        tokens=0,
        margin=min(MOST_MARGIN, bucket.margin * 1.5) if widen else bucket.margin,
        refused=bucket.refused + 1,
        refused_at=now,
    )
    share = RETRY_SHARES[min(emptied.refused, len(RETRY_SHARES)) - 1]
    again = now + emptied.interval * share
    if emptied.refused == 1:
        again = max(again, min(since, now) + emptied.interval)
    return dataclasses.replace(emptied, last=again - emptied.interval)


def seconds_for(calls: int, limits: Limits | None = None, *, limit: int = 100, window_ms: int = 60_000) -> float:
    """Least seconds that so many calls take at the known limits, else at `limit` per `window_ms`, bucket full."""
    buckets = limits.buckets if limits and limits.known else (Bucket(limit, window_ms, limit, 0.0),)
    longest = max((max(calls - b.tokens, 0) * b.interval for b in buckets), default=0.0)
    return longest / 1000


class LimiterState(Protocol):
    """Where the limits are kept. `change` runs a function on the current limits and stores what it returns.

    Several processes on one workspace share one bucket, so they must share this: `change` is atomic for all of them,
    and they use one clock.
    """

    async def change(self, function: Callable[[Limits], tuple[Limits, T]]) -> T:
        """Atomically replace the limits by the first part of the function's answer; return the second."""


class InMemoryLimits:
    """Limits of one process."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    async def change(self, function: Callable[[Limits], tuple[Limits, T]]) -> T:
        """See `LimiterState`; nothing else can run in between, because nothing is awaited."""
        self.limits, answer = function(self.limits)
        return answer


def monotonic_ms() -> float:
    """Clock of one process. Processes that share their state use the wall clock (`wall_ms`) instead."""
    return time.monotonic() * 1000


def wall_ms() -> float:
    """Clock for limits that several processes share; a jump back counts as no time gone."""
    return time.time() * 1000


class Limiter:
    """Asynchronous shell: callers queue here, in order, until their request may go.

    `clock` gives milliseconds; by default that of the process, or wall time where the state is shared.
    """

    def __init__(
        self,
        state: LimiterState | None = None,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._state: LimiterState = state or InMemoryLimits()
        self._clock = clock or (monotonic_ms if isinstance(self._state, InMemoryLimits) else wall_ms)
        self._sleep = sleep
        self._queue = asyncio.Lock()
        self._under_way = 0
        self._seen = Limits()
        self._since = -math.inf
        self._idle = asyncio.Event()
        self._idle.set()
        self.waited_s = 0.0

    async def acquire(self, root_fields: int = 1) -> Ticket:
        """Wait until a request with so many root fields may be sent, and take its tokens.

        The ticket goes back through `accepted`, `refused` or `lost`, exactly one of them.
        """
        async with self._queue:
            while True:
                wait, now = await self._state.change(functools.partial(self._take, root_fields=root_fields))
                if wait is None:
                    await self._idle.wait()
                elif wait > 0:
                    passed = self._clock() - now  # a clock that was set meanwhile prolongs nothing
                    seconds = min(max(wait - passed, 0.0), wait) / 1000
                    self.waited_s += seconds
                    await self._sleep(seconds)
                else:
                    self._under_way += 1
                    self._idle.clear()
                    return Ticket(now, root_fields)

    def _take(self, held: Limits, *, root_fields: int) -> tuple[Limits, tuple[float | None, float]]:
        """Limits, wait and time. The time is taken here, where a shared state is locked: before, it would be that of
        the queue at the lock, and the next call would follow the call itself too soon."""
        self._seen, now = held, self._clock()
        if held.probing(now) and self._under_way:
            return held, (None, now)
        limits, wait = take(held, now, root_fields)
        return limits, (wait, now)

    async def limits(self) -> Limits:
        """What is known now."""
        return await self._state.change(lambda held: (held, held))

    async def accepted(self, ticket: Ticket) -> None:
        """Tell that the request was not refused by the limit (whatever else became of it)."""
        self._done()
        self._since = max(self._since, ticket.granted)
        if accepted(self._seen, ticket.root_fields) != self._seen:  # spares a shared state a transaction per call
            await self._state.change(lambda held: (accepted(held, ticket.root_fields), None))

    async def refused(self, ticket: Ticket, error: RateLimited) -> None:
        """Tell that the request was refused by the limit."""
        self._done()
        await self._state.change(lambda held: (refused(held, self._clock(), error, ticket, self._since), None))

    def lost(self) -> None:
        """Tell that nothing is known of the request (no connection, or its answer never came)."""
        self._done()

    def _done(self) -> None:
        self._under_way -= 1
        if self._under_way <= 0:
            self._idle.set()
