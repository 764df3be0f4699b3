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

    def __init__(self) -> None:
        super().__init__(
            "This export is older than the one that was processed last, or was processed before it.",
            "Name the newest one (`export:` in the practice file, or `dentes-twenty delta --drop DIR`); to go to this "
            f"one on purpose, run `dentes-twenty delta --drop DIR --allow {OLDER}`.",
        )


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
    OLDER = "older"  # or processed, and another one since
    REFUSED = "refused"
    UNDONE = "undone"  # processed, then undone by a rollback, and nothing processed since


_AS_OF, _ATTACHMENTS = "as of ", "attachments "


def as_of(modified: dt.datetime | None, attachments: str = "") -> str | None:
    """What the ledger keeps beside a processed drop: when the newest of its reports was written, and the print of its
    attachments, where it has any."""
    moment = f"{_AS_OF}{modified.astimezone(dt.UTC).isoformat(timespec='microseconds')}" if modified else ""
    return "; ".join(filter(None, (moment, attachments and _ATTACHMENTS + attachments))) or None


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


TAKEN = (DropState.DONE, DropState.PROCESSING)
"""Drops of which records stand in Twenty, all of them or some."""


def last_processed(drops: Iterable[Drop]) -> Drop | None:
    """The drop whose delta or migration ended well most recently. Ids grow with that (`Ledger.renew_drop`)."""
    return max((drop for drop in drops if drop.state is DropState.DONE), key=lambda drop: drop.id, default=None)


def recognise(
    drops: Collection[Drop], fingerprint: str, modified: dt.datetime | None, attachments: str = ""
) -> Recognised:
    """`modified`: when the newest of the drop's report files was written; None where the store does not say.
    `attachments`: their print; empty where it does not matter."""
    known = next((drop for drop in drops if drop.fingerprint == fingerprint), None)
    last = max((drop for drop in drops if drop.state in TAKEN), key=lambda drop: drop.id, default=None)
    if last is not None and known != last and _is_older(known, modified, last):
        return Recognised.OLDER
    if known is None:
        return Recognised.NEW
    match known.state:
        case DropState.DONE:
            before = attachments_of(known)
            return (
                Recognised.FILES_REPLACED if attachments and before and before != attachments else Recognised.PROCESSED
            )
        case DropState.REFUSED:
            return Recognised.REFUSED
        case DropState.UNDONE if last is None:
            return Recognised.UNDONE
        case _:
            return Recognised.AGAIN


def _is_older(known: Drop | None, modified: dt.datetime | None, last: Drop) -> bool:
    """Whether a drop has to stay behind the one that was taken last: it had its turn, or was written before."""
    if known is not None and known.state in TAKEN:
        return True
    moment = moment_of(last)
    if modified is not None and moment is not None:
        return modified < moment
    return known is not None and known.id < last.id
