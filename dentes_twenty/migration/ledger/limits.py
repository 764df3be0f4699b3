"""The rate limiter's state, kept in the ledger so that all processes on one workspace share one bucket.

Belongs here: a row for each workspace, changed atomically, and its JSON form. Does not belong here: the arithmetic of
the bucket (`twenty.limiter`). Processes that share this state use the wall clock (`twenty.limiter.wall_ms`).
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.schema import limiters
from dentes_twenty.twenty.limiter import Bucket, Limits

T = TypeVar("T")


class SharedLimits:
    """Implements `twenty.limiter.LimiterState`.

    Has connections of its own: a batch that is being settled in another thread must not keep a call waiting.
    """

    def __init__(self, url: str, name: str) -> None:
        self._database = Database(url)
        self._name = name

    async def change(self, function: Callable[[Limits], tuple[Limits, T]]) -> T:
        """Runs the function on the limits that all processes see, and stores what it makes of them."""
        return await asyncio.to_thread(self.change_now, function)

    def change_now(self, function: Callable[[Limits], tuple[Limits, T]]) -> T:
        """`change` for callers without an event loop. Raises LedgerError."""
        find = sa.select(limiters.c.state).where(limiters.c.name == self._name).with_for_update()
        with self._database.write(None, durable=False) as connection:
            row = {"name": self._name, "state": to_json(Limits())}
            connection.execute(self._database.insert(limiters).on_conflict_do_nothing(), row)
            held = from_json(connection.execute(find).scalar_one())
            limits, answer = function(held)
            if limits != held:
                update = sa.update(limiters).where(limiters.c.name == self._name)
                connection.execute(update.values(state=to_json(limits)))
        return answer

    def close(self) -> None:
        """Ends the connections."""
        self._database.close()


def to_json(limits: Limits) -> str:
    """As JSON; minus infinity (never refused) as null."""
    data = dataclasses.asdict(limits)
    for bucket in (*data["buckets"], *(data["possible"] or ())):
        if bucket["refused_at"] == -math.inf:
            bucket["refused_at"] = None
    return orjson.dumps(data).decode()


def from_json(text: str) -> Limits:
    """The reverse of `to_json`."""
    data = orjson.loads(text)
    possible = data.pop("possible", None)  # older versions did not keep it
    buckets = _buckets(data.pop("buckets"))
    return Limits(buckets=buckets, possible=None if possible is None else _buckets(possible), **data)


def _buckets(raw: list[dict[str, Any]]) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(**{**bucket, "refused_at": -math.inf if bucket["refused_at"] is None else bucket["refused_at"]})
        for bucket in raw
    )
