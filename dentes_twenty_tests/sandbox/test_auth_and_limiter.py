"""The API key, what the sandbox says to bad ones, and the rate limiter's arithmetic."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.sandbox import tokens
from dentes_twenty.sandbox.auth import Authority, Verdict, graphql_refusal, rest_refusal
from dentes_twenty.sandbox.limiter import LONG_WINDOW_MS, RateLimiter

WORKSPACE = "0c7c9b43-7a4f-4b64-9d0f-6c2d4d9a7f10"


class Settings:
    """Settings in memory, as the state keeps them in its database."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def setting(self, key: str) -> str | None:
        return self.values.get(key)

    def set_setting(self, key: str, value: str) -> None:
        self.values[key] = value


@pytest.fixture
def authority() -> Authority:
    return Authority.open(Settings(), WORKSPACE)


def test_its_own_key_is_accepted_also_the_second_time(authority: Authority) -> None:
    header = f"Bearer {authority.issue()}"
    assert [authority.check(header), authority.check(header)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Bearer", "missing"),
        ("Bearer   ", "missing"),
        ("Basic abc", "missing"),
        ("Bearer not-a-token", "invalid"),
        ("Bearer a.b.c", "invalid"),
        ("Bearer ğ.ğ.ğ", "invalid"),
        ("Bearer " + tokens.sign({"sub": "1", "type": "API_KEY"}, b"other"), "wrong-type"),
        ("Bearer " + tokens.sign({"workspaceId": WORKSPACE, "type": "ACCESS"}, b"other"), "wrong-type"),
        ("Bearer " + tokens.sign({"workspaceId": WORKSPACE, "type": "API_KEY"}, b"other"), "invalid"),
    ],
)
def test_every_bad_header_has_its_verdict(authority: Authority, header: str | None, verdict: Verdict) -> None:
    assert authority.check(header) == verdict


def test_an_old_key_has_expired_and_another_ones_is_revoked(authority: Authority) -> None:
    assert authority.check(f"Bearer {authority.issue(expires_in_s=-10)}") == "expired"
    other = Authority(authority.secret, WORKSPACE, "another-key")
    assert authority.check(f"Bearer {other.issue()}") == "revoked"


def test_a_changed_payload_is_invalid(authority: Authority) -> None:
    head, _, signature = authority.issue().split(".")
    payload = tokens.sign({"workspaceId": WORKSPACE, "type": "API_KEY", "jti": authority.key_id}, b"x").split(".")[1]
    assert authority.check(f"Bearer {head}.{payload}.{signature}") == "invalid"


def test_refusals_have_the_recorded_bodies() -> None:
    assert rest_refusal("missing") == (
        403,
        {"statusCode": 403, "messages": ["Missing authentication token"], "error": "FORBIDDEN_EXCEPTION"},
    )
    assert rest_refusal("invalid")[0] == 401
    (error,) = graphql_refusal("invalid")["errors"]
    assert error["message"] == "Token invalid."
    assert (error["extensions"]["code"], error["extensions"]["subCode"]) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
    assert graphql_refusal("revoked")["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_the_key_file_is_private_and_survives_a_restart(tmp_path: Path) -> None:
    file, settings = tmp_path / "key", Settings()
    key = Authority.open(settings, WORKSPACE).keep_in(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{key}\n"
    restarted = Authority.open(settings, WORKSPACE)
    assert restarted.keep_in(file) == key
    assert restarted.check(f"Bearer {key}") == "ok"


def test_a_key_file_of_another_workspace_is_replaced_and_made_private(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("something else")
    file.chmod(0o644)
    authority = Authority.open(Settings(), WORKSPACE)
    key = authority.keep_in(file)
    assert authority.check(f"Bearer {key}") == "ok"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> float:
        return self.now_ms / 1000


def _admitted_per_minute(gap_ms: int, calls_per_minute: int = 100, minutes: int = 10) -> float:
    """Accepted calls per minute of a client with a steady gap, its first burst aside."""
    clock = Clock()
    limiter = RateLimiter(calls_per_minute, clock)
    for _ in range(calls_per_minute):
        limiter.take()
        clock.now_ms += 10
    accepted = 0
    for _ in range(minutes * 60_000 // gap_ms):
        clock.now_ms += gap_ms
        accepted += limiter.take() is None
    return accepted / minutes


@pytest.mark.parametrize(
    ("gap_ms", "calls_per_minute", "expected"),
    [(500, 100, 60), (599, 100, 50), (600, 100, 100), (606, 100, 99), (700, 100, 86), (1200, 50, 50), (1199, 50, 25)],
)
def test_a_steady_gap_admits_what_the_floored_refill_leaves(
    gap_ms: int, calls_per_minute: int, expected: float
) -> None:
    assert _admitted_per_minute(gap_ms, calls_per_minute) == pytest.approx(expected, abs=1.5)


def test_a_burst_is_admitted_up_to_the_limit_and_the_message_names_it() -> None:
    limiter = RateLimiter(100, Clock())
    assert [limiter.take() for _ in range(100)] == [None] * 100
    assert limiter.take() == "Limit reached (100 tokens per 60000 ms)"


def test_more_than_a_hundred_calls_in_a_second_are_too_many_at_any_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(6000, clock)
    assert [limiter.take() for _ in range(100)] == [None] * 100
    assert limiter.take() == "Limit reached (100 tokens per 1000 ms)"
    clock.now_ms += 10
    assert limiter.take() is None


def test_a_refusal_costs_nothing() -> None:
    clock = Clock()
    limiter = RateLimiter(100, clock)
    for _ in range(100):
        assert limiter.take() is None
    for _ in range(5):
        clock.now_ms += 100
        assert limiter.take() is not None
    clock.now_ms += 100
    assert limiter.take() is None


def test_no_limit_admits_everything() -> None:
    limiter = RateLimiter(None, Clock())
    assert {limiter.take() for _ in range(10_000)} == {None}


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=200), st.integers(1, 300))
def test_never_more_is_admitted_than_burst_and_refill(gaps: list[int], limit: int) -> None:
    clock, accepted = Clock(), 0
    limiter = RateLimiter(limit, clock)
    for gap in gaps:
        clock.now_ms += gap
        accepted += limiter.take() is None
    assert accepted <= limit + sum(gaps) * limit / LONG_WINDOW_MS


def test_a_limit_below_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimiter(0)
