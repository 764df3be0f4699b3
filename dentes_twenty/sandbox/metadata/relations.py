"""Both sides of relations: those a client creates, and those that come with a custom object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dentes_twenty.sandbox.metadata.ids import is_uuid
from dentes_twenty.sandbox.metadata.names import Cause, cause, name_causes, name_of_label, taken_causes
from dentes_twenty.sandbox.model import MANY_TO_ONE, ONE_TO_MANY, DataModel, Field, Object
from dentes_twenty.sandbox.standard.build import custom_links, new_id

SET_NULL = "SET_NULL"
RELATION_ICON = "IconRelationOneToMany"
MALFORMED = "FIELD_METADATA_RELATION_MALFORMED"


def settings_for(kind: str, name: str) -> dict[str, Any]:
    """The settings of one side of a relation."""
    if kind == ONE_TO_MANY:
        return {"relationType": ONE_TO_MANY}
    return {"onDelete": SET_NULL, "relationType": MANY_TO_ONE, "joinColumnName": f"{name}Id"}


def payload_causes(model: DataModel, payload: Any) -> list[Cause]:
    """What is wrong with the form of a relationCreationPayload."""
    if payload is None:
        return [cause("INVALID_FIELD_INPUT", "Relation creation payload is required")]
    opening = "Relation creation payload is invalid: "
    if not isinstance(payload, Mapping):
        message = opening + "Cannot read properties of undefined (reading 'constructor')"
        return [cause(MALFORMED, message, payload)]
    problems = []
    if not is_uuid(payload.get("targetObjectMetadataId")):
        problems.append("targetObjectMetadataId must be a UUID")
    for key in ("targetFieldLabel", "targetFieldIcon"):
        if not isinstance(payload.get(key), str):
            problems.append(f"{key} must be a string")
    if payload.get("type") not in (MANY_TO_ONE, ONE_TO_MANY):
        problems.append("type must be one of the following values: MANY_TO_ONE, ONE_TO_MANY")
    if problems:
        return [cause(MALFORMED, opening + ", ".join(problems), dict(payload))]
    if payload["targetObjectMetadataId"] not in model.objects:
        message = "Object metadata relation target not found for relation creation payload"
        return [cause(MALFORMED, message)]
    return []


def relation_pair(
    model: DataModel, own: Object, field: Field, payload: Mapping[str, Any], now: str
) -> tuple[Field, Field]:
    """Complete a new relation field and make its other side, which is named after its label."""
    target = model.objects[payload["targetObjectMetadataId"]]
    kind = payload["type"]
    label = payload["targetFieldLabel"]
    name = name_of_label(label)
    field.settings = settings_for(kind, field.name)
    field.target_object_id = target.id
    field.description = field.description or _tied(own, target)
    field.icon = field.icon or RELATION_ICON
    inverse_kind = MANY_TO_ONE if kind == ONE_TO_MANY else ONE_TO_MANY
    other = Field(
        id=new_id(),
        object_id=target.id,
        name=name,
        type="RELATION",
        label=label,
        description=f"{target.capital_plural} {own.label_singular}",
        icon=payload["targetFieldIcon"],
        is_custom=True,
        settings=settings_for(inverse_kind, name),
        target_object_id=own.id,
        target_field_id=field.id,
        universal_identifier=new_id(),
        created_at=now,
        updated_at=now,
    )
    field.target_field_id = other.id
    return field, other


def inverse_causes(target: Object, label: str) -> list[Cause]:
    """What is wrong with the name that the other side would get."""
    name = name_of_label(label)
    return name_causes(name, "INVALID_FIELD_INPUT") or taken_causes(name, target)


def default_relations(model: DataModel, item: Object, now: str) -> list[tuple[Field, Field]]:
    """Links that a custom object has from the start: timeline, attachments, notes and tasks.

    Pairs of the to-many field of the object and the target column on the other object.
    """
    pairs = []
    for own, target in custom_links(item.id, now):
        other = model.by_singular[target]
        name = f"target{item.capital}"
        back = Field(
            id=new_id(),
            object_id=other.id,
            name=name,
            type="MORPH_RELATION",
            label=item.capital,
            description=f"{other.capital_plural} {item.label_singular}",
            icon=other.icon,
            is_custom=True,
            settings=settings_for(MANY_TO_ONE, name),
            target_object_id=item.id,
            target_field_id=own.id,
            morph_id=next(each.morph_id for each in other.fields.values() if each.morph_id),
            universal_identifier=new_id(),
            created_at=now,
            updated_at=now,
        )
        own.target_object_id, own.target_field_id = other.id, back.id
        own.description = _tied(item, other)
        pairs.append((own, back))
    return pairs


def _tied(own: Object, target: Object) -> str:
    return f"{own.capital_plural} tied to the {target.label_singular}"
