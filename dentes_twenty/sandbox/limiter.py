"""Twenty's rate limiter: two token buckets for a workspace, with its floored refill.

A bucket refills by whole tokens only and forgets the rest whenever it admits a call. So calls a little closer
together than window / limit waste most of the refill (a steady gap of 599 ms at 100 per minute admits about 55
a minute, 600 ms admits 100), and a client that paces itself badly has to meet that here as on the real server.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

SHORT_LIMIT, SHORT_WINDOW_MS = 100, 1000
LONG_WINDOW_MS = 60_000


@dataclass(slots=True)
class TokenBucket:
    """`limit` tokens in `window_ms`; full at the start."""

    limit: int
    window_ms: int
    tokens: int = 0
    refilled_at_ms: int | None = None

    def available(self, now_ms: int) -> int:
        """Tokens to be had now, without taking one: a refusal leaves no trace, so the wait goes on counting."""
        if self.refilled_at_ms is None:
            return self.limit
        refill = (now_ms - self.refilled_at_ms) * self.limit // self.window_ms
        return min(self.tokens + refill, self.limit)

    def take(self, now_ms: int) -> None:
        """Take one of the available tokens; what the refill had beyond whole tokens is lost."""
        self.tokens, self.refilled_at_ms = self.available(now_ms) - 1, now_ms

    @property
    def refusal(self) -> str:
        """What the server says when the bucket is empty."""
        return f"Limit reached ({self.limit} tokens per {self.window_ms} ms)"


class RateLimiter:
    """Admits calls of the records API, REST and GraphQL together.

    `calls_per_minute` None admits all; 100 is Twenty's own default. `clock` gives seconds.
    """

    def __init__(self, calls_per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        if calls_per_minute is not None and calls_per_minute < 1:
            raise ValueError("calls_per_minute must be at least 1, or None for no limit")
        self._clock = clock
        self._buckets: tuple[TokenBucket, ...] = ()
        if calls_per_minute is not None:
            # The long window first: its refusal is the one that a client can do something about.
            long = TokenBucket(calls_per_minute, LONG_WINDOW_MS)
            self._buckets = (long, TokenBucket(SHORT_LIMIT, SHORT_WINDOW_MS))

    def take(self) -> str | None:
        """Admit a call (None), or the message that refuses it."""
        now_ms = int(self._clock() * 1000)
        for bucket in self._buckets:
            if bucket.available(now_ms) < 1:
                return bucket.refusal
        for bucket in self._buckets:
            bucket.take(now_ms)
        return None
