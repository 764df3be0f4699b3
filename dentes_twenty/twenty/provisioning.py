"""Carrying a provisioning plan out, one change at a time, and taking back what was made.

Belongs here: the shell around `provision`. Does not belong here: what is needed, or the ledger (the caller is told of
each part before and after it is made).

Twenty rebuilds the workspace's schema with each change, so nothing runs side by side. An answer that is lost is
resolved by reading the model: a part that is there was made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from dentes_twenty.objects.target import FieldType, Option, TargetField
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import MetadataRefused, NotFound, OutcomeUnknown, ServerTrouble
from dentes_twenty.twenty.model import FieldInfo, OptionInfo, WorkspaceModel
from dentes_twenty.twenty.provision import Activate, AddOptions, CreateField, CreateObject, ProvisionPlan, Step

ICON = "IconBox"
"""Twenty wants an icon for the other side of a relation [metadata-relations]."""


class PartState(StrEnum):
    """Told before a part is made, and after."""

    INTENDED = "intended"
    MADE = "made"


@dataclasses.dataclass(frozen=True, slots=True)
class ProvisionedPart:
    """A part of the data model. `kind`: object, field, option, or activation (of an object or a field).

    Names that do not apply are empty; `option` is the option's value. `id` is Twenty's, None before it is made.
    """

    kind: str
    object: str
    field: str = ""
    option: str = ""
    id: str | None = None


Record = Callable[[ProvisionedPart, PartState], None]


async def apply(
    client: TwentyClient,
    plan: ProvisionPlan,
    model: WorkspaceModel,
    record: Record,
    *,
    on_step: Callable[[Step], None] | None = None,
) -> WorkspaceModel:
    """Take the steps in order; the data model afterwards. A plan without steps sends nothing.

    `record` is called for each part before and after it is made, so that a crash leaves a trace and a rollback knows
    what is ours. Raises ModelConflict before anything is sent, MetadataRefused with the part's name.
    """
    plan.check()
    if not plan.steps:
        return model
    ids = {name: item.id for name, item in model.objects.items()}
    for step in plan.steps:
        if on_step is not None:
            on_step(step)
        await _take(client, step, ids, record)
    return await metadata.read_model(client)


async def _take(client: TwentyClient, step: Step, ids: dict[str, str], record: Record) -> None:
    parts = parts_of(step)
    for part in parts:
        record(part, PartState.INTENDED)
    try:
        made = await _send(client, step, ids)
    except (OutcomeUnknown, ServerTrouble, MetadataRefused) as error:
        present = _present(step, await metadata.read_model(client))
        if present is None and isinstance(error, MetadataRefused):
            raise MetadataRefused(error.codes, error.detail, _name(parts[0])) from None
        made = present if present is not None else await _send(client, step, ids)
    if isinstance(step, CreateObject):
        ids[step.target.singular] = made[0]
    for part, id_ in zip(parts, made, strict=True):
        record(dataclasses.replace(part, id=id_), PartState.MADE)


def parts_of(step: Step) -> list[ProvisionedPart]:
    """The parts that a step makes, as a rollback will take them away."""
    if isinstance(step, CreateObject):
        return [ProvisionedPart("object", step.target.singular)]
    if isinstance(step, CreateField):
        return [ProvisionedPart("field", step.object, step.field.name)]
    if isinstance(step, AddOptions):
        return [ProvisionedPart("option", step.object, step.field, option.value) for option in step.options]
    return [ProvisionedPart("activation", step.object, step.field)]


def _name(part: ProvisionedPart) -> str:
    return ".".join(name for name in (part.object, part.field) if name)


async def _send(client: TwentyClient, step: Step, ids: dict[str, str]) -> list[str]:
    """Make what a step makes; the ids of its parts."""
    if isinstance(step, CreateObject):
        target = step.target
        names = {"nameSingular": target.singular, "namePlural": target.plural}
        labels = {"labelSingular": target.label, "labelPlural": target.label_plural}
        looks = {"icon": target.icon or ICON, "description": target.description or None}
        return [await metadata.create_object(client, {**names, **labels, **looks})]
    if isinstance(step, CreateField):
        return [await metadata.create_field(client, ids[step.object], field_properties(step.field, step.labels, ids))]
    if isinstance(step, AddOptions):
        return await _add_options(client, step)
    if step.field:
        await metadata.update_field(client, step.id, {"isActive": True})
    else:
        await metadata.update_object(client, step.id, {"isActive": True})
    return [step.id]


def field_properties(field: TargetField, labels: Sequence[str], ids: dict[str, str]) -> dict[str, Any]:
    """The input of `createOneField` but for the object's id. Pure."""
    properties: dict[str, Any] = {
        "type": field.type.value,
        "name": field.name,
        "label": field.label,
        "description": field.description or None,
        "icon": field.icon or None,
    }
    if field.unique:
        properties["isUnique"] = True
    if field.options:
        properties["options"] = [
            new_option(o, label, i) for i, (o, label) in enumerate(zip(field.options, labels, strict=True))
        ]
    if field.type is FieldType.FILES:
        properties["settings"] = {"maxNumberOfValues": 10}
    if field.relation is not None:
        properties["relationCreationPayload"] = {
            "type": "MANY_TO_ONE",
            "targetObjectMetadataId": ids[field.relation.object],
            "targetFieldLabel": field.relation.inverse_label,
            "targetFieldIcon": field.icon or ICON,
        }
    return {name: value for name, value in properties.items() if value is not None}


def new_option(option: Option, label: str, position: int) -> dict[str, Any]:
    """An option that has no id yet. Two without a position would count as duplicates."""
    return {"value": option.value, "label": label, "color": option.color, "position": position}


def kept_option(option: OptionInfo) -> dict[str, Any]:
    """An existing option as it must be sent back: without its id, every row that holds it would be emptied."""
    return {
        "id": option.id,
        "value": option.value,
        "label": option.label,
        "color": option.color,
        "position": int(option.position) if option.position.is_integer() else option.position,
    }


async def _add_options(client: TwentyClient, step: AddOptions) -> list[str]:
    """The present options are read at the last moment: sending an older list would remove what was added since."""
    field = await metadata.read_field(client, step.field_id)
    labels = dict(zip((o.value for o in step.options), step.labels, strict=True))
    missing = [option for option in step.options if option.value not in field.option_values]
    if missing:
        free = int(max((o.position for o in field.options), default=-1)) + 1
        new = [new_option(o, labels[o.value], free + i) for i, o in enumerate(missing)]
        changes = {"options": [*map(kept_option, field.options), *new]}
        await metadata.update_field(client, step.field_id, changes)
        field = await metadata.read_field(client, step.field_id)
    return _option_ids(field, step.options)


def _option_ids(field: FieldInfo, options: Sequence[Option]) -> list[str]:
    ids = {option.value: option.id or "" for option in field.options}
    return [ids.get(option.value, "") for option in options]


def _present(step: Step, model: WorkspaceModel) -> list[str] | None:
    """The ids of a step's parts if the workspace has them by now, or None."""
    name = step.target.singular if isinstance(step, CreateObject) else step.object
    item = model.objects.get(name)
    if item is None:
        return None
    if isinstance(step, CreateObject):
        return [item.id]
    field_name = step.field.name if isinstance(step, CreateField) else step.field
    field = item.fields.get(field_name) if field_name else None
    if isinstance(step, Activate):
        return [step.id] if (field or item).is_active else None
    if field is None:
        return None
    if isinstance(step, CreateField):
        return [field.id] if field.type == step.field.type else None
    values = field.option_values
    return _option_ids(field, step.options) if all(o.value in values for o in step.options) else None


async def remove(client: TwentyClient, part: ProvisionedPart, model: WorkspaceModel) -> bool:
    """Take back a part that was made (or intended, without an id); False if it is not there any more.

    A field takes its values with it, an object its records, an option leaves its rows empty. What has another id than
    the recorded one was made by somebody else and stays. Undo parts in the reverse order of their making.
    """
    item = model.objects.get(part.object)
    field = item.fields.get(part.field) if item and part.field else None
    thing = field if part.field else item
    if thing is None or (part.kind != "option" and part.id not in (None, thing.id)):
        return False
    try:
        if part.kind == "option":
            return await _remove_option(client, part, thing.id)
        if part.kind == "activation":
            change = metadata.update_field if part.field else metadata.update_object
            await change(client, thing.id, {"isActive": False})
        elif part.field:
            await metadata.delete_field(client, thing.id)
        else:
            await metadata.delete_object(client, thing.id)
    except NotFound:
        return False
    return True


async def _remove_option(client: TwentyClient, part: ProvisionedPart, field_id: str) -> bool:
    field = await metadata.read_field(client, field_id)
    kept = [option for option in field.options if not _is(option, part)]
    if len(kept) == len(field.options) or not kept:
        return False
    await metadata.update_field(client, field_id, {"options": [kept_option(option) for option in kept]})
    return True


def _is(option: OptionInfo, part: ProvisionedPart) -> bool:
    return option.value == part.option and part.id in (None, "", option.id)
