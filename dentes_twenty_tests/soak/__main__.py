"""`make soak`: faulted runs of a small practice, three in a chain, a fault at a random moment each (see `judge`).

    make soak                                    800 runs of seed 1, of which the fault strikes in over 500
    make soak SOAK="--runs 2000 --seed 7"        others
    make soak SOAK="--seed 7 --only 1234"        the chain that ended wrong, again
    make soak SOAK="--hours 10 --workers 4"      as many as fit

Figures go to benchmarks/results/soak.json and docs/faults.md (`--keep` leaves both alone). The exit status is 1 when a
chain ended wrong. Faults of the database need PostgreSQL (DENTES_TWENTY_TEST_POSTGRES, or one on this machine).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dentes_twenty.migration.ledger import new_key
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty_tests.postgres import POSTGRES
from dentes_twenty_tests.soak import results
from dentes_twenty_tests.soak.driver import Worker
from dentes_twenty_tests.soak.faults import MINUTE
from dentes_twenty_tests.soak.judge import CHAIN, Chain, Judge, Struck, Verdict
from dentes_twenty_tests.soak.states import States


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="make soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, help="begin no chain after so long")
    parser.add_argument("--minutes-of-storm", type=int, default=2, help="more runs, through a real minute of refusals")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this chain of the seed alone")
    parser.add_argument("--keep", action="store_true", help="leave the results and the page as they are")
    parser.add_argument("--share", help=argparse.SUPPRESS)  # FIRST/STEP: what one worker does
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def numbers(options: argparse.Namespace) -> list[int]:
    """The chains to do: all of them, or this worker's share."""
    if options.only is not None:
        return [options.only]
    first, step = map(int, options.share.split("/")) if options.share else (0, 1)
    return list(range(_count(options) + options.minutes_of_storm))[first::step]


def _count(options: argparse.Namespace) -> int:
    return math.ceil(options.runs / CHAIN)


def chain_of(number: int, options: argparse.Namespace) -> Chain | None:
    """The last ones go through a whole minute of refusals."""
    over = number - _count(options)
    return None if over < 0 or options.only is not None else Chain(MINUTE.phases[over % 3], (MINUTE.name,))


@contextlib.contextmanager
def made(folder: Path, postgres: str | None) -> Iterator[None]:
    """Every state of the practice, for as long as somebody soaks."""

    def make(name: str, url: str | None) -> None:
        with Worker(dict(os.environ)) as worker:
            states = States(folder / name, worker, postgres=url, share="made")
            stack.callback(states.drop_databases, templates=True)
            states.make()

    with contextlib.ExitStack() as stack:
        with ThreadPoolExecutor() as pool:
            list(pool.map(make, *zip(*kinds(postgres), strict=True)))
        yield


def kinds(postgres: str | None) -> list[tuple[str, str | None]]:
    """Of ledgers."""
    return [("sqlite", None), *([("postgres", postgres)] if postgres else [])]


@contextlib.contextmanager
def judging(folder: Path, postgres: str | None, seed: int, share: str) -> Iterator[Judge]:
    """A judge with working copies of its own of the states that were made."""
    with Worker(dict(os.environ)) as worker, contextlib.ExitStack() as stack:
        states = {}
        for name, url in kinds(postgres):
            mine = states[url is not None] = States(folder / name, worker, postgres=url, share=share)
            stack.callback(mine.drop_databases)
            mine.take_up()
        yield Judge(worker, states, seed)


def work(options: argparse.Namespace, folder: Path) -> Iterator[Verdict]:
    """Verdicts of this process's share, as they come."""
    deadline = time.monotonic() + options.hours * 3600 if options.hours else float("inf")
    postgres = os.environ.get(POSTGRES) or None
    with judging(folder, postgres, options.seed, str(os.getpid())) as judge:
        for number in numbers(options):
            if time.monotonic() > deadline:
                return
            yield judge.run(number, chain_of(number, options))


def gathered(options: argparse.Namespace, folder: Path) -> Iterator[Verdict]:
    """Verdicts of all workers, each a process of its own."""
    command = [
        sys.executable,
        "-m",
        "dentes_twenty_tests.soak",
        *sys.argv[1:],
        "--folder",
        str(folder),
    ]  # the last one counts
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen([*command, "--share", f"{n}/{options.workers}"], stdout=subprocess.PIPE, text=True)
            )
            for n in range(options.workers)
        ]
        yield from _merged(workers)


def _merged(workers: list[subprocess.Popen[str]]) -> Iterator[Verdict]:
    lines: queue.Queue[str | None] = queue.Queue()

    def read(worker: subprocess.Popen[str]) -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            lines.put(line)
        lines.put(None)

    for worker in workers:
        threading.Thread(target=read, args=(worker,), daemon=True).start()
    left = len(workers)
    while left:
        line = lines.get()
        if line is None:
            left -= 1
        else:
            said = json.loads(line)
            struck = tuple(Struck(**{**one, "blemishes": tuple(one["blemishes"])}) for one in said["struck"])
            yield Verdict(**{**said, "struck": struck, "differences": tuple(said["differences"])})


def told(one: Verdict, count: int, options: argparse.Namespace) -> str:
    """A line of progress."""
    verdict = f"WRONG: {'; '.join(one.wrong)}" if one.wrong else "ok"
    faults = ", ".join(
        f"{struck.fault} ({struck.ended}{' ' * bool(struck.code)}{struck.code}{'' if struck.hit else ', too late'})"
        for struck in one.struck
    )
    return f"{count:>5}/{options.runs} chain {one.number}: {one.phase}: {faults}: {verdict}; {one.seconds} s"


def find_postgres() -> str:
    """As `make test` finds it."""
    found = subprocess.run(
        [sys.executable, str(results.ROOT / "scripts" / "find_postgres.py")], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def main() -> int:
    """Soak, and say what came of it."""
    options = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that databases and mounts go away
    if POSTGRES not in os.environ:
        os.environ[POSTGRES] = find_postgres()
    # The sandbox's server tells of each client that was killed in the middle of a request.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    if options.share:
        for verdict in work(options, options.folder):
            sys.stdout.write(json.dumps(dataclasses.asdict(verdict)) + "\n")
            sys.stdout.flush()
        return 0
    began = time.monotonic()
    verdicts: list[Verdict] = []
    os.environ.setdefault(KEY_VARIABLE, new_key())
    os.environ.pop("DAGSTER_HOME", None)
    with contextlib.ExitStack() as stack:
        folder = options.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
            stack.enter_context(made(folder, os.environ[POSTGRES]))
        for verdict in work(options, folder) if options.only is not None else gathered(options, folder):
            verdicts.append(verdict)
            count = sum(len(one.struck) for one in verdicts)
            sys.stdout.write(told(verdict, count, options) + "\n")
            sys.stdout.flush()
    found: dict[str, Any] = results.document(verdicts, options.seed, time.monotonic() - began)
    sys.stdout.write(f"\n{results.table(found)}\n")
    if not options.keep and options.only is None:
        results.write(found)
    return 1 if found["wrong"] or not verdicts else 0


if __name__ == "__main__":
    raise SystemExit(main())
