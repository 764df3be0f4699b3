"""The data model of the workspace: its objects and their fields, as metadata, not as tables.

Belongs here: what an object and a field are, and looking them up. Does not belong here: the rules for changing
the model (see `metadata`), the tables behind it (see `tables`), values (see `values`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dentes_twenty.sandbox.casing import capital
from dentes_twenty.sandbox.fieldspec import RELATION_TYPES, FieldSpec, Option

Json = dict[str, Any]

MANY_TO_ONE = "MANY_TO_ONE"
ONE_TO_MANY = "ONE_TO_MANY"


@dataclass(slots=True)
class Field:
    """One field of an object. Relations name the object and the field on their other side."""

    id: str
    object_id: str
    name: str
    type: str
    label: str
    description: str | None = None
    icon: str | None = None
    is_custom: bool = False
    is_system: bool = False
    is_active: bool = True
    is_nullable: bool = True
    is_unique: bool = False
    is_ui_editable: bool = True
    is_label_synced: bool = False
    default_value: Any = None
    options: list[Json] | None = None
    settings: Json | None = None
    target_object_id: str | None = None
    target_field_id: str | None = None
    morph_id: str | None = None
    universal_identifier: str = ""
    created_at: str = ""
    updated_at: str = ""

    @property
    def is_relation(self) -> bool:
        return self.type in RELATION_TYPES

    @property
    def relation_type(self) -> str | None:
        """MANY_TO_ONE, ONE_TO_MANY or None for fields that are no relation."""
        return (self.settings or {}).get("relationType") if self.is_relation else None

    @property
    def join_column(self) -> str | None:
        """The column that holds the id of the related record (`companyId`), on the to-one side only."""
        return (self.settings or {}).get("joinColumnName") if self.is_relation else None

    @property
    def cascades(self) -> bool:
        """Whether destroying the related record destroys this one."""
        return (self.settings or {}).get("onDelete") == "CASCADE"

    def spec(self, object_name: str) -> FieldSpec:
        """The field as the rules for values see it."""
        options = tuple(
            Option(o["id"], o["value"], o["label"], o.get("color"), o.get("position", 0)) for o in self.options or ()
        )
        return FieldSpec(
            name=self.name,
            type=self.type,
            object_name=object_name,
            is_nullable=self.is_nullable,
            default_value=self.default_value,
            options=options,
            settings=self.settings or {},
            is_unique=self.is_unique,
        )


@dataclass(slots=True)
class Object:
    """One object (a kind of record) with its fields by name, in the order in which they were made."""

    id: str
    name_singular: str
    name_plural: str
    label_singular: str
    label_plural: str
    description: str | None = None
    icon: str | None = None
    shortcut: str | None = None
    color: str | None = None
    is_custom: bool = False
    is_system: bool = False
    is_active: bool = True
    is_searchable: bool = False
    is_ui_editable: bool = True
    is_ui_creatable: bool = True
    is_label_synced: bool = False
    label_field_id: str | None = None
    image_field_id: str | None = None
    duplicate_criteria: list[list[str]] | None = None
    universal_identifier: str = ""
    created_at: str = ""
    updated_at: str = ""
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def capital(self) -> str:
        """The singular name with a capital, as in `createCompany` and `targetCompany`."""
        return capital(self.name_singular)

    @property
    def capital_plural(self) -> str:
        """The plural name with a capital."""
        return capital(self.name_plural)

    @property
    def relation_name(self) -> str:
        """The name of the table in Twenty's database, which shows in its messages."""
        return f"_{self.name_singular}" if self.is_custom else self.name_singular


class DataModel:
    """All objects of the workspace. `version` grows with every change, so that caches know when to start over."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects: dict[str, Object] = {}
        self.by_singular: dict[str, Object] = {}
        self.by_plural: dict[str, Object] = {}
        self.fields: dict[str, Field] = {}
        self.version = 0
        self.workspace_id = ""
        for item in objects:
            self.add_object(item)

    def application_id(self, is_custom: bool) -> str:
        """Twenty's way to tell the standard objects and fields from those of the workspace."""
        namespace = uuid.UUID(self.workspace_id)
        return str(uuid.uuid5(namespace, "custom" if is_custom else "standard"))

    def __iter__(self) -> Iterator[Object]:
        return iter(self.objects.values())

    def add_object(self, item: Object) -> None:
        """Add an object together with its fields."""
        self.objects[item.id] = item
        self.by_singular[item.name_singular] = item
        self.by_plural[item.name_plural] = item
        self.fields.update((f.id, f) for f in item.fields.values())
        self.version += 1

    def remove_object(self, item: Object) -> None:
        """Remove an object with its fields; fields of other objects that point at it stay the caller's task."""
        del self.objects[item.id], self.by_singular[item.name_singular], self.by_plural[item.name_plural]
        for own in item.fields.values():
            self.fields.pop(own.id, None)
        self.version += 1

    def rename_object(self, item: Object, singular: str, plural: str) -> None:
        """Give an object other names."""
        del self.by_singular[item.name_singular], self.by_plural[item.name_plural]
        item.name_singular, item.name_plural = singular, plural
        self.by_singular[singular] = self.by_plural[plural] = item
        self.version += 1

    def add_field(self, new: Field) -> None:
        """Add a field to the object it names."""
        self.objects[new.object_id].fields[new.name] = new
        self.fields[new.id] = new
        self.version += 1

    def remove_field(self, old: Field) -> None:
        """Remove one field."""
        self.objects[old.object_id].fields.pop(old.name, None)
        self.fields.pop(old.id, None)
        self.version += 1

    def target(self, relation: Field) -> Object:
        """The object on the other side of a relation."""
        return self.objects[relation.target_object_id or ""]

    def pointing_at(self, item: Object) -> Iterator[tuple[Object, Field]]:
        """Every to-one relation (join column) that points at the object, with the object that has it."""
        for other in self.objects.values():
            for candidate in other.fields.values():
                if candidate.target_object_id == item.id and candidate.join_column:
                    yield other, candidate
