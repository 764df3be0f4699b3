"""4. Patient -> Person (data-model.md, 4), with the guardian and emergency columns of the patient file (5)."""

from __future__ import annotations

from dentes_twenty.objects.choices import YES_NO, Choice, Choices
from dentes_twenty.objects.common import CREATED_HEADERS, STATUS_HEADERS, address_columns, amount, provider_reference
from dentes_twenty.objects.fields import (
    Context,
    Row,
    SourceObject,
    Transform,
    address,
    choice,
    choice_raw,
    column,
    date,
    field,
    keyed_relation,
    member,
    moment,
    money,
    name_value,
    original_create_date,
    phones,
    phones_value,
    relation,
    source_key,
    split_name,
    unparsed,
)
from dentes_twenty.objects.person import (
    EMERGENCY,
    GUARDIAN,
    GUARDIAN_RELATIONSHIP,
    RELATIVE_PHONES,
    email_fields,
    person_target,
    role_field,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Reference, Report
from dentes_twenty.objects.target import FieldType, RelationTo

GENDER = Choices(
    Choice("FEMALE", "Female", "Kadın", ("K", "Bayan", "Kız", "F", "Woman"), "pink"),
    Choice("MALE", "Male", "Erkek", ("E", "Bay", "M", "Man"), "blue"),
    Choice("OTHER", "Other", "Diğer", ("Diger",)),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor", ("Belirtilmemiş", "U")),
    fallback="UNKNOWN",
)
PATIENT_STATUS = Choices(
    Choice("ACTIVE", "Active", "Aktif", ("A", "Devam Ediyor"), "green"),
    Choice("INACTIVE", "Inactive", "Pasif", ("P",), "gray"),
    Choice("ARCHIVED", "Archived", "Arşiv", ("Arşivlendi", "Arşivde"), "brown"),
    Choice("DECEASED", "Deceased", "Vefat", ("Vefat Etti", "Ölü", "Ex", "Dead"), "purple"),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor", (), "orange"),
    fallback="UNKNOWN",
)

REPORT = Report(
    name="patient",
    titles=("Hastalar", "Hasta Listesi", "Hasta Kartları", "Hasta", "Patients", "Patient list"),
    key="patient_id",
    optional=False,
    one_of=((("full_name",), ("first_name", "last_name")),),
    columns=(
        Column(
            "patient_id",
            Kind.ID,
            ("Dosya No", "Hasta No", "Hasta Kodu", "Hasta Dosya No", "Protokol No", "Patient ID", "Patient No"),
            required=True,
        ),
        Column("full_name", Kind.NAME, ("Ad Soyad", "Adı Soyadı", "Hasta Adı Soyadı", "Full name", "Name")),
        Column("first_name", Kind.NAME, ("Adı", "Ad", "Hasta Adı", "İsim", "First", "First name", "Given name")),
        Column("last_name", Kind.NAME, ("Soyadı", "Soyad", "Hasta Soyadı", "Last", "Last name", "Surname")),
        Column(
            "national_id",
            Kind.ID,
            ("T.C. Kimlik No", "TC Kimlik No", "TC Kimlik Numarası", "TC No", "TCKN", "Kimlik No", "National ID"),
        ),
        Column(
            "birth_date",
            Kind.DATE,
            ("Doğum Tarihi", "D.Tarihi", "Doğum Tar.", "Birth date", "Date of birth", "DOB"),
            future_is_bad=True,
        ),
        Column(
            "gender", Kind.CHOICE, ("Cinsiyet", "Cinsiyeti", "Gender", "Sex"), values=GENDER.words, on_bad=OnBad.UNKNOWN
        ),
        Column("mobile", Kind.PHONE, ("Cep Telefonu", "Cep Tel", "Cep", "GSM", "Mobil", "Mobile", "Cell")),
        Column("home_phone", Kind.PHONE, ("Ev Telefonu", "Ev Tel", "Telefon", "Home phone", "Phone")),
        Column("work_phone", Kind.PHONE, ("İş Telefonu", "İş Tel", "Work phone", "Office phone")),
        Column("email", Kind.EMAIL, ("E-posta", "E-posta Adresi", "Mail", "Email", "E-mail")),
        *address_columns(),
        Column("occupation", Kind.TEXT, ("Meslek", "Mesleği", "İş", "Occupation", "Job")),
        Column(
            "referring_practice_id",
            Kind.ID,
            ("Sevk Eden Kurum", "Sevk Eden", "Sevk Eden Kurum Kodu", "Referring practice", "Referred by"),
            reference=Reference("practice", by_name=True),
        ),
        provider_reference("default_provider_id"),
        Column(
            "status",
            Kind.CHOICE,
            (*STATUS_HEADERS, "Hasta Durumu"),
            values=PATIENT_STATUS.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column("medical_alerts", Kind.TEXT, ("Tıbbi Uyarılar", "Uyarılar", "Uyarı", "Alerts", "Medical alerts")),
        Column("sms_consent", Kind.BOOLEAN, ("SMS İzni", "SMS Onayı", "SMS", "SMS consent"), values=YES_NO),
        amount("balance", "Bakiye", "Kalan Borç", "Borç Bakiyesi", "Balance", essential=False),
        Column("created_at", Kind.DATETIME, CREATED_HEADERS),
        Column(
            "updated_at",
            Kind.DATETIME,
            ("Güncelleme", "Güncelleme Tarihi", "Güncelleme Zamanı", "Son Güncelleme", "Updated", "Updated at"),
        ),
        Column(
            "guardian_name", Kind.NAME, ("Veli Adı", "Yakınının Adı", "Veli", "Yakını", "Guardian", "Guardian name")
        ),
        Column(
            "guardian_phone",
            Kind.PHONE,
            ("Veli Tel.", "Yakınının Tel.", "Veli Telefonu", "Yakın Tel", "Guardian phone"),
        ),
        Column("guardian_email", Kind.EMAIL, ("Veli E-posta", "Yakınının E-posta", "Veli Mail", "Guardian email")),
        Column(
            "guardian_relation",
            Kind.CHOICE,
            ("Yakınlık", "Yakınlık Derecesi", "Yakınlığı", "Guardian relation", "Relation"),
            values=GUARDIAN_RELATIONSHIP.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column(
            "emergency_name",
            Kind.NAME,
            (
                "Acil Durumda Aranacak Kişi",
                "Acil Durum Kişisi",
                "Acil Kişi",
                "Acil Durum",
                "Emergency contact",
                "Emergency name",
            ),
        ),
        Column(
            "emergency_phone",
            Kind.PHONE,
            ("Acil Durum Telefonu", "Acil Durum Telefon", "Acil Durumda Aranacak Tel", "Acil Tel", "Emergency phone"),
        ),
    ),
)


def _name(row: Row, ctx: Context) -> object:
    if row.get("full_name") and not row.get("first_name") and not row.get("last_name"):
        return name_value(*split_name(row["full_name"]))
    return name_value(row.get("first_name"), row.get("last_name"))


def _relative_phones(row: Row, ctx: Context) -> object:
    return phones_value(row.get(RELATIVE_PHONES) or ())


FIELDS = (
    source_key("patient", "patient_id"),
    field(
        "name",
        FieldType.FULL_NAME,
        "Name",
        Transform(
            ("first_name", "last_name", "full_name"), "as written; of a full name the last word is the last name", _name
        ),
        standard=True,
    ),
    *email_fields("email"),
    field("unparsedEmail", FieldType.TEXT, "Unparsed email", unparsed("email", "guardian_email")),
    field("phones", FieldType.PHONES, "Phones", phones("mobile", "home_phone", "work_phone"), standard=True),
    field(
        "unparsedPhone",
        FieldType.TEXT,
        "Unparsed phone",
        unparsed("mobile", "home_phone", "work_phone", "guardian_phone", "emergency_phone"),
    ),
    field("birthDate", FieldType.DATE, "Birth date", date("birth_date")),
    choice("gender", "Gender", "gender", GENDER),
    choice_raw("gender", "Gender", "gender"),
    field(
        "nationalId",
        FieldType.TEXT,
        "National ID",
        column("national_id", "only if the practice opted in"),
        description="Special-category data: moved only if the practice asked for it.",
    ),
    field(
        "homeAddress",
        FieldType.ADDRESS,
        "Home address",
        address("address", "district", "city", "postcode", "country"),
    ),
    field("jobTitle", FieldType.TEXT, "Job Title", column("occupation"), standard=True),
    field(
        "company",
        FieldType.RELATION,
        "Company",
        relation("referring_practice_id", "practice"),
        standard=True,
        to=RelationTo("company", "People"),
    ),
    field(
        "primaryProvider",
        FieldType.RELATION,
        "Primary provider",
        member("default_provider_id"),
        to=RelationTo("workspaceMember", "Patients"),
    ),
    choice("patientStatus", "Patient status", "status", PATIENT_STATUS),
    choice_raw("patientStatus", "Patient status", "status"),
    field("medicalAlerts", FieldType.TEXT, "Medical alerts", column("medical_alerts")),
    field("smsConsent", FieldType.BOOLEAN, "SMS consent", column("sms_consent", "mapped yes/no word")),
    field("sourceBalance", FieldType.CURRENCY, "Source balance", money("balance")),
    original_create_date("created_at"),
    field("originalUpdateDate", FieldType.DATE_TIME, "Original update date", moment("updated_at")),
    role_field("guardian_name", "emergency_name"),
    field(
        "relativePhone",
        FieldType.PHONES,
        "Relative's phone",
        Transform(("guardian_phone", "emergency_phone"), "contact numbers that came without a name", _relative_phones),
    ),
    field(
        "guardian",
        FieldType.RELATION,
        "Guardian",
        keyed_relation(GUARDIAN, ("guardian_name", "guardian_phone", "guardian_email"), "link to the first guardian"),
        to=RelationTo("person", "Dependents"),
    ),
    choice("guardianRelationship", "Guardian relationship", "guardian_relation", GUARDIAN_RELATIONSHIP),
    choice_raw("guardianRelationship", "Guardian relationship", "guardian_relation"),
    field(
        "emergencyContact",
        FieldType.RELATION,
        "Emergency contact",
        keyed_relation(EMERGENCY, ("emergency_name", "emergency_phone"), "link to the emergency contact"),
        to=RelationTo("person", "Emergency contact of"),
    ),
)

DECLARATION = SourceObject(
    name="patient",
    label="Patients",
    report=REPORT,
    target=person_target(FIELDS),
    fields=FIELDS,
    created="created_at",
    rank=1,
    not_moved=("e-Nabız, MHRS and e-Reçete references", "SMS templates"),
)
