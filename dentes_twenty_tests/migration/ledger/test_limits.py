"""The shared limiter: several processes on one workspace draw from one bucket."""

from __future__ import annotations

import asyncio
import math
import multiprocessing

from dentes_twenty.migration.ledger import Ledger, SharedLimits
from dentes_twenty.migration.ledger.limits import from_json, to_json
from dentes_twenty.twenty.limiter import Bucket, Limiter, Limits, take, wall_ms
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE

TOKENS = 60
WORKSPACE = "http://127.0.0.1:3000"


def test_limits_come_back_from_json_as_they_were() -> None:
    for limits in (
        Limits(),
        Limits((Bucket(100, 60_000, 3, 1.5), Bucket(100, 1_000, 0, 2.5, 0.02, 3, 17.25)), 0.5, 42),
        Limits(sent=1, possible=(Bucket(50, 60_000, 49, 1.5), Bucket(100, 60_000, 99, 1.5))),
        Limits(sent=200, possible=()),
    ):
        assert from_json(to_json(limits)) == limits
    assert from_json(to_json(Limits((Bucket(1, 2, 3, 4),)))).buckets[0].refused_at == -math.inf


def test_limits_outlive_the_process_and_are_kept_for_each_workspace(ledger: Ledger) -> None:
    first, again, other = (ledger.shared_limits(name) for name in (WORKSPACE, WORKSPACE, "http://127.0.0.1:4000"))
    learnt = Limits((Bucket(100, 60_000, 5, 0.0),))
    first.change_now(lambda _: (learnt, None))
    assert again.change_now(lambda held: (held, held)) == learnt
    assert other.change_now(lambda held: (held, held)) == Limits()
    for limits in (first, again, other):
        limits.close()


def _draw(url: str, taken: multiprocessing.Queue[int]) -> None:
    limits = SharedLimits(url, WORKSPACE)
    got = 0
    for _ in range(TOKENS):
        # No time passes, so that nothing is refilled: all processes together get what the bucket holds.
        got += limits.change_now(lambda held: take(held, 0.0)) == 0.0
    limits.close()
    taken.put(got)


def test_processes_together_take_no_more_than_the_bucket_holds(url: str) -> None:
    with Ledger.open(url, PRACTICE) as ledger:
        shared = ledger.shared_limits(WORKSPACE)
        shared.change_now(lambda _: (Limits((Bucket(TOKENS, 60_000, TOKENS, 0.0),)), None))
        shared.close()
    context = multiprocessing.get_context("fork")
    taken: multiprocessing.Queue[int] = context.Queue()
    children = [context.Process(target=_draw, args=(url, taken)) for _ in range(3)]
    for child in children:
        child.start()
    counts = [taken.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert sum(counts) == TOKENS


def test_the_limiter_works_over_the_shared_state(ledger: Ledger) -> None:
    async def three_calls() -> int:
        shared = ledger.shared_limits(WORKSPACE)
        limiter = Limiter(shared, clock=wall_ms)
        for _ in range(3):
            await limiter.accepted(await limiter.acquire())
        sent = (await limiter.limits()).sent
        shared.close()
        return sent

    assert asyncio.run(three_calls()) == 3
