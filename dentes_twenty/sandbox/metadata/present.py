"""Objects and fields as the metadata APIs answer them.

REST leaves out null properties when it reads and keeps them when it answers a write (settings excepted); there is no
isCustom. GraphQL takes the same values and selects from them.
"""

from __future__ import annotations

from typing import Any

from dentes_twenty.sandbox.model import Field, Object

Json = dict[str, Any]


def field_json(field: Field) -> Json:
    """All properties of a field."""
    return {
        "id": field.id,
        "universalIdentifier": field.universal_identifier,
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


def object_json(item: Object) -> Json:
    """All properties of an object except its fields."""
    return {
        "id": item.id,
        "universalIdentifier": item.universal_identifier,
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


def rest_field(field: Field, *, written: bool = False) -> Json:
    """A field as REST answers it."""
    whole = field_json(field)
    if not written:
        return without_nulls(whole)
    if whole["settings"] is None:
        del whole["settings"]
    return whole


def rest_object(item: Object, *, written: bool = False) -> Json:
    """An object with its fields as REST answers it."""
    whole = object_json(item) if written else without_nulls(object_json(item))
    whole["fields"] = [rest_field(field) for field in item.fields.values()]
    return whole
