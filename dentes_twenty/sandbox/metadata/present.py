"""Objects and fields as the metadata APIs answer them.

REST leaves out null properties when it reads and keeps some of them when it answers a write; there is no
isCustom. GraphQL takes the same values and selects from them.
"""

from __future__ import annotations

from typing import Any

from dentes_twenty.sandbox.model import DataModel, Field, Object

Json = dict[str, Any]


def field_json(model: DataModel, field: Field) -> Json:
    """All properties of a field."""
    return {
        "id": field.id,
        "universalIdentifier": field.universal_identifier,
        "applicationId": model.application_id(field.is_custom),
        "workspaceId": model.workspace_id,
        "objectMetadataId": field.object_id,
        "type": field.type,
        "name": field.name,
        "label": field.label,
        "description": field.description,
        "icon": field.icon,
        "isActive": field.is_active,
        "isSystem": field.is_system,
        "isUIEditable": field.is_ui_editable,
        "isUIReadOnly": not field.is_ui_editable,
        "isNullable": field.is_nullable,
        "isUnique": field.is_unique,
        "defaultValue": field.default_value,
        "options": field.options,
        "settings": field.settings,
        "isLabelSyncedWithName": field.is_label_synced,
        "morphId": field.morph_id,
        "createdAt": field.created_at,
        "updatedAt": field.updated_at,
    }


def object_json(model: DataModel, item: Object) -> Json:
    """All properties of an object except its fields."""
    return {
        "id": item.id,
        "universalIdentifier": item.universal_identifier,
        "applicationId": model.application_id(item.is_custom),
        "workspaceId": model.workspace_id,
        "nameSingular": item.name_singular,
        "namePlural": item.name_plural,
        "labelSingular": item.label_singular,
        "labelPlural": item.label_plural,
        "description": item.description,
        "icon": item.icon,
        "shortcut": item.shortcut,
        "color": item.color,
        "isActive": item.is_active,
        "isSystem": item.is_system,
        "isRemote": False,
        "isUIEditable": item.is_ui_editable,
        "isUICreatable": item.is_ui_creatable,
        "isUIReadOnly": not item.is_ui_editable,
        "isSearchable": item.is_searchable,
        "isLabelSyncedWithName": item.is_label_synced,
        "duplicateCriteria": item.duplicate_criteria,
        "labelIdentifierFieldMetadataId": item.label_field_id,
        "imageIdentifierFieldMetadataId": item.image_field_id,
        "createdAt": item.created_at,
        "updatedAt": item.updated_at,
    }


def without_nulls(json: Json) -> Json:
    """What REST answers to a read."""
    return {key: value for key, value in json.items() if value is not None}


_NULL_WHEN_WRITTEN = frozenset({"defaultValue", "options", "imageIdentifierFieldMetadataId"})


def _written(json: Json) -> Json:
    """What REST answers to a write: a few properties are there even when they are null."""
    return {k: v for k, v in json.items() if v is not None or k in _NULL_WHEN_WRITTEN}


def rest_field(model: DataModel, field: Field, *, written: bool = False) -> Json:
    """A field as REST answers it."""
    return (_written if written else without_nulls)(field_json(model, field))


def rest_object(model: DataModel, item: Object, *, written: bool = False, with_fields: bool = True) -> Json:
    """An object as REST answers it, a deleted one without its fields."""
    whole = (_written if written else without_nulls)(object_json(model, item))
    if with_fields:
        whole["fields"] = [rest_field(model, field) for field in item.fields.values()]
    return whole
