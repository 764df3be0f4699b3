"""The comparison: the same rows into the same target with every program, in every regime.

    none        no latency, no limit
    50 ms       each call takes 50 ms longer
    quota       100 calls a minute
    dirty       2 % of the calls refused by the limit, 1 % cut after the commit, 0.5 % of the rows refused by the server

Every run begins with a copy of the same workspace, which has the data model and no people. Seconds are those of the
load itself, imports and preparation not counted, for ours and for the others. Afterwards the target tells which rows it
holds: what is lost or doubled is counted there, not believed. A bad row counts as named when it alone is said to have
failed, or is one of those that a program says to have failed; good rows that it says so of are counted too.

Belongs here: regimes, contenders, targets. Does not belong here: how a peer loads (its own file).
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks import loading
from benchmarks.peers.environments import HERE, python_of, version_of
from benchmarks.practice import KEY_VARIABLE, Size, write_export, write_practice
from benchmarks.results import Chart, Column, Measured, Table, Target, Value
from benchmarks.target import Conditions
from benchmarks.target import Target as Server
from dentes_twenty.migration.session import Migration

LONGEST_S = 1800
LEVEL = 1.1
"""Beside the fastest: within a tenth is level, which is about what two runs of one program differ by."""
OURS = "dentes-twenty"


@dataclasses.dataclass(frozen=True, slots=True)
class Regime:
    """One column of the comparison. `bound`: the quota decides, so nobody can be faster than another."""

    name: str
    conditions: Conditions
    refused_share: float = 0.0
    bound: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """A contender: its package ("" runs in our environment, httpx is there), its program, and its options."""

    name: str
    package: str
    program: str
    tuned: bool = False
    only: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What one program came to in one regime. `calls` where more were made than those of the load itself."""

    seconds: float
    failed: frozenset[str]
    error: str
    calls: int | None = None


REGIMES = (
    Regime("none", Conditions()),
    Regime("50 ms", Conditions(latency_ms=50)),
    Regime("quota", Conditions(calls_per_minute=100), bound=True),
    Regime("dirty", Conditions(dirty=True), refused_share=0.005),
)
PEERS = (
    Peer("plain httpx loop", "", "httpx_loop.py"),
    Peer("dlt, default", "dlt", "dlt_pipeline.py"),
    Peer("dlt, tuned", "dlt", "dlt_pipeline.py", tuned=True),
    Peer("singer-sdk batch sink", "singer-sdk", "singer_target.py"),
    Peer("drt", "drt-core", "drt_sync.py"),
)
SLOW_PEERS = (Peer("drt, then `drt retry` row by row", "drt-core", "drt_sync.py", tuned=True, only="dirty"),)
"""A quarter of an hour: with --full only."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """What all runs of a regime share: the export, the workspace before, the rows as they go over the wire."""

    export: Path
    prepared: Path
    rows: Path
    good: frozenset[str]
    bad: frozenset[str]


def measure(full: bool, folder: Path) -> Measured:
    """Every program in every regime."""
    patients = 60_000 if full else 22_000
    peers = (*PEERS, *SLOW_PEERS) if full else PEERS
    for peer in peers:
        if peer.package:
            python_of(peer.package)
    found: list[dict[str, Value]] = []
    for regime in REGIMES:
        ground = _ground(folder / regime.name, Size(patients, refused_share=regime.refused_share))
        for peer in (None, *peers):
            if peer and peer.only and peer.only != regime.name:
                continue
            row = _row(regime, peer, ground, folder / regime.name)
            found.append(row)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
        shutil.rmtree(folder / regime.name)
    versions = {package: version_of(package) for package in ("dlt", "singer-sdk", "drt-core")}
    return Measured(
        "peers",
        "Beside the peers",
        "The same people into the same workspace, by the loading path of `migrate` and by programs that others use to "
        "load records into an API. What is lost and doubled is counted in the workspace afterwards.",
        {"full": full, "rows": patients, **versions},
        tuple(_table(regime, [row for row in found if row["regime"] == regime.name]) for regime in REGIMES),
        tuple(target for regime in REGIMES for target in _targets(regime, found)),
    )


def _ground(folder: Path, size: Size) -> Ground:
    """Give a workspace the data model, and write down what ours would send."""
    export = write_export(folder / "export", size)
    prepared, rows = folder / "prepared", folder / "rows.jsonl"
    good: set[str] = set()
    with Server(prepared, Conditions()) as server:
        practice = write_practice(folder / "practice", export, server.url)
        loading.provision(practice, server.api_key)
        with Migration(practice, api_key=server.api_key) as migration, rows.open("w", encoding="utf-8") as file:
            declaration = next(d for d in migration.declarations("person") if d.name == "patient")
            for record in migration.planner.records(declaration, migration.owners()):
                file.write(json.dumps(record.creation(), ensure_ascii=False) + "\n")
                good.add(record.key)
    if len(good) != size.patients:
        raise SystemExit(f"{len(good)} of {size.patients} rows are planned: the comparison would not be one.")
    numbers = range(size.first, size.first + size.patients)
    bad = {f"patient:{10_000 + n}" for n in numbers if size.is_refused(n)}
    return Ground(export, prepared, rows, frozenset(good - bad), frozenset(bad))


def _row(regime: Regime, peer: Peer | None, ground: Ground, folder: Path) -> dict[str, Value]:
    place = folder / "run"
    shutil.copytree(ground.prepared, place / "target")
    with Server(place / "target", regime.conditions) as server:
        outcome = _theirs(peer, regime, ground, place, server) if peer else _ours(ground, place, server)
        figures, held = server.figures(), server.held("people")
    shutil.rmtree(place)
    landed = set(held)
    return {
        "regime": regime.name,
        "program": peer.name if peer else OURS,
        "seconds": round(outcome.seconds, 2),
        "calls": int(figures["calls"]) if outcome.calls is None else outcome.calls,
        "refused_calls": int(figures["refused"]),
        "lost": len(ground.good - landed),
        "doubled": len(held) - len(landed),
        "bad": len(ground.bad),
        "named": len(ground.bad & outcome.failed),
        "blamed": len(ground.good & outcome.failed),
        "ended": outcome.error or "done",
    }


def _ours(ground: Ground, place: Path, server: Server) -> Outcome:
    practice = write_practice(place / "practice", ground.export, server.url)
    process = loading.Loading(practice, server.api_key, place / "loaded.json", wait=True).ready()
    server.refill()  # the others have made no call before theirs
    process.go()
    loaded = process.result()
    return Outcome(loaded.seconds, frozenset(loaded.named), "", loaded.calls)


def _theirs(peer: Peer, regime: Regime, ground: Ground, place: Path, server: Server) -> Outcome:
    """The peer's program in its own environment; its home is the place of the run, so that it finds nothing else."""
    work, out = place / "work", place / "out.json"
    work.mkdir()
    python = python_of(peer.package) if peer.package else sys.executable
    command = [python, str(HERE / peer.program), "--url", server.url, "--rows", str(ground.rows)]
    command += ["--work", str(work), "--out", str(out)] + (["--tuned"] if peer.tuned else [])
    limit = regime.conditions.calls_per_minute
    command += ["--calls-per-minute", str(limit)] if limit else []
    environment = {**os.environ, KEY_VARIABLE: server.api_key, "HOME": str(work)}
    environment.pop("PYTHONPATH", None)
    with (place / "log").open("wb") as log:
        done = subprocess.run(
            command, env=environment, cwd=work, stdout=log, stderr=subprocess.STDOUT, timeout=LONGEST_S, check=False
        )
    if not out.exists():
        sys.stderr.write((place / "log").read_text(encoding="utf-8", errors="replace")[-3000:])
        raise SystemExit(f"{peer.name} ended with status {done.returncode} and told nothing.")
    told = json.loads(out.read_text(encoding="utf-8"))
    return Outcome(told["seconds"], frozenset(told["failed"]), told["error"])


def _table(regime: Regime, rows: list[dict[str, Value]]) -> Table:
    columns = [
        Column("program", "program"),
        Column("seconds", "load", "s"),
        Column("calls", "calls"),
        Column("refused_calls", "calls refused"),
        Column("lost", "rows lost"),
        Column("doubled", "rows doubled"),
    ]
    if regime.refused_share:
        columns += [Column("bad", "bad rows"), Column("named", "named"), Column("blamed", "good rows blamed")]
    columns.append(Column("ended", "ended"))
    titles = {
        "none": "No latency, no limit",
        "50 ms": "50 ms a call",
        "quota": "100 calls a minute",
        "dirty": "Dirty: 2 % of calls refused, 1 % cut after the commit, 0.5 % of rows refused",
    }
    return Table(
        titles[regime.name],
        tuple(columns),
        tuple(rows),
        chart=Chart(f"{titles[regime.name]}: seconds", ("program",), ("seconds",)),
    )


def _why(ours: Mapping[str, Value], fastest: Mapping[str, Value]) -> str:
    """What the fastest did without, should it be faster than we are."""
    if fastest["lost"]:
        return (
            f"the fastest ({fastest['program']}) left {int(fastest['lost']):,} good rows behind; finding the bad ones "
            f"took {ours['calls']} calls, at the pace of the limit that a refusal names"
        )
    return (
        f"the fastest ({fastest['program']}) plans nothing, keeps no ledger and compares nothing; for us that takes "
        "a core longer than the server takes the other one"
    )


def _targets(regime: Regime, found: list[dict[str, Value]]) -> list[Target]:
    rows = [row for row in found if row["regime"] == regime.name]
    ours = next(row for row in rows if row["program"] == OURS)
    others = [row for row in rows if row["program"] != OURS]
    made = [
        Target(f"{regime.name}: rows lost", "exactly", 0, int(ours["lost"] or 0)),
        Target(f"{regime.name}: rows doubled", "exactly", 0, int(ours["doubled"] or 0)),
    ]
    if regime.refused_share:
        made.append(Target(f"{regime.name}: bad rows named", "exactly", int(ours["bad"] or 0), int(ours["named"] or 0)))
    if regime.bound:
        return made
    ours_s = float(ours["seconds"] or 0)
    fastest = min(others, key=lambda row: float(row["seconds"] or 0))
    ratio = round(ours_s / float(fastest["seconds"] or 1), 2)
    made.append(
        Target(f"{regime.name}: time beside the fastest", "at most", LEVEL, ratio, "times", _why(ours, fastest))
    )
    # Who leaves good rows behind has not done the work, and being through with less of it sooner is no merit.
    whole = [float(row["seconds"] or 0) for row in others if not (row["lost"] or row["doubled"] or row["blamed"])]
    if whole and len(whole) < len(others):
        ratio = round(ours_s / min(whole), 2)
        made.append(
            Target(f"{regime.name}: time beside the fastest that lost nothing", "at most", LEVEL, ratio, "times")
        )
    return made
