"""Whether a practice of 100,000 patients costs what a hundred of 1,000 cost: time, memory, calls, and a later delta.

Each practice comes from the drop generator beside the project and goes through the commands that a person types
(`audit`, `migrate`, `delta`, `status`), each a process of its own, into the sandbox in another. Peak memory is what the
kernel says of that process.

Belongs here: these runs. Does not belong here: the quota, which would hide the time of everything else.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.loading import environment
from benchmarks.practice import write_practice
from benchmarks.results import ROOT, Chart, Column, Measured, Table, Target, Value
from benchmarks.skipped import Skipped
from benchmarks.target import Conditions
from benchmarks.target import Target as Server
from dentes_twenty.practice import Practice

GENERATOR = ROOT.parent / "shared" / "drops" / "make_drop.py"
LEDGER_ROWS = 3
"""The generator's ledger three times over: 20 entries a patient, so 2 million rows for 100,000 patients."""
CHANGED_SHARE = 0.01
STARTS = 5
QUARANTINED = 3  # exit status: done, and some rows stay out, as the generator means them to

CHANGED = {
    "patients.csv": "Occupation",
    "appointments.csv": "Chair",
    "treatment_plans.csv": "Title",
    "treatment_procedures.csv": "Procedure",
    "claims.csv": "Claim number",
    "ledger.csv": "Invoice no",
    "notes.csv": "Title",
    "supplies.csv": "Unit",
}
"""File -> a column of free text, for the changed rows of the later export. Not all files: recalls have none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """One command: wall time of the whole process, its peak memory, and what it said as JSON."""

    seconds: float
    peak_mib: float
    said: Mapping[str, Any]

    def total(self, figure: str) -> int:
        """The sum of a figure over all steps."""
        return int(sum(step.get(figure, 0) for step in self.said.get("steps", {}).values()))

    @property
    def records(self) -> int:
        """Records planned, and the links that were made."""
        return self.total("planned") + self.total("links")


def measure(full: bool, folder: Path) -> Measured:
    """Every size; the delta over the largest."""
    if not GENERATOR.exists():
        raise Skipped("the drop generator (../shared/drops/make_drop.py) is not beside the project")
    sizes = (1_000, 10_000, 100_000) if full else (1_000, 10_000)
    rows: list[dict[str, Value]] = []
    later: dict[str, Value] = {}
    for patients in sizes:
        place = folder / str(patients)
        with Server(place / "target", Conditions()) as server:
            drop = _drop(place, patients)
            practice = write_practice(place / "practice", drop, server.url)
            rows.append(further(_first(practice, server, patients), rows[-1] if rows else None))
            sys.stdout.write(f"{rows[-1]}\n")
            sys.stdout.flush()
            if patients == sizes[-1]:
                later = _later(practice, server, drop, rows[-1])
                sys.stdout.write(f"{later}\n")
        shutil.rmtree(place)
    start = _start(folder)
    return Measured(
        "scale",
        "Scale",
        "Practices of growing size through the commands that a person types, into the sandbox without a limit.",
        {"full": full, "largest": sizes[-1], "ledger_rows_times": LEDGER_ROWS},
        (_sizes_table(rows), _later_table(later), _start_table(start)),
        tuple(_targets(rows, later, start)),
    )


def _drop(place: Path, patients: int) -> Path:
    drop = place / "drop"
    command = [sys.executable, str(GENERATOR), "--patients", str(patients), "--seed", "7", "--dialect", "utf8-en"]
    command += ["--defects", "some", "--scale-ledger", str(LEDGER_ROWS), "--max-attachments", "10", "--out", str(drop)]
    subprocess.run(command, check=True, capture_output=True)
    return drop


def _first(practice: Practice, server: Server, patients: int) -> dict[str, Value]:
    audit = run(practice, server.api_key, "audit")
    before = server.figures()["calls"]
    migrate = run(practice, server.api_key, "migrate")
    return {
        "patients": patients,
        "records": migrate.records,
        "audit_s": round(audit.seconds, 1),
        "migrate_s": round(migrate.seconds, 1),
        "ms_per_record": round(1000 * migrate.seconds / migrate.records, 4),
        "records_per_s": round(migrate.records / migrate.seconds),
        "calls": int(server.figures()["calls"] - before),
        "audit_mib": round(audit.peak_mib),
        "peak_mib": round(migrate.peak_mib),
        "differing": migrate.total("differing"),
    }


def further(row: dict[str, Value], smaller: Mapping[str, Value] | None) -> dict[str, Value]:
    """With the time of each record beyond those of the next smaller size, None for the smallest.

    Start-up and data model, which take every size the same seconds, are not in it."""
    if smaller is None:
        return {**row, "ms_per_further": None}
    seconds, records = (float(row[key] or 0) - float(smaller[key] or 0) for key in ("migrate_s", "records"))
    return {**row, "ms_per_further": round(1000 * seconds / records, 4)}


def _later(practice: Practice, server: Server, drop: Path, first: Mapping[str, Value]) -> dict[str, Value]:
    second = drop.with_name("later")
    changed = change(drop, second)
    before = server.figures()["calls"]
    delta = run(practice, server.api_key, "delta", "--drop", str(second))
    return {
        "changed": changed,
        "updated": delta.total("updated"),
        "delta_s": round(delta.seconds, 1),
        "audit_s": first["audit_s"],
        "migrate_s": first["migrate_s"],
        "beyond_s": round(delta.seconds - float(first["audit_s"] or 0), 1),
        "calls": int(server.figures()["calls"] - before),
        "first_calls": first["calls"],
        "peak_mib": round(delta.peak_mib),
    }


def change(drop: Path, second: Path) -> int:
    """A later export in which every hundredth row of the large reports has another text; how many rows that are."""
    shutil.copytree(drop, second)
    changed = 0
    for name, column in CHANGED.items():
        with (drop / name).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            header, *rows = csv.reader(source)
        place = header.index(column)
        for number in range(0, len(rows), round(1 / CHANGED_SHARE)):
            if len(rows[number]) != len(header):
                continue  # one of the export's defects
            rows[number][place] = f"{rows[number][place]} x{number}".strip()
            changed += 1
        with (second / name).open("w", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return changed


def run(practice: Practice, api_key: str, command: str, *options: str) -> Ran:
    """A command of the program, as typed. Raises SystemExit when it fails."""
    program = [str(Path(sys.executable).with_name("dentes-twenty")), command, "--practice", str(practice.path)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*program, "--json", *options], env=environment(api_key), stdout=said, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode not in (0, QUARANTINED):
        raise SystemExit(f"`{command}` ended with status {process.returncode}: {text[-2000:]}")
    return Ran(seconds, usage.ru_maxrss / 1024, json.loads(text))


def _start(folder: Path) -> dict[str, Value]:
    """Seconds of commands that do no work: the fastest of several, and the slowest."""
    drop = _drop(folder / "start", 20)
    practice = write_practice(folder / "start" / "practice", drop, "http://127.0.0.1:9")
    found: dict[str, Value] = {}
    for name, arguments in (("status", ["status", "--practice", str(practice.path)]), ("help", ["--help"])):
        program = [str(Path(sys.executable).with_name("dentes-twenty")), *arguments]
        times = []
        for _ in range(STARTS):
            began = time.perf_counter()
            subprocess.run(program, check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        found |= {f"{name}_s": round(min(times), 2), f"{name}_slowest_s": round(max(times), 2)}
    return found


def _targets(
    rows: Sequence[Mapping[str, Value]], later: Mapping[str, Value], start: Mapping[str, Value]
) -> Iterator[Target]:
    def figures(key: str) -> list[float]:
        return [float(row[key] or 0) for row in rows]

    times, steps, memory = figures("ms_per_record"), figures("ms_per_further")[1:], figures("peak_mib")
    flat = round(max(times) / min(times), 2)
    fixed = "start-up and data model take the smallest practice as many seconds as the largest"
    yield Target("time per record, slowest size beside the fastest", "at most", 1.2, flat, "times", fixed)
    if len(steps) > 1:
        grows = round(max(steps) / min(steps), 2)
        yield Target("time per further record, slowest step beside the fastest", "at most", 1.2, grows, "times")
    yield Target("peak memory of migrate", "at most", 1024, max(memory), "MiB")
    yield Target(
        "peak memory, largest size beside the smallest", "at most", 1.5, round(memory[-1] / memory[0], 2), "times"
    )
    first, changed = float(later["migrate_s"] or 1), float(later["changed"] or 0)
    share = changed / float(rows[-1]["records"] or 1)
    beyond = round(float(later["beyond_s"] or 0) / first, 3)
    yield Target(
        f"delta beyond one read of the files, as a share of the first load ({share:.1%} of the records changed)",
        "at most", round(5 * share, 3), beyond, "",
        "each row is planned and compared with the ledger, changed or not: whether its patient lands, who stands "
        "for its provider and which e-mail is free does not stand in the row",
    )  # fmt: skip
    allowed = round(2 * 1.03 * changed / 200 + 120)
    yield Target(
        "delta: calls (a read and a write for 200 changes, and 120)", "at most", allowed, int(later["calls"] or 0)
    )
    yield Target("start of a command that does no work", "at most", 2, float(start["status_s"] or 0), "s")


def _sizes_table(rows: Sequence[Mapping[str, Value]]) -> Table:
    return Table(
        "Time and memory by size",
        (
            Column("patients", "patients"),
            Column("records", "records, links included"),
            Column("audit_s", "audit", "s"),
            Column("migrate_s", "migrate", "s"),
            Column("ms_per_record", "time per record", "ms"),
            Column("ms_per_further", "time per record beyond the smaller size", "ms"),
            Column("records_per_s", "records/s"),
            Column("calls", "calls"),
            Column("audit_mib", "peak memory of audit", "MiB"),
            Column("peak_mib", "peak memory of migrate", "MiB"),
            Column("differing", "values that differ"),
        ),
        tuple(rows),
        "`migrate` reads the export again, provisions, loads, uploads the files and compares counts and sums; start-up "
        "included. `audit` reads and plans everything and writes nothing.",
        Chart("Milliseconds per record, by number of patients", ("patients",), ("ms_per_record",)),
    )


def _later_table(later: Mapping[str, Value]) -> Table:
    return Table(
        "A later export, over the largest size",
        (
            Column("changed", "rows changed"),
            Column("updated", "records updated"),
            Column("delta_s", "delta", "s"),
            Column("audit_s", "one read of the files (audit)", "s"),
            Column("migrate_s", "the first load (migrate)", "s"),
            Column("calls", "calls"),
            Column("first_calls", "calls of the first load"),
            Column("peak_mib", "peak memory", "MiB"),
        ),
        (later,),
    )


def _start_table(start: Mapping[str, Value]) -> Table:
    return Table(
        "Start-up",
        (
            Column("status_s", "status", "s"),
            Column("status_slowest_s", "status, slowest", "s"),
            Column("help_s", "--help", "s"),
            Column("help_slowest_s", "--help, slowest", "s"),
        ),
        (start,),
        f"Whole processes, fastest and slowest of {STARTS}.",
    )
