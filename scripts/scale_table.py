"""Write the arithmetic of many practices into docs/scale.md: what they cost in calls, hours, processors, memory, disk.

python scripts/scale_table.py --practices 120 --patients 4000     print it for your own numbers
python scripts/scale_table.py --write                             bring the page up to date
python scripts/scale_table.py --check                             exit with 1 when it is not (CI)

Calls are counted by the program's own planner, minutes by its own limiter. What was measured stands in `MEASURED`.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from dentes_twenty.migration.steps.telling import BATCH, calls_for
from dentes_twenty.objects.form import Form, form_declaration
from dentes_twenty.objects.registry import FIXED
from dentes_twenty.twenty.limiter import PLAN_SIZES, seconds_for

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
SIZES = (1_000, 3_000, 10_000, 30_000)
SIDE_BY_SIDE = (1, 5, 10, 25, 50)
PRACTICES, PATIENTS = 300, 3_000
PACE = PLAN_SIZES[-1]  # calls a minute: a workspace of its own for each practice, and Twenty's usual limit

PER_PATIENT = {
    "guardian": 0.4, "patient": 1.0, "plan": 0.66, "appointment": 4.0, "recall": 0.5, "note": 0.98, "plan-note": 0.66,
    "claim": 0.35, "entry": 6.7, "response": 0.62, "line": 1.28,
}  # fmt: skip
"""Records by source object, as in the practices that the tests invent; yours are what `audit` plans."""
PER_PRACTICE = {"practice": 39, "payer": 8, "supplier": 5, "item": 100}


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """`migrate` of 400 and of 3,000 patients, on a virtual machine with two cores that much other work shared."""

    settled: float = 1.35  # rows in the ledger for each record: link records are rows too
    bytes_of_ledger: int = 1_080  # for each of these, in PostgreSQL right after the load (SQLite: 440)
    bytes_of_staging: int = 712  # for each patient: typed tables
    start_seconds: float = 19.0  # processor time of a run before and beside its records
    cpu_seconds: float = 0.00052  # for each record: read, plan, send, verify, settle
    run_mb: int = 400  # most memory of a run's process
    location_mb: int = 290  # of a code server that only waits
    base_mb: int = 600  # webserver and daemon
    events_mb: float = 2.8  # that a run leaves in Dagster's database
    twenty_per_second: int = 800  # people that one Twenty 2.19 server stored


MEASURED = Measured()


@dataclasses.dataclass(frozen=True, slots=True)
class Practice:
    """One practice's first migration; attachments are not in it."""

    patients: int

    @property
    def rows(self) -> dict[str, int]:
        """Records by source object."""
        return {**PER_PRACTICE, **{name: round(rate * self.patients) for name, rate in PER_PATIENT.items()}}

    @property
    def records(self) -> int:
        """Of Twenty, without link records."""
        return sum(self.rows.values())

    @property
    def calls(self) -> int:
        """As the plan before a migration counts them."""
        declared = {one.name: one for one in (*FIXED, form_declaration(Form("name", ())))}
        return sum(calls_for(declared[name], count).total() for name, count in self.rows.items())

    def minutes(self, pace: int = PACE) -> float:
        """Least time at so many calls a minute."""
        return seconds_for(self.calls, limit=pace) / 60

    @property
    def cpu(self) -> float:
        """Seconds of a processor."""
        return MEASURED.start_seconds + self.records * MEASURED.cpu_seconds

    @property
    def ledger_mb(self) -> float:
        """What stays in the ledger's database."""
        return self.records * MEASURED.settled * MEASURED.bytes_of_ledger / 1e6

    @property
    def run_minutes(self) -> float:
        """The limit's minutes, or the processor's where those are more."""
        return max(self.minutes(), self.cpu / 60)


def table(head: str, rows: Iterator[str]) -> str:
    """In Markdown, numbers to the right."""
    first, *rest = head.split("|")
    return "\n".join([f"|{first}|{'|'.join(rest)}|", "|---:" * (len(rest) + 1) + "|", *rows])


def one_practice() -> str:
    """By size."""
    head = " patients | records | calls | minutes at 100 a minute | at 50 | processor seconds | ledger MB "
    return table(head, (_one(Practice(patients)) for patients in SIZES))


def _one(practice: Practice) -> str:
    return (
        f"| {practice.patients:,} | {practice.records:,} | {practice.calls:,} | {practice.minutes():.1f} "
        f"| {practice.minutes(PLAN_SIZES[0]):.1f} | {practice.cpu:.0f} | {practice.ledger_mb:.0f} |"
    )


def many(practices: int, patients: int) -> str:
    """By how many run side by side."""
    head = " side by side | waves | hours in all | records a second | processors | memory GiB "
    return table(head, (_many(practices, Practice(patients), n) for n in SIDE_BY_SIDE))


def _many(practices: int, practice: Practice, side: int) -> str:
    waves = math.ceil(practices / side)
    minutes = practice.run_minutes
    seconds = minutes * 60
    memory = MEASURED.base_mb + side * (MEASURED.run_mb + MEASURED.location_mb)
    return (
        f"| {side} | {waves} | {waves * minutes / 60:.1f} | {side * practice.records / seconds:,.0f} "
        f"| {side * practice.cpu / seconds:.1f} | {memory / 1024:.1f} |"
    )


def totals(practices: int, patients: int) -> str:
    """What stays behind, and what they are in all."""
    practice = Practice(patients)
    records, per_second = practices * practice.records, MEASURED.twenty_per_second
    at_once = per_second * practice.run_minutes * 60 / practice.records
    return "\n".join(
        (
            f"{practices:,} practices of {patients:,} patients are {practices * patients / 1e6:.1f} million patients,",
            f"{records / 1e6:.1f} million records, in {practices * practice.calls:,} calls of at most {BATCH}.",
            "",
            "| they leave | GB |",
            "|---|---:|",
            f"| in the ledgers | {practices * practice.ledger_mb / 1e3:.1f} |",
            f"| in Dagster's database, for one run of each | {practices * MEASURED.events_mb / 1e3:.1f} |",
            f"| in private folders, as staged tables | {practices * patients * MEASURED.bytes_of_staging / 1e9:.1f} |",
            "",
            f"One Twenty server that stores {per_second} records a second carries {at_once:.1f} of them at full pace,",
            f"and takes {records / per_second / 3600:.1f} hours for all at the least.",
        )
    )


def parts(practices: int, patients: int) -> dict[str, str]:
    """Marked part of the page -> its text."""
    return {
        "one": one_practice(),
        "many": many(practices, patients),
        "totals": totals(practices, patients),
    }


def filled(text: str) -> str:
    """The page with its parts as they should be."""
    for name, part in parts(PRACTICES, PATIENTS).items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{part}\n\n{end}{after}"
    return text


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, default=PRACTICES)
    parser.add_argument("--patients", type=int, default=PATIENTS, help="of each practice")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if asked.write or asked.check:
        text = PAGE.read_text(encoding="utf-8")
        if asked.write:
            PAGE.write_text(filled(text), encoding="utf-8")
        elif filled(text) != text:
            sys.stderr.write(f"{PAGE.name} is not up to date: run `make format`.\n")
            return 1
        return 0
    sys.stdout.write("\n\n".join(parts(asked.practices, asked.patients).values()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
