"""2. Practice / branch / referring office -> Company (data-model.md, 2)."""

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import address_columns, contact_columns
from dentes_twenty.objects.company import company_target, name_field, office_fields
from dentes_twenty.objects.fields import SourceObject, choice, choice_raw, column, field, source_key
from dentes_twenty.objects.source import Column, Kind, OnBad, Report
from dentes_twenty.objects.target import FieldType

PRACTICE_TYPE = Choices(
    Choice("OWN_CLINIC", "Own clinic", "Merkez", ("Kendi Kliniğimiz", "Ana Klinik", "Own", "Main"), "green"),
    Choice("BRANCH", "Branch", "Şube", (), "blue"),
    Choice("REFERRING_OFFICE", "Referring office", "Sevk Eden", ("Sevk Eden Kurum", "Sevk", "Referring"), "purple"),
)

REPORT = Report(
    name="practice",
    titles=("Kurumlar", "Klinikler", "Kurum", "Şubeler", "Sevk Eden Kurumlar", "Practices", "Offices"),
    key="practice_id",
    columns=(
        Column(
            "practice_id",
            Kind.ID,
            ("Kurum No", "Klinik No", "Kurum Kodu", "Klinik Kodu", "Practice ID", "Office ID"),
            required=True,
        ),
        Column("name", Kind.TEXT, ("Kurum Adı", "Klinik Adı", "Kurum", "Practice name", "Office name", "Name")),
        Column(
            "kind",
            Kind.CHOICE,
            ("Tür", "Türü", "Kurum Türü", "Kurum Tipi", "Type", "Kind"),
            values=PRACTICE_TYPE.words,
            on_bad=OnBad.UNKNOWN,
        ),
        *address_columns(),
        *contact_columns(),
        Column("npi", Kind.ID, ("Tescil No", "Kurum Tescil No", "NPI", "Licence no")),
        Column("specialty", Kind.TEXT, ("Uzmanlık", "Branş", "Specialty")),
        Column("tax_office", Kind.TEXT, ("Vergi Dairesi", "Tax office")),
        Column("tax_no", Kind.ID, ("Vergi No", "Vergi Numarası", "VKN", "Tax no", "Tax number")),
    ),
)

FIELDS = (
    source_key("practice", "practice_id"),
    name_field("name"),
    choice("practiceType", "Practice type", "kind", PRACTICE_TYPE),
    choice_raw("practiceType", "Practice type", "kind"),
    *office_fields("postcode", "country"),
    field("npi", FieldType.TEXT, "Licence number", column("npi")),
    field("specialty", FieldType.TEXT, "Specialty", column("specialty")),
    field("taxOffice", FieldType.TEXT, "Tax office", column("tax_office")),
    field("taxNumber", FieldType.TEXT, "Tax number", column("tax_no")),
)

DECLARATION = SourceObject(
    name="practice",
    label="Practices and referring offices",
    report=REPORT,
    target=company_target(FIELDS),
    fields=FIELDS,
    rank=0,
)
