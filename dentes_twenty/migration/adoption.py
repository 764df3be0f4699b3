"""Records that were in the workspace before us: the same person (e-mail) or company (web site) is found first.

Belongs here: the look-up of clashing unique values, and what policy makes of them. `adopt`: our row becomes that
record, whose previous values are kept (encrypted) for the rollback; its empty fields are filled, the others stay and
are reported. `separate`: ours is created without the clashing value. A soft-deleted record reserves its value and is
never adopted. A record of ours may hold the value as well, where a person has put it there or keeps it there: it stays,
unless the merge is going to take the value away from it. Does not belong here: writing (the loader), the before-image's
encryption (the ledger).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from dentes_twenty.migration.ledger import Ledger, RecordKey, RecordState, Status
from dentes_twenty.migration.planning.holders import KEPT, Holders
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical

ASK = 200  # values looked up in one call


@dataclasses.dataclass(frozen=True, slots=True)
class UniqueValue:
    """A field that Twenty wants unique: `path` into the record and into filters. `kind`: its name in the ledger."""

    object: str
    path: tuple[str, str]
    kind: str

    @property
    def field(self) -> str:
        """The composite that the value is a part of."""
        return self.path[0]

    def value(self, record: Mapping[str, Any]) -> str:
        """What a record holds."""
        composite = record.get(self.field) or {}
        return str(composite.get(self.path[1]) or "")


EMAIL = UniqueValue("person", ("emails", "primaryEmail"), "email")
SITE = UniqueValue("company", ("domainName", "primaryLinkUrl"), "website")


@dataclasses.dataclass(frozen=True, slots=True)
class Existing:
    """A record of the workspace that holds a value that another record of ours wants. `ours`: the key of one that is
    ours itself, and stays as it is."""

    id: str
    value: str
    deleted: bool
    ours: str | None = None

    @property
    def holder(self) -> str:
        """As the ledger remembers it."""
        return KEPT + self.ours if self.ours else f"existing:{self.id}"


def spellings(unique: UniqueValue, value: str) -> tuple[str, ...]:
    """How the workspace may have written the value: Twenty compares text, so each spelling is asked for."""
    if unique is not SITE:
        return (value,)
    rest = value.removeprefix("https://")
    bare = rest.removeprefix("www.")
    return tuple(
        f"{scheme}{www}{bare}{end}"
        for scheme in ("https://", "http://", "")
        for www in ("", "www.")
        for end in ("", "/")
    )


async def find_existing(
    store: RecordStore, ledger: Ledger, unique: UniqueValue, holders: Holders, progress: Listener | None = None
) -> dict[str, Existing]:
    """Wanted value -> the other record that holds it in Twenty and is going to keep it, soft-deleted ones included.

    Costs one call for 200 values, or where that is less, one for 200 records of the workspace.
    """
    wanted, handed_over = holders.wanted(), holders.handed_over
    asked = {spelling: value for value in wanted for spelling in spellings(unique, value)}
    if not asked:
        return {}
    found = await _look_up(store, unique, asked, progress)
    known = ledger.known_by_record_id([record["id"] for record in found])
    types = store.field_types(unique.object)
    existing: dict[str, Existing] = {}
    for record in found:
        held = unique.value(record)
        value, deleted = asked[held], bool(record.get("deletedAt"))
        # One that a rollback gave back is not ours any more.
        states = [state for state in known.get(record["id"], ()) if state.status is not Status.ROLLED_BACK]
        keys = {f"{state.key.source_object}:{state.key.source_id}": state for state in states}
        if wanted[value] in keys:
            continue
        giver = keys.get(handed_over.get(value, ""))
        now = ledger.prints.value(canonical(types[unique.field], record[unique.field]))
        if giver is not None and not deleted and _gives_up(ledger, giver, unique, now):
            continue
        existing[value] = Existing(record["id"], held, deleted, next(iter(keys), None))
    return existing


def _gives_up(ledger: Ledger, state: RecordState, unique: UniqueValue, now: bytes) -> bool:
    """Whether the merge will write another value: only the export has changed it."""
    if state.prints is None or state.status not in (Status.LANDED, Status.ADOPTED):
        return False
    return ledger.field_prints(state.prints).get(unique.field) == now


async def _look_up(
    store: RecordStore, unique: UniqueValue, asked: Collection[str], progress: Listener | None
) -> list[Mapping[str, Any]]:
    """The records that hold one of these values."""
    found: list[Mapping[str, Any]] = []
    meter = Meter(unique.object, len(asked), progress, lambda: store.client.calls.total)
    if len(asked) > ASK and (total := await store.count(unique.object, with_deleted=True)) <= len(asked):
        meter.expect(total)
        async for page in store.find(unique.object, None, [unique.field], with_deleted=True):
            found += [record for record in page if unique.value(record) in asked]
            meter.at(meter.done + len(page))
        return found
    iterator = iter(asked)
    while some := list(islice(iterator, ASK)):
        condition = {unique.field: {unique.path[1]: {"in": some}}}
        async for page in store.find(unique.object, condition, [unique.field], with_deleted=True):
            found += page
        meter.at(meter.done + len(some))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What policy makes of the clashes: records to adopt, and values that we must not use."""

    adopted: Mapping[RecordKey, Existing]
    reserved: Mapping[str, str]


def decide(policy: str, holders: Mapping[str, str], existing: Mapping[str, Existing]) -> Choice:
    """`holders`: value -> key of our record that wants it."""
    adopted: dict[RecordKey, Existing] = {}
    reserved: dict[str, str] = {}
    taken: set[str] = set()
    for value, other in existing.items():
        key = holders.get(value)
        adoptable = policy == "adopt" and not other.deleted and other.ours is None and other.id not in taken
        if key is not None and adoptable:
            source_object, _, source_id = key.partition(":")
            adopted[RecordKey(source_object, source_id)] = other
            taken.add(other.id)
        else:
            reserved[value] = other.holder
    return Choice(adopted, reserved)
