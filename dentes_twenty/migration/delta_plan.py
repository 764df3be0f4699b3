"""Planning one delta: every planned record compared with the ledger, before anything is sent.

Belongs here: what kind of row each is, which Twenty objects need calls at all, which records have to be loaded and what
the others come to (so that no row is planned a second time), and whether rows that Twenty refused earlier have a chance
now. Does not belong here: the kinds (`migration.delta`), loading (`migration.deltas`).

A row that was refused and has not changed is not sent again: Twenty would answer the same. What stood in its way may
have gone from Twenty, though, without any change of the export; that is read, with one call for 200 rows. A row that
waits for its parent costs nothing until the parent lands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from dentes_twenty.migration.delta import ObjectDelta, RowKind, row_kind
from dentes_twenty.migration.ledger import Conflict, ConflictState, Entry, Ledger, RecordState, Status
from dentes_twenty.migration.links import is_misplaced
from dentes_twenty.migration.load import LOOK_UP
from dentes_twenty.migration.merge import outstanding
from dentes_twenty.migration.parents import Parents
from dentes_twenty.migration.planning.records import POSITIONS_PER_OBJECT, PlannedRecord
from dentes_twenty.migration.refusals import REFUSED_CODE, refused_as_it_is, was_refused, worth_sending
from dentes_twenty.migration.steps.context import Chosen
from dentes_twenty.migration.steps.loading import member_records
from dentes_twenty.migration.totals import STANDING, Expected, add_values, expected, money_fields
from dentes_twenty.migration.update import BY
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.twenty.values import Normaliser, normaliser

if TYPE_CHECKING:
    from dentes_twenty.migration.session import Migration


MOST_CHOSEN = 50_000
"""Records that a plan keeps until they are loaded, about 150 MB. A later export that changes more is planned again."""


@dataclasses.dataclass(slots=True)
class DeltaPlan:
    """`objects`: figures by source object. `working`, `waiting`, `left_out`: Twenty objects with rows that a call has
    to be made for, with rows that wait for a parent, with rows that stand without one which they need not have.
    `refused`: rows by Twenty object that were refused as they are. `chances`: ids of those among them that are sent
    again.

    By scope: `records`, those that are not simply as they were (None: too many to keep), and `figures`, what the others
    come to. `standing`: ids of the unchanged ones by Twenty object, where its records may point at each other."""

    objects: dict[str, ObjectDelta] = dataclasses.field(default_factory=dict)
    working: set[str] = dataclasses.field(default_factory=set)
    waiting: set[str] = dataclasses.field(default_factory=set)
    left_out: set[str] = dataclasses.field(default_factory=set)
    refused: dict[str, list[tuple[PlannedRecord, str]]] = dataclasses.field(default_factory=dict)
    chances: frozenset[str] = frozenset()
    records: dict[str, list[PlannedRecord] | None] = dataclasses.field(default_factory=dict)
    figures: dict[str, dict[str, Expected]] = dataclasses.field(default_factory=dict)
    standing: dict[str, set[str]] = dataclasses.field(default_factory=dict)

    def chosen(self, object_: str) -> Chosen:
        """What has to be loaded of a Twenty object."""
        return Chosen(lambda one: self.records.get(one.scope), True, self.standing.get(object_, ()))

    def expected(self, ledger: Ledger, declaration: SourceObject) -> dict[str, Expected] | None:
        """What the accepted rows come to after the load; None where not all records are known."""
        records = self.records.get(declaration.scope)
        if records is None:
            return None
        figures = expected(ledger, declaration, records)
        for source_object, others in self.figures[declaration.scope].items():
            figures.setdefault(source_object, Expected()).add(others)
        return figures


def plan_delta(migration: Migration, since: int | None, *, retry_refused: bool = False) -> DeltaPlan:
    """Compare every planned record with the ledger, and remember that the drop shows its row."""
    planner, owners = migration.planner, migration.owners()
    plan = DeltaPlan()
    plan.standing = {one.target.singular: set() for one in planner.declarations if one.self_relations}
    comparer = _Comparer(migration, since, plan, retry_refused=retry_refused)
    comparer.compare(MEMBERS, (record for _, record in member_records(planner, owners)))
    for declaration in planner.declarations:
        plan.objects.setdefault(declaration.name, ObjectDelta(declaration.name, declaration.label))
        comparer.compare(declaration, planner.records(declaration, owners))
    chances: set[str] = set()
    for object_, rows in plan.refused.items():
        found = migration.wait(worth_sending(migration.store, object_, rows))
        if found:
            plan.working.add(object_)
            chances |= found
    plan.chances = frozenset(chances)
    return plan


class _Comparer:
    def __init__(self, migration: Migration, since: int | None, plan: DeltaPlan, *, retry_refused: bool) -> None:
        self._ledger = migration.ledger
        self._run = migration.run_id
        self._drop = migration.drop_id
        self._since = since
        self._plan = plan
        self._retry = retry_refused
        self._standing = self._ledger.conflicts_standing()
        self._empty = self._ledger.prints.value(None)
        self._parents = Parents(self._ledger, self._run, self._drop)
        self._kept = 0

    def compare(self, declaration: SourceObject, records: Iterator[PlannedRecord]) -> None:
        self._parents.expect(declaration)
        normal = normaliser({field.target.wire_name: field.target.type for field in declaration.fields})
        joins = [link.join.singular for link in declaration.links]
        others = _Others(declaration, self._plan)
        if declaration is not MEMBERS:  # few, and always written as a whole
            self._plan.records.setdefault(declaration.scope, [])
        while chunk := list(islice(records, LOOK_UP)):
            links = {join: self._ledger.known(join, [planned.key for planned in chunk]) for join in joins}
            for source_object in {planned.source_object for planned in chunk}:
                mine = [planned for planned in chunk if planned.source_object == source_object]
                known = self._ledger.known(source_object, [planned.source_id for planned in mine])
                one = self._plan.objects.setdefault(source_object, ObjectDelta(source_object, declaration.label))
                others.seen(source_object)
                for planned in mine:
                    state = known.get(planned.source_id)
                    ready = self._parents.ready(planned)
                    kind, fields = self._kind(planned, ready, normal, state)
                    if kind is RowKind.UNCHANGED:
                        fields = frozenset(j for j in joins if is_misplaced(planned, j, links[j].get(planned.key)))
                        kind = RowKind.CHANGED if fields else kind
                    one.add(kind, fields if kind is RowKind.CHANGED else ())
                    self._note(declaration.target.singular, planned, kind, state)
                    left_out = kind is RowKind.UNCHANGED and ready is not None and ready is not planned
                    if left_out:
                        self._plan.left_out.add(declaration.target.singular)
                    if kind in (RowKind.UNCHANGED, RowKind.DELETED) and not left_out:
                        others.add(planned, state, kind)
                    else:
                        self._choose(declaration, planned)
                self._ledger.mark_seen(self._drop, [state.key for state in known.values()])

    def _choose(self, declaration: SourceObject, planned: PlannedRecord) -> None:
        records = self._plan.records.get(declaration.scope)
        if records is None:
            return
        if self._kept == MOST_CHOSEN:
            self._kept -= len(records)
            self._plan.records[declaration.scope] = None
            return
        records.append(planned)
        self._kept += 1

    def _kind(
        self, planned: PlannedRecord, ready: PlannedRecord | None, normal: Normaliser, state: RecordState | None
    ) -> tuple[RowKind, frozenset[str]]:
        """`ready`: the record as it may be sent now, None where a parent is missing that it has to have."""
        if state is None:
            return RowKind.NEW, frozenset()
        if state.status is Status.HELD and ready is None:
            return RowKind.HELD, frozenset()
        values = normal((ready or planned).values)
        conflicts = self._standing.get(state.key, {})
        if was_refused(state) and not self._retry and refused_as_it_is(self._ledger, planned, values, state, conflicts):
            return RowKind.REFUSED, frozenset()
        fields = self._changed(values, state, conflicts)
        return row_kind(state, bool(fields), self._since, self._drop), fields

    def _changed(
        self, values: Mapping[str, object], state: RecordState, conflicts: Mapping[str, Conflict]
    ) -> frozenset[str]:
        if state.prints is None:
            return frozenset()
        if not conflicts and not self._ledger.changed_fields(state.prints, values):
            return frozenset()  # nearly every row of a later export
        written = self._ledger.field_prints(state.prints)
        exported = {name: self._ledger.prints.value(value) for name, value in values.items()}
        # An export that has gone back to what was written has nothing to say against a person's value.
        settled = sorted(name for name in conflicts if exported.get(name) == written.get(name))
        if settled:
            self._ledger.conflict_resolve(state.key, ConflictState.CLOSED, by=BY, fields=settled, run=self._run)
        return outstanding(written, exported, self._empty, conflicts)

    def _note(self, object_: str, planned: PlannedRecord, kind: RowKind, state: RecordState | None) -> None:
        """Which object the row makes calls necessary for."""
        plan = self._plan
        match kind:
            case RowKind.HELD:
                plan.waiting.add(object_)
                self._parents.stay_out(planned)
            case RowKind.REFUSED:
                assert state is not None
                plan.refused.setdefault(object_, []).append((planned, state.reason or ""))
                if state.prints is None:
                    self._parents.stay_out(planned)
            case RowKind.UNCHANGED | RowKind.DELETED:
                pass
            case _:
                plan.working.add(object_)
                self._parents.may_land(planned)


class _Others:
    """The records of one declaration that stand as they should: what they come to, and who they are where others of
    their kind may point at them."""

    def __init__(self, declaration: SourceObject, plan: DeltaPlan) -> None:
        self._fields = money_fields(declaration)
        self._figures = plan.figures.setdefault(declaration.scope, {})
        self._ids = plan.standing.get(declaration.target.singular)

    def seen(self, source_object: str) -> None:
        """The export has rows of it, whatever becomes of them."""
        self._figures.setdefault(source_object, Expected())

    def add(self, planned: PlannedRecord, state: RecordState | None, kind: RowKind) -> None:
        """What a rollback has kept is ours again with the first write."""
        if state is not None and state.status in (*STANDING, Status.KEPT):
            add_values(self._figures[planned.source_object], self._fields, planned.values)
            if self._ids is not None and kind is RowKind.UNCHANGED:
                self._ids.add(state.record_id)


def refused_entries(ledger: Ledger) -> dict[tuple[str, str], list[Entry]]:
    """What the ledger says of rows that Twenty refused, by report and source id."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for page in ledger.quarantine_open():
        for entry in page:
            if entry.code.startswith(REFUSED_CODE) and entry.source_id is not None:
                found.setdefault((entry.report, entry.source_id), []).append(entry)
    return found


def still_refused(
    plan: DeltaPlan, declarations: Sequence[SourceObject], entries: dict[tuple[str, str], list[Entry]]
) -> Iterable[Entry]:
    """The findings against rows that are not sent again, at the places where this export has the rows."""
    reports = {declaration.name: declaration.report.name for declaration in declarations}
    for rows in plan.refused.values():
        for planned, _ in rows:
            if planned.id in plan.chances:
                continue
            report = reports.get(planned.source_object, planned.source_object)
            for entry in entries.get((report, planned.source_id), ()):
                yield dataclasses.replace(entry, row=planned.position % POSITIONS_PER_OBJECT, line=planned.line)
