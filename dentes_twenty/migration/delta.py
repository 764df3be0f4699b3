"""Delta planning: what a later export says about rows that the ledger knows, and whether that export may be believed.

Belongs here: the pure decisions. What became of one row, which reports fell short, whether a drop was seen before or is
older than what was processed, which vanished rows may be acted upon. Does not belong here: the merge of one field
(`migration.merge`), reading, writing (`migration.deltas`), when a drop is picked up (`migration.cutover`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import DropState, Loss, RecordState, Status
from dentes_twenty.migration.ledger.runs import Drop

MARKED = "absent_marked"
"""The ledger's reason beside a standing record that bears the mark `objects.absent`."""

OLDER = "older"
"""Allowed by name, an export that is older than the one processed last is taken all the same."""

STANDING = (Status.SENDING, Status.LANDED, Status.ADOPTED, Status.VANISHED)
"""Records that an older export would take back to what they were; after a rollback there are none."""


class RowKind(StrEnum):
    """What became of a row since the drop that was processed last. Each row is exactly one of these."""

    NEW = "new"  # the ledger has no landed record for it: never seen, or held or refused before and different now
    CHANGED = "changed"  # at least one field is not what was written
    UNCHANGED = "unchanged"
    RETURNED = "returned"  # was missing from the last drop, or was taken away because it had vanished
    DELETED = "deleted"  # a person deleted the record in Twenty: it stays deleted
    HELD = "held"  # waits for its parent, as before
    REFUSED = "refused"  # Twenty has refused it as it is


@dataclasses.dataclass(slots=True)
class ObjectDelta:
    """Counts of one source object. `fields`: field -> rows in which it changed."""

    object: str
    label: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    deleted: int = 0
    held: int = 0
    refused: int = 0
    vanished: int = 0
    fields: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def shown(self) -> int:
        """Rows of this export that may land."""
        return self.new + self.changed + self.unchanged + self.returned + self.deleted + self.held + self.refused

    def add(self, kind: RowKind, fields: Iterable[str] = ()) -> None:
        """Count one row."""
        setattr(self, kind.value, getattr(self, kind.value) + 1)
        self.fields.update(fields)


def row_kind(state: RecordState | None, changed: bool, since: int | None, drop: int) -> RowKind:
    """`since`: id of the drop that was processed last, None when there was none. `drop`: id of this one.

    A drop that an interrupted delta has begun to process may have marked rows already: those were not away.
    """
    if state is None or state.status in (Status.HELD, Status.REFUSED, Status.ROLLED_BACK):
        return RowKind.NEW
    if state.status is Status.DELETED or state.reason == Loss.LOST:
        return RowKind.DELETED
    seen = state.last_seen_drop
    away = since is not None and seen is not None and seen < since and seen != drop
    if state.status is Status.VANISHED or state.reason == MARKED or away:
        return RowKind.RETURNED
    return RowKind.CHANGED if changed or state.prints is None else RowKind.UNCHANGED


# -- whether a drop may be believed


@dataclasses.dataclass(frozen=True, slots=True)
class Shortfall:
    """A report that shows too few rows. `missing`: the drop does not hold it at all."""

    report: str
    before: int
    now: int
    missing: bool = False

    def __str__(self) -> str:
        if self.missing:
            return f"{self.report}: missing, {self.before} rows are known"
        lost = 100 * (self.before - self.now) / self.before
        return f"{self.report}: {self.now} rows, {self.before} before (-{lost:.1f} %)"


class DropRefused(MigrationError):
    """An export looks incomplete; nothing was written. `shortfalls` are the numbers."""

    default_code = "DROP_REFUSED"

    def __init__(self, shortfalls: Collection[Shortfall]) -> None:
        listed = "; ".join(str(one) for one in shortfalls)
        names = " ".join(f"--allow {one.report}" for one in shortfalls)
        super().__init__(
            f"This export shows less than the one before: {listed}.",
            "Export again without filters. If the rows are really gone, run "
            f"`dentes-twenty delta {names}`; a report that is missing then counts as unchanged.",
        )
        self.shortfalls = tuple(shortfalls)


class DropChanged(MigrationError):
    """The export is not the one that was chosen: somebody copies into it."""

    default_code = "DROP_CHANGED"


class DropNotNew(MigrationError):
    """The export is older than the one that was processed last: what people see today would become what it was."""

    default_code = "DROP_NOT_NEW"


def shortfalls(
    before: Mapping[str, int], now: Mapping[str, int], most_percent: float, allowed: Collection[str]
) -> tuple[Shortfall, ...]:
    """Reports whose rows fell by more than `most_percent` of what the drop before showed, but for those `allowed`."""
    found = []
    for report, rows in now.items():
        known = before.get(report, 0)
        if report not in allowed and (known - rows) * 100 > most_percent * known:
            found.append(Shortfall(report, known, rows))
    return tuple(found)


def missing(before: Mapping[str, int], absent: Iterable[str], allowed: Collection[str]) -> tuple[Shortfall, ...]:
    """Reports that the drop does not hold and of which the ledger knows rows, but for those `allowed`."""
    return tuple(
        Shortfall(report, before[report], 0, missing=True)
        for report in absent
        if before.get(report) and report not in allowed
    )


class Recognised(StrEnum):
    """What a drop is to the ledger."""

    NEW = "new"
    AGAIN = "again"  # begun and not finished, or failed
    PROCESSED = "processed"
    FILES_REPLACED = "files_replaced"  # processed; since then somebody has written attachments of the same sizes
    OLDER = "older"
    REFUSED = "refused"


_AS_OF, _ATTACHMENTS, _RUN = "as of ", "attachments ", "run "


def as_of(modified: dt.datetime | None, attachments: str = "", run: int = 0) -> str | None:
    """What the ledger keeps beside a processed drop: when the newest of its reports was written, the print of its
    attachments, where it has any, and the run that processed it last."""
    moment = f"{_AS_OF}{modified.astimezone(dt.UTC).isoformat(timespec='microseconds')}" if modified else ""
    parts = (moment, attachments and _ATTACHMENTS + attachments, f"{_RUN}{run}" if run else "")
    return "; ".join(filter(None, parts)) or None


def moment_of(drop: Drop) -> dt.datetime | None:
    """The moment that `as_of` wrote."""
    found = _part_of(drop, _AS_OF)
    return dt.datetime.fromisoformat(found) if found else None


def attachments_of(drop: Drop | None) -> str:
    """The print of attachments that `as_of` wrote."""
    return _part_of(drop, _ATTACHMENTS) if drop else ""


def _part_of(drop: Drop, name: str) -> str:
    parts = (drop.detail or "").split("; ")
    return next((part.removeprefix(name) for part in parts if part.startswith(name)), "")


def last_processed(drops: Iterable[Drop]) -> Drop | None:
    """The drop whose delta or migration ended well most recently, which is an older one where somebody asked for it.

    Ledgers of earlier versions do not say in which run: there the drop that was registered last."""
    done = (drop for drop in drops if drop.state is DropState.DONE)
    return max(done, key=lambda drop: (int(_part_of(drop, _RUN) or 0), drop.id), default=None)


def recognise(
    drops: Collection[Drop], fingerprint: str, modified: dt.datetime | None, attachments: str = ""
) -> Recognised:
    """`modified`: when the newest of the drop's report files was written; None where the store does not say.
    `attachments`: their print; empty where it does not matter."""
    known = next((drop for drop in drops if drop.fingerprint == fingerprint), None)
    if known is not None and known.state is DropState.DONE:
        last = last_processed(drops)
        if last is not None and last.id != known.id:
            return Recognised.OLDER
        before = attachments_of(known)
        return Recognised.FILES_REPLACED if attachments and before and before != attachments else Recognised.PROCESSED
    if known is not None and known.state is DropState.REFUSED:
        return Recognised.REFUSED
    last = last_processed(drops)
    if last is not None:
        moment = moment_of(last)
        if known is not None and known.id < last.id:
            return Recognised.OLDER
        if modified is not None and moment is not None and modified < moment:
            return Recognised.OLDER
    return Recognised.NEW if known is None else Recognised.AGAIN
