"""Every fault over a real connection, and how they are ordered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dentes_twenty.sandbox.auth import Authority
from dentes_twenty.sandbox.faults import FAULT_NAMES, Fault, FaultError, Faults, parse_fault


class Counter:
    """An application of one route that counts what it commits."""

    def __init__(self) -> None:
        self.committed: list[bytes] = []
        routes = [Route(path, self.commit, methods=["POST"]) for path in ("/rest/people", "/graphql")]
        self.app = Starlette(routes=routes)

    async def commit(self, request: Request) -> Response:
        self.committed.append(await request.body())
        return JSONResponse({"data": {"committed": len(self.committed)}}, status_code=201)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def faults(counter: Counter) -> Faults:
    return Faults(counter.app, Authority(b"secret", "workspace", "key"))


@pytest.fixture
def client(faults: Faults) -> Iterator[httpx.Client]:
    config = uvicorn.Config(faults, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    key = Authority(b"secret", "workspace", "key").issue()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=1) as client:
        yield client
    server.should_exit = True
    thread.join(5)


def _post(client: httpx.Client, path: str = "/rest/people") -> httpx.Response:
    return client.post(path, json={"query": "mutation{createPeople}"})


@pytest.mark.parametrize(
    ("name", "committed"), [("error-before-commit", 0), ("error-after-commit", 1), ("token-revoked", 0)]
)
def test_an_error_is_answered_before_or_after_the_commit(
    client: httpx.Client, faults: Faults, counter: Counter, name: str, committed: int
) -> None:
    faults.pending.append(Fault(name, 1))
    assert _post(client).status_code == (403 if name == "token-revoked" else 500)
    assert len(counter.committed) == committed
    assert _post(client).status_code == 201


@pytest.mark.parametrize(("name", "committed"), [("cut-before-commit", 0), ("cut-after-commit", 1)])
def test_a_connection_is_cut_before_or_after_the_commit(
    client: httpx.Client, faults: Faults, counter: Counter, name: str, committed: int
) -> None:
    faults.pending.append(Fault(name, 1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _post(client)
    assert len(counter.committed) == committed
    assert _post(client).status_code == 201


@pytest.mark.parametrize(("name", "committed"), [("time-out-before-commit", 0), ("time-out-after-commit", 1)])
def test_a_time_out_is_one_for_the_client(
    client: httpx.Client, faults: Faults, counter: Counter, name: str, committed: int
) -> None:
    faults.pending.append(Fault(name, 1))
    with pytest.raises(httpx.ReadTimeout):
        _post(client)
    assert len(counter.committed) == committed


def test_a_time_out_that_is_waited_for_ends_in_a_cut_connection(client: httpx.Client, faults: Faults) -> None:
    faults.pending.append(Fault("time-out-after-commit", 1, seconds=0.1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _post(client)


def test_a_slow_answer_comes_in_the_end(client: httpx.Client, faults: Faults) -> None:
    faults.pending.append(Fault("slow", 1, seconds=0.3))
    started = time.monotonic()
    assert _post(client).status_code == 201
    assert time.monotonic() - started >= 0.3


def test_a_storm_of_refusals_looks_like_the_limiter(client: httpx.Client, faults: Faults) -> None:
    faults.pending.append(Fault("rate-limit", 3))
    rest = [_post(client) for _ in range(2)]
    assert [answer.status_code for answer in rest] == [429, 429]
    assert rest[0].json()["messages"] == ["Limit reached (100 tokens per 60000 ms)"]
    graphql = _post(client, "/graphql")
    assert graphql.status_code == 200
    assert graphql.json()["errors"][0]["extensions"]["subCode"] == "LIMIT_REACHED"
    assert _post(client).status_code == 201


def test_a_storm_lasts_from_its_first_hit_whatever_is_sent_in_it(client: httpx.Client, faults: Faults) -> None:
    order = {"fault": "rate-limit", "lasting": 0.3, "limit": 6000, "match": "people"}
    listed = client.post("/sandbox/faults", json=order).json()["pending"][0]
    assert (listed["lasting"], listed["limit"]) == (0.3, 6000)
    time.sleep(0.3)  # it has hit nothing yet
    answers = [_post(client) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 429]
    assert answers[0].json()["messages"] == ["Limit reached (6000 tokens per 60000 ms)"]
    assert _post(client, "/graphql").status_code == 201
    time.sleep(0.3)
    assert _post(client).status_code == 201
    assert faults.pending == [] and faults.struck == 3


def test_a_page_comes_instead_of_json(client: httpx.Client, faults: Faults, counter: Counter) -> None:
    faults.pending.append(Fault("wrong-content-type", 1))
    answer = _post(client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert len(counter.committed) == 1


def test_truncated_json_is_half_of_the_answer(client: httpx.Client, faults: Faults, counter: Counter) -> None:
    faults.pending.append(Fault("truncated-json", 1))
    answer = _post(client)
    assert answer.status_code == 201
    assert '{"data":{"committed":1}}'.startswith(answer.text)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert len(counter.committed) == 1


def test_a_fault_hits_only_requests_that_match_after_the_skipped_ones(
    client: httpx.Client, faults: Faults, counter: Counter
) -> None:
    faults.pending.append(Fault("error-after-commit", 1, match="createPeople", skip=1))
    assert client.post("/rest/people", json={"other": 1}).status_code == 201
    assert [_post(client).status_code for _ in range(3)] == [201, 500, 201]
    assert len(counter.committed) == 4


def test_the_request_keeps_its_body_when_faults_are_pending(
    client: httpx.Client, faults: Faults, counter: Counter
) -> None:
    faults.pending.append(Fault("cut-before-commit", 1, match="nothing like it"))
    _post(client)
    assert counter.committed == [b'{"query":"mutation{createPeople}"}']


def test_faults_are_ordered_listed_and_cleared_over_http(client: httpx.Client, counter: Counter) -> None:
    ordered = client.post("/sandbox/faults", json={"fault": "error-before-commit", "count": 2, "match": "people"})
    assert ordered.json() == {
        "pending": [{"name": "error-before-commit", "count": 2, "match": "people", "skip": 0, "seconds": None}]
    }
    assert _post(client).status_code == 500
    assert client.get("/sandbox/faults").json()["pending"][0]["count"] == 1
    assert client.delete("/sandbox/faults").json() == {"pending": []}
    assert _post(client).status_code == 201
    assert len(counter.committed) == 1


def test_ordering_faults_needs_the_key(client: httpx.Client) -> None:
    answer = client.post("/sandbox/faults", json={"fault": "slow"}, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"fault":"nope"}',
        b'{"fault":"slow","count":0}',
        b'{"fault":"slow","x":1}',
        b'{"count":1}',
        b'{"fault":"slow","lasting":-1}',
        b'{"fault":"rate-limit","limit":0}',
    ],
)
def test_an_order_that_makes_no_sense_is_a_400_that_says_what_to_do(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/sandbox/faults", content=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "message", "fix"}


def test_the_notation_of_the_command_line() -> None:
    assert parse_fault("slow:2") == Fault("slow", 2)
    assert parse_fault("cut-after-commit:1:POST /rest/people") == Fault("cut-after-commit", 1, "POST /rest/people")
    for text in ("slow", "slow:x", "slow:0", "nope:1", ""):
        with pytest.raises(FaultError):
            parse_fault(text)
    assert "rate-limit" in FAULT_NAMES
