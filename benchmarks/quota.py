"""How much of Twenty's quota the loading path uses: against the sandbox with Twenty's own limiter.

The floor is arithmetic: a bucket of so many calls is full at the start and refills one call every 60 s / limit, so
`calls` cannot be through before (calls - limit) * 60 / limit seconds. What a load takes beyond that is pacing lost.

Belongs here: the cases and their targets. Does not belong here: the pacing under a simulated clock, which is a test
(twenty/test_limiter.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from benchmarks.loading import Loaded, Loading
from benchmarks.practice import Size, write_export, write_practice
from benchmarks.results import ROOT, Column, Measured, Table, Target, Value
from benchmarks.target import Conditions
from benchmarks.target import Target as Server
from dentes_twenty.migration.ledger.database import parse_url

BATCH = 200
SPARE_CALLS = 40
LEAST_FLOOR_S = 5.0
"""Below this a percentage of the floor says nothing: a fixed start of a tenth of a second is 3 % of three seconds."""
POSTGRES = "DENTES_TWENTY_TEST_POSTGRES"

Charge = Literal["request", "root-field"]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One row of the table. `ledgers`: the loading processes share the first; "" is a SQLite file each."""

    name: str
    limit: int
    size: Size
    processes: int = 1
    charge: Charge = "request"
    ledger: str = ""


def cases(full: bool) -> list[Case]:
    """Full: 60,000 records, as the targets name them."""
    hundred = Size(10_000, 50_000) if full else Size(4_000, 22_000)
    fifty = Size(10_000, 50_000) if full else Size(3_000, 11_000)
    shared = Size(2_000, 0, 29_000) if full else Size(2_000, 0, 22_000)
    return [
        Case("100 calls a minute", 100, hundred),
        Case("50 calls a minute", 50, fifty),
        Case("two processes, SQLite ledger", 100, hundred, 2, ledger="sqlite"),
        Case("two processes, PostgreSQL ledger", 100, hundred, 2, ledger="postgresql"),
        Case("records and links, a request costs one", 100, shared),
        Case("records and links, each root field costs one", 100, shared, charge="root-field"),
    ]


def floor(calls: int, limit: int) -> float:
    """Seconds that so many calls take at least."""
    return max(calls - limit, 0) * 60 / limit


def measure(full: bool, folder: Path) -> Measured:
    """All cases."""
    rows: list[dict[str, Value]] = []
    targets: list[Target] = []
    for number, case in enumerate(cases(full)):
        with _ledger(case, folder) as url:
            if url is None:
                sys.stdout.write(f"{case.name}: left out, no PostgreSQL server in {POSTGRES} or on this machine\n")
                continue
            seconds, loads, server = _load(case, folder / str(number), url)
        row = _row(case, seconds, loads, server)
        rows.append(row)
        targets += _targets(case, row)
        sys.stdout.write(f"{case.name}: {row}\n")
        sys.stdout.flush()
    return Measured(
        "quota",
        "The quota",
        "The loading path of `migrate` (planned from staged tables, ledger, every write verified from its answer) into "
        "the sandbox with Twenty's own limiter. The floor is (calls - burst) x refill interval.",
        {"full": full, "records_at_100": rows[0]["records"], "records_at_50": rows[1]["records"]},
        (_table(rows), _shared_table(rows)),
        tuple(targets),
    )


@contextlib.contextmanager
def _ledger(case: Case, folder: Path) -> Iterator[str | None]:
    """The URL of the ledger that processes share, "" for one in each practice's folder, None where there is none."""
    if case.ledger == "postgresql":
        with _schema() as url:
            yield url
    elif case.ledger == "sqlite":
        path = folder / f"shared-{uuid.uuid4().hex[:6]}"
        path.mkdir(mode=0o700)
        yield f"sqlite:///{path}/ledger.sqlite"
    else:
        yield ""


@contextlib.contextmanager
def _schema() -> Iterator[str | None]:
    """A new schema in the PostgreSQL server of the tests, dropped at the end; None without a server."""
    server = os.environ.get(POSTGRES) or _found_postgres()
    if not server:
        yield None
        return
    schema, url = f"bench_{uuid.uuid4().hex[:12]}", parse_url(server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


def _found_postgres() -> str:
    script = ROOT / "scripts" / "find_postgres.py"
    return subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.strip()


def _load(case: Case, folder: Path, ledger: str) -> tuple[float, list[Loaded], dict[str, float]]:
    """Wall time of the slowest process, what each came to, and what the server counted."""
    conditions = Conditions(calls_per_minute=case.limit, charge=case.charge)
    with Server(folder / "target", conditions) as server:
        practices = []
        for part in range(case.processes):
            size = dataclasses.replace(
                case.size,
                patients=case.size.patients // case.processes,
                entries=case.size.entries // case.processes,
                first=1 + part * 1_000_000,
            )
            export = write_export(folder / f"export-{part}", size)
            practice = write_practice(
                folder / f"practice-{part}", export, server.url, key=f"bench-{part}", ledger=ledger or None
            )
            practices.append(practice)
        # One after the other up to the start of the load: the first one provisions. Then the bucket fills again, so
        # that the floor is that of a full bucket, whatever the calls before the load were.
        started = [Loading(p, server.api_key, p.path.with_name("loaded.json"), wait=True).ready() for p in practices]
        server.refill()
        server.mark(case.limit)
        for loading in started:
            loading.go()
        loads = [loading.result() for loading in started]
        return max(one.seconds for one in loads), loads, server.figures()


def _row(case: Case, seconds: float, loads: list[Loaded], server: dict[str, float]) -> dict[str, Value]:
    calls, records = sum(one.calls for one in loads), case.size.records
    tokens = calls - sum(one.refused for one in loads)
    least = floor(tokens, case.limit) if case.charge == "request" else 0.0  # calls are no tokens there
    return {
        "case": case.name,
        "limit": case.limit,
        "records": records,
        "links": case.size.appointments,
        "landed": sum(one.landed for one in loads),
        "written": sum(one.written for one in loads),
        "seconds": round(seconds, 2),
        "floor": round(least, 2) or None,
        "over": round(100 * (seconds / least - 1), 2) if least else None,
        "burst": round(server["passed"], 2),
        "calls": calls,
        "calls_allowed": round(1.03 * records / BATCH + SPARE_CALLS),
        "refused": sum(one.refused for one in loads),
        "refused_share": round(100 * sum(one.refused for one in loads) / calls, 2),
        "single_calls": -(-(records - case.size.appointments) // BATCH) + -(-case.size.appointments // BATCH),
        "per_field": round(max(one.per_field for one in loads), 2),
        "differing": sum(one.differing for one in loads),
    }


def _targets(case: Case, row: dict[str, Value]) -> Iterator[Target]:
    least, over, share, calls, allowed = (
        float(row[key] or 0) for key in ("floor", "over", "refused_share", "calls", "calls_allowed")
    )
    if case.charge == "root-field":
        yield Target(f"{case.name}: the limiter notices", "at least", 0.5, float(row["per_field"] or 0), "per field")
    elif least >= LEAST_FLOOR_S:
        why = f"the burst alone took {row['burst']} s, which are {100 * float(row['burst'] or 0) / least:.1f} %"
        yield Target(f"{case.name}: time beyond the floor", "at most", 3, over, "%", why)
        yield Target(f"{case.name}: calls refused", "at most", 1, share, "%")
    yield Target(f"{case.name}: calls", "at most", allowed, calls)


def _table(rows: list[dict[str, Value]]) -> Table:
    return Table(
        "Time and calls against the floor",
        (
            Column("case", "case"),
            Column("records", "records, links included"),
            Column("seconds", "load", "s"),
            Column("floor", "floor", "s"),
            Column("over", "beyond", "%"),
            Column("burst", "the burst alone", "s"),
            Column("calls", "calls"),
            Column("calls_allowed", "calls allowed"),
            Column("refused", "refused"),
            Column("refused_share", "refused", "%"),
            Column("differing", "values that differ"),
        ),
        tuple(rows),
        "Two processes are two practices on one workspace whose ledgers share the limiter. Calls allowed: "
        f"1.03 x (records / {BATCH}) + {SPARE_CALLS}. The burst alone is what the calls of a full bucket take: they "
        "come less than a refill apart, so Twenty's floored refill gives nothing then, and the floor leaves it out.",
    )


def _shared_table(rows: list[dict[str, Value]]) -> Table:
    shown = [row for row in rows if row["links"]]
    for row in shown:
        single, limit = int(row["single_calls"] or 0), int(row["limit"] or 1)
        row["single_floor"] = round(floor(single, limit), 2)
    return Table(
        "What shared requests give",
        (
            Column("case", "case"),
            Column("records", "records, links included"),
            Column("single_calls", "calls of one object each"),
            Column("single_floor", "their floor", "s"),
            Column("calls", "calls made"),
            Column("seconds", "load", "s"),
            Column("per_field", "charge per further field, as learnt"),
        ),
        tuple(shown),
        "An appointment is a task and a link record. Where a request costs one token whatever it holds, both can go "
        "together; where each root field costs one, the limiter has to notice and nothing is gained.",
    )
