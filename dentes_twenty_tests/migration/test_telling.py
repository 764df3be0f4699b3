"""What is said of a migration's cost beforehand, and of its end while it runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from pathlib import Path

from dentes_twenty.migration.ledger import Ledger, Run, RunState
from dentes_twenty.migration.steps import CALLS, CallPlan, forecast, noted
from dentes_twenty.twenty.limiter import Bucket, Limits

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
RUN = Run(1, "migrate", RunState.RUNNING, NOON, NOON, None, {})


def plan(calls: int, *buckets: Bucket) -> CallPlan:
    return CallPlan({"person": 190 * calls}, {"person": calls}, Limits(buckets))


def test_calls_beyond_the_burst_take_their_time_and_the_end_is_named() -> None:
    said = plan(400).says(NOON)
    assert plan(400).seconds == 300 * 0.6 * 1.008
    assert "76,000 records to write in about 400 calls" in said
    assert "3.0 minutes: until 12:03 at the earliest" in said
    assert "100 calls a minute" in said


def test_a_plan_that_fits_into_the_burst_promises_no_time() -> None:
    assert plan(100).seconds == 0
    assert plan(100).says(NOON).endswith("in about 100 calls, which no usual limit holds up.")


def test_a_limit_that_is_known_counts_instead_of_the_usual_one() -> None:
    half = Bucket(limit=50, window_ms=60_000, tokens=0, last=0.0)
    assert math.isclose(plan(50, half).seconds, 60 * 1.008)
    assert "50 calls in 60 s" in plan(50, half).says(NOON)


def running(seconds: float, calls: int) -> Run:
    at = NOON + dt.timedelta(seconds=seconds)
    return dataclasses.replace(RUN, heartbeat=at, counts={**noted(plan(400), NOON), CALLS: calls})


def test_a_run_that_is_under_way_says_when_it_will_be_through() -> None:
    found = forecast(running(60, 100))
    assert found is not None
    assert (found.calls, found.planned) == (100, 400)
    assert found.until == NOON + dt.timedelta(minutes=4)


def test_nothing_is_foretold_from_a_few_calls_or_without_a_plan_or_of_a_run_that_has_ended() -> None:
    few = forecast(running(60, 9))
    assert few is not None
    assert few.until is None
    assert forecast(RUN) is None
    ended = forecast(dataclasses.replace(running(60, 100), state=RunState.DONE))
    assert ended is not None
    assert ended.until is None


def test_the_ledger_keeps_what_a_run_has_noted_until_and_beyond_its_end(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite", "ege") as ledger:
        run = ledger.begin_run("migrate")
        ledger.note_run(run, noted(plan(7), NOON))
        ledger.note_run(run, {CALLS: 3})
        (open_,) = ledger.runs()
        assert (open_.counts["planned_calls"], open_.counts["calls"]) == (7, 3)
        ledger.end_run(run, RunState.DONE, {"landed": 5})
        ledger.note_run(run, {CALLS: 99})
        (ended,) = ledger.runs()
        assert (ended.counts["planned_calls"], ended.counts["calls"], ended.counts["landed"]) == (7, 3, 5)
