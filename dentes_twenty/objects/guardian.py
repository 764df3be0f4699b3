"""5. Guardian and emergency contact -> Person (data-model.md, 5; AMBIGUITIES 31-38).

The rows of this object are made by planning: it collects the contact columns of the patient file and the rows of a
guardian file, finds who is the same person, and gives one row for each contact who is no patient.
"""

from __future__ import annotations

from dentes_twenty.objects.common import patient_reference
from dentes_twenty.objects.fields import (
    Context,
    Field,
    Row,
    SourceObject,
    Transform,
    choice,
    choice_raw,
    column,
    field,
    keyed_relation,
    name_value,
    phones,
    relation,
    source_key,
    split_name,
    unparsed,
)
from dentes_twenty.objects.person import GUARDIAN_RELATIONSHIP, email_fields, person_target, role_field
from dentes_twenty.objects.source import Column, Kind, OnBad, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject

REPORT = Report(
    name="guardian",
    titles=("Hasta Yakını", "Hasta Yakınları", "Veliler", "Guardians", "Contacts"),
    key="guardian_id",
    columns=(
        Column(
            "guardian_id",
            Kind.ID,
            ("Hasta Yakını Kodu", "Yakın No", "Veli No", "Hasta Yakını No", "Guardian ID", "Contact ID"),
            required=True,
        ),
        patient_reference(),
        Column(
            "name", Kind.NAME, ("Ad Soyad", "Adı Soyadı", "Yakın Adı", "Veli Adı", "Name", "Full name"), required=True
        ),
        Column("phone", Kind.PHONE, ("Telefon", "Tel", "Cep Telefonu", "Phone", "Mobile")),
        Column("email", Kind.EMAIL, ("E-posta", "E-posta Adresi", "Mail", "Email", "E-mail")),
        Column(
            "relation",
            Kind.CHOICE,
            ("Yakınlık", "Yakınlık Derecesi", "Yakınlığı", "Relation", "Relationship"),
            values=GUARDIAN_RELATIONSHIP.words,
            on_bad=OnBad.UNKNOWN,
        ),
    ),
)

CONTACT_OBJECT = "@object"  # fact of planning: "guardian" or "emergency", the prefix of the first mention


def _key(row: Row, ctx: Context) -> str:
    return f"{row[CONTACT_OBJECT]}:{row['guardian_id']}"


def _name(row: Row, ctx: Context) -> object:
    return name_value(*split_name(row["name"]))


FIELDS = (
    Field(
        source_key("guardian", "guardian_id").target,
        Transform(("guardian_id",), '"guardian:" or "emergency:" and the id of the first mention', _key),
    ),
    field(
        "name",
        FieldType.FULL_NAME,
        "Name",
        Transform(("name",), "as first written; the last word is the last name", _name),
        standard=True,
    ),
    *email_fields("email"),
    field("unparsedEmail", FieldType.TEXT, "Unparsed email", unparsed("email")),
    field("phones", FieldType.PHONES, "Phones", phones("phone"), standard=True),
    field("unparsedPhone", FieldType.TEXT, "Unparsed phone", unparsed("phone")),
    role_field("relation"),
)

DECLARATION = SourceObject(
    name="guardian",
    label="Guardians and emergency contacts",
    report=REPORT,
    target=person_target(FIELDS),
    fields=FIELDS,
    rank=0,
    made_from=("patient", "guardian"),
)

CONTACT_KEY = "@contact"  # fact of planning: "patient:<id>" or "guardian:<id>" of the further guardian

PATIENT_CONTACT_FIELDS = (
    source_key("contact", "guardian_id"),
    field("name", FieldType.TEXT, "Name", column("name", "name of the contact"), standard=True),
    field(
        "patient",
        FieldType.RELATION,
        "Patient",
        relation("patient_id", "patient"),
        to=RelationTo("person", "Further contacts"),
    ),
    field(
        "contact",
        FieldType.RELATION,
        "Contact",
        keyed_relation(CONTACT_KEY, ("name", "phone", "email"), "link to the contact person"),
        to=RelationTo("person", "Contact for"),
    ),
    choice("relationship", "Relationship", "relation", GUARDIAN_RELATIONSHIP),
    choice_raw("relationship", "Relationship", "relation"),
)

# Only when some patient has more than one guardian: the further ones are linked here, so that no link is lost.
PATIENT_CONTACT = SourceObject(
    name="contact",
    label="Further guardians",
    report=REPORT,
    target=TargetObject(
        "patientContact",
        "patientContacts",
        "Patient contact",
        "Patient contacts",
        False,
        tuple(f.target for f in PATIENT_CONTACT_FIELDS),
        "IconUsers",
        "Further guardians of a patient.",
    ),
    fields=PATIENT_CONTACT_FIELDS,
    made_from=("patient", "guardian"),
)
