"""The workspace's data model, read from its metadata: objects, fields, options with ids, relations, join columns.

Belongs here: the description, and look-ups that hide how versions differ (target columns, rich text type). Does not
belong here: reading it from a server (`metadata`), changing it (`provision`), values (`values`).

Nothing is decided by version number: names and types are taken from what the workspace says of itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from dentes_twenty.twenty.errors import ModelMismatch

COMPOSITE_PARTS: Mapping[str, tuple[str, ...]] = {
    "FULL_NAME": ("firstName", "lastName"),
    "EMAILS": ("primaryEmail", "additionalEmails"),
    "PHONES": ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode", "additionalPhones"),
    "LINKS": ("primaryLinkUrl", "primaryLinkLabel", "secondaryLinks"),
    "CURRENCY": ("amountMicros", "currencyCode"),
    "ADDRESS": (
        "addressStreet1",
        "addressStreet2",
        "addressCity",
        "addressState",
        "addressPostcode",
        "addressCountry",
        "addressLat",
        "addressLng",
    ),
    "RICH_TEXT": ("blocknote", "markdown"),
    "ACTOR": ("source", "workspaceMemberId", "name", "context"),
    "FILES": ("fileId", "label", "extension", "url"),
}
"""Parts of composite types, all of which are selected together."""

UNIQUE_PARTS: Mapping[str, tuple[str, ...]] = {
    "EMAILS": ("primaryEmail",),
    "LINKS": ("primaryLinkUrl",),
    "PHONES": ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode"),
}
"""Parts that make the unique key of a composite type (twenty-api, 2.6)."""

_SAME_TYPE = {"RICH_TEXT_V2": "RICH_TEXT"}
"""Types that 1.x names differently."""


@dataclasses.dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option of a SELECT or MULTI_SELECT field. Without its id an option sent back empties its rows."""

    id: str | None
    value: str
    label: str
    color: str | None
    position: float


@dataclasses.dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field. `type` is that of Twenty 2.x.

    `relation_kind`: MANY_TO_ONE, ONE_TO_MANY or "". `relation_to`: singular names of the objects pointed at, empty
    where the metadata do not tell (REST). `join_column`: key in a record of a MANY_TO_ONE relation to one object.
    `inverse`: name of the field on the other side.
    """

    id: str
    name: str
    type: str
    label: str
    is_active: bool = True
    is_system: bool = False
    is_nullable: bool = True
    is_unique: bool = False
    options: tuple[OptionInfo, ...] = ()
    relation_kind: str = ""
    relation_to: tuple[str, ...] = ()
    join_column: str | None = None
    inverse: str | None = None
    default: Any = None

    @property
    def option_values(self) -> tuple[str, ...]:
        """The values of the options in their order."""
        return tuple(option.value for option in self.options)


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object with its fields by name."""

    id: str
    singular: str
    plural: str
    label: str
    label_plural: str
    fields: Mapping[str, FieldInfo]
    is_active: bool = True
    is_system: bool = False
    columns: Mapping[str, FieldInfo] = dataclasses.field(init=False, repr=False, compare=False)
    """Fields by the key they have in a record: a relation by its join column, a morph relation by several."""

    def __post_init__(self) -> None:
        columns = {column: field for field in self.fields.values() for column in record_keys(field)}
        object.__setattr__(self, "columns", columns)

    def field(self, name: str) -> FieldInfo:
        """The field of that name, or the relation with that join column. Raises ModelMismatch."""
        field = self.fields.get(name) or self.columns.get(name)
        if field is None:
            raise ModelMismatch(f"Field {self.singular}.{name}")
        return field

    @property
    def unique_fields(self) -> tuple[FieldInfo, ...]:
        """Unique fields besides the id; upserts match by them, in this order of names."""
        return tuple(f for _, f in sorted(self.fields.items()) if f.is_unique and f.name != "id" and f.is_active)


@dataclasses.dataclass(frozen=True, slots=True)
class WorkspaceModel:
    """The data model of one workspace. Objects by singular name."""

    objects: Mapping[str, ObjectInfo]

    def object(self, singular: str) -> ObjectInfo:
        """The object of that name. Raises ModelMismatch."""
        found = self.objects.get(singular)
        if found is None:
            raise ModelMismatch(f"Object {singular}")
        return found

    def link_column(self, link: str, target: str) -> str:
        """Key of the target in a record of a link object: `targetPersonId` in 2.x, `personId` in 1.x.

        `link` is taskTarget, noteTarget or attachment, `target` the singular name of what it points at.
        Raises ModelMismatch where the link object cannot point there.
        """
        named = self.object(link).columns
        for column, field in named.items():
            if target in field.relation_to and (
                len(field.relation_to) == 1 or column == morph_column(field.name, target)
            ):
                return column
        for column in (morph_column("target", target), f"{target}Id"):
            if column in named:
                return column
        raise ModelMismatch(f"Field {link}.{morph_column('target', target)}")

    def fingerprint(self) -> str:
        """SHA-256 of names, types, options, uniqueness and relations. Ids, labels and icons do not count.

        Two workspaces with the same model have the same fingerprint, and a rollback brings it back.
        """
        digest = hashlib.sha256()
        for name, item in sorted(self.objects.items()):
            fields = [
                (
                    *(f.name, f.type, f.is_unique, f.is_nullable, f.is_active, f.option_values),
                    *(f.relation_kind, sorted(f.relation_to), sorted(record_keys(f))),
                )
                for _, f in sorted(item.fields.items())
            ]
            digest.update(orjson.dumps((name, item.plural, item.is_active, fields)))
        return digest.hexdigest()


def capital(name: str) -> str:
    """First letter upper case, as Twenty does in names of operations and join columns."""
    return name[:1].upper() + name[1:]


def morph_column(field: str, target: str) -> str:
    """Join column of a morph relation: `target` to `person` is `targetPersonId`."""
    return f"{field}{capital(target)}Id"


def record_keys(field: FieldInfo) -> tuple[str, ...]:
    """Keys that a field has in a record: its name, the join column of a relation, none for the to-many side.

    GraphQL folds the targets of a morph relation into one field (`target`) and tells the join column of one of them;
    REST lists a field for each target (`targetPerson`) and tells no targets. [metadata-graphql]
    """
    if field.type not in ("RELATION", "MORPH_RELATION"):
        return (field.name,)
    if field.relation_kind == "ONE_TO_MANY":
        return ()
    if field.type == "MORPH_RELATION" and field.relation_to and field.join_column != f"{field.name}Id":
        return tuple(morph_column(field.name, target) for target in field.relation_to)
    return (field.join_column or f"{field.name}Id",)


def parse_model(objects: Iterable[Mapping[str, Any]]) -> WorkspaceModel:
    """The model from metadata objects as GraphQL (`fieldsList`) or REST (`fields`) give them."""
    parsed = (_parse_object(entry) for entry in objects)
    return WorkspaceModel({item.singular: item for item in parsed})


def _parse_object(entry: Mapping[str, Any]) -> ObjectInfo:
    fields = entry.get("fieldsList")
    fields = fields if isinstance(fields, list) else entry.get("fields") or []
    parsed = {field.name: field for field in map(parse_field, fields)}
    return ObjectInfo(
        id=str(entry["id"]),
        singular=str(entry["nameSingular"]),
        plural=str(entry["namePlural"]),
        label=str(entry.get("labelSingular") or entry["nameSingular"]),
        label_plural=str(entry.get("labelPlural") or entry["namePlural"]),
        fields=parsed,
        is_active=entry.get("isActive") is not False,
        is_system=bool(entry.get("isSystem")),
    )


def parse_field(raw: Mapping[str, Any]) -> FieldInfo:
    """One field as the metadata API describes it; properties that REST leaves out count as null."""
    kind = str(raw["type"])
    settings, relation = _dict(raw.get("settings")), _dict(raw.get("relation"))
    morphs: list[Mapping[str, Any]] = [m for m in raw.get("morphRelations") or () if isinstance(m, dict)]
    targets = [_singular(m.get("targetObjectMetadata")) for m in morphs or [relation]]
    return FieldInfo(
        id=str(raw["id"]),
        name=str(raw["name"]),
        type=_SAME_TYPE.get(kind, kind),
        label=str(raw.get("label") or raw["name"]),
        is_active=raw.get("isActive") is not False,
        is_system=bool(raw.get("isSystem")),
        is_nullable=raw.get("isNullable") is not False,
        is_unique=bool(raw.get("isUnique")),
        options=tuple(_options(raw.get("options"))),
        relation_kind=str(settings.get("relationType") or relation.get("type") or ""),
        relation_to=tuple(t for t in targets if t),
        join_column=settings.get("joinColumnName") or None,
        inverse=_dict(relation.get("targetFieldMetadata")).get("name"),
        default=raw.get("defaultValue"),
    )


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _singular(entry: Any) -> str | None:
    return str(entry["nameSingular"]) if isinstance(entry, dict) and entry.get("nameSingular") else None


def _options(raw: Any) -> Iterable[OptionInfo]:
    entries = [o for o in raw or () if isinstance(o, dict)]
    for index, option in enumerate(sorted(entries, key=lambda o: o.get("position") or 0)):
        position = option.get("position")
        yield OptionInfo(
            id=option.get("id"),
            value=str(option.get("value")),
            label=str(option.get("label") or option.get("value")),
            color=option.get("color"),
            position=float(index if position is None else position),
        )
