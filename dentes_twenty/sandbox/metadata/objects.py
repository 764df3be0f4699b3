"""Creating, changing and deleting objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dentes_twenty.sandbox.casing import capital
from dentes_twenty.sandbox.errors import InvalidMetadata, Refusal
from dentes_twenty.sandbox.metadata.names import LONGEST, Cause, cause, name_causes, name_of_label
from dentes_twenty.sandbox.metadata.relations import default_relations
from dentes_twenty.sandbox.model import Object
from dentes_twenty.sandbox.standard.build import custom_fields, new_id
from dentes_twenty.sandbox.tables import add_field, create_table, drop_field, drop_table, rename_field
from dentes_twenty.sandbox.workspace import Workspace

INVALID = "INVALID_OBJECT_INPUT"


def entry(kind: str, action: str, causes: list[Cause], **information: Any) -> dict[str, Any]:
    """One failed entity in a validation answer."""
    return {
        "type": action,
        "status": "fail",
        "metadataName": kind,
        "errors": causes,
        "flatEntityMinimalInformation": information,
    }


def not_found(message: str, code: str) -> Refusal:
    """The answer to a change of what does not exist; GraphQL calls it an internal error."""
    return Refusal(message, status=404, error="Error", rest_code=code, code="INTERNAL_SERVER_ERROR")


def mutation_not_allowed(message: str, code: str, status: int = 403) -> Refusal:
    """The answer to changing what belongs to Twenty itself."""
    return Refusal(message, status=status, error="Error", rest_code=code, code="FORBIDDEN")


def create_object(workspace: Workspace, sent: Mapping[str, Any]) -> Object:
    """Make a custom object with its table and its links. Raises InvalidMetadata.

    `sent` has the properties of the API, already checked for presence and type.
    """
    _check(workspace, sent, None)
    now = workspace.clock.now()
    item = Object(
        id=new_id(),
        name_singular=sent["nameSingular"],
        name_plural=sent["namePlural"],
        label_singular=capital(sent["labelSingular"]),
        label_plural=capital(sent["labelPlural"]),
        description=sent.get("description"),
        icon=sent.get("icon"),
        shortcut=sent.get("shortcut"),
        color=sent.get("color"),
        is_custom=True,
        is_searchable=True,
        is_label_synced=bool(sent.get("isLabelSyncedWithName")),
        universal_identifier=new_id(),
        created_at=now,
        updated_at=now,
    )
    for each in custom_fields(item.id, now, with_name=not sent.get("skipNameField")):
        item.fields[each.name] = each
    item.label_field_id = item.fields["id" if sent.get("skipNameField") else "name"].id
    pairs = default_relations(workspace.model, item, now)
    for own, _ in pairs:
        item.fields[own.name] = own
    with workspace.db.transaction():
        create_table(workspace.db, item)
        workspace.model.add_object(item)
        for _, back in pairs:
            workspace.model.add_field(back)
            add_field(workspace.db, workspace.model.objects[back.object_id], back, now)
        workspace.save_objects([item])
        workspace.save_fields([back for _, back in pairs])
    return item


def update_object(workspace: Workspace, object_id: str, sent: Mapping[str, Any]) -> Object:
    """Change labels, texts and the active state; names of custom objects too. Raises InvalidMetadata, Refusal."""
    item = workspace.model.objects.get(object_id)
    if item is None:
        raise not_found("Object to update not found", "OBJECT_METADATA_NOT_FOUND")
    names = {key: old if sent.get(key) is None else sent[key] for key, old in _names(item).items()}
    renamed = (names["nameSingular"], names["namePlural"]) != (item.name_singular, item.name_plural)
    if renamed and not item.is_custom:
        keys = [key for key in ("nameSingular", "namePlural") if names[key] != _names(item)[key]]
        message = f"Cannot edit standard object metadata properties: {', '.join(keys)}"
        raise mutation_not_allowed(message, INVALID, 400)
    synced = sent.get("isLabelSyncedWithName", item.is_label_synced)
    _check(workspace, {**names, "isLabelSyncedWithName": synced}, item)
    with workspace.db.transaction():
        if renamed:
            old = item.capital
            workspace.model.rename_object(item, names["nameSingular"], names["namePlural"])
            _rename_targets(workspace, item, old)
        item.label_singular, item.label_plural = names["labelSingular"], names["labelPlural"]
        item.is_label_synced = bool(synced)
        for key, attribute in _CHANGEABLE.items():
            if key in sent and (sent[key] is not None or attribute in ("description", "icon")):
                setattr(item, attribute, sent[key])
        item.updated_at = workspace.clock.now()
        workspace.model.version += 1
        workspace.save_objects([item])
    return item


def _rename_targets(workspace: Workspace, item: Object, old: str) -> None:
    """Let the target columns on link objects (`targetVisit`) follow the new name of an object."""
    for other, field in list(workspace.model.pointing_at(item)):
        if not field.morph_id or not field.name.endswith(old):
            continue
        name = field.name.removesuffix(old) + item.capital
        new = dataclasses.replace(
            field, name=name, label=item.capital, settings={**(field.settings or {}), "joinColumnName": f"{name}Id"}
        )
        rename_field(workspace.db, other, field, new)
        workspace.model.remove_field(field)
        workspace.model.add_field(new)
        workspace.save_fields([new])


_CHANGEABLE = {
    "description": "description",
    "icon": "icon",
    "isActive": "is_active",
    "isSearchable": "is_searchable",
    "labelIdentifierFieldMetadataId": "label_field_id",
    "imageIdentifierFieldMetadataId": "image_field_id",
}


def delete_object(workspace: Workspace, object_id: str) -> Object:
    """Remove a custom object with its records, its links and the fields that point at it. Raises Refusal."""
    item = workspace.model.objects.get(object_id)
    if item is None:
        raise not_found("Could not find flat entity in maps", "ENTITY_NOT_FOUND")
    if not item.is_custom:
        raise _standard_object(item)
    others = [
        field
        for other in workspace.model
        if other is not item
        for field in list(other.fields.values())
        if field.target_object_id == item.id
    ]
    with workspace.db.transaction():
        drop_table(workspace.db, item)
        for field in others:
            drop_field(workspace.db, workspace.model.objects[field.object_id], field)
            workspace.model.remove_field(field)
        workspace.model.remove_object(item)
        workspace.forget([item], [*others, *item.fields.values()])
    return item


def _standard_object(item: Object) -> InvalidMetadata:
    """The answer to deleting a standard object: it, and each of its system fields, cannot go."""
    own = entry("objectMetadata", "delete", [cause(INVALID, "Standard objects cannot be deleted")])
    below = [
        entry(
            "fieldMetadata",
            "delete",
            [cause("FIELD_MUTATION_NOT_ALLOWED", "System fields cannot be deleted")],
            name=field.name,
        )
        for field in item.fields.values()
        if field.is_system
    ]
    return InvalidMetadata("deleting object", {"fieldMetadata": below, "objectMetadata": [own]})


def _names(item: Object) -> dict[str, str]:
    return {
        "nameSingular": item.name_singular,
        "namePlural": item.name_plural,
        "labelSingular": item.label_singular,
        "labelPlural": item.label_plural,
    }


def _check(workspace: Workspace, names: Mapping[str, Any], item: Object | None) -> None:
    causes = _causes(workspace, names, item)
    if causes:
        action, doing = ("update", "updating object") if item else ("create", "creating object")
        failed = entry(
            "objectMetadata",
            action,
            causes,
            nameSingular=names["nameSingular"],
            namePlural=names["namePlural"],
        )
        raise InvalidMetadata(doing, {"objectMetadata": [failed]})


def _causes(workspace: Workspace, names: Mapping[str, Any], item: Object | None) -> list[Cause]:
    singular, plural = names["nameSingular"], names["namePlural"]
    changed = item is None or (item.name_singular, item.name_plural) != (singular, plural)
    causes: list[Cause] = []
    if changed:
        causes += name_causes(singular, INVALID) + name_causes(plural, INVALID)
        if singular.lower() == plural.lower():
            message = "The singular and plural names cannot be the same for an object"
            causes.append(cause(INVALID, message, singular))
    labels = (names["labelSingular"], names["labelPlural"])
    causes += [cause(INVALID, "Object label is too long", text) for text in labels if len(text) > LONGEST]
    causes += [cause(INVALID, "Object label is too short", text) for text in labels if not text]
    if names.get("isLabelSyncedWithName") and (name_of_label(labels[0]), name_of_label(labels[1])) != (
        singular,
        plural,
    ):
        causes.append(cause(INVALID, "Names are not synced with labels"))
    taken = {name for other in workspace.model if other is not item for name in _both(other)}
    if {singular, plural} & taken:
        causes.append(cause("OBJECT_ALREADY_EXISTS", "Object already exists"))
    return causes


def _both(item: Object) -> tuple[str, str]:
    return item.name_singular, item.name_plural
