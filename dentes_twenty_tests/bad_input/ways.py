"""What every test of bad input asks: a result, or one of the project's own errors, within bounds; never anything else.

Belongs here: the way from a folder of files to staged rows with that question asked, and caps on processor and memory.
The caps are a hundred times what the work takes: they tell a hang from an answer and measure nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, settings

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.exports.mapping import UnconfirmedMapping, parse
from dentes_twenty.exports.mapping_file import dump
from dentes_twenty.exports.propose import propose
from dentes_twenty.exports.stage import Staged, stage_report
from dentes_twenty_tests.exports.folders import write_drop
from dentes_twenty_tests.exports.steps import SETTINGS, yes

DEMO = Path(__file__).parents[2] / "data" / "demo" / "export"
CPU_SECONDS = 60
MEMORY_BYTES = 2 << 30
SECRETS = ("Gizlioğlu", "gizlioglu", "Zübeyde", "0532 001 77 11", "latex canary")
FUZZ = "DENTES_TWENTY_FUZZ"


def examples(usual: int) -> settings:
    """So many examples in the suite, and as many times more as `make fuzz` says."""
    unhealthy = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    factor = int(os.environ.get(FUZZ, "1"))
    return settings(max_examples=usual * factor, deadline=None, suppress_health_check=unhealthy)


class Hangs(BaseException):
    """The work took a hundred times what it may."""


@contextlib.contextmanager
def within_bounds() -> Iterator[None]:
    """Ends a block that keeps the processor busy for ever. The patterns of `re` look for signals, too."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hangs(f"no answer after {CPU_SECONDS} seconds of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def told(error: object) -> str:
    """The error's words, once it is sure that they help a person and name nobody. Returns its code."""
    code, message, fix = (getattr(error, name) for name in ("code", "message", "fix"))
    assert code and message and fix, repr(error)
    assert len(message) < 4_000, f"{code}: a message of {len(message)} characters"
    assert not [secret for secret in SECRETS if secret in f"{message} {fix} {error}"], code
    return str(code)


@dataclasses.dataclass(frozen=True)
class Read:
    """What became of a drop: staged rows, or the code of the error that says why not."""

    staged: Staged | None
    error: str | None = None


def read_through(location: str, out: Path) -> Read:
    """Open, propose, confirm as it stands, stage. A proposal with open questions ends there, as with a person."""
    with within_bounds():
        try:
            drop = open_drop(location)
            drop.fingerprint()
            mapping = parse(dump(propose(drop)))
            try:
                mapping = yes(mapping)
            except UnconfirmedMapping as error:
                return Read(None, told(error))
            for report in mapping.report_names:
                stage_report(drop, mapping, report, SETTINGS, out)
        except ExportError as error:
            return Read(None, told(error))
    staged = Staged.open(out)
    for report in mapping.report_names:
        lost_none(staged, report)
    return Read(staged)


def lost_none(staged: Staged, report: str) -> None:
    """Every row that was read is staged, in quarantine, or a copy of one that is staged, and the issues say which."""
    summary = staged.report(report)
    if report == "answer":  # its rows are answers, and what is staged are the people who gave them
        return
    assert summary.rows_read == summary.rows_staged + summary.quarantined + summary.duplicates, report
    out = {issue.row for issue in staged.issues(report) if issue.severity == "quarantine"}
    assert len(out) == summary.quarantined, report


def small_drop(rows: int = 6) -> dict[str, bytes]:
    """The first rows of each report of the demo export: name -> bytes."""
    made = {}
    for path in sorted(DEMO.glob("*.csv")):
        lines = path.read_bytes().splitlines(keepends=True)
        size = next(size for size in range(rows, len(lines)) if b"".join(lines[:size]).count(b'"') % 2 == 0)
        made[path.name] = b"".join(lines[:size])
    return made


def folder_of(folder: Path, files: Mapping[str, bytes | str]) -> str:
    """A fresh folder with these files in it, also when an earlier example of the same test has left some."""
    number = len(list(folder.glob("drop-*")))
    return write_drop(folder / f"drop-{number}", files)


def in_small_memory(code: str, *arguments: str) -> str:
    """Run Python with little memory and processor time; returns what it printed. A file that explodes ends it."""

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], preexec_fn=limits, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.strip()
