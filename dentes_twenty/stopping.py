"""Ctrl-C and SIGTERM in the places where an exception between any two instructions is lost or does harm.

A handler that raises (the command line's, Dagster's) is right for most of the program. It is wrong

- in a callback of the event loop: asyncio logs what a callback raises and goes on, so the signal is lost;
- when the loop is about to sleep: the handler would run after the sleep, up to a refill interval of the limiter later;
- inside a transaction: one that is half opened keeps the ledger's lock, and the run cannot even be closed;
- in a destructor: Python reports what one raises and goes on.

What is lost in spite of that (somebody else's `except:`, a lock's own code) is noticed from outside: `none_lost` hears
each signal below the handlers, and sends it again while the command runs on.

Belongs here: keeping a signal back until it can be handed to the handler that stands. Does not belong here: what a
handler does, and any handler of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.05
"""After a destructor has swallowed the interruption: once it has returned."""
LOST_S = 5.0
"""A command that still runs so long after a signal has lost it, or tidies up slowly: a second one does that no harm."""

_Handler = Callable[[int, FrameType | None], Any]


class held:  # noqa: N801 - used like a function, as the standard library's context managers are
    """Within the block signals only call `hear`; the handlers that stood before get them when it ends.

    Signals without a Python handler keep their effect. Does nothing outside of the main thread, which no handler
    interrupts.
    """

    def __init__(self, hear: Callable[[], object] | None = None) -> None:
        self._tell = hear
        self._before: dict[signal.Signals, _Handler] = {}
        self.heard: list[signal.Signals] = []

    def __enter__(self) -> held:
        if threading.current_thread() is threading.main_thread():
            try:
                for number in SIGNALS:
                    handler = signal.getsignal(number)
                    if callable(handler):
                        self._before[number] = handler
                        signal.signal(number, self._hear)
            except BaseException:
                self._restore()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        before = dict(self._before)
        self._restore()
        for number in self.heard:
            before[number](number, None)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.heard.append(signal.Signals(number))
        if self._tell is not None:
            self._tell()

    def _restore(self) -> None:
        """A signal may come between the two: its handler raises, and the other one is put back all the same."""
        try:
            while self._before:
                number = next(reversed(self._before))
                signal.signal(number, self._before[number])
                del self._before[number]
        except BaseException:
            self._restore()
            raise


def run_stoppable(runner: asyncio.Runner, work: Coroutine[Any, Any, T]) -> T:
    """Run the work on the runner's loop. A signal cancels it; when it has tidied up, the handler gets the signal.

    Raises what the handler raises, or CancelledError where it raises nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return runner.run(work)
    loop = runner.get_loop()
    tasks: list[asyncio.Task[Any]] = []

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    async def watched() -> T:
        tasks.extend(filter(None, [asyncio.current_task()]))
        if stop.heard:  # before there was a task to cancel
            work.close()
            raise asyncio.CancelledError
        return await work

    with held(lambda: loop.call_soon_threadsafe(cancel)) as stop, _woken(loop):
        return runner.run(watched())


@contextlib.contextmanager
def _woken(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """A signal wakes the loop also when it comes between the last instruction and the sleep, or to another thread."""
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)

        def pass_on() -> None:
            with contextlib.suppress(BlockingIOError):
                numbers = reading.recv(64)
                if before >= 0:
                    os.write(before, numbers)

        loop.add_reader(reading, pass_on)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            pass_on()
            loop.remove_reader(reading)


@contextlib.contextmanager
def none_lost(lost_s: float = LOST_S) -> Iterator[None]:
    """An interruption that something has swallowed is sent once more, until the block ends.

    At once where it was a destructor or a weak reference's callback; after `lost_s` seconds where nobody knows. One
    that a library logs while it passes it on (SQLAlchemy's pool, when it closes a connection) is not shown.
    """
    with _shown_as_nothing(), _heard_below(lost_s):
        yield


@contextlib.contextmanager
def _heard_below(lost_s: float) -> Iterator[None]:
    """Python writes the number of each signal that has a handler to a descriptor, before any handler runs.

    Does nothing outside of the main thread, which alone may name the descriptor.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)

    def listen() -> None:
        due = math.inf
        while True:
            reading.settimeout(None if due == math.inf else max(due - time.monotonic(), 0.001))
            try:
                heard = reading.recv(64)
            except TimeoutError:
                due = math.inf
                os.kill(os.getpid(), signal.SIGINT)  # is heard here as well
                continue
            if not heard:  # the block has ended
                return
            if set(SIGNALS).intersection(heard):
                due = time.monotonic() + lost_s

    with reading, writing:
        listener = threading.Thread(target=listen, name="signals", daemon=True)
        listener.start()
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            writing.shutdown(socket.SHUT_WR)
            listener.join()


@contextlib.contextmanager
def _shown_as_nothing() -> Iterator[None]:
    before = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, Exception | GeneratorExit | SystemExit | asyncio.CancelledError):
            before(unraisable)
            return
        again = threading.Timer(AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()

    def worth_showing(record: logging.LogRecord) -> bool:
        return not (record.exc_info and record.exc_info[0] and not issubclass(record.exc_info[0], Exception))

    sys.unraisablehook = hook
    shown = logging.lastResort  # where log records go that nobody has asked for: stderr
    if shown is not None:
        shown.addFilter(worth_showing)
    try:
        yield
    finally:
        sys.unraisablehook = before
        if shown is not None:
            shown.removeFilter(worth_showing)
