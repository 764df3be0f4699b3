"""Reconciliation: the books of the export against those of Twenty. Values, and the decision on one field.

Belongs here: what a reconciliation finds, as plain values, and what a difference means (`kind_of`). Does not belong
here: reading the two sides (`steps.reconciling`), showing the result (package `reports`), repairing: nothing does.

Money is in micros. Values hold patients' data, so their representations show none.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.target import ATTACHMENT

COUNT = "records"  # the name of a total that counts; all others are sums of money
MOST_LISTED = 5_000  # differences and notices kept of each kind; all of them are counted
ACTOR = "updatedBy"
"""Where Twenty says who has written a record last; workspaces before 2.x have no such field."""


class Kind(StrEnum):
    """Why a field in Twenty is not as the export says."""

    CHANGED = "changed"  # not what the migration wrote, and nobody is known to have edited it
    EDITED = "edited"  # a workspace member has edited the record since
    KEPT = "kept"  # Twenty's value stays on purpose: an adopted record, or a conflict that is reported
    NOT_LOADED = "not_loaded"  # Twenty holds what was written, and the export says something newer
    WAITS = "waits"  # a link to a record that has not landed


WRONG = (Kind.CHANGED, Kind.NOT_LOADED)
"""What must not be after a migration."""


class FileTrouble(StrEnum):
    """What may be the matter with a file whose note stands in Twenty."""

    NOT_LOADED = "file_not_loaded"  # the ledger does not say that it hangs
    DESTROYED = "file_destroyed"
    DELETED = "file_deleted"  # a person has put the attachment into Twenty's trash
    ASTRAY = "file_astray"  # hangs on another record than its note and its patient, or on none
    OTHER = "file_other"  # another file hangs in its place
    RENAMED = "file_renamed"  # and nobody is known to have done it
    EDITED = "file_edited"  # a workspace member has renamed or moved it
    CONTENT = "file_content"  # its bytes are not those that were uploaded, or cannot be read


def kind_of(written: bytes | None, planned: bytes, stored: bytes, *, edited: bool, waits: bool) -> Kind:
    """What a difference between `planned` and `stored` means; `written` is the fingerprint of the last write."""
    if waits:
        return Kind.WAITS
    if written == planned:
        return Kind.EDITED if edited else Kind.CHANGED
    return Kind.NOT_LOADED if written is not None and written == stored else Kind.KEPT


def edited_by_a_person(actor: Any) -> bool:
    """Whether Twenty says that a workspace member has written the record last (its `updatedBy`)."""
    return isinstance(actor, Mapping) and bool(actor.get("workspaceMemberId") or actor.get("source") == "MANUAL")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """One field of one record. `object` is the source object, `target` Twenty's; values are wire values, `sent` None
    for a row that the export no longer shows."""

    object: str
    target: str
    source_id: str
    record_id: str
    title: str
    field: str
    label: str
    type: str
    sent: Any
    stored: Any
    kind: Kind


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """Something about one record. `what`: `deleted`, `destroyed`, `edited`, `restored`, `not_in_ledger`, or the label
    of the relation that points at nothing; `fields` names what was edited."""

    object: str
    target: str
    source_id: str
    record_id: str
    title: str
    what: str
    fields: tuple[str, ...] = ()


class Divided:
    """Rows of an export, each in one of landed, quarantined, held, refused (by Twenty), identical (an exact repetition,
    which lands once), deleted (by a person in Twenty, and stays so). `in_export` is None for records that are made from
    other rows."""

    __slots__ = ()
    in_export: int | None
    landed: int
    quarantined: int
    held: int
    refused: int
    identical: int
    deleted: int

    @property
    def unexplained(self) -> int:
        """Rows of the export of which nobody can say what became; after a whole migration that is a defect."""
        if self.in_export is None:
            return 0
        known = self.landed + self.quarantined + self.held + self.refused + self.identical + self.deleted
        return self.in_export - known


@dataclasses.dataclass(slots=True)
class Rows(Divided):
    """What became of the rows of one declaration.

    `found` are the landed records that
    Twenty shows; `strays` carry our source ids and are in no ledger. `verified` counts records and `values` fields that
    were compared, `kinds` the fields that differ; `differing` counts records with a field that must not differ.
    """

    object: str
    target: str
    label: str
    in_export: int | None = None
    landed: int = 0
    found: int = 0
    quarantined: int = 0
    held: int = 0
    refused: int = 0
    identical: int = 0
    deleted: int = 0
    vanished: int = 0
    strays: int = 0
    orphans: int = 0
    verified: int = 0
    values: int = 0
    differing: int = 0
    kinds: Counter[Kind] = dataclasses.field(default_factory=Counter)
    fields: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Records that landed and that Twenty no longer shows."""
        return self.landed - self.found


FILES_WRONG = frozenset(FileTrouble) - {FileTrouble.DELETED, FileTrouble.EDITED}
"""What must not be after a migration."""


@dataclasses.dataclass(slots=True)
class Files:
    """Files that the notes in Twenty have by the export.

    Each is in one of landed (hangs by the ledger), out (missing from the export, or not taken by Twenty), and
    `troubles` NOT_LOADED. `found` are those of `landed` that Twenty shows; `verified` those whose bytes were compared,
    None when none were to be.
    """

    in_export: int = 0
    landed: int = 0
    found: int = 0
    out: int = 0
    verified: int | None = None
    troubles: Counter[FileTrouble] = dataclasses.field(default_factory=Counter)

    def count(self, *troubles: FileTrouble) -> int:
        """How many have one of these troubles."""
        return sum(self.troubles[one] for one in troubles)

    @property
    def wrong(self) -> dict[str, int]:
        """Code -> how many, of what must not be."""
        return {
            "files_missing": self.count(FileTrouble.DESTROYED),
            "files_changed": self.count(FileTrouble.ASTRAY, FileTrouble.OTHER, FileTrouble.RENAMED),
            "files_content": self.count(FileTrouble.CONTENT),
            "files_not_loaded": self.count(FileTrouble.NOT_LOADED),
        }

    @property
    def notable(self) -> dict[str, int]:
        """Code -> how many, of what a person should look at."""
        return {
            "files_deleted": self.count(FileTrouble.DELETED),
            "files_edited": self.count(FileTrouble.EDITED),
            "files_out": self.out,
        }


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Sums:
    """Two sums of one patient or plan, in micros of a currency."""

    object: str
    source_id: str
    name: str
    currency: str
    expected: int
    found: int


@dataclasses.dataclass(slots=True, repr=False)
class Reconciliation:
    """All that was found. `whole`: every object was looked at; `previous`: when that was done last.

    `patients`: ledger sums by patient that differ between export and Twenty. `balances`: patients whose own balance
    column (`found`) is not the sum of their ledger rows; `plans`: plans whose total (`expected`) is not the sum of
    their lines. In both the export contradicts itself, and nothing was repaired. `drift`: what people did since
    `previous`. `files` is None when they were not looked at (`quick`); `file_notices` name them, with a `FileTrouble`.
    """

    quick: bool
    whole: bool
    at: dt.datetime
    previous: dt.datetime | None = None
    rows: list[Rows] = dataclasses.field(default_factory=list)
    totals: list[Total] = dataclasses.field(default_factory=list)
    patients: list[Sums] = dataclasses.field(default_factory=list)
    patients_compared: int = 0
    balances: list[Sums] = dataclasses.field(default_factory=list)
    balances_compared: int = 0
    plans: list[Sums] = dataclasses.field(default_factory=list)
    plans_compared: int = 0
    differences: list[Difference] = dataclasses.field(default_factory=list)
    orphans: list[Notice] = dataclasses.field(default_factory=list)
    strays: list[Notice] = dataclasses.field(default_factory=list)
    gone: list[Notice] = dataclasses.field(default_factory=list)
    drift: list[Notice] = dataclasses.field(default_factory=list)
    files: Files | None = None
    file_notices: list[Notice] = dataclasses.field(default_factory=list)
    calls: int = 0
    seconds: float = 0.0

    def wrong(self, target: str | None = None) -> dict[str, int]:
        """Code -> how many, of what must not be; of one Twenty object, or of all.

        Counts that differ are named by their cause: missing records, strays.
        """
        rows = [one for one in self.rows if target in (None, one.target)]
        totals = [one for one in self.totals if target in (None, one.object) and not one.ok]
        found = {
            "unexplained": sum(abs(one.unexplained) for one in rows),
            "missing": sum(one.missing for one in rows),
            "changed": sum(one.kinds[Kind.CHANGED] for one in rows),
            "not_loaded": sum(one.kinds[Kind.NOT_LOADED] for one in rows),
            "orphans": sum(one.orphans for one in rows),
            "money": sum(one.name != COUNT for one in totals),
            "patients": len(self.patients) if target in (None, LEDGER.target) else 0,
            **(self.files.wrong if self.files and target in (None, ATTACHMENT.singular) else {}),
        }
        return {code: count for code, count in found.items() if count}

    def notable(self, target: str | None = None) -> dict[str, int]:
        """Code -> how many, of what a person should look at."""
        rows = [one for one in self.rows if target in (None, one.target)]
        found = {
            "edited": sum(one.kinds[Kind.EDITED] for one in rows),
            "deleted": sum(one.deleted for one in rows),
            "strays": sum(one.strays for one in rows),
            "held": sum(one.held for one in rows),
            "refused": sum(one.refused for one in rows),
            "quarantined": sum(one.quarantined for one in rows),
            "balances": len(self.balances) if target in (None, LEDGER.target) else 0,
            "plans": len(self.plans) if target in (None, PLAN_OBJECT) else 0,
            **(self.files.notable if self.files and target in (None, ATTACHMENT.singular) else {}),
        }
        return {code: count for code, count in found.items() if count}


@dataclasses.dataclass(frozen=True, slots=True)
class LedgerShape:
    """Where the money of a patient stands: source object, Twenty object, amount, and the relation to the patient."""

    source: str
    target: str
    amount: str
    patient: str


LEDGER = LedgerShape("entry", "billingLedger", "amount", "patientId")
PLAN_OBJECT = "opportunity"

NEXT_STEPS: Mapping[str, str] = {
    "missing": "Find out who removed the records; only `dentes-twenty migrate --restore-deleted` brings them back.",
    "changed": "Open the page's list of values: decide for each whether Twenty or the export is right.",
    "not_loaded": "The export is newer than what was loaded: run `dentes-twenty migrate`.",
    "orphans": "Records point at something that is gone: if it was a mistake, run "
    "`dentes-twenty migrate --restore-deleted`, which makes links and targets again.",
    "money": "Look at the patients and values that differ; correct the amounts in Twenty, not here.",
    "patients": "Look at the patients' accounts on the page, and at the entries that differ.",
    "unexplained": "The migration has not come to these rows: run `dentes-twenty migrate`. If they are still here "
    "then, it is a defect of the program: keep the export and the ledger, and report it.",
    "edited": "People have edited records since; nothing is to do unless an edit was a mistake.",
    "deleted": "People have deleted records in Twenty; they stay deleted, unless you run "
    "`dentes-twenty migrate --restore-deleted`.",
    "strays": "Records carry our numbers and are not ours: another migration or a copy; remove them or their numbers.",
    "held": "Rows wait for another row; they move by themselves once that one has landed.",
    "refused": "Twenty refused rows; `dentes-twenty status` lists the reasons.",
    "quarantined": "Rows stay out because of a defect: correct them in Dr.DENTES and export again.",
    "balances": "The export's own balances contradict its ledger: have the practice look at the patients on the page.",
    "plans": "Plan totals are not the sum of their lines in the export: have the practice look at them.",
    "files_missing": "Attachments were destroyed in Twenty: find out who did it; "
    "`dentes-twenty migrate --restore-deleted` uploads the files again.",
    "files_changed": "Attachments hang elsewhere, or hold another file: the page lists them; those that were cut off "
    "from their note or patient come back with `dentes-twenty migrate --restore-deleted`.",
    "files_content": "Files in Twenty are not what was uploaded: compare those on the page with the export; destroy "
    "the damaged attachments in Twenty, then run `reconcile` and `migrate --restore-deleted`.",
    "files_not_loaded": "Files of the export do not hang in Twenty yet: run `dentes-twenty migrate`.",
    "files_deleted": "People have deleted attachments in Twenty; they stay deleted, unless you run "
    "`dentes-twenty migrate --restore-deleted`.",
    "files_edited": "People have renamed or moved attachments; nothing is to do unless it was a mistake.",
    "files_out": "Files are not in the export, or Twenty does not take them: `dentes-twenty status` lists the reasons.",
}
"""What to do about a code of `wrong` or `notable`."""


def title_of(values: Mapping[str, Any]) -> str:
    """What people call a record: its name, title or number."""
    name = values.get("name") or values.get("title")
    if isinstance(name, Mapping):
        return f"{name.get('firstName') or ''} {name.get('lastName') or ''}".strip()
    return str(name or values.get("sourceSystemId") or "")
