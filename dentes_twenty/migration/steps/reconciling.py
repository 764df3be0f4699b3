"""Reconciling: the planned stream, the ledger's pages and Twenty's records side by side, one source object at a time.

Belongs here: walking the two sides and counting. Nothing is written into Twenty or repaired, no run of the ledger is
needed; the ledger remembers what is lost, so that a later migration can be asked to bring it back.
Memory grows with patients, plans and differences, not with the ledger of the practice: records are compared a thousand
at a time (five calls of 200 side by side). Does not belong here: what a difference means (`migration.reconcile`),
single records (`steps.comparing`), files (`steps.comparing_files`), money of patients and plans (`steps.accounts`),
drift (`steps.drifting`).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration.ledger import Ledger, RecordState, Status
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord, build
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.reconcile import LEDGER, MOST_LISTED, Notice, Reconciliation, Rows
from dentes_twenty.migration.steps.accounts import PatientAccounts, plan_totals
from dentes_twenty.migration.steps.comparing import Comparer
from dentes_twenty.migration.steps.comparing_files import FileComparer
from dentes_twenty.migration.steps.drawing import CONTACTS, reports_of
from dentes_twenty.migration.steps.drifting import add_drift
from dentes_twenty.migration.steps.files import expected_files
from dentes_twenty.migration.steps.loading import member_records
from dentes_twenty.migration.totals import Expected, add_values, add_vanished, compare_totals, money_fields
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.form import WIDE_REPORT
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.objects.target import ATTACHMENT
from dentes_twenty.twenty.records import RecordStore

CHUNK = 1_000
STANDING = (Status.LANDED, Status.ADOPTED)
Pair = tuple[PlannedRow, PlannedRecord]


async def reconcile(
    planner: Planner,
    owners: Owners,
    store: RecordStore,
    ledger: Ledger,
    drop: int,
    *,
    quick: bool,
    objects: Sequence[str] | None,
    contents: bool = False,
    progress: Listener | None = None,
) -> Reconciliation:
    """Reconcile all objects, the members and the files, or some objects. `quick`: counts and sums only, no files.
    `contents`: files byte by byte."""
    began = time.monotonic()
    calls = store.client.calls.total
    result = Reconciliation(quick, objects is None, dt.datetime.now(planner.practice.zone))
    declarations = [
        one for one in (MEMBERS, *planner.declarations) if objects is None or one.target.singular in objects
    ]
    files = not quick and (objects is None or ATTACHMENT.singular in objects)
    total = sum(planner.expected_records(one) for one in declarations)
    total += expected_files(planner) if files else 0
    meter = Meter("", total, progress, lambda: store.client.calls.total)
    walk = _Walk(planner, owners, store, ledger, drop, result, meter)
    await walk.prepare()
    for declaration in declarations:
        await walk.take(declaration)
    _left_by_forms(planner, declarations, result)
    if files:
        comparer = FileComparer(store, ledger, contents=contents)
        await comparer.compare(planner, owners, meter)
        result.files, result.file_notices = comparer.found, comparer.notices
    result.calls = store.client.calls.total - calls
    result.seconds = time.monotonic() - began
    add_drift(planner.practice, ledger, result)
    return result


def _left_by_forms(planner: Planner, declarations: Sequence[SourceObject], result: Reconciliation) -> None:
    """Rows of form files that stay out belong to no form in particular: a line of their own."""
    if not any(declaration.report is WIDE_REPORT for declaration in declarations):
        return
    for name in reports_of(next(d for d in declarations if d.report is WIDE_REPORT)):
        if planner.staged.has(name):
            report = planner.staged.report(name)
            out = report.quarantined + report.duplicates
            if out:
                rows = Rows(name, "", "", out, quarantined=report.quarantined, identical=report.duplicates)
                result.rows.append(rows)


class _Walk:
    """One reconciliation in progress."""

    def __init__(
        self,
        planner: Planner,
        owners: Owners,
        store: RecordStore,
        ledger: Ledger,
        drop: int,
        result: Reconciliation,
        meter: Meter,
    ) -> None:
        self._planner = planner
        self._owners = owners
        self._store = store
        self._ledger = ledger
        self._drop = drop
        self._result = result
        self._meter = meter
        self._comparer = Comparer(store, ledger, result)
        self._context = planner.context(owners)
        self._counts = ledger.counts()

    async def prepare(self) -> None:
        """What is asked once."""
        self._comparer.know("workspaceMember", (member.id for member in await self._store.members()))

    async def take(self, declaration: SourceObject) -> None:
        """Everything about one declaration."""
        rows = self._rows(declaration)
        self._result.rows.append(rows)
        figures: dict[str, Expected] = {}
        money = money_fields(declaration)
        accounts = PatientAccounts(self._planner, self._context) if declaration.name == LEDGER.source else None
        seen_here = False
        stream = self._stream(declaration, rows)
        while chunk := list(islice(stream, CHUNK)):
            states = self._states([planned for _, planned in chunk])
            standing: list[tuple[PlannedRecord, RecordState]] = []
            for _, planned in chunk:
                state = states.get(planned.key)
                figures.setdefault(planned.source_object, Expected())
                if state is not None and state.status in STANDING:
                    standing.append((planned, state))
                    seen_here = seen_here or state.last_seen_drop == self._drop
                    add_values(figures[planned.source_object], money, planned.values)
                elif state is not None:
                    _count(rows, state.status)
                if accounts is not None:
                    accounts.expect(planned, landed=state is not None and state.status in STANDING)
            rows.landed += len(standing)
            if not self._result.quick:
                stored = await self._comparer.compare(declaration, standing, rows)
                if accounts is not None:
                    accounts.found_in(stored)
            self._meter.at(self._meter.done + len(chunk), declaration.target.singular)
        if declaration is MEMBERS:
            rows.found = rows.landed if self._result.quick else rows.found
            return
        await self._vanished(declaration, rows, accounts, figures if seen_here else {})
        await self._strays(declaration, rows)
        if seen_here:
            await add_vanished(self._ledger, self._store, self._drop, declaration, figures)
        self._result.totals += await compare_totals(self._store, declaration, figures)
        if accounts is not None:
            await accounts.close(self._store, self._result)
        if declaration.name == "plan":
            plan_totals(self._planner, declaration, self._result)

    def _stream(self, declaration: SourceObject, rows: Rows) -> Iterator[Pair]:
        """Rows with their records; rows that planning keeps out are counted on the way."""
        if declaration is MEMBERS:
            yield from member_records(self._planner, self._owners)
            return
        issues: list[Issue] = []
        planned = 0
        for row in self._planner.rows(declaration, issues):
            planned += 1
            yield row, build(declaration, row, self._context)
            rows.quarantined += sum(issue.severity == "quarantine" for issue in issues)
            issues.clear()
        rows.quarantined += sum(issue.severity == "quarantine" for issue in issues)
        if declaration.report is WIDE_REPORT:
            rows.in_export = planned + rows.quarantined

    def _rows(self, declaration: SourceObject) -> Rows:
        label = declaration.label if declaration.report is WIDE_REPORT else ""
        rows = Rows(declaration.name, declaration.target.singular, label)
        own = declaration.sources == (declaration.report.name,) and self._planner.staged.has(declaration.report.name)
        if own and declaration is not MEMBERS:
            report = self._planner.staged.report(declaration.report.name)
            rows.in_export = report.rows_read
            rows.quarantined, rows.identical = report.quarantined, report.duplicates
        return rows

    def _states(self, records: Iterable[PlannedRecord]) -> dict[str, RecordState]:
        by_source: dict[str, list[str]] = {}
        for planned in records:
            by_source.setdefault(planned.source_object, []).append(planned.source_id)
        return {
            f"{source_object}:{source_id}": state
            for source_object, ids in by_source.items()
            for source_id, state in self._ledger.known(source_object, ids).items()
        }

    async def _vanished(
        self, declaration: SourceObject, rows: Rows, accounts: PatientAccounts | None, figures: Mapping[str, Expected]
    ) -> None:
        """Records of rows that this export no longer shows stay in Twenty (AMBIGUITIES 79) and are compared with what
        was written. While no row of this export was loaded, nothing has vanished."""
        if not figures:
            return
        for page in self._ledger.vanished(self._drop, set(figures) | {declaration.name}):
            mine = [state for state in page if state.object == declaration.target.singular]
            stored = await self._comparer.compare_written(declaration, mine, rows, values=not self._result.quick)
            if accounts is not None:
                accounts.add_vanished(stored)

    async def _strays(self, declaration: SourceObject, rows: Rows) -> None:
        """Counts in Twenty; only where there are more than we know of, every id is looked up."""
        target = declaration.target.singular
        names = CONTACTS if declaration.name in CONTACTS else (declaration.name,)
        condition = {"or": [{"sourceSystemId": {"startsWith": f"{name}:"}} for name in names]}
        count = await self._store.count(target, condition)
        known = rows.found + rows.vanished
        if self._result.quick:
            known = sum(
                found
                for (object_, source, status), found in self._counts.items()
                if object_ == target and source in names and status in STANDING
            )
        if count > known:
            async for page in self._store.find(target, condition, ["sourceSystemId"]):
                ours = self._ledger.known_by_record_id([record["id"] for record in page])
                for record in page:
                    if record["id"] not in ours:
                        self._stray(rows, record["id"], str(record["sourceSystemId"]))
        if self._result.quick:
            rows.found = min(rows.landed, count - rows.strays - rows.vanished)

    def _stray(self, rows: Rows, record_id: str, key: str) -> None:
        rows.strays += 1
        if len(self._result.strays) < MOST_LISTED:
            source_id = key.partition(":")[2]
            self._result.strays.append(Notice(rows.object, rows.target, source_id, record_id, "", "not_in_ledger"))


def _count(rows: Rows, status: Status) -> None:
    if status is Status.HELD:
        rows.held += 1
    elif status is Status.REFUSED:
        rows.refused += 1
    elif status is Status.DELETED:
        rows.deleted += 1
