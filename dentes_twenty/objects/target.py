"""Destination side of a declaration: the Twenty objects and fields that the migration writes.

Belongs here: value types that say what a field in Twenty is called and what it holds. Does not belong here:
how a value is computed (`fields.py`), how it is sent or compared (package `twenty`).
Names follow data-model.md and are binding; field types are those of Twenty 2.x.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum


class FieldType(StrEnum):
    """Twenty's field types that the migration writes (`type` in the metadata API)."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATE_TIME = "DATE_TIME"
    SELECT = "SELECT"
    MULTI_SELECT = "MULTI_SELECT"
    CURRENCY = "CURRENCY"
    PHONES = "PHONES"
    EMAILS = "EMAILS"
    LINKS = "LINKS"
    ADDRESS = "ADDRESS"
    FULL_NAME = "FULL_NAME"
    RICH_TEXT = "RICH_TEXT"
    RELATION = "RELATION"
    FILES = "FILES"


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One choice of a SELECT or MULTI_SELECT field.

    `value` is Twenty's UPPER_SNAKE name; `label` is what people read (no comma, at most 63 characters);
    `label_tr` is the Turkish label, used when the practice asks for `labels: tr`.
    """

    value: str
    label: str
    label_tr: str = ""
    color: str = "gray"


@dataclasses.dataclass(frozen=True, slots=True)
class RelationTo:
    """A MANY_TO_ONE relation: the object pointed at, and the label of the inverse field there.

    Twenty names the inverse field after its label in camel case, so two relations to one object need two labels.
    """

    object: str
    inverse_label: str


@dataclasses.dataclass(frozen=True, slots=True)
class TargetField:
    """One field of a Twenty object that the migration writes.

    `standard` marks Twenty's own field: it is never created, but its missing options are added.
    """

    name: str
    type: FieldType
    label: str
    standard: bool = False
    unique: bool = False
    options: tuple[Option, ...] = ()
    relation: RelationTo | None = None
    description: str = ""
    icon: str = ""

    @property
    def wire_name(self) -> str:
        """The key in a record as sent and answered: a relation goes by its join column (`companyId`)."""
        return f"{self.name}Id" if self.type is FieldType.RELATION else self.name


@dataclasses.dataclass(frozen=True, slots=True)
class TargetObject:
    """One Twenty object with the fields that the migration writes into it."""

    singular: str
    plural: str
    label: str
    label_plural: str
    standard: bool
    fields: tuple[TargetField, ...]
    icon: str = ""
    description: str = ""

    def field(self, name: str) -> TargetField:
        """Raises KeyError when the object has no such field."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


@dataclasses.dataclass(frozen=True, slots=True)
class LinkObject:
    """A join object of Twenty's own (taskTarget, noteTarget, attachment): plural name for its mutations."""

    singular: str
    plural: str


TASK_TARGET = LinkObject("taskTarget", "taskTargets")
NOTE_TARGET = LinkObject("noteTarget", "noteTargets")
ATTACHMENT = LinkObject("attachment", "attachments")
