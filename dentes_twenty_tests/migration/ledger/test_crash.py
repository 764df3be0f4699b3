"""Crashes: a writer is killed at random moments, and the ledger is whole each time."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from dentes_twenty.migration.ids import record_id
from dentes_twenty.migration.ledger import (
    Ledger,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    Result,
    RunState,
    Status,
)
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE

MOMENTS = 30
BATCH = 40


def _write_batches(url: str, first: int, diary: Path) -> None:
    """Writes batches for ever. What was committed is noted in a file of its own, which a kill does not undo."""
    with Ledger.open(url, PRACTICE) as ledger, diary.open("a", buffering=1) as notes:
        run = ledger.begin_run("migrate", exclusive=True)
        number = first
        while True:
            batch = [
                RecordIntent(
                    RecordKey("patient", f"{number}-{row}"),
                    record_id(PRACTICE, "patient", f"{number}-{row}"),
                    prints=ledger.fingerprints({"name": row}),
                )
                for row in range(BATCH)
            ]
            intent = ledger.intend(run, Operation.CREATE, "person", batch)
            notes.write(f"intended {number}\n")
            ledger.settle(intent, [Outcome(one.key, one.record_id, Result.LANDED) for one in batch])
            notes.write(f"settled {number}\n")
            number += 1


def _kill_at_a_random_moment(url: str, first: int, diary: Path, chance: random.Random) -> None:
    child = multiprocessing.get_context("fork").Process(target=_write_batches, args=(url, first, diary))
    child.start()
    while not diary.exists() and child.is_alive():
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.15))
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def _noted(diary: Path) -> tuple[set[int], set[int]]:
    lines = [line.split() for line in diary.read_text().splitlines() if line[-1:].isdigit()]
    intended = {int(number) for word, number in lines if word == "intended"}
    return intended, {int(number) for word, number in lines if word == "settled"}


def test_a_killed_writer_leaves_whole_batches_a_whole_log_and_exactly_what_is_in_doubt(
    url: str, tmp_path: Path
) -> None:
    chance = random.Random(20_260_301)
    first = 0
    for moment in range(MOMENTS):
        diary = tmp_path / f"diary-{moment}"
        _kill_at_a_random_moment(url, first, diary, chance)
        intended, settled = _noted(diary)
        with Ledger.open(url, PRACTICE) as ledger:
            assert ledger.audit.verify() is None
            stands: Counter[tuple[int, Status]] = Counter(
                (int(state.key.source_id.split("-")[0]), state.status) for page in ledger.iterate() for state in page
            )
            assert set(stands.values()) <= {BATCH}, "half a batch"
            landed = {number for number, status in stands if status is Status.LANDED}
            sending = {number for number, status in stands if status is Status.SENDING}
            doubtful = [state for page in ledger.in_doubt() for state in page]
            assert {int(state.key.source_id.split("-")[0]) for state in doubtful} == sending
            assert len(doubtful) == len(sending) * BATCH
            # The diary lags by one step at most: a commit whose note was killed.
            assert settled <= landed
            assert intended - settled <= landed | sending
            assert len(sending) <= 1
            assert len((landed | sending) - intended - set(range(first))) <= 1

            run = ledger.begin_run("resume", exclusive=True)
            assert {one.state for one in ledger.runs() if one.kind == "migrate"} <= {RunState.CRASHED}
            for page in ledger.in_doubt():
                assert page[0].intent is not None
                ledger.settle(page[0].intent, [Outcome(s.key, s.record_id, Result.ABSENT) for s in page])
            assert list(ledger.in_doubt()) == []
            ledger.end_run(run, RunState.DONE)
            first = max(landed | sending, default=first - 1) + 1
    with Ledger.open(url, PRACTICE) as ledger:
        outcomes = Counter(line["outcome"] for line in ledger.audit.lines())
        assert outcomes["landed"] == sum(ledger.counts().values())
        assert outcomes["begun"] == outcomes["crashed"] + outcomes["done"]
        assert outcomes["crashed"] > MOMENTS / 2, "hardly any writer had begun when it was killed"


def _write_some(url: str, name: str, batches: int) -> None:
    with Ledger.open(url, PRACTICE, actor=name) as ledger:
        run = ledger.begin_run("migrate")
        for number in range(batches):
            source_id = f"{name}-{number}"
            one = RecordIntent(RecordKey("patient", source_id), record_id(PRACTICE, "patient", source_id))
            intent = ledger.intend(run, Operation.CREATE, "person", [one])
            ledger.settle(intent, [Outcome(one.key, one.record_id, Result.LANDED)])
        ledger.end_run(run, RunState.DONE)


def test_processes_that_write_at_the_same_time_make_one_chain(url: str) -> None:
    Ledger.open(url, PRACTICE).close()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_write_some, args=(url, f"w{number}", 20)) for number in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0, 0]
    with Ledger.open(url, PRACTICE) as ledger:
        assert ledger.audit.verify() is None
        assert ledger.counts() == {("person", "patient", Status.LANDED): 60}
        assert Counter(line["outcome"] for line in ledger.audit.lines())["landed"] == 60
