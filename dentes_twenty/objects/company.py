"""The destination that practices, payers and suppliers share: Twenty's company."""

from __future__ import annotations

from dentes_twenty.objects.fields import (
    Context,
    Field,
    Row,
    Transform,
    address,
    column,
    emails_value,
    field,
    link_value,
    phones,
    unparsed,
)
from dentes_twenty.objects.target import FieldType, TargetObject

WEBSITE_OWN = "@website"  # fact of planning: the address that this company holds as its own
WEBSITE_SHARED = "@shared_website"  # fact of planning: the address that an earlier company holds already


def company_target(fields: tuple[Field, ...]) -> TargetObject:
    """Twenty's company with the fields that one source object writes."""
    return TargetObject("company", "companies", "Company", "Companies", True, tuple(f.target for f in fields))


def name_field(name: str) -> Field:
    """The company's name."""
    return field("name", FieldType.TEXT, "Name", column(name), standard=True)


def office_fields(postcode: str | None, country: str | None) -> tuple[Field, ...]:
    """Address, phone, e-mail and web site of an office."""

    def emails(row: Row, ctx: Context) -> object:
        return emails_value(row.get("email"))

    def own_site(row: Row, ctx: Context) -> object:
        return link_value(row.get(WEBSITE_OWN))

    def shared_site(row: Row, ctx: Context) -> object:
        return row.get(WEBSITE_SHARED)

    return (
        field(
            "address",
            FieldType.ADDRESS,
            "Address",
            address("address", "district", "city", postcode, country),
            standard=True,
        ),
        field("phone", FieldType.PHONES, "Phone", phones("phone")),
        field("unparsedPhone", FieldType.TEXT, "Unparsed phone", unparsed("phone")),
        field("email", FieldType.EMAILS, "Email", Transform(("email",), "validated, lower case", emails)),
        field("unparsedEmail", FieldType.TEXT, "Unparsed email", unparsed("email")),
        field(
            "domainName",
            FieldType.LINKS,
            "Domain Name",
            Transform(("website",), "first company with this site holds it", own_site),
            standard=True,
            unique=True,
        ),
        field(
            "sharedWebsite",
            FieldType.TEXT,
            "Shared website",
            Transform(("website",), "only where an earlier company holds the site", shared_site),
        ),
    )
