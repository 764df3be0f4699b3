"""What a field of the workspace's data model is, and which columns of the record table hold it.

Belongs here: the immutable description of one field (`FieldSpec`), the sub-fields of composite types, and
the mapping from a field to database columns. Does not belong here: values (see `values`), the life of the data
model (see `metadata`), relations (their join columns, such as `companyId`, belong to the record engine).

Column names are Twenty's own, because they show in error messages and must not collide with field names:
a plain field is a column of the same name, a composite field one column for each sub-field, named field name
+ sub-field name with a capital (`emails` + `primaryEmail` -> `emailsPrimaryEmail`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Storage = Literal["TEXT", "INTEGER", "REAL", "JSON"]
"""How SQLite keeps a column. JSON is a TEXT column that holds a JSON document (or NULL)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a SELECT, MULTI_SELECT or RATING field."""

    id: str
    value: str
    label: str
    color: str | None
    position: float


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of one object, as far as values are concerned.

    `default_value` is in the notation of the metadata API: texts are quoted inside (`"'NEW'"`), a bare `"now"`
    or `"uuid"` is a function, composite types have an object of such values.
    """

    name: str
    type: str
    object_name: str
    is_nullable: bool = True
    default_value: object = None
    options: tuple[Option, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One database column of a field; `sub_field` is None for plain types."""

    name: str
    storage: Storage
    sub_field: str | None = None


@dataclass(frozen=True, slots=True)
class SubField:
    """One part of a composite type. `type` is the plain field type whose rules it follows."""

    name: str
    type: str
    storage: Storage
    in_unique_key: bool = False


def _texts(*names: str) -> tuple[SubField, ...]:
    return tuple(SubField(name, "TEXT", "TEXT") for name in names)


COMPOSITES: Mapping[str, tuple[SubField, ...]] = {
    "FULL_NAME": _texts("firstName", "lastName"),
    "EMAILS": (
        SubField("primaryEmail", "TEXT", "TEXT", in_unique_key=True),
        SubField("additionalEmails", "RAW_JSON", "JSON"),
    ),
    "PHONES": (
        SubField("primaryPhoneNumber", "TEXT", "TEXT", in_unique_key=True),
        SubField("primaryPhoneCountryCode", "TEXT", "TEXT", in_unique_key=True),
        SubField("primaryPhoneCallingCode", "TEXT", "TEXT", in_unique_key=True),
        SubField("additionalPhones", "RAW_JSON", "JSON"),
    ),
    "LINKS": (
        SubField("primaryLinkLabel", "TEXT", "TEXT"),
        SubField("primaryLinkUrl", "TEXT", "TEXT", in_unique_key=True),
        SubField("secondaryLinks", "RAW_JSON", "JSON"),
    ),
    "CURRENCY": (SubField("amountMicros", "NUMERIC", "INTEGER"), SubField("currencyCode", "TEXT", "TEXT")),
    "ADDRESS": (
        *_texts("addressStreet1", "addressStreet2", "addressCity", "addressPostcode"),
        *_texts("addressState", "addressCountry"),
        SubField("addressLat", "NUMERIC", "REAL"),
        SubField("addressLng", "NUMERIC", "REAL"),
    ),
    "RICH_TEXT": _texts("blocknote", "markdown"),
    "ACTOR": (
        SubField("source", "SELECT", "TEXT"),
        SubField("workspaceMemberId", "UUID", "TEXT"),
        SubField("name", "TEXT", "TEXT"),
        SubField("context", "RAW_JSON", "JSON"),
    ),
}
"""Sub-fields of the composite types, in the order in which Twenty answers them."""

PLAIN_STORAGE: Mapping[str, Storage] = {
    "ARRAY": "JSON",
    "BOOLEAN": "INTEGER",
    "DATE": "TEXT",
    "DATE_TIME": "TEXT",
    "FILES": "JSON",
    "MULTI_SELECT": "JSON",
    "NUMBER": "REAL",
    "NUMERIC": "REAL",
    "POSITION": "REAL",
    "RATING": "TEXT",
    "RAW_JSON": "JSON",
    "SELECT": "TEXT",
    "TEXT": "TEXT",
    "TS_VECTOR": "TEXT",
    "UUID": "TEXT",
}

RELATION_TYPES = frozenset({"RELATION", "MORPH_RELATION"})


def is_composite(field_type: str) -> bool:
    """Whether values of the type are objects with sub-fields that have columns of their own."""
    return field_type in COMPOSITES


def column_name(field_name: str, sub_field: str) -> str:
    """Column of a sub-field: `column_name("emails", "primaryEmail") == "emailsPrimaryEmail"`."""
    return f"{field_name}{sub_field[0].upper()}{sub_field[1:]}"


def columns(spec: FieldSpec) -> tuple[ColumnSpec, ...]:
    """The columns that hold a field, in the order of `COMPOSITES`; none for relations.

    Raises KeyError for a type that Twenty does not have.
    """
    if spec.type in COMPOSITES:
        return tuple(
            ColumnSpec(column_name(spec.name, part.name), part.storage, part.name) for part in COMPOSITES[spec.type]
        )
    if spec.type in RELATION_TYPES:
        return ()
    return (ColumnSpec(spec.name, PLAIN_STORAGE[spec.type]),)


def unique_columns(spec: FieldSpec) -> tuple[str, ...]:
    """The columns under the unique index of a field when `isUnique` is set.

    Additional e-mails and secondary links are not covered; three columns together make a phone unique.
    """
    if spec.type in COMPOSITES:
        return tuple(column_name(spec.name, part.name) for part in COMPOSITES[spec.type] if part.in_unique_key)
    return tuple(column.name for column in columns(spec))
