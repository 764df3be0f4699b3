"""Workflows of the workspace that would start at records which the migration writes.

Twenty keeps a record of `workflowAutomatedTrigger` for each trigger of an active workflow, and a fresh 2.19 workspace
has one: "Create company when adding a new person", at `person.upserted`. During a migration it would start thousands of
times, and what it makes is in no ledger: a rollback could not take it back.

Belongs here: finding them. Does not belong here: switching them off, which only people may do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import ATTACHMENT
from dentes_twenty.twenty.records import RecordStore

TRIGGER, WORKFLOW = "workflowAutomatedTrigger", "workflow"
DATABASE_EVENT = "DATABASE_EVENT"
FIX = "Deactivate them in Twenty (Workflows) until the migration is approved for good, then activate them again."


@dataclasses.dataclass(frozen=True, slots=True)
class Automation:
    """A trigger of an active workflow: the workflow's name, and the event as Twenty calls it (`person.created`)."""

    workflow: str
    event: str

    def __str__(self) -> str:
        return f"{self.workflow or 'a workflow without a name'} (at {self.event})"


async def automations(store: RecordStore, declarations: Iterable[SourceObject]) -> tuple[Automation, ...]:
    """Those that start at records, links or attachments of these declarations. One call where there are none, else two.

    Empty for a version of Twenty without workflows.
    """
    trigger = store.model.objects.get(TRIGGER)
    column = trigger.fields[WORKFLOW].join_column if trigger and WORKFLOW in trigger.fields else None
    if column is None:
        return ()
    ours = {ATTACHMENT.singular}
    for declaration in declarations:
        ours |= {declaration.target.singular, *(link.join.singular for link in declaration.links)}
    found: list[tuple[str, str]] = []
    async for page in store.find(TRIGGER, {"type": {"eq": DATABASE_EVENT}}, ["settings", column]):
        events = ((str(record[column]), _event(record)) for record in page)
        found += [(id_, event) for id_, event in events if event.split(".")[0] in ours]
    names = await store.read(WORKFLOW, [id_ for id_, _ in found], ["name"]) if found else {}
    named = {Automation(str(names.get(id_, {}).get("name") or ""), event) for id_, event in found}
    return tuple(sorted(named, key=str))


def _event(record: dict[str, Any]) -> str:
    settings = record.get("settings")
    return str(settings.get("eventName") or "") if isinstance(settings, dict) else ""
