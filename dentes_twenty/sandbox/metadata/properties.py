"""The properties of metadata requests: required ones, their types, and the messages when they are wrong.

This is the first check of Twenty's REST API; its answer is a list of messages and looks unlike all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dentes_twenty.sandbox.errors import BadProperties, PlainFailure
from dentes_twenty.sandbox.metadata.ids import is_uuid

FIELD_TYPES = [
    "ACTOR",
    "ADDRESS",
    "ARRAY",
    "BOOLEAN",
    "CURRENCY",
    "DATE",
    "DATE_TIME",
    "EMAILS",
    "FILES",
    "FULL_NAME",
    "LINKS",
    "MORPH_RELATION",
    "MULTI_SELECT",
    "NUMBER",
    "NUMERIC",
    "PHONES",
    "POSITION",
    "RATING",
    "RAW_JSON",
    "RELATION",
    "RICH_TEXT",
    "SELECT",
    "TEXT",
    "TS_VECTOR",
    "UUID",
]

OBJECT_NAMES = ("nameSingular", "namePlural")
OBJECT_LABELS = ("labelSingular", "labelPlural")
OPTIONAL_TEXTS = ("description", "icon", "shortcut", "color")
OPTIONAL_FLAGS = ("isActive", "isLabelSyncedWithName", "isNullable", "isUnique", "isUIEditable")


def object_properties(body: Any, *, creating: bool) -> Mapping[str, Any]:
    """The properties of an object. Raises BadProperties."""
    sent = _mapping(body)
    messages = []
    for name in (*OBJECT_NAMES, *OBJECT_LABELS):
        if creating or sent.get(name) is not None:
            found = _text_messages(name, sent, is_name=name in OBJECT_NAMES)
            # An update takes an empty label this far: the rules of the data model refuse it.
            messages += [] if not creating and sent.get(name) == "" and name in OBJECT_LABELS else found
    return _checked(sent, messages + _optional_messages(sent))


def field_properties(body: Any, *, creating: bool) -> Mapping[str, Any]:
    """The properties of a field. Raises BadProperties, and PlainFailure for options or settings of a wrong type."""
    sent = _mapping(body)
    messages = []
    if creating and not is_uuid(sent.get("objectMetadataId")):
        messages.append("objectMetadataId must be a UUID")
    if creating:
        if sent.get("type") in (None, ""):
            messages.append("type should not be empty")
        if sent.get("type") not in FIELD_TYPES:
            messages.append(f"type must be one of the following values: {', '.join(FIELD_TYPES)}")
    for name in ("name", "label"):
        if creating or sent.get(name) is not None:
            messages += _text_messages(name, sent, is_name=name == "name")
    _checked(sent, messages + _optional_messages(sent))
    if sent.get("options") is not None and not isinstance(sent["options"], list):
        raise PlainFailure("options?.map is not a function")
    if sent.get("settings") is not None and not isinstance(sent["settings"], Mapping):
        key = "junctionTargetFieldUniversalIdentifier"
        raise PlainFailure(f"Cannot use 'in' operator to search for '{key}' in {sent['settings']}")
    return sent


def _mapping(body: Any) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {}


def _checked(sent: Mapping[str, Any], messages: list[str]) -> Mapping[str, Any]:
    if messages:
        raise BadProperties(messages)
    return sent


def _text_messages(name: str, sent: Mapping[str, Any], *, is_name: bool) -> list[str]:
    value = sent.get(name)
    if value is None:
        return [f"{name} should not be empty", f"{name} must be a string"]
    if not isinstance(value, str):
        return [f"{name} must be a string"]
    if not value:
        failed = [f"{name} has failed the name validation check"] if is_name else []
        return [*failed, f"{name} should not be empty"]
    return []


def _optional_messages(sent: Mapping[str, Any]) -> list[str]:
    texts = [
        f"{name} must be a string"
        for name in OPTIONAL_TEXTS
        if sent.get(name) is not None and not isinstance(sent[name], str)
    ]
    flags = [
        f"{name} must be a boolean value"
        for name in OPTIONAL_FLAGS
        if sent.get(name) is not None and not isinstance(sent[name], bool)
    ]
    return texts + flags
