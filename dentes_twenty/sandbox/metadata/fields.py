"""Creating, changing and deleting fields."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from dentes_twenty.sandbox import tables
from dentes_twenty.sandbox.errors import InvalidMetadata, MigrationFailed
from dentes_twenty.sandbox.jsvalues import to_number
from dentes_twenty.sandbox.metadata import options as option_rules
from dentes_twenty.sandbox.metadata.defaults import default_fails, kept_default
from dentes_twenty.sandbox.metadata.names import Cause, cause, name_causes, name_of_label, taken_causes
from dentes_twenty.sandbox.metadata.objects import entry, mutation_not_allowed, not_found
from dentes_twenty.sandbox.metadata.relations import inverse_causes, payload_causes, relation_pair
from dentes_twenty.sandbox.model import Field, Object
from dentes_twenty.sandbox.standard.build import new_id
from dentes_twenty.sandbox.storage import Duplicate
from dentes_twenty.sandbox.workspace import Workspace

INVALID = "INVALID_FIELD_INPUT"
NOT_ALLOWED = "FIELD_MUTATION_NOT_ALLOWED"
CHOICES = ("SELECT", "MULTI_SELECT")
NEVER_UNIQUE = ("FULL_NAME", "ADDRESS", "CURRENCY", "ACTOR", "RICH_TEXT", "FILES", "MORPH_RELATION")
MOST_FILES = 60
FILES_RULE = (
    "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to "
    f"{MOST_FILES}"
)


def _refuse(doing: str, action: str, name: str, *groups: list[Cause]) -> None:
    entries = [entry("fieldMetadata", action, causes, name=name) for causes in groups if causes]
    if doing == "creating field":  # refused before the change is planned: such entries have no status
        entries = [{key: value for key, value in each.items() if key != "status"} for each in entries]
    if entries:
        raise InvalidMetadata(doing, {"fieldMetadata": entries})


def create_field(workspace: Workspace, sent: Mapping[str, Any]) -> Field:
    """Make a field, for a relation with its other side. Raises InvalidMetadata, MigrationFailed.

    `sent` has the properties of the API, already checked for presence and type.
    """
    item = workspace.model.objects.get(sent["objectMetadataId"])
    name, kind = sent["name"], sent["type"]
    early: list[Cause] = []
    if item is None:
        message = "Provided object metadata id does not exist"
        early.append(cause("OBJECT_METADATA_NOT_FOUND", message))
    elif kind == "TS_VECTOR":
        early.append(cause(INVALID, "TS Vector is not supported for field creation"))
    payloads = _payloads(sent)
    if kind in ("RELATION", "MORPH_RELATION"):
        early += _payload_causes(workspace, sent, payloads)
    _refuse("creating field", "create", name, early)
    assert item is not None
    now = workspace.clock.now()
    if kind == "MORPH_RELATION":
        return _create_morph(workspace, item, sent, payloads, now)
    field = _new_field(item, sent, now)
    pairs = [relation_pair(workspace.model, item, field, payloads[0], now)] if kind == "RELATION" else []
    _check_new(workspace, item, field, payloads)
    return _add(workspace, item, [field], [other for _, other in pairs], now)


def _payload_causes(workspace: Workspace, sent: Mapping[str, Any], payloads: list[Any]) -> list[Cause]:
    if payloads == [] and sent.get("morphRelationsCreationPayload") == []:
        return [cause("FIELD_METADATA_RELATION_MALFORMED", "Morph relation creation payloads are empty")]
    return [c for payload in payloads or [None] for c in payload_causes(workspace.model, payload)]


def _payloads(sent: Mapping[str, Any]) -> list[Any]:
    if sent["type"] == "MORPH_RELATION":
        payloads = sent.get("morphRelationsCreationPayload")
        return payloads if isinstance(payloads, list) else []
    payload = sent.get("relationCreationPayload")
    return [] if payload is None else [payload]


def _new_field(item: Object, sent: Mapping[str, Any], now: str) -> Field:
    kind = sent["type"]
    options = option_rules.made_options(sent.get("options") or []) if kind in CHOICES else None
    if kind == "RATING":
        options = option_rules.rating_options()
    return Field(
        id=new_id(),
        object_id=item.id,
        name=sent["name"],
        type=kind,
        label=sent["label"],
        description=sent.get("description"),
        icon=sent.get("icon"),
        is_custom=True,
        is_active=sent.get("isActive") is not False,
        is_nullable=sent.get("isNullable") is not False,
        is_unique=sent.get("isUnique") is True,
        is_label_synced=sent.get("isLabelSyncedWithName") is True,
        default_value=kept_default(kind, sent.get("defaultValue")),
        options=options,
        settings=copy.deepcopy(sent.get("settings")) or None,
        universal_identifier=new_id(),
        created_at=now,
        updated_at=now,
    )


def _check_new(workspace: Workspace, item: Object, field: Field, payloads: list[Any]) -> None:
    own = name_causes(field.name, INVALID) or taken_causes(field.name, item)
    if field.join_column and not own:
        own = taken_causes(field.join_column, item)
    inverse = []
    for payload in payloads:
        if own:
            message = (
                "Relation field target metadata not found in both existing and about to be created field metadatas"
            )
            inverse.append([cause("FIELD_METADATA_NOT_FOUND", message)])
        else:
            target = workspace.model.objects[payload["targetObjectMetadataId"]]
            inverse.append(inverse_causes(target, payload["targetFieldLabel"]))
    own += _rule_causes(field)
    _refuse("creating fields", "create", field.name, own, *inverse)
    _check_index(field, "creating fields")
    if default_fails(field.type, field.default_value):
        raise MigrationFailed("create", "fieldMetadata", field.universal_identifier)
    required = not field.is_nullable and field.default_value is None and not field.is_relation
    if required and tables.has_records(workspace.db, item):
        raise MigrationFailed("create", "fieldMetadata", field.universal_identifier)


def _rule_causes(field: Field, *, updating: bool = False) -> list[Cause]:
    causes: list[Cause] = []
    if field.is_label_synced and name_of_label(field.label) != field.name:
        if updating:
            causes.append(cause(NOT_ALLOWED, "Name is not synced with label."))
        else:
            causes.append(cause("NAME_NOT_SYNCED_WITH_LABEL", "Name is not synced with label"))
    if field.type == "NUMERIC":
        message = "Field type NUMERIC is not supported for field creation. Use NUMBER instead."
        causes.append(cause(INVALID, message))
    elif field.type == "POSITION":
        message = f'Field type POSITION must be named "position", got "{field.name}"'
        causes += [cause(INVALID, message), cause(INVALID, "Field type POSITION must be a system field")]
    elif field.type in CHOICES:
        causes += option_rules.option_causes(field.options or [])
        causes += option_rules.default_causes(field.type, field.default_value, field.options or [])
    elif field.type == "RATING":
        causes += option_rules.default_causes("SELECT", field.default_value, field.options or [])
    elif field.type == "FILES":
        most = (field.settings or {}).get("maxNumberOfValues")
        if most is None or not 0 < to_number(most) <= MOST_FILES:
            causes.append(cause(INVALID, FILES_RULE))
    return causes


def _check_index(field: Field, doing: str) -> None:
    if not field.is_unique:
        return
    message = f"Unique index cannot be created for field {field.name} of type {field.type}"
    code = None
    if field.type in NEVER_UNIQUE or field.relation_type == "ONE_TO_MANY":
        code = "INDEX_FIELD_INVALID_TYPE_FOR_UNIQUE"
    elif field.default_value is not None:
        code = "INDEX_FIELD_INVALID_DEFAULT_VALUE"
    if code:
        raise InvalidMetadata(doing, {"index": [entry("index", "create", [cause(code, message)])]})


def _add(workspace: Workspace, item: Object, own: list[Field], others: list[Field], now: str) -> Field:
    db, model = workspace.db, workspace.model
    with db.transaction():
        for field in (*own, *others):
            tables.add_field(db, model.objects[field.object_id], field, now)
        for field in (*own, *others):
            model.add_field(field)
        workspace.save_fields([*own, *others])
    return own[0]


def _create_morph(workspace: Workspace, item: Object, sent: Mapping[str, Any], payloads: list[Any], now: str) -> Field:
    """One field for each target, all with the same morph id; the first one is the answer."""
    morph_id = new_id()
    own, others = [], []
    for payload in payloads:
        target = workspace.model.objects[payload["targetObjectMetadataId"]]
        singular = target.name_singular
        name = f"{sent['name']}{singular[0].upper()}{singular[1:]}"
        field = _new_field(item, {**sent, "name": name}, now)
        field.morph_id = morph_id
        field, other = relation_pair(workspace.model, item, field, payload, now)
        _check_new(workspace, item, field, [payload])
        own.append(field)
        others.append(other)
    return _add(workspace, item, own, others, now)


def update_field(workspace: Workspace, field_id: str, sent: Mapping[str, Any]) -> Field:
    """Change a field; unknown properties, a new type and isNullable are ignored.

    Raises InvalidMetadata, Refusal, MigrationFailed.
    """
    field = workspace.model.fields.get(field_id)
    doing = "updating field"
    if field is None:
        missing = entry(
            "fieldMetadata", "update", [cause("FIELD_METADATA_NOT_FOUND", "Field metadata to update not found")]
        )
        del missing["status"]
        raise InvalidMetadata(doing, {"fieldMetadata": [missing]}, opening="V")
    item = workspace.model.objects[field.object_id]
    changed = _changed(field, sent)
    _check_rights(item, field, changed)
    causes = name_causes(changed.name, INVALID) if changed.name != field.name else []
    if changed.name != field.name:
        causes = causes or taken_causes(changed.name, item)
    if _rules_touched(field, changed):
        causes += _rule_causes(changed, updating=True)
    _refuse(doing, "update", field.name, causes)
    if changed.is_unique and (not field.is_unique or changed.name != field.name):
        _check_index(changed, doing)
    if default_fails(changed.type, changed.default_value):
        raise MigrationFailed("update", "fieldMetadata", field.universal_identifier)
    changed.updated_at = workspace.clock.now()
    _apply(workspace, item, field, changed)
    return changed


_CHANGEABLE = {
    "name": "name",
    "label": "label",
    "description": "description",
    "icon": "icon",
    "isActive": "is_active",
    "isUnique": "is_unique",
    "isLabelSyncedWithName": "is_label_synced",
    "isUIEditable": "is_ui_editable",
    "defaultValue": "default_value",
    "settings": "settings",
}
_MAY_BE_NULL = frozenset({"description", "icon", "default_value", "settings"})
_SYSTEM_MAY = frozenset({"is_active", "settings"})


def _changed(field: Field, sent: Mapping[str, Any]) -> Field:
    changed = copy.deepcopy(field)
    for key, attribute in _CHANGEABLE.items():
        if key in sent and (sent[key] is not None or attribute in _MAY_BE_NULL):
            setattr(changed, attribute, copy.deepcopy(sent[key]))
    if sent.get("options") is not None:
        changed.options = option_rules.made_options(sent["options"])
    return changed


def _rules_touched(field: Field, changed: Field) -> bool:
    return any(
        getattr(field, name) != getattr(changed, name)
        for name in ("label", "name", "options", "default_value", "settings", "is_label_synced")
    )


def _check_rights(item: Object, field: Field, changed: Field) -> None:
    """What may be changed on fields that belong to Twenty, and on the one that names the records."""
    if changed.name != field.name and not field.is_custom:
        raise mutation_not_allowed("Cannot edit standard field metadata properties: name", NOT_ALLOWED)
    touched = [name for name in _CHANGEABLE.values() if getattr(field, name) != getattr(changed, name)]
    forbidden = [name for name in touched if name not in _SYSTEM_MAY] if field.is_system else []
    if forbidden:
        # Labels, icons and descriptions of standard fields are kept apart from them, as overrides.
        texts = {"label", "description", "icon"}
        shown = dict.fromkeys("overrides" if name in texts else _API_NAMES[name] for name in forbidden)
        message = "System fields only allow updating: universalSettings, isActive. Forbidden properties: " + ", ".join(
            shown
        )
        _refuse("updating field", "update", field.name, [cause(NOT_ALLOWED, message)])
    if field.id == item.label_field_id and not changed.is_active:
        code = "LABEL_IDENTIFIER_FIELD_METADATA_ID_NOT_FOUND"
        message = "Label identifier field metadata cannot be deactivated"
        _refuse("updating field", "update", field.name, [cause(code, message)])


_API_NAMES = {attribute: key for key, attribute in _CHANGEABLE.items()}


def _apply(workspace: Workspace, item: Object, field: Field, changed: Field) -> None:
    db = workspace.db
    try:
        with db.transaction():
            if changed.name != field.name:
                tables.rename_field(db, item, field, changed)
            if changed.is_unique != field.is_unique:
                tables.renew_index(db, item, changed)
            if changed.options != field.options and changed.type in CHOICES:
                option_rules.follow_options(db, item, changed, field.options or [], changed.options or [])
            _replace(item, field, changed)
            workspace.model.fields[changed.id] = changed
            workspace.model.version += 1
            workspace.save_fields([changed])
    except Duplicate as error:
        raise MigrationFailed("create", "index", new_id()) from error


def _replace(item: Object, field: Field, changed: Field) -> None:
    """Put the changed field where the old one was, so that the order of fields stays."""
    fields = dict(_renamed(item, field, changed))
    item.fields.clear()
    item.fields.update(fields)


def _renamed(item: Object, field: Field, changed: Field) -> Iterator[tuple[str, Field]]:
    for name, each in item.fields.items():
        yield (changed.name, changed) if each is field else (name, each)


def delete_field(workspace: Workspace, field_id: str) -> Field:
    """Remove a custom field with all values, for a relation with its other side. Raises Refusal."""
    field = workspace.model.fields.get(field_id)
    if field is None:
        raise not_found("Field to delete not found", "FIELD_METADATA_NOT_FOUND")
    item = workspace.model.objects[field.object_id]
    if not field.is_custom:
        raise mutation_not_allowed(f'Cannot delete standard field "{field.name}"', NOT_ALLOWED)
    doing = "deleting field"
    if field.is_system:
        _refuse(doing, "delete", field.name, [cause(NOT_ALLOWED, "System fields cannot be deleted")])
    if field.id in (item.label_field_id, item.image_field_id):
        message = "Cannot delete, please update the label identifier field first"
        _refuse(doing, "delete", field.name, [cause(NOT_ALLOWED, message)])
    gone = _with_other_sides(workspace, field)
    with workspace.db.transaction():
        for each in gone:
            tables.drop_field(workspace.db, workspace.model.objects[each.object_id], each)
            workspace.model.remove_field(each)
        workspace.forget([], gone)
    return field


def _with_other_sides(workspace: Workspace, field: Field) -> list[Field]:
    """A field, the fields of the same morph relation when it was made as one, and the other side of each."""
    item = workspace.model.objects[field.object_id]
    own = [each for each in item.fields.values() if each.morph_id == field.morph_id] if field.morph_id else [field]
    if not all(each.is_custom for each in own):
        own = [field]
    others = [workspace.model.fields.get(each.target_field_id or "") for each in own]
    return own + [other for other, each in zip(others, own, strict=True) if other and other.target_field_id == each.id]
