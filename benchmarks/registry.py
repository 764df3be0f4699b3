"""Every benchmark by name, in the order in which they run and stand on the page."""

from __future__ import annotations

NAMES = ("quota", "unlimited", "peers", "scale", "sandbox", "ledger", "reading")
"""Each is a module of this package (`MODULES`) with `measure(full, folder) -> Measured`, imported when it is run."""

MODULES = {name: f"benchmarks.{name}" for name in NAMES} | {
    "peers": "benchmarks.peers.comparison",
    "sandbox": "benchmarks.sandbox_throughput",
    "ledger": "benchmarks.ledger_throughput",
    "reading": "benchmarks.read_ledger",
}
