"""Records that were in the workspace before us: the same person (e-mail) or company (web site) is found first.

Belongs here: the look-up of clashing unique values, and what policy makes of them. `adopt`: our row becomes that
record, whose previous values are kept (encrypted) for the rollback; its empty fields are filled, the others stay and
are reported. `separate`: ours is created without the clashing value. A soft-deleted record reserves its value and is
never adopted. Does not belong here: writing (the loader), the before-image's encryption (the ledger).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from dentes_twenty.migration.ledger import Ledger, RecordKey, Status
from dentes_twenty.twenty.records import RecordStore

ASK = 200  # values looked up in one call


@dataclasses.dataclass(frozen=True, slots=True)
class UniqueValue:
    """A field that Twenty wants unique: `path` into the record and into filters."""

    object: str
    path: tuple[str, str]


EMAIL = UniqueValue("person", ("emails", "primaryEmail"))
SITE = UniqueValue("company", ("domainName", "primaryLinkUrl"))


@dataclasses.dataclass(frozen=True, slots=True)
class Existing:
    """A record of the workspace that is not ours and holds a value that we want."""

    id: str
    value: str
    deleted: bool


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
    store: RecordStore, ledger: Ledger, unique: UniqueValue, wanted: Iterable[str]
) -> dict[str, Existing]:
    """Wanted value -> the foreign record that holds it, soft-deleted ones included.

    Costs one call where the workspace holds nothing of others, else a call for 200 values or for 200 records,
    whichever is less.
    """
    values = list(dict.fromkeys(wanted))
    if not values:
        return {}
    total = await store.count(unique.object, with_deleted=True)
    if total == 0:
        return {}
    asked = {spelling: value for value in values for spelling in spellings(unique, value)}
    found: list[Mapping[str, Any]] = []
    if total <= len(asked):
        async for page in store.find(unique.object, None, [unique.path[0]], with_deleted=True):
            found += [record for record in page if _value(unique, record) in asked]
    else:
        iterator = iter(asked)
        while some := list(islice(iterator, ASK)):
            condition = {unique.path[0]: {unique.path[1]: {"in": some}}}
            async for page in store.find(unique.object, condition, [unique.path[0]], with_deleted=True):
                found += page
    foreign = _foreign(ledger, found)
    return {
        asked[_value(unique, record)]: Existing(record["id"], _value(unique, record), bool(record.get("deletedAt")))
        for record in foreign
    }


def _foreign(ledger: Ledger, records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Records that the ledger does not know as ours; one that a rollback gave back is not ours any more."""
    known = ledger.known_by_record_id([record["id"] for record in records])
    ours = {id_ for id_, states in known.items() if any(one.status is not Status.ROLLED_BACK for one in states)}
    return [record for record in records if record["id"] not in ours]


def _value(unique: UniqueValue, record: Mapping[str, Any]) -> str:
    composite = record.get(unique.path[0]) or {}
    return str(composite.get(unique.path[1]) or "")


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
        if key is not None and policy == "adopt" and not other.deleted and other.id not in taken:
            source_object, _, source_id = key.partition(":")
            adopted[RecordKey(source_object, source_id)] = other
            taken.add(other.id)
        else:
            reserved[value] = f"existing:{other.id}"
    return Choice(adopted, reserved)
