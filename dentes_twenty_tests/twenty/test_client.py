"""The wire itself: what is repeated, what is not, and what shows in errors and logs."""

from __future__ import annotations

import logging
import socket

import pytest

from dentes_twenty.twenty import errors
from dentes_twenty.twenty.client import PATIENCE_S, TwentyClient, check_url, pause
from dentes_twenty.twenty.limiter import Limiter
from dentes_twenty_tests.twenty.stub import LIMITED, Reply, Request, StubServer, data, graphql_error

pytestmark = pytest.mark.anyio

KEY = "eyJhbGciOiJIUzI1NiJ9.secret-key-of-the-test"
READ = "query{people{totalCount}}"
WRITE = "mutation($d:[PersonCreateInput!]!){createPeople(data:$d){id}}"
SECRET = {"d": [{"name": {"firstName": "Ayşe-Kanarya"}}]}


async def test_data_of_the_one_root_field_is_given() -> None:
    async with StubServer(data(people={"totalCount": 3})) as server, TwentyClient(server.url, KEY) as client:
        assert await client.graphql(READ, write=False) == {"people": {"totalCount": 3}}
        request = server.requests[0]
    assert request.path == "/graphql"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json == {"query": READ, "variables": {}}
    assert client.calls.total == 1 and client.calls.retried == 0


async def test_connections_are_kept_and_reused() -> None:
    async with StubServer(data(people={})) as server, TwentyClient(server.url, KEY) as client:
        for _ in range(5):
            await client.graphql(READ, write=False)
        assert server.connections == 1


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(cut="before"),
        Reply({"data": {"people": 1}}, cut="inside"),
        Reply("<html>bad gateway</html>", status=502, content_type="text/html"),
        Reply("<html>soon back</html>", status=200, content_type="text/html"),
        Reply('{"data": {"peop', status=200),
        graphql_error("Query read timeout", "INTERNAL_SERVER_ERROR"),
    ],
    ids=["cut before", "cut inside", "502", "html", "truncated", "read timeout"],
)
async def test_a_read_is_repeated_through_a_passing_trouble(trouble: Reply) -> None:
    async with StubServer(trouble, data(people=1)) as server, TwentyClient(server.url, KEY) as client:
        assert await client.graphql(READ, write=False) == {"people": 1}
        assert client.calls.retried == 1
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("lost", "kind"),
    [
        (Reply(cut="before"), errors.OutcomeUnknown),
        (Reply({"data": {"createPeople": []}}, cut="inside"), errors.OutcomeUnknown),
        (Reply('{"data": {"createP', status=200), errors.OutcomeUnknown),
        (Reply(cut="never"), errors.OutcomeUnknown),
        (Reply("Internal Server Error", status=500), errors.ServerTrouble),
        (Reply("bad gateway", status=502), errors.ServerTrouble),
    ],
    ids=["cut before", "cut inside", "truncated", "silence", "500", "502"],
)
async def test_a_write_whose_answer_is_lost_is_never_sent_twice(lost: Reply, kind: type[errors.TwentyError]) -> None:
    async with StubServer(lost, data(createPeople=[])) as server, TwentyClient(server.url, KEY, timeout=0.3) as client:
        with pytest.raises(kind):
            await client.graphql(WRITE, SECRET, write=True)
        assert len(server.requests) == 1


async def test_a_write_that_does_no_harm_when_repeated_is_repeated() -> None:
    script = [Reply(cut="before"), Reply("bad gateway", status=502), data(createPeople=[])]
    async with StubServer(*script) as server, TwentyClient(server.url, KEY) as client:
        assert await client.graphql(WRITE, SECRET, write=True, repeatable=True) == {"createPeople": []}
        assert len(server.requests) == 3


async def test_a_refusal_by_the_rate_limit_is_waited_out_for_writes_too() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds * 1000

    clock = [0.0]
    limiter = Limiter(clock=lambda: clock[0], sleep=sleep)
    async with (
        StubServer(LIMITED, LIMITED, data(createPeople=[])) as server,
        TwentyClient(server.url, KEY, limiter=limiter) as client,
    ):
        await client.graphql(WRITE, SECRET, write=True)
        assert len(server.requests) == 3
    assert client.calls.refused == 2
    assert slept and all(0 < s < 0.7 for s in slept)
    assert (await limiter.limits()).buckets[0].limit == 100


async def test_a_429_of_the_records_api_is_waited_out() -> None:
    refused = Reply(
        {"statusCode": 429, "error": "HttpException", "messages": ["Limit reached (6000 tokens per 60000 ms)"]}, 429
    )
    async with StubServer(refused, Reply({"data": {}})) as server, TwentyClient(server.url, KEY) as client:
        assert await client.rest("GET", "/rest/people", {"limit": 1}) == {"data": {}}
        assert client.calls.refused == 1


async def test_a_request_of_which_some_root_fields_were_refused_teaches_the_charge_per_field() -> None:
    reply = graphql_error("Limit reached (100 tokens per 60000 ms)", sub_code="LIMIT_REACHED", a=[1], b=None)
    async with StubServer(reply) as server, TwentyClient(server.url, KEY) as client:
        answer = await client.execute("mutation{a b}", write=True, root_fields=2)
        assert answer.data["a"] == [1]
        assert isinstance(answer.errors["b"], errors.RateLimited)
        assert (await client.limiter.limits()).per_field == 0.5


async def test_one_failing_root_field_leaves_the_data_of_the_other() -> None:
    reply = graphql_error("A duplicate entry was detected", good={"id": "1"}, bad=None)
    async with StubServer(reply) as server, TwentyClient(server.url, KEY) as client:
        answer = await client.execute("mutation{good bad}", write=True, root_fields=2)
    assert answer.data["good"] == {"id": "1"}
    assert list(answer.errors) == ["bad"]
    assert answer.errors["bad"].code == "duplicate"


async def test_no_connection_is_an_error_of_its_own_and_is_sat_out_first() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with TwentyClient(url, KEY, patience=0.6) as client:
        with pytest.raises(errors.Unreachable):
            await client.graphql(WRITE, SECRET, write=True)
    assert client.calls.retried >= 1
    assert PATIENCE_S >= 60


async def test_a_refused_key_stops_at_once() -> None:
    async with (
        StubServer(graphql_error("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED")) as server,
        TwentyClient(server.url, KEY) as client,
    ):
        with pytest.raises(errors.AuthRefused):
            await client.graphql(READ, write=False)
        assert len(server.requests) == 1


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    moved = Reply("", status=301, headers={"location": "http://example.org/graphql"})
    async with StubServer(moved) as server, TwentyClient(server.url, KEY) as client:
        with pytest.raises(errors.NotTwenty):
            await client.graphql(READ, write=False)


async def test_the_upload_is_a_graphql_multipart_request_beside_the_rate_limit() -> None:
    async with StubServer(data(up={"id": "1"})) as server, TwentyClient(server.url, KEY) as client:
        answer = await client.upload(
            {"query": "m", "variables": {"file": None}}, "röntgen.png", b"\x89PNG", "image/png"
        )
        request: Request = server.requests[0]
    assert answer == {"up": {"id": "1"}}
    assert request.path == "/metadata"
    assert b'"variables":{"file":null}' in request.body and b"\x89PNG" in request.body
    assert b'{"0":["variables.file"]}' in request.body


async def test_neither_key_nor_patient_data_is_in_errors_logs_or_reprs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    replies = [
        graphql_error("Invalid string value 'Ayşe-Kanarya' for text field \"name\"", sub_code="INVALID_ARGS_DATA"),
        Reply(cut="before"),
        Reply("Ayşe-Kanarya is not known here", status=500),
        Reply('{"data": "Ayşe-Kanarya', status=200),
    ]
    for reply in replies:
        async with StubServer(reply) as server, TwentyClient(server.url, KEY) as client:
            with pytest.raises(errors.TwentyError) as caught:
                await client.graphql(WRITE, SECRET, write=True)
            error: BaseException | None = caught.value
            while error is not None:
                shown += [str(error), repr(error), repr(error.args), repr(vars(error))]
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            shown += [repr(client), repr(client.calls)]
    text = "\n".join(shown) + caplog.text
    assert "Kanarya" not in text
    assert KEY not in text


@pytest.mark.parametrize(
    "url", ["http://crm.example.org", "http://192.168.1.5:3000", "ftp://x", "crm", "https://a:b@c"]
)
def test_an_address_without_tls_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(errors.InsecureUrl) as caught:
        check_url(url)
    assert "https" in caught.value.fix


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://crm.example.org/", "https://crm.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("https://x.y/crm/?a=b", "https://x.y/crm"),
    ],
)
def test_https_and_loopback_are_accepted(url: str, base: str) -> None:
    assert check_url(url) == base


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent(key: str) -> None:
    with pytest.raises(errors.AuthRefused) as caught:
        TwentyClient("https://crm.example.org", key)
    assert not key.strip() or key not in str(caught.value)


def test_pauses_grow_and_stay_bounded() -> None:
    assert all(0.125 <= pause(1) <= 0.25 for _ in range(20))
    assert all(4 <= pause(40) <= 8 for _ in range(20))
