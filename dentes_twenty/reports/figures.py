"""Figures that pages show: reconciliation, cutover, the whole migration.

Belongs here: counts, money as Decimal in whole units (never micros, never float), differences by record and field, and
the verdict that follows from them. Does not belong here: where they come from (`migration`), wording, looks.
The conventions of `model` hold: `object`, `label`, wire values, no patient data in a repr.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from dentes_twenty.migration.reconcile import Divided
from dentes_twenty.reports.model import Finding, Heading, State

# ---
# Reconciliation
# ---


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectFigures(Divided):
    """What became of the rows of one source object.

    `in_twenty`: records there that carry our source ids.
    `verified`: records of which every field was compared; None when none were (a quick run). `differing`: of those,
    records with a value that is not the one that was sent.
    """

    object: str
    in_export: int | None
    landed: int
    in_twenty: int
    quarantined: int = 0
    held: int = 0
    refused: int = 0
    identical: int = 0
    deleted: int = 0
    verified: int | None = None
    differing: int = 0
    label: str = ""

    @property
    def missing(self) -> int:
        """Records that landed and are no longer in Twenty."""
        return max(0, self.landed - self.in_twenty)

    @property
    def waiting(self) -> int:
        """Rows that are not in Twenty, for a reason that is known."""
        return self.quarantined + self.held + self.refused


class TwoSums:
    """Two sums that should be the same."""

    __slots__ = ()
    expected: Decimal
    found: Decimal

    @property
    def difference(self) -> Decimal:
        """The second sum less the first: what is too much (positive) or too little."""
        return self.found - self.expected


@dataclasses.dataclass(frozen=True, slots=True)
class MoneyTotal(TwoSums):
    """The sum of one money field: of the accepted rows, and in Twenty."""

    object: str
    field: str
    currency: str
    expected: Decimal
    found: Decimal


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PatientMoney(TwoSums):
    """A patient (or plan) whose two sums differ: `expected` and `found` as the list says that holds it."""

    source_id: str
    name: str
    currency: str
    expected: Decimal
    found: Decimal


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ValueDifference:
    """A field whose value in Twenty is not the one that was sent."""

    object: str
    source_id: str
    title: str
    field: str
    field_label: str
    type: str
    sent: Any
    stored: Any
    label: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RecordNotice:
    """A record with something to say about it.

    `what`: for orphans the relation that is missing; for drift edited, deleted or restored, with the `fields`; for
    deltas vanished, returned or deleted_by_a_person.
    """

    object: str
    source_id: str
    title: str
    what: str
    fields: tuple[str, ...] = ()
    label: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class FileFigures:
    """Files that the arrived notes have by the export, of which `landed` were uploaded, `in_twenty` are there, `out`
    the export lacks or Twenty does not take. `verified`: compared byte by byte; None when none were to be."""

    in_export: int
    landed: int
    in_twenty: int
    out: int
    verified: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ReconciliationReport:
    """The books of the export against those of Twenty.

    `quick`: counts and sums only, no values compared. `patients`: sums of the ledger by patient that differ between
    export (`expected`) and Twenty (`found`). `balances`: patients whose own balance in the export (`found`) is not the
    sum of their ledger rows (`expected`): the export contradicts itself, nothing was repaired. `plans`: the same for
    plans whose total (`expected`) is not the sum of their lines (`found`). `strays`: records that carry our source ids
    and are in no ledger. `drift`: changes by people since `previous`. `files` is None when they were not looked at;
    `files_wrong` and `files_notable` name single ones, their file name as `title`.
    """

    heading: Heading
    objects: tuple[ObjectFigures, ...]
    money: tuple[MoneyTotal, ...] = ()
    patients: tuple[PatientMoney, ...] = ()
    patients_compared: int = 0
    balances: tuple[PatientMoney, ...] = ()
    balances_compared: int = 0
    plans: tuple[PatientMoney, ...] = ()
    plans_compared: int = 0
    differences: tuple[ValueDifference, ...] = ()
    orphans: tuple[RecordNotice, ...] = ()
    strays: tuple[RecordNotice, ...] = ()
    drift: tuple[RecordNotice, ...] = ()
    files: FileFigures | None = None
    files_wrong: tuple[RecordNotice, ...] = ()
    files_notable: tuple[RecordNotice, ...] = ()
    previous: dt.datetime | None = None
    quick: bool = False
    calls: int = 0
    minutes: float = 0.0

    @property
    def wrong(self) -> tuple[str, ...]:
        """Keys of what must not be, in the order of their weight."""
        found = {
            "unexplained": any(figures.unexplained for figures in self.objects),
            "missing": any(figures.missing for figures in self.objects),
            "money": any(total.difference for total in self.money),
            "patients": bool(self.patients),
            "differences": bool(self.differences) or any(figures.differing for figures in self.objects),
            "orphans": bool(self.orphans),
            "files": bool(self.files_wrong),
        }
        return tuple(key for key, there in found.items() if there)

    @property
    def notable(self) -> tuple[str, ...]:
        """Keys of what a person should look at although nothing went wrong."""
        found = {
            "quarantined": any(figures.quarantined for figures in self.objects),
            "held": any(figures.held for figures in self.objects),
            "refused": any(figures.refused for figures in self.objects),
            "balances": bool(self.balances),
            "plans": bool(self.plans),
            "strays": bool(self.strays),
            "drift": bool(self.drift),
            "files_changed": bool(self.files_notable),
            "files_out": bool(self.files and self.files.out),
        }
        return tuple(key for key, there in found.items() if there)

    @property
    def state(self) -> State:
        """The verdict on top of the page; a look at nothing is no success."""
        if self.wrong:
            return State.FAILED
        return State.ATTENTION if self.notable or not self.objects else State.GOOD


# ---
# Cutover
# ---


@dataclasses.dataclass(frozen=True, slots=True)
class DeltaFigures:
    """What one delta found in the rows of one source object."""

    object: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0
    returned: int = 0
    label: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ConflictRow:
    """A field that the export and a person changed differently. `decision`: open, ours or theirs.

    `written`: what the migration wrote last; None when it never wrote the field or no longer knows the value.
    """

    object: str
    source_id: str
    title: str
    field: str
    field_label: str
    type: str
    exported: Any
    current: Any
    written: Any = None
    decision: str = "open"
    label: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class HeldRow:
    """A record that waits for `waits_for` (its object and source id) to land."""

    object: str
    source_id: str
    title: str
    waits_for: str
    label: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DeltaReport:
    """One delta. `reconciliation` is None where none has run since. `minutes` are of the whole delta."""

    heading: Heading
    number: int
    objects: tuple[DeltaFigures, ...]
    conflicts: tuple[ConflictRow, ...] = ()
    notices: tuple[RecordNotice, ...] = ()
    held: tuple[HeldRow, ...] = ()
    quarantined: tuple[Finding, ...] = ()
    reconciliation: State | None = None
    calls: int = 0
    minutes: float = 0.0

    @property
    def open_conflicts(self) -> tuple[ConflictRow, ...]:
        """Conflicts that nobody has decided."""
        return tuple(row for row in self.conflicts if row.decision == "open")

    @property
    def state(self) -> State:
        """What a person has to decide or repair is to look at; a failed reconciliation is a failure."""
        if self.reconciliation is State.FAILED:
            return State.FAILED
        left = self.open_conflicts or self.held or self.quarantined or self.reconciliation is State.ATTENTION
        return State.ATTENTION if left else State.GOOD


@dataclasses.dataclass(frozen=True, slots=True)
class DeltaPoint:
    """One delta in the plots over time; `conflicts`, `held` and `quarantined` are what was open after it."""

    at: dt.datetime
    new: int = 0
    changed: int = 0
    vanished: int = 0
    conflicts: int = 0
    held: int = 0
    quarantined: int = 0
    calls: int = 0
    minutes: float = 0.0
    reconciliation: State | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ClosingReport:
    """The whole cutover window, when it has ended."""

    heading: Heading
    opened: dt.datetime
    closed: dt.datetime
    deltas: tuple[DeltaPoint, ...]

    @property
    def state(self) -> State:
        """That of the last delta."""
        if not self.deltas:
            return State.ATTENTION
        last = self.deltas[-1]
        if last.reconciliation is State.FAILED:
            return State.FAILED
        left = last.conflicts or last.held or last.quarantined or last.reconciliation is not State.GOOD
        return State.ATTENTION if left else State.GOOD


# ---
# The whole migration
# ---


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A step of the migration. `key`: mapping, owners, sample, approval, load, reconciliation or cutover.

    `state` is None while the step has not happened; `by` is the person who confirmed or approved; `note` their words.
    """

    key: str
    state: State | None = None
    at: dt.datetime | None = None
    by: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows have one reason."""

    code: str
    count: int
    severity: str = "quarantine"


@dataclasses.dataclass(frozen=True, slots=True)
class SummaryReport:
    """One page for the whole migration. `links`: key of a page (as its texts are called) -> file beside this one."""

    heading: Heading
    stages: tuple[Stage, ...]
    objects: tuple[ObjectFigures, ...] = ()
    money: tuple[MoneyTotal, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    files_uploaded: int = 0
    files_missing: int = 0
    conflicts_open: int = 0
    checklist_items: int = 0
    calls: int = 0
    minutes: float = 0.0
    links: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> State:
        """The worst of the steps and figures; nothing is complete before the books were compared."""
        states = {stage.state for stage in self.stages}
        lost = any(figures.unexplained or figures.missing or figures.differing for figures in self.objects)
        if State.FAILED in states or lost or any(total.difference for total in self.money):
            return State.FAILED
        waiting = any(figures.waiting for figures in self.objects)
        compared = any(stage.key == "reconciliation" and stage.state for stage in self.stages)
        left = waiting or self.conflicts_open or self.files_missing or State.ATTENTION in states or not compared
        return State.ATTENTION if left else State.GOOD
