"""How many records a second the ledger takes, how large it gets, and how much memory it needs.

Runs the life of a practice without a network: fingerprints, intents and outcomes in batches of 200 with an audit line
for every record, then look-ups, a drop in which nothing changed, counts, and a walk of the audit chain.

    python -m benchmarks.ledger_throughput [--records 200000] [--url URL] [--out FILE]

Without a URL: a new SQLite file in a temporary folder. A PostgreSQL URL should name an empty schema.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.results import ROOT, Column, Measured, Table, Value
from dentes_twenty.migration.ids import record_id
from dentes_twenty.migration.ledger import (
    Ledger,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    Result,
)
from dentes_twenty.migration.ledger.database import Database

PRACTICE = "benchmark"
BATCH = 200


def values_of(number: int) -> dict[str, Any]:
    """Wire values of a ledger entry: 12 fields, composites among them, as the loader fingerprints them."""
    return {
        "sourceSystemId": f"entry:{number}",
        "name": f"Payment {2015 + number % 10}-03-0{1 + number % 9}",
        "entryDate": f"{2015 + number % 10}-03-0{1 + number % 9}",
        "entryType": "PAYMENT",
        "amount": {"amountMicros": number * 10_000, "currencyCode": "TRY"},
        "sourceAmount": {"amountMicros": -number * 10_000, "currencyCode": "TRY"},
        "paymentMethod": "CARD",
        "invoiceNumber": f"A{number:08d}",
        "originalCreateDate": None,
        "patientId": f"00000000-0000-5000-8000-{number % 100_000:012d}",
        "claimId": None,
        "position": number,
    }


def batches(ledger: Ledger, records: int) -> Iterator[list[RecordIntent]]:
    """The records as intents, fingerprinted, 200 at a time."""
    for start in range(0, records, BATCH):
        intents = []
        for number in range(start, min(start + BATCH, records)):
            values = values_of(number)
            source_id = str(number)
            intents.append(
                RecordIntent(
                    RecordKey("entry", source_id),
                    record_id(PRACTICE, "entry", source_id),
                    ledger.prints.row(values),
                    ledger.fingerprints(values),
                    number,
                )
            )
        yield intents


def timed(name: str, action: Callable[[], int], results: dict[str, Any]) -> None:
    """Runs the action, which returns how many records it touched, and notes records per second."""
    began, cpu = time.perf_counter(), time.process_time()
    count = action()
    note(name, count, time.perf_counter() - began, time.process_time() - cpu, results)


def note(name: str, count: int, seconds: float, cpu: float, results: dict[str, Any]) -> None:
    """Wall time is what a user waits; the process's own time tells it apart from that of a busy machine."""
    results[name] = {
        "records": count,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "per_second": round(count / seconds),
        "per_cpu_second": round(count / max(cpu, 1e-6)),
    }
    print(
        f"{name:<24} {count:>9,} in {seconds:7.2f} s ({cpu:6.2f} s CPU) {count / seconds:>9,.0f}/s"
        f" {count / max(cpu, 1e-6):>9,.0f}/CPU s",
        flush=True,
    )


def phases(url: str, records: int) -> dict[str, Any]:
    """All phases on one ledger; returns figures by phase."""
    results: dict[str, Any] = {}
    with Ledger.open(url, PRACTICE) as ledger:
        run = ledger.begin_run("benchmark")
        drop = ledger.register_drop("first", "benchmark").id
        writing = cpu = 0.0

        def load() -> int:
            nonlocal writing, cpu
            for intents in batches(ledger, records):
                began, before = time.perf_counter(), time.process_time()
                batch = ledger.intend(run, Operation.CREATE, "billingLedger", intents, drop=drop)
                ledger.settle(batch, [Outcome(i.key, i.record_id, Result.LANDED) for i in intents])
                writing += time.perf_counter() - began
                cpu += time.process_time() - before
            return records

        def look_up() -> int:
            return sum(
                len(ledger.known("entry", [str(n) for n in range(start, min(start + 1000, records))]))
                for start in range(0, records, 1000)
            )

        def unchanged() -> int:
            second = ledger.register_drop("second", "benchmark").id
            return ledger.mark_seen(second, (RecordKey("entry", str(n)) for n in range(records)))

        def walk() -> int:
            problem = ledger.audit.verify()
            assert problem is None, problem
            return ledger.audit.head().seq

        timed("load", load, results)
        note("  intend and settle", records, writing, cpu, results)
        timed("look up by source id", look_up, results)
        timed("mark as seen", unchanged, results)
        timed("count by status", lambda: sum(ledger.counts().values()), results)
        timed("iterate", lambda: sum(len(page) for page in ledger.iterate("billingLedger")), results)
        timed("verify the audit chain", walk, results)
    return results


def size_of(url: str) -> int:
    """Bytes on disk: the file, or the tables and indexes of the schema."""
    database = Database(url)
    try:
        if database.is_sqlite:
            return sum(f.stat().st_size for f in Path(database.url.database or "").parent.iterdir())
        query = """SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
                   WHERE c.relkind = 'r' AND c.relname LIKE 'ledger%' AND pg_table_is_visible(c.oid)"""
        with database.read() as connection:
            return int(connection.execute(sa.text(query)).scalar_one())
    finally:
        database.close()


def measure(full: bool, folder: Path) -> Measured:
    """The ledger in a SQLite file, in a process of its own, whose peak memory counts from its start."""
    records, out = (2_000_000 if full else 100_000), folder / "ledger.json"
    command = [sys.executable, "-m", "benchmarks.ledger_throughput", "--records", str(records), "--out", str(out)]
    subprocess.run(command, check=True, cwd=ROOT)
    found = json.loads(out.read_text(encoding="utf-8"))
    rows = [{"phase": name.strip(), **figures} for name, figures in found.items() if isinstance(figures, dict)]
    columns = (
        Column("phase", "phase"),
        Column("records", "records"),
        Column("seconds", "time", "s"),
        Column("per_second", "records/s"),
        Column("per_cpu_second", "records per CPU second"),
    )
    size: dict[str, Value] = {name: found[name] for name in ("database", "bytes_per_record", "peak_over_start_mib")}
    about = "The life of a practice in the ledger without a network: intents and outcomes with an audit line for each."
    options: dict[str, Value] = {"full": full, "records": records}
    sizes = (Column("database", "database"), Column("bytes_per_record", "on disk", "bytes per record"),
             Column("peak_over_start_mib", "memory beyond the start", "MiB"))  # fmt: skip
    return Measured(
        "ledger", "The ledger", about, options,
        (Table("Rates", columns, tuple(rows)), Table("Size", sizes, (size,))),
    )  # fmt: skip


def main() -> None:
    """Measures and prints; writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/ledger.sqlite"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        results = phases(url, arguments.records)
        size = size_of(url)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results |= {
        "database": sa.make_url(url).get_backend_name(),
        "bytes_per_record": round(size / arguments.records),
        "peak_mib": round(peak / 1024, 1),
        "peak_over_start_mib": round((peak - before) / 1024, 1),
        "python": platform.python_version(),
    }
    print(f"size on disk {size / 2**20:,.0f} MiB: {size / arguments.records:.0f} bytes per record")
    print(f"peak memory {peak / 1024:.0f} MiB, {(peak - before) / 1024:.0f} MiB of it since the start")
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
