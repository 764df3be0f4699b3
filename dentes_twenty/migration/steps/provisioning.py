"""Bringing the workspace's data model to what the records need; what was made is remembered for the rollback."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable

from dentes_twenty.migration.ledger import Ledger, Part, ProvisionState
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.twenty.metadata import read_model
from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.provision import ProvisionPlan, Step, plan
from dentes_twenty.twenty.provisioning import PartState, ProvisionedPart, apply, parts_of
from dentes_twenty.twenty.records import RecordStore


@dataclasses.dataclass(frozen=True, slots=True)
class ProvisionSummary:
    """How many objects, fields and options were made, and the fingerprint of the data model afterwards."""

    objects: int
    fields: int
    options: int
    fingerprint: str


def provision_plan(planner: Planner, model: WorkspaceModel) -> ProvisionPlan:
    """What is missing."""
    return plan(planner.targets, model, language=planner.practice.labels)


async def provision(
    planner: Planner,
    store: RecordStore,
    ledger: Ledger,
    run: int,
    on_step: Callable[[str], None] | None,
    progress: Listener | None = None,
) -> ProvisionSummary:
    """Make it. Raises ModelConflict before anything is sent when something is in the way."""
    model = await read_model(store.client)
    settle_intended(ledger, run, model)
    wanted = provision_plan(planner, model)
    meter = Meter("", len(wanted.steps), progress, lambda: store.client.calls.total)

    def record(part: ProvisionedPart, state: PartState) -> None:
        ours = Part(part.kind, part.object, part.field, part.option)
        if state is PartState.INTENDED:
            ledger.provision_intend(run, [ours])
        else:
            ledger.provision_settle(run, ours, ProvisionState.MADE, part.id)

    def tell(step: Step) -> None:
        first = parts_of(step)[0]  # options are left out: those of a form are answers that people gave
        meter.at(meter.done + 1, first.object)
        if on_step is not None:
            on_step(f"{first.object}.{first.field}" if first.field else first.object)

    after = await apply(store.client, wanted, model, record, on_step=tell)
    await store.refresh()
    made = Counter(part.kind for step in wanted.steps for part in parts_of(step))
    return ProvisionSummary(made["object"], made["field"], made["option"], after.fingerprint())


def settle_intended(ledger: Ledger, run: int, model: WorkspaceModel) -> None:
    """What a crash left intended was made by us if it is there now, and is forgotten if it is not."""
    for one in ledger.provisioned(ProvisionState.INTENDED):
        found = _find(model, one.part)
        if found is None:
            ledger.provision_forget(run, one.part)
        else:
            ledger.provision_settle(run, one.part, ProvisionState.MADE, found)


def _find(model: WorkspaceModel, part: Part) -> str | None:
    item = model.objects.get(part.object)
    if item is None or not part.field:
        return item.id if item else None
    field = item.fields.get(part.field)
    if field is None or not part.option:
        return field.id if field else None
    return next((option.id for option in field.options if option.value == part.option), None)
