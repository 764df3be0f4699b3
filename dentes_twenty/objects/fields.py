"""How a staged row becomes the fields of a record: transforms and the declaration that binds them.

Belongs here: pure functions from one staged row (with the facts that planning added to it) to the value that goes
over the wire, each with the columns it reads (for lineage, the field diff and the docs) and a sentence that says what
it does. Does not belong here: anything that looks at more than one row (package `migration`).

Wire values: CURRENCY {amountMicros: int, currencyCode}; PHONES, EMAILS, LINKS, ADDRESS, FULL_NAME as whole composites;
DATE "yyyy-MM-dd"; DATE_TIME "yyyy-MM-ddTHH:mm:ss.000Z"; RICH_TEXT {markdown}; None means empty.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from dentes_twenty.objects.choices import Choices
from dentes_twenty.objects.source import Report
from dentes_twenty.objects.target import FieldType, LinkObject, Option, RelationTo, TargetField, TargetObject

Row = Mapping[str, Any]
RAW = "__raw"  # suffix of the staged column that keeps the text of a cell which could not be read or mapped


class Context(Protocol):
    """What a transform may ask beside its row: the practice's settings and the ids of other records."""

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the practice's wall times."""
        ...

    @property
    def currency(self) -> str:
        """ISO code of amounts that name none."""
        ...

    @property
    def language(self) -> str:
        """ "en" or "tr": of the names and labels that the migration makes."""
        ...

    def record_id(self, source_object: str, source_id: str) -> str:
        """The id in Twenty of a row that lands (an adopted record keeps its own)."""
        ...

    def member_id(self, provider_id: str) -> str | None:
        """The workspace member who stands for a provider; None when nobody does."""
        ...


@dataclasses.dataclass(frozen=True)
class Transform:
    """`columns` are what it reads, `says` is the sentence for people, `compute` gives the wire value."""

    columns: tuple[str, ...]
    says: str
    compute: Callable[[Row, Context], Any]


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of the destination with its transform."""

    target: TargetField
    transform: Transform


@dataclasses.dataclass(frozen=True)
class Link:
    """A join record beside the record itself: `source` names the link's column that points back at the record,
    `to` the column that points at the record of `object` whose source id stands in `column`."""

    join: LinkObject
    source: str
    to: str
    object: str
    column: str


@dataclasses.dataclass(frozen=True)
class SourceObject:
    """The declaration of one source object: everything else derives from it.

    `name` is the prefix of `sourceSystemId`. `rank` sorts objects that share one destination: what comes first may be
    pointed at by what follows. `created` is the column that sets Twenty's own `createdAt`. `made_from` names the
    reports whose rows planning makes this object's rows from, where `report` alone does not hold them.
    """

    name: str
    label: str
    report: Report
    target: TargetObject
    fields: tuple[Field, ...]
    links: tuple[Link, ...] = ()
    created: str | None = None
    rank: int = 0
    not_moved: tuple[str, ...] = ()
    made_from: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the reports that its rows come from."""
        return self.made_from or (self.report.name,)

    @cached_property
    def computers(self) -> tuple[tuple[str, Callable[[Row, Context], Any]], ...]:
        """Wire name and transform of each field, made ready for millions of rows."""
        return tuple((field.target.wire_name, field.transform.compute) for field in self.fields)

    @property
    def scope(self) -> str:
        """Twenty object and source object: two forms are two scopes."""
        return f"{self.target.singular}/{self.name}"

    @property
    def self_relations(self) -> tuple[str, ...]:
        """Wire names of the relations to the object's own kind."""
        return tuple(
            f.target.wire_name
            for f in self.fields
            if f.target.relation is not None and f.target.relation.object == self.target.singular
        )


# ---
# Transforms
# ---


def instant(moment: dt.datetime | None) -> str | None:
    """A UTC instant as Twenty answers it, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def day_start(day: dt.date | None, zone: ZoneInfo) -> str | None:
    """The first moment of a calendar day in the practice's zone, as an instant."""
    return None if day is None else instant(dt.datetime.combine(day, dt.time(), tzinfo=zone))


def micros(amount: Decimal) -> int:
    """CURRENCY micros of an amount with at most six decimals (the reader has rounded and reported the rest)."""
    return int(amount.scaleb(6).to_integral_value())


def currency_value(amount: Decimal | None, code: str) -> dict[str, Any] | None:
    """The CURRENCY composite; a blank amount is empty, zero is zero (AMBIGUITIES 26)."""
    return None if amount is None else {"amountMicros": micros(amount), "currencyCode": code}


def phones_value(numbers: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
    """The PHONES composite: first number primary, the rest additional, each number once."""
    unique = list({(n["calling"], n["number"]): n for n in reversed(numbers)}.values())[::-1]
    if not unique:
        return None
    first, *rest = unique
    return {
        "primaryPhoneNumber": first["number"],
        "primaryPhoneCountryCode": first["country"],
        "primaryPhoneCallingCode": first["calling"],
        "additionalPhones": [
            {"number": n["number"], "countryCode": n["country"], "callingCode": n["calling"]} for n in rest
        ]
        or None,
    }


def emails_value(primary: str | None, additional: Sequence[str] = ()) -> dict[str, Any] | None:
    """The EMAILS composite; None when there is no address at all."""
    if not primary:
        return None
    return {"primaryEmail": primary, "additionalEmails": list(additional) or None}


def link_value(url: str | None) -> dict[str, Any] | None:
    """The LINKS composite of one address."""
    return {"primaryLinkUrl": url, "primaryLinkLabel": None, "secondaryLinks": None} if url else None


def split_name(full: str) -> tuple[str, str]:
    """Last word is the last name (data-model.md, patient); a single word is a first name."""
    words = full.split()
    return (" ".join(words[:-1]), words[-1]) if len(words) > 1 else (full.strip(), "")


def name_value(first: str | None, last: str | None) -> dict[str, Any] | None:
    """The FULL_NAME composite."""
    return {"firstName": first or "", "lastName": last or ""} if first or last else None


def column(name: str, says: str = "as given") -> Transform:
    """The staged value as it is (text, number, boolean)."""
    return Transform((name,), says, lambda row, ctx: row.get(name))


def number(name: str) -> Transform:
    """A decimal as a JSON number; Twenty stores floating point, the reader kept at most six decimals."""

    def compute(row: Row, ctx: Context) -> int | float | None:
        value = row.get(name)
        if value is None:
            return None
        return int(value) if value == int(value) else float(value)

    return Transform((name,), "as a number", compute)


def text_or(name: str, made: str, *, key: str | None = None) -> Transform:
    """The text, else a made one, in English for every practice (AMBIGUITIES 61); `{}` in it stands for the `key`."""

    def compute(row: Row, ctx: Context) -> str:
        return row.get(name) or (made.format(row[key]) if key else made)

    return Transform((name,), f'as given, else "{made}"', compute)


def money(name: str, currency: str | None = None) -> Transform:
    """Amount in micros; currency of the row if it names one, else the practice's."""

    def compute(row: Row, ctx: Context) -> dict[str, Any] | None:
        code = row.get(currency) if currency else None
        return currency_value(row.get(name), code or ctx.currency)

    return Transform((name, currency) if currency else (name,), "exact amount in micros", compute)


def date(name: str) -> Transform:
    """A calendar day."""

    def compute(row: Row, ctx: Context) -> str | None:
        day = row.get(name)
        return day.isoformat() if day else None

    return Transform((name,), "calendar day, ISO", compute)


def moment(name: str) -> Transform:
    """A UTC instant (the reader has converted the practice's wall time)."""
    return Transform((name,), "wall time of the practice as an instant", lambda row, ctx: instant(row.get(name)))


def start_of_day(name: str) -> Transform:
    """A calendar day in a DATE_TIME field: midnight in the practice's zone (AMBIGUITIES 17)."""
    return Transform(
        (name,), "midnight of that day in the practice's zone", lambda row, ctx: day_start(row.get(name), ctx.zone)
    )


def raw_of(name: str) -> Transform:
    """The file's own text, only where the word did not map or the cell could not be read."""
    return Transform((name,), "the raw text, only where it could not be mapped", lambda row, ctx: row.get(name + RAW))


def constant(value: Any, says: str) -> Transform:
    """The same for every record."""
    return Transform((), says, lambda row, ctx: value)


def markdown(name: str) -> Transform:
    """Rich text from Markdown."""
    return Transform((name,), "as Markdown", lambda row, ctx: {"markdown": row[name]} if row.get(name) else None)


def address(street: str, district: str, city: str, postcode: str | None, country: str | None) -> Transform:
    """The ADDRESS composite, whole."""
    columns = tuple(c for c in (street, district, city, postcode, country) if c)

    def compute(row: Row, ctx: Context) -> dict[str, Any] | None:
        if not any(row.get(c) for c in columns):
            return None
        return {
            "addressStreet1": row.get(street),
            "addressStreet2": row.get(district),
            "addressCity": row.get(city),
            "addressState": None,
            "addressPostcode": row.get(postcode) if postcode else None,
            "addressCountry": row.get(country) if country else None,
            "addressLat": None,
            "addressLng": None,
        }

    return Transform(columns, "street, district, city, postcode, country", compute)


def phones(*names: str) -> Transform:
    """All numbers of the columns in their order: the first is primary."""

    def compute(row: Row, ctx: Context) -> dict[str, Any] | None:
        return phones_value([number for name in names for number in row.get(name) or ()])

    return Transform(names, "parsed numbers, the first is primary", compute)


def unparsed(*names: str) -> Transform:
    """The texts of the cells that could not be read, one per line."""

    def compute(row: Row, ctx: Context) -> str | None:
        return "\n".join(row[name + RAW] for name in names if row.get(name + RAW)) or None

    return Transform(names, "the raw text of what could not be read", compute)


def relation(name: str, to: str) -> Transform:
    """The record of the row that the column points at."""

    def compute(row: Row, ctx: Context) -> str | None:
        source_id = row.get(name)
        return ctx.record_id(to, source_id) if source_id else None

    return Transform((name,), f"link to {to}", compute)


def keyed_relation(fact: str, columns: tuple[str, ...], says: str) -> Transform:
    """The record whose `<source object>:<source id>` planning has put into the row under `fact`."""

    def compute(row: Row, ctx: Context) -> str | None:
        key = row.get(fact)
        if not key:
            return None
        source_object, _, source_id = key.partition(":")
        return ctx.record_id(source_object, source_id)

    return Transform(columns, says, compute)


def member(*names: str) -> Transform:
    """The workspace member of the first provider named."""

    def compute(row: Row, ctx: Context) -> str | None:
        for name in names:
            if row.get(name):
                return ctx.member_id(row[name])
        return None

    return Transform(names, "workspace member of the provider", compute)


# ---
# Fields: short constructors, so that a declaration reads like the table in data-model.md
# ---


def field(
    name: str,
    type_: FieldType,
    label: str,
    transform: Transform,
    *,
    standard: bool = False,
    unique: bool = False,
    options: Choices | tuple[Option, ...] = (),
    to: RelationTo | None = None,
    description: str = "",
) -> Field:
    """One line of a declaration. `standard` marks Twenty's own field."""
    listed = options.options if isinstance(options, Choices) else options
    target = TargetField(name, type_, label, standard, unique, listed, to, description)
    return Field(target, transform)


def source_key(prefix: str, key: str) -> Field:
    """`sourceSystemId` = `<source object>:<source id>`, unique in the workspace."""
    return field(
        "sourceSystemId",
        FieldType.TEXT,
        "Source system ID",
        Transform((key,), f'"{prefix}:" and the id', lambda row, ctx: f"{prefix}:{row[key]}"),
        unique=True,
        description="Where this record came from: source object and id in Dr.DENTES.",
    )


def original_create_date(name: str) -> Field:
    """The source's own creation moment."""
    return field("originalCreateDate", FieldType.DATE_TIME, "Original create date", moment(name))


def choice(name: str, label: str, column_name: str, choices: Choices, *, standard: bool = False) -> Field:
    """A SELECT field of the mapped word."""
    return field(name, FieldType.SELECT, label, column(column_name, "mapped word"), standard=standard, options=choices)


def choice_raw(name: str, label: str, column_name: str) -> Field:
    """`<field>Raw`: the word itself where it did not map."""
    return field(f"{name}Raw", FieldType.TEXT, f"{label} (raw)", raw_of(column_name))


def extended(declaration: SourceObject, extra: Sequence[Field]) -> SourceObject:
    """The declaration with the custom fields that a practice wants for columns that nobody declared."""
    if not extra:
        return declaration
    target = dataclasses.replace(declaration.target, fields=(*declaration.target.fields, *(f.target for f in extra)))
    return dataclasses.replace(declaration, fields=(*declaration.fields, *extra), target=target)
