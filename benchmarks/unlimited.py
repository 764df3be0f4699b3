"""How near the loading path comes to a bare loop where no quota binds: at no latency, and at 50 ms.

Both post the same batches into the same kind of target (`target`: the sandbox in its own process), in processes of
their own, with the same number in flight: the most that the target saw from our loader. Ours plans each record, writes
intents and outcomes into its ledger and compares every stored field; the loop does nothing but post. They take turns,
and the best of each counts, so that what else the machine does hits neither alone.

Belongs here: these pairs. Does not belong here: other programs (`peers`).
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks import bare
from benchmarks.loading import Loaded, provision, run
from benchmarks.practice import Size, write_export, write_practice
from benchmarks.results import Chart, Column, Measured, Table, Target, Value
from benchmarks.target import Conditions
from benchmarks.target import Target as Server

WANTED = 0.9
LATENCIES_MS = (0.0, 50.0)


def measure(full: bool, folder: Path) -> Measured:
    """Every latency."""
    size, rounds = (Size(20_000, 100_000), 5) if full else (Size(5_000, 20_000), 2)
    export = write_export(folder / "export", size)
    rows: list[dict[str, Value]] = []
    for latency in LATENCIES_MS:
        row = _pair(folder / f"at-{latency:.0f}", export, size, latency, rounds)
        rows.append(row)
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
    targets = tuple(
        Target(
            f"{row['server']}: rate beside the bare loop", "at least", WANTED, float(row["ratio"] or 0), "", _why(row)
        )
        for row in rows
    )
    about = (
        "The loading path of `migrate`, every write verified, beside a bare asyncio httpx loop that posts the same "
        "bodies with the same number in flight and verifies nothing."
    )
    options: dict[str, Value] = {"full": full, "records": size.records, "rounds": rounds}
    return Measured("unlimited", "Servers without a quota", about, options, (_table(rows),), targets)


def _why(row: Mapping[str, Value]) -> str:
    """What bounds us, should the target be missed."""
    loop = float(row["loop"] or 1)
    return (
        f"planning, fingerprints, ledger, audit chain and verification take {row['cpu_us']} µs of a core for a record, "
        f"server and loop together {1e6 / loop:.0f} µs; there is nothing to wait for meanwhile"
    )


def _pair(folder: Path, export: Path, size: Size, latency: float, rounds: int) -> dict[str, Value]:
    prepared, bodies = _prepared(folder), folder / "bodies"
    _, server = _ours(folder / "recorded", prepared, export, Conditions(latency, record=bodies))  # not measured
    in_flight = int(server["most"])
    ours: list[Loaded] = []
    loops: list[bare.Posted] = []
    for number in range(rounds):
        place = folder / str(number)
        ours.append(_ours(place / "ours", prepared, export, Conditions(latency))[0])
        loops.append(_loop(place / "loop", prepared, Conditions(latency), bodies, in_flight))
        shutil.rmtree(place)
    best, loop = min(ours, key=lambda one: one.seconds), min(loops, key=lambda one: one.seconds)
    return {
        "server": f"sandbox, {latency:.0f} ms",
        "records": size.records,
        "in_flight": in_flight,
        "ours": round(size.records / best.seconds),
        "loop": round(size.records / loop.seconds),
        "ratio": round(loop.seconds / best.seconds, 3),
        "ours_median": round(size.records / statistics.median(one.seconds for one in ours)),
        "loop_median": round(size.records / statistics.median(one.seconds for one in loops)),
        "ours_calls": best.calls,
        "loop_calls": loop.calls,
        "cpu_us": round(1e6 * best.cpu_seconds / size.records),
        "peak_mib": round(best.peak_mib),
    }


def _prepared(folder: Path) -> Path:
    """The state of a workspace that has the data model and nobody in it.

    Every run starts from a copy: the ids of members are the workspace's own, and the recorded bodies name them.
    """
    place = folder / "prepared"
    export = write_export(folder / "one", Size(1, 1))
    with Server(place, Conditions()) as server:
        provision(write_practice(folder / "one-practice", export, server.url), server.api_key)
    return place


def _ours(folder: Path, prepared: Path, export: Path, conditions: Conditions) -> tuple[Loaded, dict[str, float]]:
    shutil.copytree(prepared, folder / "target")
    with Server(folder / "target", conditions) as server:
        loaded = run(write_practice(folder / "practice", export, server.url), server.api_key)
        return loaded, server.figures()


def _loop(folder: Path, prepared: Path, conditions: Conditions, bodies: Path, in_flight: int) -> bare.Posted:
    shutil.copytree(prepared, folder / "target")
    with Server(folder / "target", conditions) as server:
        return bare.run(server.url, server.api_key, bodies, in_flight, folder / "posted.json")


def _table(rows: list[dict[str, Value]]) -> Table:
    return Table(
        "Records a second",
        (
            Column("server", "server"),
            Column("records", "records"),
            Column("in_flight", "in flight"),
            Column("ours", "dentes-twenty", "records/s"),
            Column("loop", "bare loop", "records/s"),
            Column("ratio", "ratio"),
            Column("ours_median", "dentes-twenty, median", "records/s"),
            Column("loop_median", "bare loop, median", "records/s"),
            Column("ours_calls", "calls, ours"),
            Column("loop_calls", "calls, loop"),
            Column("cpu_us", "our CPU", "µs/record"),
            Column("peak_mib", "our peak memory", "MiB"),
        ),
        tuple(rows),
        "The best of all rounds, and their median. The server runs on the same machine as the loader, and each takes "
        "about one core.",
        Chart("Records a second, as many as possible", ("server",), ("ours", "loop")),
    )
