"""The workspace's fingerprint: what it held before the first write, and what differs from it after a rollback.

Belongs here: which objects and fields count, one keyed hash for each record, the comparison. Does not belong here:
where it is kept (`ledger.workspaces`), when it is taken (`steps.rolling_back`).

What counts: the data model of every object (`WorkspaceModel.fingerprint`, object by object); and every record,
soft-deleted ones included, of the objects that a migration may touch: Twenty's own that it writes to, and all that
are not Twenty's own. What does not count, because it changes without anybody's doing or says nothing of content:
updatedAt and every ACTOR field, `position` (order on the screen), search vectors, the timeline, addresses of files
and pictures (signed anew with each answer), a member's own settings and log-ins. Values count in Twenty's own normal
form (`twenty.values`), empty fields not at all: a field that was added and is empty makes no difference.

Cost: one call for 200 records. An object with more than MOST_RECORDS records is counted, not read, and the comparison
says so: at 100 calls a minute more would take half an hour per object.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import orjson

from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.twenty.model import ObjectInfo, WorkspaceModel
from dentes_twenty.twenty.records import Record, RecordStore
from dentes_twenty.twenty.values import canonical

MOST_RECORDS = 500_000
"""Records of one object up to which contents are compared: 2,500 calls."""

MEMBER = "workspaceMember"
OWN = ("person", "company", "opportunity", "task", "note", "taskTarget", "noteTarget", "attachment", MEMBER)
"""Objects of Twenty's own that a migration writes to."""

_NEVER_TOUCHED = frozenset(("dashboard", "workflow", "workflowRun", "workflowVersion", "workflowAutomatedTrigger"))
_LEFT_OUT = frozenset(
    ("id", "updatedAt", "position", "avatarUrl", "fullPath")  # the last two are signed addresses
)
_MEMBERS_OWN = frozenset(
    (
        *("avatarUrl", "calendarStartDay", "colorScheme", "dateFormat", "locale", "name", "numberFormat"),
        *("timeFormat", "timeZone", "userEmail", "userId"),
    )
)
_LEFT_OUT_TYPES = frozenset(("ACTOR", "TS_VECTOR", "POSITION"))

Prints = Callable[[Mapping[str, Any]], bytes]
"""16 bytes for the values of a record (`Fingerprinter.row`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectPrint:
    """One object's records: how many, the columns that count, and a digest; the digest is "" when only counted."""

    count: int
    columns: tuple[str, ...]
    digest: str

    @property
    def read(self) -> bool:
        """Whether contents were read."""
        return bool(self.digest)


@dataclasses.dataclass(frozen=True, slots=True)
class WorkspacePrint:
    """`models`: object -> fingerprint of its data model. `objects`: object -> its records."""

    models: Mapping[str, str]
    objects: Mapping[str, ObjectPrint]

    @property
    def digest(self) -> str:
        """One SHA-256 over all of it."""
        return hashlib.sha256(orjson.dumps(self.as_document(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def as_document(self) -> dict[str, Any]:
        """As JSON."""
        objects = {name: [one.count, list(one.columns), one.digest] for name, one in self.objects.items()}
        return {"models": dict(self.models), "objects": objects}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> WorkspacePrint:
        """The reverse."""
        objects = {name: ObjectPrint(n, tuple(columns), d) for name, (n, columns, d) in document["objects"].items()}
        return cls(dict(document["models"]), objects)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What differs in one object. Ids are those of the practice's own records: for the private report only.

    `added`, `missing`, `changed`: ids of records. `ours` of the added ones are kept by the rollback. `model`: the data
    model differs. `counts`: before and after, of an object whose contents were not read.
    """

    object: str
    model: bool = False
    added: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    missing: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    changed: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    ours: int = 0
    counts: tuple[int, int] | None = None

    @property
    def found(self) -> bool:
        """Whether anything differs at all."""
        return bool(self.model or self.added or self.missing or self.changed) or self._counted

    @property
    def unexplained(self) -> bool:
        """Whether records differ that are not ours. A difference of the model is explained by the parts that stay."""
        return bool(len(self.added) > self.ours or self.missing or self.changed) or self._counted

    @property
    def _counted(self) -> bool:
        return self.counts is not None and self.counts[0] != self.counts[1]


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """The workspace now against its fingerprint. `counted` are objects that were counted only; `records` were read."""

    before: str
    after: str
    differences: tuple[Difference, ...]
    counted: tuple[str, ...]
    records: int

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def as_counts(self) -> dict[str, Any]:
        """Counts, hashes and names of the data model, no record's id: for the screen, for Dagster and for the log."""
        return {
            "same": self.same,
            "before": self.before,
            "after": self.after,
            "records": self.records,
            "counted_only": list(self.counted),
            "differences": [
                {
                    "object": one.object,
                    "data_model": one.model,
                    "added": len(one.added),
                    "of_these_kept_by_the_rollback": one.ours,
                    "missing": len(one.missing),
                    "changed": len(one.changed),
                }
                for one in self.differences
            ],
        }


async def take(
    store: RecordStore,
    prints: Prints,
    keep: Callable[[str, Mapping[str, bytes]], None],
    most: int = MOST_RECORDS,
    progress: Listener | None = None,
) -> WorkspacePrint:
    """Read the workspace as it is now. `keep(object, id -> 16 bytes)` gets each page of records."""
    objects: dict[str, ObjectPrint] = {}
    items = counted_objects(store.model)
    readings = [_Reading(store, prints, item, columns_of(item), most) for item in items]
    meter = await _meter(store, readings, progress)
    for reading in readings:
        digest = hashlib.sha256()
        async for page in reading.pages(meter):
            keep(reading.name, page)
            _update(digest, page)
        text = digest.hexdigest() if reading.read else ""
        objects[reading.name] = ObjectPrint(reading.count, reading.columns, text)
    return WorkspacePrint(models_of(store.model), objects)


async def compare(
    store: RecordStore,
    prints: Prints,
    before: WorkspacePrint,
    records: Callable[[str], dict[str, bytes]],
    ours: Callable[[Iterable[str]], int],
    most: int = MOST_RECORDS,
    progress: Listener | None = None,
) -> Comparison:
    """The workspace now against `before`. `records(object)` gives what `keep` was given; `ours(ids)` tells how many of
    the records that were added are known to be left by us."""
    models = models_of(store.model)
    now = {item.singular: item for item in counted_objects(store.model)}
    differences: list[Difference] = []
    counted: list[str] = []
    after: dict[str, ObjectPrint] = {}
    total = 0
    readings = {name: _reading_again(store, prints, item, before, most) for name, item in now.items()}
    meter = await _meter(store, readings.values(), progress)
    for name in sorted({*before.models, *models, *before.objects}):
        model = before.models.get(name) != models.get(name)
        known, item = before.objects.get(name), now.get(name)
        if item is None:
            missing = tuple(sorted(records(name))) if known is not None else ()
            found = Difference(name, model, missing=missing)
        else:
            reading = readings[name]
            unread = known is not None and not known.read
            found, digest = await _compare_object(reading, {} if unread else records(name), ours, model, meter)
            after[name] = ObjectPrint(reading.count, reading.columns, digest)
            if reading.read:
                total += reading.count
            else:
                counted.append(name)
                found = dataclasses.replace(found, missing=(), counts=(known.count if known else 0, reading.count))
        if found.found:
            differences.append(found)
    digest = WorkspacePrint(models, after).digest
    return Comparison(before.digest, digest, tuple(differences), tuple(counted), total)


async def _compare_object(
    reading: _Reading, left: dict[str, bytes], ours: Callable[[Iterable[str]], int], model: bool, meter: Meter
) -> tuple[Difference, str]:
    added: list[str] = []
    changed: list[str] = []
    digest = hashlib.sha256()
    async for page in reading.pages(meter):
        _update(digest, page)
        for record, print_ in page.items():
            earlier = left.pop(record, None)
            if earlier is None:
                added.append(record)
            elif earlier != print_:
                changed.append(record)
    found = Difference(reading.name, model, tuple(added), tuple(sorted(left)), tuple(changed), ours(added))
    return found, digest.hexdigest() if reading.read else ""


def _reading_again(store: RecordStore, prints: Prints, item: ObjectInfo, before: WorkspacePrint, most: int) -> _Reading:
    """As it was read before; what was too much then is counted only."""
    known = before.objects.get(item.singular)
    columns = known.columns if known is not None else columns_of(item)
    return _Reading(store, prints, item, columns, -1 if known is not None and not known.read else most)


async def _meter(store: RecordStore, readings: Iterable[_Reading], progress: Listener | None) -> Meter:
    """Count everything; how many records will be read is then known."""
    total = 0
    for reading in readings:
        total += await reading.expected()
    return Meter("", total, progress, lambda: store.client.calls.total)


class _Reading:
    """The records of one object, page by page; `count` and `read` are known after `expected`, exact afterwards."""

    def __init__(
        self, store: RecordStore, prints: Prints, item: ObjectInfo, columns: tuple[str, ...], most: int
    ) -> None:
        self._store = store
        self._prints = prints
        self.columns = columns
        self._types = {name: item.columns[name].type for name in columns if name in item.columns}
        self._most = most
        self.name = item.singular
        self.count = 0
        self.read = True

    async def expected(self) -> int:
        """How many records will be read."""
        self.count = await self._store.count(self.name, with_deleted=True)
        self.read = self.count <= self._most
        return self.count if self.read else 0

    async def pages(self, meter: Meter) -> AsyncIterator[dict[str, bytes]]:
        if not self.read:
            return
        self.count = 0  # as read: the workspace may be in use
        async for page in self._store.find(self.name, None, list(self._types), with_deleted=True):
            self.count += len(page)
            meter.at(meter.done + len(page), self.name)
            yield {record["id"]: self._print(record) for record in page}

    def _print(self, record: Record) -> bytes:
        values = ((name, canonical(type_, record.get(name))) for name, type_ in self._types.items())
        return self._prints({name: value for name, value in values if value is not None})


def _update(digest: Any, page: Mapping[str, bytes]) -> None:
    """Pages come in the order of ids."""
    for record, print_ in page.items():
        digest.update(record.encode() + print_)


def counted_objects(model: WorkspaceModel) -> list[ObjectInfo]:
    """The objects whose records count, by name."""
    found = [
        item for name, item in model.objects.items() if name in OWN or not (item.is_system or name in _NEVER_TOUCHED)
    ]
    return sorted(found, key=lambda item: item.singular)


def columns_of(item: ObjectInfo) -> tuple[str, ...]:
    """The columns of an object that count."""
    left_out = _LEFT_OUT | _MEMBERS_OWN if item.singular == MEMBER else _LEFT_OUT
    columns = (
        name for name, field in item.columns.items() if name not in left_out and field.type not in _LEFT_OUT_TYPES
    )
    return tuple(sorted(columns))


def models_of(model: WorkspaceModel) -> dict[str, str]:
    """Fingerprint of each object's data model, so that a comparison can name the object."""
    return {name: WorkspaceModel({name: item}).fingerprint() for name, item in model.objects.items()}
