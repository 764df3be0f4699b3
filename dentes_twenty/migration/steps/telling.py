"""What can be said before and after: cost in calls and minutes, state of the practice."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dentes_twenty.migration.ledger import FileState, Ledger, Run, RunState, Severity, Status
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.twenty.limiter import PLAN_SIZES, Limits, seconds_for

BATCH = 200
SHORTEST_LOOK = 10
"""Calls after which their own pace says more about the end than the arithmetic of the limit."""


@dataclasses.dataclass(frozen=True, slots=True)
class CallPlan:
    """Records and calls by Twenty object, at the pace of the workspace's `limits` as far as they are known."""

    records: dict[str, int]
    calls: dict[str, int]
    limits: Limits

    @property
    def total_calls(self) -> int:
        """All calls that the rate limit counts."""
        return sum(self.calls.values())

    @property
    def seconds(self) -> float:
        """What the rate limit makes unavoidable: the burst is free, every further call waits for a token.

        While no limit is known, that of Twenty's larger plan is assumed.
        """
        return seconds_for(self.total_calls, self.limits)

    def says(self, now: dt.datetime) -> str:
        """For people: records, calls, and the earliest end in the time zone of `now`."""
        end = now + dt.timedelta(seconds=self.seconds)
        pace = "; ".join(f"{b.limit} calls in {b.window_ms / 1000:g} s" for b in self.limits.buckets)
        assumed = f"{PLAN_SIZES[-1]} calls a minute, Twenty's usual limit, which this workspace has not shown yet"
        records = sum(self.records.values())
        if self.seconds < 1:
            return f"{records:,} records to write in about {self.total_calls:,} calls, which no usual limit holds up."
        return (
            f"{records:,} records to write in about {self.total_calls:,} calls. At {pace or assumed}, "
            f"the calls take {self.seconds / 60:.1f} minutes: until {end:%H:%M} at the earliest."
        )


def plan_calls(planner: Planner, owners: Owners, ledger: Ledger, limits: Limits) -> CallPlan:
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
        calls += calls_for(declaration, fresh)
    calls["workspaceMember"] += 1 + len(owners.written)
    return CallPlan(dict(records), {name: n for name, n in calls.items() if n}, limits)


def calls_for(declaration: SourceObject, fresh: int) -> Counter[str]:
    """Calls by Twenty object that so many new records of one source object cost."""
    calls = Counter({declaration.target.singular: math.ceil(fresh / BATCH)})
    for link in declaration.links:
        calls[link.join.singular] += bool(fresh)  # all but the last batch share a request with records
    if declaration.self_relations and fresh:
        calls[declaration.target.singular] += math.ceil(fresh / BATCH / 2)
    return calls


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """How far a run is: calls made of those that were planned, and when it will be through, if that can be said."""

    calls: int
    planned: int
    until: dt.datetime | None


PLANNED, CALLS, SINCE = "planned_calls", "calls", "planned_at"
"""Figures of a run in the ledger: calls planned and made, and when (seconds since 1970) the plan was made."""


def noted(plan: CallPlan, now: dt.datetime) -> Mapping[str, float]:
    """What the ledger remembers of a plan, for `forecast`."""
    return {PLANNED: plan.total_calls, SINCE: round(now.timestamp(), 3), CALLS: 0}


def forecast(run: Run) -> Forecast | None:
    """From what the run noted last; None where it has planned nothing. Pure."""
    counts = run.counts
    if PLANNED not in counts:
        return None
    calls, planned = int(counts.get(CALLS, 0)), int(counts[PLANNED])
    if run.state is not RunState.RUNNING or calls < SHORTEST_LOOK:
        return Forecast(calls, planned, None)
    each = (run.heartbeat.timestamp() - counts[SINCE]) / calls
    left = max(planned - calls, 0) * max(each, 0.0)
    return Forecast(calls, planned, run.heartbeat + dt.timedelta(seconds=left))


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
