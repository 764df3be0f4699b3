"""Servers that are older, slower or worse than the sandbox, played by a scripted one; and the stream of batches."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import ModelMismatch, OutcomeUnknown, PermissionRefused, ServerTrouble
from dentes_twenty.twenty.outcomes import BatchOutcome, Record
from dentes_twenty.twenty.pipeline import InFlight
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty import workspaces
from dentes_twenty_tests.twenty.stub import Reply, Request, StubServer, data, graphql_error

pytestmark = pytest.mark.anyio


def person(number: int) -> Record:
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))), "jobTitle": str(number)}


class Twenty:
    """People in memory, with a rule about what is taken. Counts batches by size."""

    def __init__(self, refuse: Callable[[list[Record]], Reply | None] = lambda rows: None, delay: float = 0.0) -> None:
        self.people: dict[str, Record] = {}
        self.sizes: list[int] = []
        self.at_once = self.most_at_once = 0
        self._refuse = refuse
        self._delay = delay

    def __call__(self, request: Request) -> Reply:
        query, variables = request.json["query"], request.json["variables"]
        if not query.startswith("mutation"):
            wanted = variables["filter"]["and"][0]["id"]["in"]
            found = [self.people[i] for i in wanted if i in self.people]
            edges = [{"node": {**record, "deletedAt": None}} for record in found]
            return data(people={"edges": edges, "pageInfo": {"hasNextPage": False, "endCursor": None}})
        rows: list[Record] = variables["data"]
        self.sizes.append(len(rows))
        refusal = self._refuse(rows)
        if refusal is not None:
            return refusal
        self.people.update((row["id"], row) for row in rows)
        reply = data(createPeople=rows)
        reply.delay = self._delay
        return reply


async def opened(server: StubServer, **more: Any) -> RecordStore:
    return RecordStore(TwentyClient(server.url, "key", **more), workspaces.model())


async def test_a_smaller_limit_is_learnt_and_remembered() -> None:
    def at_most_60(rows: list[Record]) -> Reply | None:
        if len(rows) <= 60:
            return None
        return graphql_error("Maximum number of records to upsert is 60.", createPeople=None)

    twenty = Twenty(at_most_60)
    async with StubServer(twenty) as server:
        store = await opened(server)
        outcome = await store.create("person", [person(n) for n in range(200)])
        assert len(outcome.stored) == 200
        assert twenty.sizes == [200, 60, 60, 60, 20]
        assert store.batch_size == 60
        await store.create("person", [person(n) for n in range(200, 300)])
        assert twenty.sizes[5:] == [60, 40]
        await store.client.aclose()


async def test_a_body_that_is_too_large_for_a_proxy_is_halved() -> None:
    def small(rows: list[Record]) -> Reply | None:
        return Reply("<h1>413</h1>", status=413) if len(rows) > 30 else None

    twenty = Twenty(small)
    async with StubServer(twenty) as server:
        store = await opened(server)
        assert len((await store.create("person", [person(n) for n in range(100)])).stored) == 100
        assert store.batch_size == 200
        await store.client.aclose()


async def test_a_row_on_which_the_server_fails_each_time_is_isolated() -> None:
    bad = person(17)["id"]

    def fail(rows: list[Record]) -> Reply | None:
        if any(row["id"] == bad for row in rows):
            return graphql_error("Data validation error.", "INTERNAL_SERVER_ERROR", createPeople=None)
        return None

    async with StubServer(Twenty(fail)) as server:
        store = await opened(server)
        outcome = await store.create("person", [person(n) for n in range(20)])
        await store.client.aclose()
    assert [(r.id, r.code) for r in outcome.refused] == [(bad, "server_error")]
    assert len(outcome.stored) == 19


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_outage_blames_no_row_and_is_raised_after_the_clients_patience(status: int) -> None:
    async with StubServer(Twenty(lambda rows: Reply("down", status=status))) as server:
        store = await opened(server, patience=0.3)
        with pytest.raises(ServerTrouble):
            await store.create("person", [person(n) for n in range(5)])
        await store.client.aclose()


async def test_answers_that_stay_lost_are_raised_too() -> None:
    async with StubServer(Twenty(lambda rows: Reply(cut="before"))) as server:
        store = await opened(server, patience=0.3)
        with pytest.raises(OutcomeUnknown):
            await store.create("person", [person(1)])
        await store.client.aclose()


async def test_a_record_that_the_answer_leaves_out_is_looked_up() -> None:
    twenty = Twenty()

    def short(request: Request) -> Reply:
        reply = twenty(request)
        if request.json["query"].startswith("mutation"):
            reply.body["data"]["createPeople"] = reply.body["data"]["createPeople"][1:]  # type: ignore[index]
        return reply

    async with StubServer(short) as server:
        store = await opened(server)
        outcome = await store.create("person", [person(1), person(2)])
        await store.client.aclose()
    assert set(outcome.stored) == {person(1)["id"], person(2)["id"]}


# -- the stream


async def test_a_stream_is_sent_in_batches_and_told_before_and_after() -> None:
    twenty, told = Twenty(), []
    taken = 0

    def stream() -> Iterator[Record]:
        nonlocal taken
        for number in range(1050):
            taken += 1
            yield person(number)

    async def before(batch: list[Record]) -> None:
        told.append(("before", len(batch), len(twenty.people)))

    def after(batch: list[Record], outcome: BatchOutcome) -> None:
        told.append(("after", len(batch), len(outcome.stored)))
        assert taken - len(twenty.people) <= 200 * 6  # never more than the batches in flight and one

    async with StubServer(twenty) as server:
        store = await opened(server)
        summary = await store.create_many("person", stream(), before=before, on_outcome=after)
        await store.client.aclose()
    assert (summary.sent, summary.stored, summary.batches, summary.refused) == (1050, 1050, 6, 0)
    assert sum(size for kind, size, _ in told if kind == "before") == 1050
    assert sum(stored for kind, _, stored in told if kind == "after") == 1050
    assert twenty.sizes.count(200) == 5


async def test_the_first_error_of_a_stream_is_raised_as_itself() -> None:
    async with StubServer(Twenty(lambda rows: graphql_error("Forbidden resource", "FORBIDDEN"))) as server:
        store = await opened(server)
        with pytest.raises(PermissionRefused):
            await store.create_many("person", (person(n) for n in range(1000)))
        with pytest.raises(ModelMismatch):
            await store.create_many("person", iter([{**person(1), "nope": 1}]))
        await store.client.aclose()


async def test_several_batches_are_in_flight_on_a_slow_line() -> None:
    twenty = Twenty(delay=0.05)
    async with StubServer(twenty) as server:
        store = await opened(server, max_in_flight=8)
        summary = await store.create_many("person", (person(n) for n in range(200 * 40)))
        await store.client.aclose()
    assert (summary.stored, summary.batches) == (8000, 40)
    assert summary.in_flight > 1


def converge(alone: float, workers: float = math.inf, most: int = 16, rounds: int = 400) -> int:
    """In flight in the end, with a server that has so many workers: what is beyond them waits in its queue, but for
    the very first batches, which found it idle."""
    flight = InFlight(most)
    for number in range(rounds):
        ahead = number + 1 if number < flight.now else flight.now
        flight.completed(alone * max(1.0, ahead / workers))
    return flight.now


def test_the_number_in_flight_grows_while_the_server_gains_from_it() -> None:
    assert converge(0.05) == 16
    assert converge(0.05, rounds=4 + 8) == 16  # two rounds of batches


def test_a_server_that_does_one_thing_at_a_time_is_not_flooded() -> None:
    assert 2 <= converge(0.3, workers=1) <= 6


def test_a_pool_of_workers_is_filled_and_not_much_more() -> None:
    assert 6 <= converge(0.2, workers=6) <= 11


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=200), st.integers(1, 16))
def test_the_number_in_flight_stays_within_its_bounds(times: list[float], most: int) -> None:
    flight = InFlight(most, now=min(4, most))
    for seconds in times:
        flight.completed(seconds)
        assert 1 <= flight.now <= most
