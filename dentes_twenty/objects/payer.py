"""3. Insurance payer -> Company (data-model.md, 3)."""

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import address_columns, contact_columns
from dentes_twenty.objects.company import company_target, name_field, office_fields
from dentes_twenty.objects.fields import SourceObject, column, constant, field, source_key
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType

PAYER_TYPE = Choices(Choice("INSURANCE_PAYER", "Insurance Payer", "Sigorta Kurumu", (), "turquoise"))

REPORT = Report(
    name="payer",
    titles=("Sigorta Kurumları", "Anlaşmalı Kurumlar", "Sigortalar", "Sigorta", "Payers", "Insurers", "Carriers"),
    key="payer_id",
    columns=(
        Column(
            "payer_id",
            Kind.ID,
            ("Sigorta No", "Anlaşmalı Kurum No", "Sigorta Kodu", "Sigorta Kurum No", "Payer ID", "Carrier ID"),
            required=True,
        ),
        Column(
            "name",
            Kind.TEXT,
            ("Sigorta Adı", "Kurum Adı", "Sigorta Kurumu", "Anlaşmalı Kurum Adı", "Payer name", "Name"),
        ),
        Column("payer_code", Kind.ID, ("Sigorta Kısa Kodu", "Sigorta Kodu", "Kurum Kodu", "Kısa Kod", "Payer code")),
        *address_columns(),
        *contact_columns(),
    ),
)

FIELDS = (
    source_key("payer", "payer_id"),
    name_field("name"),
    field("payerCode", FieldType.TEXT, "Payer code", column("payer_code")),
    field(
        "payerType",
        FieldType.SELECT,
        "Payer type",
        constant("INSURANCE_PAYER", "always Insurance Payer"),
        options=PAYER_TYPE,
    ),
    *office_fields("postcode", "country"),
)

DECLARATION = SourceObject(
    name="payer",
    label="Insurance payers",
    report=REPORT,
    target=company_target(FIELDS),
    fields=FIELDS,
    rank=1,
    not_moved=("SGK/MEDULA references",),
)
