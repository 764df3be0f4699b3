"""The destination that patients and their contacts share: Twenty's person."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.fields import Context, Field, Row, Transform, emails_value, field
from dentes_twenty.objects.target import FieldType, TargetObject

EMAIL_OWN = "@email"  # fact of planning: this person holds the address as primary e-mail
EMAIL_MORE = "@more_emails"  # fact of planning: further addresses of the same person
EMAIL_SHARED = "@shared_email"  # fact of planning: an earlier person holds it
ROLES = "@roles"  # fact of planning: list of PERSON_ROLE values
GUARDIAN = "@guardian"  # fact of planning: "patient:<id>" or "guardian:<id>" of the first guardian
EMERGENCY = "@emergency"  # fact of planning: the same for the emergency contact
RELATIVE_PHONES = "@relative_phones"  # fact of planning: contact numbers that came without a name

PERSON_ROLE = Choices(
    Choice("PATIENT", "Patient", "Hasta", (), "blue"),
    Choice("GUARDIAN", "Guardian", "Veli", (), "green"),
    Choice("EMERGENCY_CONTACT", "Emergency contact", "Acil durum kişisi", (), "red"),
)
GUARDIAN_RELATIONSHIP = Choices(
    Choice(
        "PARENT",
        "Parent",
        "Ebeveyn",
        ("Anne", "Annesi", "Baba", "Babası", "Anne/Baba", "Veli", "Mother", "Father"),
        "green",
    ),
    Choice("SPOUSE", "Spouse", "Eş", ("Eşi", "Karısı", "Kocası", "Husband", "Wife", "Partner"), "pink"),
    Choice("CHILD", "Child", "Çocuk", ("Oğlu", "Kızı", "Oğul", "Kız", "Çocuğu", "Son", "Daughter"), "sky"),
    Choice(
        "SIBLING", "Sibling", "Kardeş", ("Kardeşi", "Abi", "Abla", "Ağabey", "Abisi", "Ablası", "Brother", "Sister")
    ),
    Choice(
        "GRANDPARENT",
        "Grandparent",
        "Büyükanne/Büyükbaba",
        (
            "Büyükanne", "Büyükbaba", "Anneanne", "Babaanne", "Dede", "Nine", "Dedesi", "Grandmother", "Grandfather",
        ),
        "orange",
    ),
    Choice("OTHER", "Other", "Diğer", ("Akraba", "Arkadaş", "Vasi", "Relative", "Friend", "Legal guardian")),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor"),
    fallback="UNKNOWN",
)  # fmt: skip


def person_target(fields: tuple[Field, ...]) -> TargetObject:
    """Twenty's person with the fields that one source object writes."""
    return TargetObject("person", "people", "Person", "People", True, tuple(f.target for f in fields))


def _own(row: Row, ctx: Context) -> object:
    more = row.get(EMAIL_MORE) or ()
    return emails_value(row.get(EMAIL_OWN), more) if row.get(EMAIL_OWN) else None


def _shared(row: Row, ctx: Context) -> object:
    if not row.get(EMAIL_SHARED):
        return None
    return ", ".join((row[EMAIL_SHARED], *(row.get(EMAIL_MORE) or ())))


def _roles(row: Row, ctx: Context) -> object:
    return list(row[ROLES])


def email_fields(*columns: str) -> tuple[Field, ...]:
    """Primary e-mail (unique in the workspace) for its first holder, a text field for everybody else."""
    return (
        field(
            "emails",
            FieldType.EMAILS,
            "Emails",
            Transform(columns, "the first person in source order holds it", _own),
            standard=True,
            unique=True,
        ),
        field(
            "sharedEmail",
            FieldType.TEXT,
            "Shared email",
            Transform(columns, "only where another person holds it", _shared),
        ),
    )


def role_field(*columns: str) -> Field:
    """What this person is to the practice."""
    return field(
        "personRole",
        FieldType.MULTI_SELECT,
        "Person role",
        Transform(columns, "patient, guardian, emergency contact", _roles),
        options=PERSON_ROLE,
    )
