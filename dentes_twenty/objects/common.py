"""Parts that several declarations share: id columns, contact columns, and the destination of shared objects.

Belongs here: what would otherwise stand in two object files. Nothing here is a declaration of its own.
"""

from __future__ import annotations

from dentes_twenty.objects.source import Column, Kind, OnBad, Reference

PATIENT_ID_HEADERS = (
    "Dosya No", "Hasta No", "Hasta Kodu", "Hasta ID", "Hasta Dosya No", "Protokol No",
    "Patient ID", "Patient No", "Patient", "Chart No",
)  # fmt: skip
PROVIDER_HEADERS = (
    "Hekim", "Dişhekimi", "Diş Hekimi", "Hekim No", "Hekim Kodu", "Doktor", "Hekim Adı", "Personel No",
    "Provider", "Provider ID", "Dentist",
)  # fmt: skip
CREATED_HEADERS = ("Kayıt Tarihi", "Kayıt Zamanı", "Oluşturma Tarihi", "Açılış Tarihi", "Created", "Created at")
NOTE_HEADERS = ("Açıklama", "Not", "Notlar", "Note", "Notes", "Comment", "Remark")
CURRENCY_HEADERS = ("Para Birimi", "Döviz", "Currency")
TOOTH_HEADERS = ("Diş No", "Diş", "Diş Kodu", "Diş Numarası", "Tooth", "Tooth no")
STATUS_HEADERS = ("Durum", "Durumu", "Status", "State")


def patient_reference(*, required: bool = True) -> Column:
    """The patient a row belongs to. A required one that is blank or unknown quarantines the row (AMBIGUITIES 9)."""
    return Column(
        "patient_id", Kind.ID, PATIENT_ID_HEADERS, required=required, reference=Reference("patient", required=True)
    )


def provider_reference(name: str = "provider_id", *extra: str) -> Column:
    """The provider of a row; may hold a name. Unknown: the row lands without the link."""
    return Column(name, Kind.ID, (*extra, *PROVIDER_HEADERS), reference=Reference("provider", by_name=True))


def address_columns() -> tuple[Column, ...]:
    """Street, district, city, postcode, country."""
    return (
        Column("address", Kind.TEXT, ("Adres", "Ev Adresi", "Açık Adres", "Address", "Street")),
        Column("district", Kind.TEXT, ("İlçe", "Semt", "District", "County")),
        Column("city", Kind.TEXT, ("İl", "Şehir", "City", "Town")),
        Column("postcode", Kind.ID, ("Posta Kodu", "PK", "Postcode", "Postal code", "Zip")),
        Column("country", Kind.TEXT, ("Ülke", "Country")),
    )


def contact_columns() -> tuple[Column, ...]:
    """Phone, e-mail and web site of an office."""
    return (
        Column("phone", Kind.PHONE, ("Telefon", "Tel", "Telefon No", "Phone", "Telephone")),
        Column("email", Kind.EMAIL, ("E-posta", "E-posta Adresi", "Mail", "Email", "E-mail")),
        Column("website", Kind.URL, ("Web", "Web Adresi", "Web Sitesi", "İnternet Sitesi", "Website", "URL")),
    )


def amount(name: str, *headers: str, essential: bool = True) -> Column:
    """An amount of money; an essential one that cannot be read quarantines the row (AMBIGUITIES 23)."""
    return Column(name, Kind.MONEY, headers, on_bad=OnBad.QUARANTINE if essential else OnBad.EMPTY)


def currency_column() -> Column:
    """ISO code of the row's amounts; blank means the practice's currency (AMBIGUITIES 27)."""
    return Column("currency", Kind.CURRENCY, CURRENCY_HEADERS)
