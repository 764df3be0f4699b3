"""How standard objects are declared: a flat, readable list of fields with their relations by name.

Belongs here: the declaration types and short constructors. Does not belong here: any particular object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CASCADE = "CASCADE"
SET_NULL = "SET_NULL"


@dataclass(frozen=True, slots=True)
class F:
    """A field: name, type, label and what differs from a plain, nullable, editable field."""

    name: str
    type: str
    label: str
    description: str | None = None
    icon: str | None = None
    nullable: bool = True
    unique: bool = False
    system: bool = False
    default: Any = None
    options: tuple[tuple[str, str, str], ...] = ()
    """(value, label, colour) in order; ids and positions are made for the workspace."""
    settings: dict[str, Any] | None = None
    target: str | None = None
    inverse: str | None = None
    morph: str | None = None
    """To-one fields of one object with the same text here are the targets of one morph relation."""


@dataclass(frozen=True, slots=True)
class Obj:
    """An object with the fields that come on top of the base fields every object has."""

    singular: str
    plural: str
    label: str
    labels: str
    description: str
    icon: str
    label_field: str
    fields: tuple[F, ...]
    system: bool = False
    searchable: bool = False
    shortcut: str | None = None
    image_field: str | None = None
    duplicates: tuple[tuple[str, ...], ...] = field(default=())


def to_one(name: str, label: str, target: str, inverse: str, *, on_delete: str = SET_NULL, **more: Any) -> F:
    """The side of a relation with the join column `<name>Id`."""
    settings = {"onDelete": on_delete, "relationType": "MANY_TO_ONE", "joinColumnName": f"{name}Id"}
    return F(name, "RELATION", label, settings=settings, target=target, inverse=inverse, **more)


def to_many(name: str, label: str, target: str, inverse: str, **more: Any) -> F:
    """The other side of a relation."""
    return F(
        name,
        "RELATION",
        label,
        settings={"relationType": "ONE_TO_MANY"},
        target=target,
        inverse=inverse,
        **more,
    )


def morph(target: str, inverse: str, *, on_delete: str = CASCADE) -> F:
    """One target of the morph relation `target`: the column is `target<Object>Id`."""
    name = f"target{target[0].upper()}{target[1:]}"
    settings = {"onDelete": on_delete, "relationType": "MANY_TO_ONE", "joinColumnName": f"{name}Id"}
    return F(
        name,
        "MORPH_RELATION",
        "Target",
        icon="IconArrowUpRight",
        settings=settings,
        target=target,
        inverse=inverse,
        morph="target",
    )


ACTOR_DEFAULT = {"name": "'System'", "source": "'MANUAL'", "context": None, "workspaceMemberId": None}

RELATIVE = {"displayFormat": "RELATIVE"}

BASE_FIELDS = (
    F("id", "UUID", "Id", "Id", "Icon123", nullable=False, system=True, default="uuid"),
    F(
        "createdAt",
        "DATE_TIME",
        "Creation date",
        "Creation date",
        "IconCalendar",
        nullable=False,
        system=True,
        default="now",
        settings=RELATIVE,
    ),
    F(
        "updatedAt",
        "DATE_TIME",
        "Last update",
        "Last time the record was changed",
        "IconCalendarClock",
        nullable=False,
        system=True,
        default="now",
        settings=RELATIVE,
    ),
    F(
        "deletedAt",
        "DATE_TIME",
        "Deleted at",
        "Date when the record was deleted",
        "IconCalendarMinus",
        system=True,
        settings=RELATIVE,
    ),
    F(
        "createdBy",
        "ACTOR",
        "Created by",
        "The creator of the record",
        "IconCreativeCommonsSa",
        nullable=False,
        system=True,
        default=ACTOR_DEFAULT,
    ),
    F(
        "updatedBy",
        "ACTOR",
        "Updated by",
        "The workspace member who last updated the record",
        "IconUserCircle",
        nullable=False,
        system=True,
        default=ACTOR_DEFAULT,
    ),
    F(
        "position",
        "POSITION",
        "Position",
        "Position",
        "IconHierarchy2",
        nullable=False,
        system=True,
        default=0,
    ),
    F(
        "searchVector",
        "TS_VECTOR",
        "Search vector",
        "Field used for full-text search",
        "IconUser",
        system=True,
        settings={"generatedType": "STORED"},
    ),
)
"""What every object has, custom ones included."""
