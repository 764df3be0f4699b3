"""Servers that are older, slower or worse than the sandbox, played by a scripted one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import OutcomeUnknown, ServerTrouble
from dentes_twenty.twenty.outcomes import Record
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
