"""The number of requests in flight: found from the times that batches take, kept by the gate."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.twenty.in_flight import FIRST, Gate, InFlight
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty.stub import StubServer
from dentes_twenty_tests.twenty.test_writing import Twenty, opened, person

pytestmark = pytest.mark.anyio


def converge(alone: float, workers: float = math.inf, most: int = 16, rounds: int = 400) -> int:
    """In flight in the end, with a server that has so many workers: what is beyond them waits in its queue."""
    flight = InFlight(most)
    for number in range(rounds):
        ahead = min(number + 1, flight.now)
        flight.completed("create", alone * max(1.0, ahead / workers))
    return flight.now


def test_the_number_grows_while_the_server_gains_from_it() -> None:
    assert converge(0.05) == 16
    assert converge(0.05, rounds=2 + 4 + 8) == 16  # three rounds of batches


def test_a_server_that_does_one_thing_at_a_time_is_not_flooded() -> None:
    assert 2 <= converge(0.3, workers=1) <= 6


def test_a_pool_of_workers_is_filled_and_not_much_more() -> None:
    assert 6 <= converge(0.2, workers=6) <= 11


def test_a_kind_of_batch_that_was_not_seen_before_begins_anew() -> None:
    flight = InFlight(16)
    for _ in range(100):
        flight.completed("quick", 0.01)
    assert flight.now == 16
    flight.completed("slow", 1.6)
    assert flight.now == FIRST
    for _ in range(3):
        flight.completed("slow", 0.2)
    assert flight.now > FIRST  # the first one had waited behind the sixteen before it


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.001, 100)), min_size=1, max_size=200), st.integers(1, 16))
def test_the_number_stays_within_its_bounds(times: list[tuple[str, float]], most: int) -> None:
    flight = InFlight(most)
    for kind, seconds in times:
        flight.completed(kind, seconds)
        assert 1 <= flight.now <= most


async def test_the_gate_lets_in_as_many_as_are_to_be_in_flight_and_some_ahead() -> None:
    flight = InFlight(16, now=2)
    gate, inside = Gate(flight, ahead=1), 0
    most = 0

    async def visit() -> None:
        nonlocal inside, most
        async with gate:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visit() for _ in range(50)))
    assert most == 3
    flight.now = 7
    await asyncio.gather(*(visit() for _ in range(50)))
    assert most == 8


async def test_who_is_cancelled_at_the_gate_takes_no_place_with_them() -> None:
    gate = Gate(InFlight(1))
    await gate.enter()
    waiting = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await gate.leave()
    await asyncio.wait_for(gate.enter(), 5)


async def test_several_batches_are_in_flight_on_a_slow_line() -> None:
    twenty = Twenty(delay=0.05)
    async with StubServer(twenty) as server:
        store: RecordStore = await opened(server, most_in_flight=8)
        batches = [[person(n) for n in range(start, start + 200)] for start in range(0, 200 * 40, 200)]
        outcomes = await asyncio.gather(*(store.create("person", batch) for batch in batches))
        in_flight = store.client.flight.now
        await store.client.aclose()
    assert sum(len(outcome.stored) for outcome in outcomes) == 8000
    assert in_flight > FIRST
