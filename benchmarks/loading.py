"""Our own loading path in a process of its own: what `migrate` does after the export has been staged.

    python -m benchmarks.loading --practice FILE --out FILE [--wait]

Staging, planning, provisioning and adoption come first and are not timed; then every object is loaded through the
session, as the Dagster assets do it: planned from the staged tables, intents and outcomes in the ledger, each write
verified from its answer. The totals (counts and sums asked of Twenty) are timed apart. With --wait it says "ready" and
begins when it reads a line, so that several processes begin at once.

Belongs here: that process and the handle on it. Does not belong here: the target, other programs (`peers`).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from benchmarks.practice import KEY_VARIABLE
from benchmarks.results import ROOT
from dentes_twenty.migration.ledger.adoptions import new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.tally import Tally
from dentes_twenty.practice import KEY_VARIABLE as IMAGES_KEY
from dentes_twenty.practice import Practice, load_practice


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What one load came to. `calls` and `refused` are those of the load, `all_calls` of the whole process.

    `totals_ok`: counts and sums of the workspace are those of the accepted rows; false beside another practice.
    """

    seconds: float
    cpu_seconds: float
    totals_seconds: float
    totals_ok: bool
    calls: int
    refused: int
    all_calls: int
    written: int
    landed: int
    rejected: int
    differing: int
    per_field: float
    peak_mib: float
    named: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Records written per second, link records among them."""
        return self.written / self.seconds


def load(practice: Practice, *, wait: bool) -> Loaded:
    """Load the practice; runs in the process that is measured."""
    tallies: dict[str, Tally] = {}
    with Migration(practice) as migration, migration.run("migrate"):
        _prepare(migration)
        before = dataclasses.replace(migration.calls)
        if wait:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            sys.stdin.readline()
        began, cpu = time.perf_counter(), time.process_time()
        migration.write_members()
        for object_ in migration.objects:
            tallies |= migration.load(object_)
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        calls, refused = migration.calls.total - before.total, migration.calls.refused - before.refused
        totals_ok = all(total.ok for total in migration.totals())
        totals_seconds = time.perf_counter() - began - seconds
        limits = migration.wait(migration.client.limiter.limits())
        return Loaded(
            seconds=seconds,
            cpu_seconds=used,
            totals_seconds=totals_seconds,
            totals_ok=totals_ok,
            calls=calls,
            refused=refused,
            all_calls=migration.calls.total,
            written=sum(tally.written for tally in tallies.values()),
            landed=sum(tally.landed for tally in tallies.values()),
            rejected=sum(tally.refused for tally in tallies.values()),
            differing=sum(sum(tally.differing.values()) for tally in tallies.values()),
            per_field=limits.per_field,
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            named=tuple(sorted(_named(migration))),
        )


def _prepare(migration: Migration) -> None:
    for report in migration.reports:
        migration.stage(report)
    migration.check_references()
    migration.provision()
    migration.adopt()
    migration.owners()


def provision(practice: Practice, api_key: str) -> None:
    """Give a workspace the data model that the practice needs, and no records."""
    with Migration(practice, api_key=api_key) as migration, migration.run("provision"):
        _prepare(migration)


def _named(migration: Migration) -> set[str]:
    """Keys of the rows that are in quarantine because the server refused them."""
    return {
        f"{entry.report}:{entry.source_id}"
        for page in migration.ledger.quarantine_open()
        for entry in page
        if entry.code.startswith("refused_")
    }


def environment(api_key: str) -> dict[str, str]:
    """For a process that migrates: the workspace's key, and one for before-images, should there be any."""
    return {**os.environ, KEY_VARIABLE: api_key, IMAGES_KEY: os.environ.get(IMAGES_KEY) or new_key()}


class Loading:
    """The process. Use `run`, or start several with `wait`, then `go` and `result` on each."""

    def __init__(self, practice: Practice, api_key: str, out: Path, *, wait: bool = False) -> None:
        self._out = out
        self._wait = wait
        command = [sys.executable, "-m", "benchmarks.loading", "--practice", str(practice.path), "--out", str(out)]
        self._process = subprocess.Popen(
            command + (["--wait"] if wait else []),
            env=environment(api_key),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> Self:
        """Wait until everything before the load is done."""
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise SystemExit("A loading process ended before it was ready.")
        return self

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> Loaded:
        """Wait for its end."""
        if self._process.wait() != 0:
            raise SystemExit("A loading process failed; its error stands above.")
        raw: dict[str, Any] = json.loads(self._out.read_text(encoding="utf-8"))
        return Loaded(**{**raw, "named": tuple(raw["named"])})


def run(practice: Practice, api_key: str) -> Loaded:
    """Load one practice in one process."""
    return Loading(practice, api_key, practice.path.with_name("loaded.json")).result()


def main() -> None:
    """The measured process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practice", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wait", action="store_true")
    given = parser.parse_args()
    loaded = load(load_practice(given.practice), wait=given.wait)
    given.out.write_text(json.dumps(dataclasses.asdict(loaded)), encoding="utf-8")


if __name__ == "__main__":
    main()
