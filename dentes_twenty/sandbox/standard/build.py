"""Makes the data model of a new workspace from the declarations: ids, options, both sides of relations."""

from __future__ import annotations

import copy
import uuid

from dentes_twenty.sandbox.model import DataModel, Field, Object
from dentes_twenty.sandbox.standard import activities, automation, mail, sales
from dentes_twenty.sandbox.standard.declare import BASE_FIELDS, F, Obj

DECLARATIONS = (*sales.OBJECTS, *activities.OBJECTS, *mail.OBJECTS, *automation.OBJECTS)


def new_id() -> str:
    """A fresh id; Twenty makes metadata ids of version 4, different in every workspace."""
    return str(uuid.uuid4())


def make_field(declared: F, object_id: str, now: str, *, is_custom: bool = False) -> Field:
    """The field of a declaration, without the other side of its relation."""
    options = [
        {"id": new_id(), "color": color, "label": label, "value": value, "position": position}
        for position, (value, label, color) in enumerate(declared.options)
    ]
    return Field(
        id=new_id(),
        object_id=object_id,
        name=declared.name,
        type=declared.type,
        label=declared.label,
        description=declared.description,
        icon=declared.icon,
        is_custom=is_custom,
        is_system=declared.system,
        is_nullable=declared.nullable,
        is_unique=declared.unique,
        is_ui_editable=not declared.system,
        default_value=copy.deepcopy(declared.default),
        options=options or None,
        settings=copy.deepcopy(declared.settings),
        universal_identifier=new_id(),
        created_at=now,
        updated_at=now,
    )


def _make_object(declared: Obj, now: str) -> Object:
    made = Object(
        id=new_id(),
        name_singular=declared.singular,
        name_plural=declared.plural,
        label_singular=declared.label,
        label_plural=declared.labels,
        description=declared.description,
        icon=declared.icon,
        shortcut=declared.shortcut,
        is_system=declared.system,
        is_searchable=declared.searchable,
        duplicate_criteria=[list(names) for names in declared.duplicates] or None,
        universal_identifier=new_id(),
        created_at=now,
        updated_at=now,
    )
    for item in (*BASE_FIELDS, *declared.fields):
        made.fields[item.name] = make_field(item, made.id, now)
    made.label_field_id = made.fields[declared.label_field].id
    if declared.image_field:
        made.image_field_id = made.fields[declared.image_field].id
    return made


def _connect(declared: Obj, objects: dict[str, Object]) -> None:
    own = objects[declared.singular]
    morphs: dict[str, str] = {}
    for item in declared.fields:
        if item.target is None:
            continue
        relation, other = own.fields[item.name], objects[item.target]
        relation.target_object_id = other.id
        if item.morph:
            relation.morph_id = morphs.setdefault(item.morph, new_id())
            relation.target_field_id = other.fields[item.inverse or ""].id
        elif item.inverse in other.fields:
            relation.target_field_id = other.fields[item.inverse].id
        else:  # the other side is a morph relation: its field for this object
            singular = declared.singular
            name = f"{item.inverse}{singular[0].upper()}{singular[1:]}"
            relation.target_field_id = other.fields[name].id


def standard_model(now: str) -> DataModel:
    """The data model of a fresh workspace; `now` is the ISO time of its birth."""
    objects = {declared.singular: _make_object(declared, now) for declared in DECLARATIONS}
    for declared in DECLARATIONS:
        _connect(declared, objects)
    return DataModel(list(objects.values()))
