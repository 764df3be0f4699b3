"""Makes the data model of a new workspace, and the first fields of custom objects, from the data files."""

from __future__ import annotations

import copy
import json
import uuid
from functools import cache
from importlib import resources
from typing import Any

from dentes_twenty.sandbox.model import DataModel, Field, Object

Json = dict[str, Any]

ACTOR_DEFAULT = {"name": "'System'", "source": "'MANUAL'", "context": None, "workspaceMemberId": None}
"""The default that an ACTOR field made by a client gets."""


@cache
def _declared(file: str) -> list[Json]:
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    declared: list[Json] = json.loads(text)
    return declared


def new_id() -> str:
    """A fresh id; Twenty makes metadata ids of version 4, different in every workspace."""
    return str(uuid.uuid4())


def make_field(declared: Json, object_id: str, now: str, *, is_custom: bool = False) -> Field:
    """The field of a declaration, without the other side of its relation."""
    return Field(
        id=new_id(),
        object_id=object_id,
        name=declared["name"],
        type=declared["type"],
        label=declared["label"],
        description=declared.get("description"),
        icon=declared.get("icon"),
        is_custom=is_custom,
        is_system=declared.get("isSystem", False),
        is_active=declared.get("isActive", True),
        is_nullable=declared.get("isNullable", True),
        is_unique=declared.get("isUnique", False),
        is_ui_editable=declared.get("isUIEditable", True),
        default_value=copy.deepcopy(declared.get("defaultValue")),
        options=copy.deepcopy(declared.get("options")),
        settings=copy.deepcopy(declared.get("settings")),
        morph_id=declared.get("morphId"),
        universal_identifier=declared.get("universalIdentifier") or new_id(),
        created_at=now,
        updated_at=now,
    )


def _make_object(declared: Json, now: str) -> Object:
    made = Object(
        id=new_id(),
        name_singular=declared["nameSingular"],
        name_plural=declared["namePlural"],
        label_singular=declared["labelSingular"],
        label_plural=declared["labelPlural"],
        description=declared.get("description"),
        icon=declared.get("icon"),
        shortcut=declared.get("shortcut"),
        is_system=declared.get("isSystem", False),
        is_searchable=declared.get("isSearchable", False),
        is_ui_editable=declared.get("isUIEditable", True),
        is_ui_creatable=declared.get("isUICreatable", True),
        duplicate_criteria=declared.get("duplicateCriteria"),
        universal_identifier=declared["universalIdentifier"],
        created_at=now,
        updated_at=now,
    )
    for item in declared["fields"]:
        made.fields[item["name"]] = make_field(item, made.id, now)
    made.label_field_id = made.fields[declared["labelIdentifier"]].id
    if "imageIdentifier" in declared:
        made.image_field_id = made.fields[declared["imageIdentifier"]].id
    return made


def standard_model(now: str) -> DataModel:
    """The data model of a fresh workspace; `now` is the ISO time of its birth."""
    declarations = _declared("objects.json")
    objects = {declared["nameSingular"]: _make_object(declared, now) for declared in declarations}
    for declared in declarations:
        own = objects[declared["nameSingular"]]
        for item in declared["fields"]:
            if "target" in item:
                target = objects[item["target"]]
                own.fields[item["name"]].target_object_id = target.id
                own.fields[item["name"]].target_field_id = target.fields[item["inverse"]].id
    return DataModel(list(objects.values()))


def custom_fields(object_id: str, now: str, *, with_name: bool) -> list[Field]:
    """The plain fields that a custom object starts with."""
    return [
        make_field(declared, object_id, now, is_custom=True)
        for declared in _declared("custom_object.json")
        if "target" not in declared and (with_name or declared["name"] != "name")
    ]


def custom_links(object_id: str, now: str) -> list[tuple[Field, str]]:
    """The to-many fields that a custom object starts with, each with the name of the object on its other side."""
    return [
        (make_field(declared, object_id, now, is_custom=True), declared["target"])
        for declared in _declared("custom_object.json")
        if "target" in declared
    ]
