"""Signals that come where the exception of their handler would be lost or do harm. Real signals, to this process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from dentes_twenty.cli import run
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.stopping import held, none_lost, run_stoppable


class Interrupted(BaseException):
    """What a handler raises; Dagster's own is no KeyboardInterrupt either."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    def raise_(_number: int, _frame: object) -> None:
        raise Interrupted

    before = {number: signal.signal(number, raise_) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: signal.Signals = signal.SIGTERM) -> None:
    """And let the interpreter come to where it runs handlers."""
    os.kill(os.getpid(), number)
    sum(range(1000))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_callback_of_the_loop_stops_the_work(number: signal.Signals) -> None:
    """asyncio logs what a callback raises and goes on: so did `migrate`, for as long as its limiter made it wait."""
    tidied = []

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.01, send, number)
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0)
            tidied.append(True)

    with asyncio.Runner() as runner, pytest.raises(Interrupted):
        run_stoppable(runner, work())
    assert tidied == [True]


def test_a_signal_that_another_thread_takes_wakes_the_sleeping_loop() -> None:
    """The kernel may give it to any thread, and it may come just before the loop goes to sleep."""

    def from_aside() -> None:
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    began = time.monotonic()
    with asyncio.Runner() as runner:
        aside = threading.Thread(target=from_aside)
        aside.start()
        with pytest.raises(Interrupted):
            run_stoppable(runner, asyncio.sleep(30))
        aside.join()
    assert time.monotonic() - began < 25


def test_a_signal_before_the_first_step_of_the_work_stops_it() -> None:
    async def work() -> None:
        raise AssertionError

    with asyncio.Runner() as runner:
        runner.get_loop().call_soon(send)
        with pytest.raises(Interrupted):
            run_stoppable(runner, work())


def test_work_that_no_signal_stops_gives_its_answer_and_leaves_the_handlers_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def work() -> int:
        assert signal.getsignal(signal.SIGTERM) is not before
        return 7

    with asyncio.Runner() as runner:
        assert run_stoppable(runner, work()) == 7
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_work_in_another_thread_leaves_signals_alone() -> None:
    answers = []

    def aside() -> None:
        with asyncio.Runner() as runner, held():
            answers.append(run_stoppable(runner, asyncio.sleep(0, 7)))

    thread = threading.Thread(target=aside)
    thread.start()
    thread.join()
    assert answers == [7]


def test_a_signal_waits_for_the_end_of_a_transaction(tmp_path: object) -> None:
    """Half opened, one kept the ledger's lock: closing the run then waited half a minute for it, and failed."""
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite", lock_seconds=0.1)
    with pytest.raises(Interrupted), database.write(None) as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        send()
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with database.write(None) as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalars().all() == [1]
    database.close()


def test_signals_that_nobody_handles_keep_their_effect() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with held():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL


def test_the_handler_of_a_block_within_a_block_is_that_of_the_outer_one() -> None:
    with pytest.raises(Interrupted), held() as outer:
        with held():
            send()
            assert outer.heard == []
        assert outer.heard == [signal.SIGTERM]


def test_an_interruption_that_a_destructor_has_swallowed_is_sent_again() -> None:
    class Dying:
        def __del__(self) -> None:
            send()

    with none_lost(), pytest.raises(Interrupted):
        dying = Dying()
        del dying
        time.sleep(25)


def swallow(seconds: float) -> None:
    """As a bare `except:` in somebody else's code does."""
    try:
        send()
        time.sleep(seconds)
    except Interrupted:
        pass


def test_an_interruption_that_somebody_has_swallowed_is_sent_again_until_the_command_ends() -> None:
    began = time.monotonic()
    with none_lost(0.2), pytest.raises(Interrupted):
        swallow(0)
        swallow(25)  # the same again, sent by the listener or here
        time.sleep(25)
    assert time.monotonic() - began < 20


def test_an_interruption_that_the_loop_hears_is_sent_again_when_the_work_swallows_it() -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_later(0.01, send)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(30)

    began = time.monotonic()
    with none_lost(0.2), asyncio.Runner() as runner, pytest.raises(Interrupted):
        run_stoppable(runner, work())
    assert time.monotonic() - began < 20


def test_a_command_that_ends_in_time_is_not_interrupted_again() -> None:
    with none_lost(0.1):
        swallow(0)
    time.sleep(0.3)


def test_an_interruption_that_a_library_logs_while_it_passes_it_on_is_not_shown() -> None:
    def told(kind: type[BaseException]) -> logging.LogRecord:
        return logging.LogRecord("pool", logging.ERROR, __file__, 1, "closing", None, (kind, kind(), None))

    assert logging.lastResort is not None
    with none_lost():
        assert not logging.lastResort.filter(told(Interrupted))
        assert logging.lastResort.filter(told(ValueError))
    assert logging.lastResort.filter(told(Interrupted))


def test_a_command_that_a_script_has_started_in_the_background_can_be_stopped() -> None:
    """There Ctrl-C is ignored from the start, and Dagster gives SIGTERM whatever stands for Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert run(["--version"]) == 0
    assert callable(signal.getsignal(signal.SIGINT)) and callable(signal.getsignal(signal.SIGTERM))
