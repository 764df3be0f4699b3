"""1. Provider / staff -> Workspace Member: matched by e-mail, never created (data-model.md, 1)."""

from dentes_twenty.objects.choices import ACTIVE
from dentes_twenty.objects.common import STATUS_HEADERS
from dentes_twenty.objects.fields import SourceObject, column, field, source_key
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType, TargetObject

REPORT = Report(
    name="provider",
    titles=("Personel", "Hekimler", "Personel Listesi", "Hekim Listesi", "Kullanıcılar", "Staff", "Providers"),
    key="provider_id",
    columns=(
        Column(
            "provider_id",
            Kind.ID,
            ("Hekim No", "Personel No", "Personel Kodu", "Hekim Kodu", "Sicil No", "Provider ID", "Staff ID"),
            required=True,
        ),
        Column("first_name", Kind.NAME, ("Adı", "Ad", "First", "First name")),
        Column("last_name", Kind.NAME, ("Soyadı", "Soyad", "Last", "Last name")),
        Column("email", Kind.EMAIL, ("E-posta", "E-posta Adresi", "Mail", "Email", "E-mail")),
        Column("role", Kind.TEXT, ("Görev", "Görevi", "Unvan", "Role", "Job title")),
        Column("specialty", Kind.TEXT, ("Uzmanlık", "Uzmanlık Alanı", "Branş", "Specialty")),
        Column(
            "npi",
            Kind.ID,
            ("Tescil No", "Diploma No", "Diploma Tescil No", "NPI", "Licence no", "License no"),
        ),
        Column("active", Kind.BOOLEAN, (*STATUS_HEADERS, "Aktiflik Bilgisi", "Aktif", "Active"), values=ACTIVE),
    ),
)

FIELDS = (
    source_key("provider", "provider_id"),
    field("jobTitle", FieldType.TEXT, "Job title", column("role", "only where it is empty in Twenty"), standard=True),
    field("specialty", FieldType.TEXT, "Specialty", column("specialty")),
    field("npi", FieldType.TEXT, "Licence number", column("npi")),
)

DECLARATION = SourceObject(
    name="provider",
    label="Providers and staff",
    report=REPORT,
    target=TargetObject(
        "workspaceMember", "workspaceMembers", "Workspace Member", "Workspace Members", True,
        tuple(f.target for f in FIELDS),
    ),
    fields=FIELDS,
    not_moved=("passwords and logins",),
)  # fmt: skip
