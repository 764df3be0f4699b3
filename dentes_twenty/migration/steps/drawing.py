"""Drawing a sample from a staged export: two passes over the tables, nothing but reading.

The first pass remembers candidates (reverse import order, so that parents follow their children), the second collects
the rows of the chosen ones. Belongs here: walking rows with their findings. Does not belong here: what a record shows
and which ones are chosen (`migration.sampling`), loading (`steps.sampling`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping

from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord, build
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.sampling import (
    PATIENT,
    REMEMBERED,
    Candidates,
    Feature,
    Seen,
    TracingContext,
    choose,
    features_of,
    lengths_of,
)
from dentes_twenty.migration.steps.loading import member_records
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT
from dentes_twenty.objects.registry import MEMBERS

CONTACTS = ("guardian", "emergency")  # source objects of one declaration


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """What was chosen: keys by scope. `features` counts what the whole export shows, `uncovered` is what the sample
    has no room for, `stays_out` has one finding of each kind that keeps a row out of the migration."""

    keys: Mapping[str, frozenset[str]]
    features: Counter[Feature]
    uncovered: frozenset[Feature]
    stays_out: tuple[Issue, ...]

    @property
    def size(self) -> int:
        """Number of records."""
        return sum(len(keys) for keys in self.keys.values())


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SampledRow:
    """One record of the sample with the row that it comes from. `issues`: column -> code of the row's findings."""

    declaration: SourceObject
    row: PlannedRow
    planned: PlannedRecord
    features: frozenset[Feature]
    issues: Mapping[str, str]


# ---
# First pass
# ---


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Planned:
    """A record in the stream, with its row and the findings on it."""

    declaration: SourceObject
    row: PlannedRow
    record: PlannedRecord
    parents: tuple[str, ...]
    issues: tuple[Issue, ...]


class _Source:
    """The planned records of an export as the sampler walks them."""

    def __init__(self, planner: Planner, owners: Owners, progress: Listener | None) -> None:
        self._planner = planner
        self._owners = owners
        self.declarations: tuple[SourceObject, ...] = (MEMBERS, *planner.declarations)
        written = frozenset(line.provider.id for line in owners.written)
        plan = planner.context(owners)
        known = {f.name: getattr(plan, f.name) for f in dataclasses.fields(plan)}
        self._trace = TracingContext(**known, written=written)
        self.adopted = frozenset(f"{source}:{source_id}" for source, source_id in plan.adopted)
        self.stays_out: dict[tuple[str, str], Issue] = {}
        self._expected = {one.scope: planner.expected_records(one) for one in planner.declarations}
        self._passed = 0
        self._meter = Meter("", sum(self._expected.values()), progress)

    def passed(self, declaration: SourceObject) -> None:
        """The pass is through with a declaration, whose rows it has read once, in part, or again and again."""
        self._passed += self._expected.get(declaration.scope, 0)
        self._meter.at(self._passed, declaration.target.singular)

    def walk(self, declaration: SourceObject, wanted: Collection[str] | None = None) -> Iterator[_Planned]:
        """All records of a declaration, or only the wanted ones; then the walk ends with the last of them."""
        if declaration is MEMBERS:
            yield from self._members(wanted)
            return
        key = next(f.transform for f in declaration.fields if f.target.name == "sourceSystemId")
        left = None if wanted is None else set(wanted)
        issues: list[Issue] = []
        for row in self._meter.of(self._planner.rows(declaration, issues), declaration.target.singular):
            if left is None or key.compute(row, self._trace) in left:
                record = build(declaration, row, self._trace)
                parents = self._trace.parents_of(record)
                mine = tuple(issue for issue in issues if issue.severity == "warning" and issue.row == row["_row"])
                yield _Planned(declaration, row, record, parents, mine)
                if left is not None:
                    left.discard(record.key)
                    if not left:
                        return
            for issue in issues:
                self._keep_out(issue)
            issues.clear()
        for issue in issues:
            self._keep_out(issue)

    def _members(self, wanted: Collection[str] | None) -> Iterator[_Planned]:
        for row, record in member_records(self._planner, self._owners):
            if wanted is None or record.key in wanted:
                yield _Planned(MEMBERS, row, record, (), ())

    def _keep_out(self, issue: Issue) -> None:
        if issue.severity == "quarantine":
            self.stays_out.setdefault((issue.report, issue.code), issue)

    def quarantined_rows(self) -> tuple[Issue, ...]:
        """One finding for each report and code that keeps rows out, staging's included."""
        for report in self._planner.staged.reports:
            for issue in self._planner.staged.issues(report.report):
                self._keep_out(issue)
        return tuple(self.stays_out[key] for key in sorted(self.stays_out))

    def merged_contacts(self) -> frozenset[str]:
        """Keys of the contacts that several rows name."""
        named: Counter[str] = Counter()
        for links in self._planner.index.contacts.links.values():
            named.update(key for key in (links.guardian, links.emergency) if key)
            named.update(key for _, key in links.further)
        return frozenset(key for key, times in named.items() if times > 1 and not key.startswith(PATIENT))

    def examples(self, declaration: SourceObject, most: int = REMEMBERED) -> dict[str, set[tuple[str, str]]]:
        """Source id -> (report, code) of staging's warnings, for the first rows with each code."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        counts: Counter[tuple[str, str | None, str]] = Counter()
        for report in reports_of(declaration):
            for issue in self._planner.staged.issues(report) if self._planner.staged.has(report) else ():
                if issue.severity == "warning" and issue.source_id:
                    counts[report, issue.column, issue.code] += 1
                    if counts[report, issue.column, issue.code] <= most:
                        found[issue.source_id].add((report, issue.code))
        return found


def reports_of(declaration: SourceObject) -> tuple[str, ...]:
    """The reports whose row numbers and ids are those of the declaration's rows."""
    if declaration.report is WIDE_REPORT:
        return (WIDE_REPORT.name, LONG_REPORT.name)
    return (declaration.report.name,)


def draw(planner: Planner, owners: Owners, size: int, progress: Listener | None = None) -> Drawn:
    """Walk the whole export once and choose."""
    source = _Source(planner, owners, progress)
    candidates = Candidates(size)
    merged = source.merged_contacts()
    for rank, declaration in reversed(list(enumerate(source.declarations))):
        warned = source.examples(declaration)

        def seen(planned: _Planned, rank: int = rank, warned: Mapping[str, set[tuple[str, str]]] = warned) -> Seen:
            return _seen(planned, rank, planner.practice.currency, warned, merged, source.adopted)

        for planned in source.walk(declaration):
            candidates.take(seen(planned), lengths_of(declaration, planned.record))
        candidates.close()
        names = CONTACTS if declaration.name in CONTACTS else (declaration.name,)
        while lacking := candidates.lacking(names):
            for planned in source.walk(declaration, lacking):
                candidates.add(seen(planned))
            if candidates.lacking(names) == lacking:
                break  # a record of another run, or one that stays out
        source.passed(declaration)
    choice = choose(candidates.found, size)
    by_scope: dict[str, set[str]] = defaultdict(set)
    for key in choice.keys:
        by_scope[candidates.found[key].scope].add(key)
    keys = {scope: frozenset(found) for scope, found in by_scope.items()}
    return Drawn(keys, candidates.features, choice.uncovered, source.quarantined_rows())


def _seen(
    planned: _Planned,
    rank: int,
    currency: str,
    warned: Mapping[str, set[tuple[str, str]]],
    merged: frozenset[str],
    adopted: frozenset[str],
) -> Seen:
    declaration, record = planned.declaration, planned.record
    warnings = [(issue.report, issue.code) for issue in planned.issues]
    warnings += warned.get(str(planned.row.get(declaration.report.key)), ())
    cases = [name for name, keys in (("merged_contact", merged), ("already_in_twenty", adopted)) if record.key in keys]
    features = features_of(declaration, planned.row, record, currency, warnings, cases)
    return Seen(record.key, declaration.scope, rank, record.position, features, planned.parents)


# ---
# Second pass
# ---


def collect(planner: Planner, owners: Owners, drawn: Drawn, progress: Listener | None = None) -> tuple[SampledRow, ...]:
    """The rows and records of a draw, in import order."""
    source = _Source(planner, owners, progress)
    merged = source.merged_contacts()
    found: list[SampledRow] = []
    for rank, declaration in enumerate(source.declarations):
        wanted = drawn.keys.get(declaration.scope)
        if not wanted:
            continue
        chosen = list(source.walk(declaration, wanted))
        source.passed(declaration)
        ids = {str(planned.row.get(declaration.report.key)) for planned in chosen}
        findings = _findings(planner, declaration, ids)
        for planned in chosen:
            mine = [*planned.issues, *findings.get(str(planned.row.get(declaration.report.key)), ())]
            warned = {str(planned.row.get(declaration.report.key)): {(issue.report, issue.code) for issue in mine}}
            seen = _seen(planned, rank, planner.practice.currency, warned, merged, source.adopted)
            columns = {issue.column: issue.code for issue in mine if issue.column}
            found.append(SampledRow(declaration, planned.row, planned.record, seen.features, columns))
    return tuple(found)


def _findings(planner: Planner, declaration: SourceObject, ids: Collection[str]) -> dict[str, list[Issue]]:
    """Staging's warnings on these rows, by source id."""
    found: dict[str, list[Issue]] = defaultdict(list)
    for report in reports_of(declaration):
        for issue in planner.staged.issues(report) if planner.staged.has(report) else ():
            if issue.source_id in ids and issue.severity == "warning":
                found[str(issue.source_id)].append(issue)
    return found
