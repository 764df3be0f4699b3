"""`python -m benchmarks`: run every benchmark, write `results/<name>.json` and make docs/benchmarks.md of them.

    python -m benchmarks                         at sizes that a laptop finishes in about 15 minutes
    python -m benchmarks --full                  at the sizes that the targets name: hours, and some GB of disk
    python -m benchmarks --only quota --only peers

A benchmark that cannot run here (no generator, no network for the peers' packages) says why and leaves its former
result as it is.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import page
from benchmarks.registry import MODULES, NAMES
from benchmarks.results import Measured, Result, machine, taken, write
from benchmarks.skipped import Skipped


def main() -> int:
    """Exit status 1 when a benchmark failed; one that was skipped, or that missed a target, is no failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--full", action="store_true", help="the sizes that the targets name")
    given = parser.parse_args()
    failed = 0
    for name in given.only or NAMES:
        failed |= _run(name, full=given.full)
        page.bring_up_to_date()
    return failed


def _run(name: str, *, full: bool) -> int:
    sys.stdout.write(f"== {name}\n")
    sys.stdout.flush()
    load, began = os.getloadavg()[0], time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            measured: Measured = importlib.import_module(MODULES[name]).measure(full, Path(folder))
    except Skipped as why:
        sys.stdout.write(f"skipped: {why}\n")
        return 0
    except SystemExit as error:
        sys.stderr.write(f"failed: {error}\n")
        return 1
    path = write(Result(measured, machine(), taken(load, time.perf_counter() - began)))
    for target in measured.targets:
        verdict = "met" if target.met else "MISSED"
        sys.stdout.write(f"{verdict:<6} {target.what}: {page.shown(target.value)} {target.unit}")
        sys.stdout.write(f" ({target.side} {page.shown(target.wanted)})\n")
    sys.stdout.write(f"wrote {path.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
