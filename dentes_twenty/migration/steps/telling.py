"""What can be said before and after: cost in calls and minutes, state of the practice."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import Any

from dentes_twenty.migration.ledger import FileState, Ledger, Run, Severity, Status
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner

BATCH = 200
DEFAULT_LIMIT = 100  # calls a minute of a Twenty server that was not told otherwise


@dataclasses.dataclass(frozen=True, slots=True)
class CallPlan:
    """Records and calls by Twenty object, and minutes at `limit` calls a minute after the first burst."""

    records: dict[str, int]
    calls: dict[str, int]
    limit: int

    @property
    def total_calls(self) -> int:
        """All calls that the rate limit counts."""
        return sum(self.calls.values())

    @property
    def minutes(self) -> float:
        """The burst is free, every further call waits for a token."""
        return max(0, self.total_calls - self.limit) / self.limit


def plan_calls(planner: Planner, owners: Owners, ledger: Ledger, limit: int = DEFAULT_LIMIT) -> CallPlan:
    """Arithmetic on counted rows; what the ledger knows as landed costs nothing when it is unchanged."""
    landed: Counter[str] = Counter()
    for (_, source_object, status), count in ledger.counts().items():
        if status in (Status.LANDED, Status.ADOPTED):
            landed[source_object] += count
    records: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for declaration in planner.declarations:
        fresh = max(0, planner.expected_records(declaration) - landed[declaration.name])
        records[declaration.target.singular] += fresh
        batches = math.ceil(fresh / BATCH)
        calls[declaration.target.singular] += batches
        for link in declaration.links:
            calls[link.join.singular] += batches
        if declaration.self_relations and fresh:
            calls[declaration.target.singular] += math.ceil(fresh / BATCH / 2)
    calls["workspaceMember"] += 1 + len(owners.written)
    return CallPlan(dict(records), {name: n for name, n in calls.items() if n}, limit)


@dataclasses.dataclass(frozen=True, slots=True)
class StatusReport:
    """From the ledger alone: counts by (Twenty object, source object, status), open findings, files, last runs."""

    records: dict[tuple[str, str, Status], int]
    findings: dict[tuple[str, Severity, str], int]
    files: dict[FileState, int]
    runs: tuple[Run, ...]

    @property
    def quarantined(self) -> int:
        """Open quarantine entries."""
        return sum(n for (_, severity, _), n in self.findings.items() if severity is Severity.QUARANTINE)


def status(ledger: Ledger) -> StatusReport:
    """Where the practice stands."""
    return StatusReport(ledger.counts(), ledger.quarantine_counts(), ledger.file_counts(), tuple(ledger.runs(limit=10)))


def run_counts(ledger: Ledger) -> dict[str, Any]:
    """Figures that end a run in the ledger."""
    by_status: Counter[str] = Counter()
    for (_, _, state), count in ledger.counts().items():
        by_status[state.value] += count
    return dict(by_status)
