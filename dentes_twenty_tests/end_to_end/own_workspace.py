"""A workspace that a practice has worked in before: people, companies, notes, tasks and custom fields of its own.

Made through the same client as the migration, so that it can be made on the sandbox and on a real server alike.
"""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import Practice
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.records import RecordStore

T = TypeVar("T")
SPACE = uuid.UUID("0d0c0b0a-0908-4706-8504-030201000f0e")
DELETED = "person-deleted"


def own_id(name: str) -> str:
    """An id of the practice's own record."""
    return str(uuid.uuid5(SPACE, name))


def by_hand(url: str, api_key: str, work: Callable[[RecordStore], Awaitable[T]]) -> T:
    """What a person does in Twenty."""

    async def run() -> T:
        async with TwentyClient(url, api_key) as client:
            return await work(await RecordStore.open(client))

    return asyncio.run(run())


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """E-mails and web sites that the export brings."""

    emails: tuple[str, ...]
    sites: tuple[str, ...]


def wanted(practice: Practice, api_key: str) -> Wanted:
    """From the staged export."""
    with Migration(practice, api_key=api_key) as migration:
        for report in migration.reports:
            migration.stage(report)
        index = migration.planner.index
        return Wanted(tuple(index.emails.wanted()), tuple(index.sites.wanted()))


def furnish(url: str, api_key: str, clashes: Wanted, *, people: int = 500, companies: int = 150) -> None:
    """Fill a workspace; the first people and companies hold the e-mails and web sites of `clashes`."""
    by_hand(url, api_key, _data_model)
    by_hand(url, api_key, lambda store: _records(store, clashes, people, companies))


async def _data_model(store: RecordStore) -> None:
    """Fields that only the practice knows, one that the migration needs too (with other options), an own object, and a
    standard field that somebody has switched off."""
    client, model = store.client, store.model
    person, company = model.object("person").id, model.object("company").id
    text = {"type": "TEXT", "icon": None, "description": None}
    await metadata.create_field(client, person, {**text, "name": "favouriteTea", "label": "Favourite tea"})
    await metadata.create_field(client, company, {**text, "name": "parkingSpace", "label": "Parking space"})
    options = [
        {"value": value, "label": value.title(), "color": "gray", "position": position}
        for position, value in enumerate(("FEMALE", "NOT_SAID"))
    ]
    gender = {"type": "SELECT", "name": "gender", "label": "Gender", "options": options}
    await metadata.create_field(client, person, gender)
    names = {"nameSingular": "dentalLab", "namePlural": "dentalLabs", "labelSingular": "Lab", "labelPlural": "Labs"}
    await metadata.create_object(client, {**names, "icon": "IconBox", "description": None})
    await metadata.update_field(client, model.object("person").field("jobTitle").id, {"isActive": False})


async def _records(store: RecordStore, clashes: Wanted, people: int, companies: int) -> None:
    await store.create("company", [_company(number, clashes.sites) for number in range(companies)])
    await store.create("person", [_person(number, clashes.emails) for number in range(people)])
    await store.create("dentalLab", [{"id": own_id(f"lab-{n}"), "name": f"Lab {n}"} for n in range(3)])
    await store.create("note", [_with_text(f"note-{n}", f"Own note {n}") for n in range(80)])
    await store.create("task", [{**_with_text(f"task-{n}", f"Own task {n}"), "status": "TODO"} for n in range(40)])
    await store.create("noteTarget", [_link(store, "note", n) for n in range(80)])
    await store.create("taskTarget", [_link(store, "task", n) for n in range(40)])
    opportunity = {"id": own_id("opportunity"), "name": "Own deal", "pointOfContactId": own_id("person-1")}
    await store.create("opportunity", [opportunity])
    if len(clashes.emails) > 30:
        gone = {"id": own_id(DELETED), "emails": {"primaryEmail": clashes.emails[30]}}
        await store.create("person", [gone])
        await store.soft_delete("person", [gone["id"]])


def _company(number: int, sites: tuple[str, ...]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": own_id(f"company-{number}"),
        "name": f"Own company {number}",
        "parkingSpace": f"P{number}",
    }
    if number < min(4, len(sites)):
        record["domainName"] = {"primaryLinkUrl": sites[number], "primaryLinkLabel": "", "secondaryLinks": []}
    return record


def _person(number: int, emails: tuple[str, ...]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": own_id(f"person-{number}"),
        "name": {"firstName": f"Own {number}", "lastName": "Person"},
        "favouriteTea": "Rize" if number % 3 else "",
        "gender": "NOT_SAID" if number % 4 == 0 else None,
        "companyId": own_id(f"company-{number % 100}"),
    }
    if number < min(20, len(emails)):
        record["emails"] = {"primaryEmail": emails[number], "additionalEmails": [f"second-{number}@own.example"]}
        record["jobTitle"] = "Astronaut" if number % 2 else ""
    else:
        record["emails"] = {"primaryEmail": f"own-{number}@own.example", "additionalEmails": []}
    return record


def _with_text(name: str, title: str) -> dict[str, Any]:
    return {"id": own_id(name), "title": title, "bodyV2": {"markdown": f"**{title}**"}}


def _link(store: RecordStore, kind: str, number: int) -> dict[str, Any]:
    values = store.link_values(f"{kind}Target", {kind: own_id(f"{kind}-{number}"), "targetPerson": own_id("person-3")})
    return {"id": own_id(f"{kind}Target-{number}"), **values}


async def snapshot(store: RecordStore) -> Mapping[str, Any]:
    """Everything that a person sees, apart from when it was last touched: an independent look at the workspace."""
    found: dict[str, Any] = {}
    for name, item in sorted(store.model.objects.items()):
        fields = {
            field.name: (field.type, field.is_active, field.is_unique, field.option_values, field.relation_to)
            for field in item.fields.values()
        }
        records: dict[str, Any] = {}
        if name in ("person", "company", "opportunity", "note", "task", "noteTarget", "taskTarget", "attachment") or (
            not item.is_system and not name.startswith(("workflow", "dashboard"))
        ):
            async for page in store.find(name, None, None, with_deleted=True):
                records |= {record["id"]: _seen(record) for record in page}
        found[name] = (item.is_active, fields, records)
    return found


def _seen(value: Any) -> Any:
    """Without moments of change and what Twenty cannot tell from nothing."""
    if isinstance(value, dict):
        kept = {k: _seen(v) for k, v in value.items() if k not in ("updatedAt", "updatedBy", "searchVector", "url")}
        return {k: v for k, v in kept.items() if v is not None}
    if isinstance(value, list):
        return [_seen(v) for v in value] or None
    return None if value == "" else value
