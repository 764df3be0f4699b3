"""The pacing, against the server's own refill rule under a simulated clock."""

from __future__ import annotations

import asyncio
import heapq
import math
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.twenty.errors import RateLimited
from dentes_twenty.twenty.limiter import (
    START_MARGIN,
    Bucket,
    InMemoryLimits,
    Limiter,
    Limits,
    Ticket,
    accepted,
    refused,
    seconds_for,
    take,
)

T = TypeVar("T")


class ServerBucket:
    """Twenty's rule: floored refill, a refusal stores nothing, whole milliseconds."""

    def __init__(self, limit: int = 100, window_ms: int = 60_000) -> None:
        self.limit, self.window_ms = limit, window_ms
        self.tokens, self.last = limit, 0

    def ask(self, now: float, cost: int = 1) -> bool:
        now = int(now)
        available = min(self.tokens + (now - self.last) * self.limit // self.window_ms, self.limit)
        if available < cost:
            return False
        self.tokens, self.last = available - cost, now
        return True


class Simulation:
    """A clock that jumps to the next sleeper: minutes of pacing take milliseconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.now + seconds * 1000, self._count, future))
        await future

    async def run(self, main: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(main())
        while not task.done():
            for _ in range(20):  # let everything that can run do so before the clock moves on
                await asyncio.sleep(0)
            if self._sleepers and not task.done():
                when, _, future = heapq.heappop(self._sleepers)
                self.now = max(self.now, when)
                future.set_result(None)
        await task


class Contended(InMemoryLimits):
    """A state behind a lock that others hold for up to 80 ms, as a ledger is while another process commits."""

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random(3)
        self.simulation: Simulation | None = None

    async def change(self, function: Callable[[Limits], tuple[Limits, T]]) -> T:
        assert self.simulation
        await self.simulation.sleep(self.chance.uniform(0, 0.08))
        return await super().change(function)


def load(
    calls: int,
    server: ServerBucket,
    *,
    in_flight: int = 4,
    latency_ms: float = 30.0,
    jitter_ms: float = 0.0,
    root_fields: int = 1,
    charge: Callable[[int], int] = lambda fields: 1,
    limiters: int = 1,
    state: InMemoryLimits | None = None,
) -> tuple[float, int, InMemoryLimits]:
    """Load so many calls; gives simulated seconds, refused calls and what the limiter has learnt."""
    simulation, shared, chance = Simulation(), state or InMemoryLimits(), random.Random(7)
    left, refusals = calls, 0
    if isinstance(shared, Contended):
        shared.simulation = simulation

    async def worker(limiter: Limiter) -> None:
        nonlocal left, refusals
        while left > 0:
            left -= 1
            while True:
                ticket = await limiter.acquire(root_fields)
                travel = latency_ms / 3 + chance.uniform(0, jitter_ms)
                await simulation.sleep(travel / 1000)
                admitted = server.ask(simulation.now, charge(root_fields))
                await simulation.sleep((latency_ms if admitted else 5.0) / 1000)
                if admitted:
                    await limiter.accepted(ticket)
                    break
                refusals += 1
                partial = charge(root_fields) > 1
                await limiter.refused(ticket, RateLimited(server.limit, server.window_ms, partial=partial))

    async def main() -> None:
        made = [Limiter(shared, clock=simulation.clock, sleep=simulation.sleep) for _ in range(limiters)]
        await asyncio.gather(*(worker(made[i % limiters]) for i in range(in_flight)))

    asyncio.run(simulation.run(main))
    return simulation.now / 1000, refusals, shared


@pytest.mark.parametrize("limit", [50, 100])
@pytest.mark.parametrize("jitter_ms", [0.0, 3.0])
def test_loading_through_the_quota_takes_at_most_three_percent_more_than_the_floor(
    limit: int, jitter_ms: float
) -> None:
    calls = 400
    took, refusals, state = load(calls, ServerBucket(limit), jitter_ms=jitter_ms)
    floor = (calls - limit) * 60 / limit
    assert took <= 1.03 * floor
    assert refusals < calls * 0.01
    assert [(b.limit, b.window_ms) for b in state.limits.buckets] == [(limit, 60_000)]


def test_a_slow_server_costs_the_time_of_the_burst_and_nothing_more() -> None:
    """Calls less than a refill apart gain no token (the floor), so the time of the burst itself is lost to anyone."""
    calls, in_flight, latency = 400, 4, 400.0
    took, _, _ = load(calls, ServerBucket(), latency_ms=latency, in_flight=in_flight)
    burst = 100 * latency * 1.34 / 1000 / in_flight
    assert took <= burst + 1.02 * (calls - 100) * 0.6 + 3 * latency / 1000 * 3


def test_a_steady_gap_just_below_the_refill_gets_about_half() -> None:
    """The recorded behaviour that the margin is there for."""
    server, admitted, now = ServerBucket(), 0, 0.0
    server.tokens = 0
    while now < 600_000:
        admitted += server.ask(now)
        now += 599
    assert 480 <= admitted <= 560


@pytest.mark.parametrize("limit", [50, 100])
def test_two_workers_on_one_state_keep_the_same_total(limit: int) -> None:
    took, refusals, _ = load(400, ServerBucket(limit), limiters=2)
    assert took <= 1.03 * (400 - limit) * 60 / limit
    assert refusals < 4


def test_waiting_for_the_lock_of_a_shared_state_makes_no_call_come_too_soon() -> None:
    took, refusals, _ = load(400, ServerBucket(), limiters=2, state=Contended())
    assert refusals < 4
    assert took <= 1.12 * 300 * 0.6


def test_nothing_is_held_back_until_something_was_refused() -> None:
    limits, wait = Limits(), 0.0
    for _ in range(1000):
        limits, wait = take(limits, 0.0)
        assert wait == 0.0
    assert not limits.known


def test_the_limit_and_window_are_learnt_from_the_refusal() -> None:
    limits = refused(Limits(), 1000.0, RateLimited(50, 60_000), Ticket(990.0))
    assert limits.buckets[0].limit == 50
    assert 1205 <= limits.buckets[0].interval <= 1213
    limits = refused(limits, 1000.0, RateLimited(100, 1000), Ticket(990.0))
    assert {b.window_ms for b in limits.buckets} == {60_000, 1000}


def test_a_refusal_without_numbers_assumes_the_common_limit() -> None:
    limits = refused(Limits(), 0.0, RateLimited(None, None), Ticket(0.0))
    assert (limits.buckets[0].limit, limits.buckets[0].window_ms) == (100, 60_000)


def test_an_idle_client_gets_its_burst_back() -> None:
    limits = refused(Limits(), 0.0, RateLimited(100, 60_000), Ticket(0.0))
    for _ in range(100):
        limits, wait = take(limits, 120_000.0)
        assert wait == 0.0
    assert take(limits, 120_000.0)[1] > 0


def test_a_limit_that_has_refused_nothing_for_an_hour_is_forgotten() -> None:
    """The server may have been given a higher one since; finding out costs one refusal."""
    learnt = refused(Limits(), 0.0, RateLimited(100, 60_000), Ticket(0.0))
    assert take(learnt, 3_599_000.0)[0].known
    limits, wait = take(learnt, 3_601_000.0)
    assert not limits.known and wait == 0.0
    given = Limits(buckets=(Bucket(100, 60_000, 100, 0.0),))
    assert take(given, 7_200_000.0)[0].known


def test_a_refusal_after_the_clock_was_set_back_still_teaches() -> None:
    """The last refusal then lay in the future, every new one counted as an old story, and each call was refused."""
    later = 86_400_000.0
    limits = Limits((Bucket(100, 60_000, 50, later, refused_at=later),))
    for now in (0.0, 10.0):
        limits, wait = take(limits, now)
        assert wait == 0
        limits = refused(limits, now, RateLimited(100, 60_000), Ticket(now))
        assert take(limits, now)[1] > 0
        limits = Limits((Bucket(100, 60_000, 50, later, refused_at=later),))


def test_a_clock_that_jumps_back_an_hour_does_not_stop_the_calls() -> None:
    limits = Limits(buckets=(Bucket(100, 60_000, 0, last=7_200_000.0),))
    limits, wait = take(limits, 3_600_000.0)
    assert 0 < wait <= 610
    limits, wait = take(limits, 3_600_000.0 + wait)
    assert wait == 0.0


@pytest.mark.parametrize("jump", [-86_400_000.0, 86_400_000.0])
def test_a_clock_that_is_set_while_a_wait_is_counted_prolongs_nothing(jump: float) -> None:
    """Found by the soak: a clock set back a day in that millisecond made the next call wait for a day."""
    slept: list[float] = []
    times = iter([100_000.0])

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    state = InMemoryLimits(Limits(buckets=(Bucket(100, 60_000, 0, last=100_000.0),)))
    limiter = Limiter(state, clock=lambda: next(times, 100_000.0 + jump + 700 * len(slept)), sleep=sleep)
    asyncio.run(limiter.acquire())
    assert all(0 <= seconds < 0.62 for seconds in slept)


def test_refusals_of_requests_that_were_already_under_way_do_not_widen_the_gap() -> None:
    limits = refused(Limits(), 1000.0, RateLimited(100, 60_000), Ticket(500.0))
    for _ in range(3):
        limits = refused(limits, 1100.0, RateLimited(100, 60_000), Ticket(600.0))
    assert limits.buckets[0].margin == START_MARGIN
    assert limits.buckets[0].refused == 1


def test_repeated_refusals_wait_longer_and_widen_the_margin_once() -> None:
    limits, waits = Limits(buckets=(Bucket(100, 60_000, 0, 0.0),)), []
    for i in range(4):
        now = 1000.0 * (i + 1)
        limits = refused(limits, now, RateLimited(100, 60_000), Ticket(now))
        waits.append(take(limits, now)[1])
    assert waits == sorted(waits)
    assert waits[0] < 20 and waits[-1] > 590
    assert limits.buckets[0].margin == pytest.approx(START_MARGIN * 1.5)
    assert accepted(limits).buckets[0].refused == 0


def test_a_server_that_charges_per_root_field_is_noticed() -> None:
    took, refusals, state = load(200, ServerBucket(), root_fields=2, charge=lambda fields: fields)
    assert state.limits.per_field > 0.5
    assert took <= 1.1 * (400 - 100) * 0.6
    assert refusals < 10


def test_a_request_with_several_root_fields_costs_one_token_as_long_as_nothing_speaks_against_it() -> None:
    took, _, state = load(400, ServerBucket(), root_fields=2)
    assert state.limits.per_field == 0.0
    assert took <= 1.03 * 300 * 0.6


def test_finding_the_limit_costs_one_refused_call_even_with_many_in_flight() -> None:
    _, refusals, _ = load(110, ServerBucket(), in_flight=8, latency_ms=50)
    assert refusals <= 1


def test_the_burst_is_counted_from_what_has_refilled_since_the_first_calls() -> None:
    """A load of 130 batches was refused five times: the 18 calls before it were counted, though they had refilled."""
    limits = Limits()
    for _ in range(18):
        limits, _ = take(limits, 0.0)
    now = 60_000.0  # the data model was made meanwhile
    probed = []
    for call in range(110):
        if limits.probing(now):
            probed.append(call)
        limits, wait = take(limits, now)
        assert wait == 0.0
    assert probed == [50, 51, 52, 100, 101, 102]


def test_a_server_without_a_limit_is_not_probed_again_and_again() -> None:
    limits = Limits()
    for call in range(1000):
        assert not limits.probing(call * 10.0) or call < 120
        limits, _ = take(limits, call * 10.0)
    assert limits.possible == ()


def test_the_plan_can_say_how_long_it_will_take() -> None:
    assert seconds_for(100) == 0.0
    assert seconds_for(400) == pytest.approx(300 * 0.6048)
    known = Limits(buckets=(Bucket(50, 60_000, 0, 0.0),))
    assert seconds_for(10, known) == pytest.approx(10 * 1.2096)


@given(
    limit=st.integers(1, 500),
    tokens=st.integers(0, 500),
    steps=st.lists(st.tuples(st.floats(0, 5000), st.integers(1, 3)), max_size=40),
)
def test_the_model_never_believes_in_more_tokens_than_the_server_has(
    limit: int, tokens: int, steps: list[tuple[float, int]]
) -> None:
    tokens = min(tokens, limit)
    server, now = ServerBucket(limit), 0.0
    server.tokens = tokens
    limits = Limits(buckets=(Bucket(limit, 60_000, tokens, 0.0),))
    for gap, times in steps:
        now += gap
        for _ in range(times):
            limits, wait = take(limits, now)
            if wait:
                assert wait <= math.ceil(60_000 / limit * 1.01 + 1) + 1
                now += wait
                limits, wait = take(limits, now)
            assert wait == 0.0
            assert server.ask(now + 1)
