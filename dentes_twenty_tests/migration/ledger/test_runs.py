"""Runs and drops: who is at work, who died, which export was seen."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal

import pytest

from dentes_twenty.migration.errors import LedgerMisuse, RunInProgress
from dentes_twenty.migration.ledger import DropState, Ledger, Operation, RunState, Status
from dentes_twenty.migration.ledger.runs import BEAT_LOST, Process, is_alive
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE, intent_of, outcome_of

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def test_a_run_is_remembered_with_its_counts(ledger: Ledger) -> None:
    run = ledger.begin_run("migrate")
    assert [(one.id, one.kind, one.state) for one in ledger.runs()] == [(run, "migrate", RunState.RUNNING)]
    ledger.end_run(run, RunState.DONE, {"landed": 3})
    (ended,) = ledger.runs(state=RunState.DONE)
    assert ended.counts == {"landed": 3}
    assert ended.ended is not None
    assert ended.ended.tzinfo is not None


def test_a_run_ends_once(ledger: Ledger) -> None:
    run = ledger.begin_run("migrate")
    ledger.end_run(run, RunState.FAILED)
    with pytest.raises(LedgerMisuse):
        ledger.end_run(run, RunState.DONE)


def test_an_exclusive_run_does_not_begin_beside_a_live_one(ledger: Ledger) -> None:
    run = ledger.begin_run("migrate")
    with pytest.raises(RunInProgress):
        ledger.begin_run("delta", exclusive=True)
    ledger.begin_run("reconcile")
    ledger.end_run(run, RunState.DONE)


def _begin_and_wait(url: str, ready: multiprocessing.synchronize.Event) -> None:
    ledger = Ledger.open(url, PRACTICE)
    ledger.begin_run("migrate")
    ready.set()
    signal.pause()


def test_a_run_whose_process_was_killed_is_marked_as_crashed_by_the_next(url: str) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_begin_and_wait, args=(url, ready))
    child.start()
    assert ready.wait(20)
    with Ledger.open(url, PRACTICE) as ledger:
        with pytest.raises(RunInProgress):
            ledger.begin_run("migrate", exclusive=True)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        ledger.begin_run("migrate", exclusive=True)
        assert [run.state for run in ledger.runs()] == [RunState.RUNNING, RunState.CRASHED]
        assert [line["outcome"] for line in ledger.audit.lines()] == ["begun", "crashed", "begun"]


@pytest.mark.parametrize(
    ("process", "silent_for", "alive"),
    [
        (Process.current(), dt.timedelta(days=1), True),
        (Process(Process.current().host, os.getpid(), "another boot:1"), dt.timedelta(0), False),
        (Process(Process.current().host, os.getpid(), None), dt.timedelta(0), True),
        (Process(Process.current().host, 2**22 + 1, None), dt.timedelta(0), False),
        (Process("elsewhere", 1, "x"), BEAT_LOST - dt.timedelta(seconds=1), True),
        (Process("elsewhere", 1, "x"), BEAT_LOST, False),
    ],
)
def test_a_process_lives_when_it_is_found_here_or_was_heard_of_from_elsewhere(
    process: Process, silent_for: dt.timedelta, alive: bool
) -> None:
    assert is_alive(process, NOW - silent_for, NOW, Process.current().host) is alive


def test_a_heartbeat_is_written_at_most_every_ten_seconds(url: str) -> None:
    now = NOW
    with Ledger.open(url, PRACTICE, clock=lambda: now) as ledger:
        run = ledger.begin_run("migrate")
        beats = []
        for second in (1, 5, 12, 30):
            now = NOW + dt.timedelta(seconds=second)
            ledger.heartbeat(run)
            beats.append((ledger.runs()[0].heartbeat - NOW).total_seconds())
        assert beats == [1, 1, 12, 30]


def test_a_drop_is_registered_once_by_its_content(ledger: Ledger) -> None:
    first = ledger.register_drop("abc", "drops/march")
    again = ledger.register_drop("abc", "drops/copy-of-march")
    later = ledger.register_drop("def", "drops/april")
    assert again == first
    assert first.state is DropState.NEW
    assert later.id > first.id
    ledger.set_drop_state(first.id, DropState.REFUSED, "row_counts_fell")
    assert [(drop.fingerprint, drop.state, drop.detail) for drop in ledger.drops()] == [
        ("abc", DropState.REFUSED, "row_counts_fell"),
        ("def", DropState.NEW, None),
    ]


def test_a_drop_is_taken_under_a_new_id_where_records_were_seen_in_a_later_one(ledger: Ledger) -> None:
    first, later = ledger.register_drop("abc", "drops/march"), ledger.register_drop("def", "drops/april")
    run = ledger.begin_run("migrate")
    record = intent_of(ledger, 1)
    intent = ledger.intend(run, Operation.CREATE, "person", [record], drop=first.id)
    ledger.settle(intent, [outcome_of(record)])
    ledger.set_drop_state(first.id, DropState.DONE, "as of")
    assert ledger.renew_drop(first.id) == first.id  # the later one was only looked at
    ledger.mark_seen(later.id, [record.key])
    assert ledger.renew_drop(later.id) == later.id
    renewed = ledger.renew_drop(first.id)
    assert renewed > later.id == ledger.renew_drop(later.id)
    assert ledger.register_drop("abc", "elsewhere").id == ledger.renew_drop(renewed) == renewed
    assert [(drop.fingerprint, drop.location, drop.state) for drop in ledger.drops()] == [
        (f"abc~{first.id}", "drops/march", DropState.DONE),
        ("def", "drops/april", DropState.NEW),
        ("abc", "drops/march", DropState.NEW),
    ]


def test_drops_are_undone_when_nothing_of_them_is_left(ledger: Ledger) -> None:
    drop, refused = ledger.register_drop("abc", ""), ledger.register_drop("def", "")
    run = ledger.begin_run("migrate")
    record = intent_of(ledger, 1)
    intent = ledger.intend(run, Operation.CREATE, "person", [record], drop=drop.id)
    ledger.set_drop_state(drop.id, DropState.PROCESSING)
    ledger.set_drop_state(refused.id, DropState.REFUSED)
    ledger.undo_drops()  # the record may be in Twenty
    assert ledger.drops()[0].state is DropState.PROCESSING
    ledger.settle(intent, [outcome_of(record)])
    ledger.undo_drops()
    assert ledger.drops()[0].state is DropState.PROCESSING
    ledger.set_status(run, [record.key], Status.ROLLED_BACK)
    ledger.undo_drops()
    assert [one.state for one in ledger.drops()] == [DropState.UNDONE, DropState.REFUSED]
