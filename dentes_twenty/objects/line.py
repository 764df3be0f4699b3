"""7. Treatment line item -> custom object treatmentProcedure (data-model.md, 7)."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import (
    STATUS_HEADERS,
    TOOTH_HEADERS,
    amount,
    currency_column,
    patient_reference,
    provider_reference,
)
from dentes_twenty.objects.fields import (
    SourceObject,
    choice,
    choice_raw,
    column,
    date,
    field,
    member,
    money,
    number,
    relation,
    source_key,
    text_or,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Reference, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject

CODE_SYSTEM = Choices(
    Choice("TDB", "TDB", "TDB", ("Türk Dişhekimleri Birliği",), "turquoise"),
    Choice("SUT", "SUT", "SUT", ("SGK",), "blue"),
    Choice("CDT", "CDT", "CDT", ("ADA",), "purple"),
    Choice("OTHER", "Other", "Diğer", ("Özel",), "gray"),
    fallback="OTHER",
)
PROCEDURE_STATUS = Choices(
    Choice("PLANNED", "Planned", "Planlandı", ("Planlanan", "Teklif", "Proposed"), "sky"),
    Choice("IN_PROGRESS", "In progress", "Devam Ediyor", ("Devam", "Başladı", "İşlemde", "Started"), "blue"),
    Choice("COMPLETED", "Completed", "Tamamlandı", ("Yapıldı", "Bitti", "Done"), "green"),
    Choice("CANCELLED", "Cancelled", "İptal", ("İptal Edildi", "Canceled"), "red"),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor", (), "orange"),
    fallback="UNKNOWN",
)

REPORT = Report(
    name="line",
    titles=(
        "Tedavi İşlemleri",
        "İşlemler",
        "Tedaviler",
        "Diş Taahhüt Detay",
        "Yapılan İşlemler",
        "Treatment procedures",
        "Procedures",
    ),
    key="line_id",
    columns=(
        Column(
            "line_id",
            Kind.ID,
            ("İşlem No", "Satır No", "Taahhüt Detay Kodu", "Kalem No", "Line ID", "Procedure ID"),
            required=True,
        ),
        Column(
            "plan_id",
            Kind.ID,
            ("Plan No", "Sözleşme No", "Taahhüt Kodu", "Plan Kodu", "Plan ID"),
            reference=Reference("plan"),
        ),
        patient_reference(),
        provider_reference(),
        Column(
            "code", Kind.CODE, ("İşlem Kodu", "Tedavi Kodu", "Kod", "Code", "Procedure code"), on_bad=OnBad.QUARANTINE
        ),
        Column(
            "code_system",
            Kind.CHOICE,
            ("Kod Sistemi", "Tarife Türü", "Code system"),
            values=CODE_SYSTEM.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column("name", Kind.TEXT, ("İşlem", "İşlem Adı", "Tedavi Adı", "Tedavi", "Procedure", "Name", "Description")),
        Column("tooth", Kind.ID, TOOTH_HEADERS),
        Column("surface", Kind.TEXT, ("Yüzey", "Diş Yüzeyi", "Yüzeyler", "Surface")),
        Column("quantity", Kind.NUMBER, ("Adet", "Miktar", "Quantity", "Qty")),
        amount("fee", "Tutar", "Ücret", "Fiyat", "Fee", "Amount"),
        currency_column(),
        Column(
            "status",
            Kind.CHOICE,
            (*STATUS_HEADERS, "İşlem Durumu"),
            values=PROCEDURE_STATUS.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column("performed_at", Kind.DATE, ("İşlem Tarihi", "İşlem Zamanı", "Yapıldığı Tarih", "Performed", "Date")),
    ),
)

FIELDS = (
    source_key("line", "line_id"),
    field("name", FieldType.TEXT, "Name", text_or("name", "Procedure {}", key="line_id"), standard=True),
    field("procedureCode", FieldType.TEXT, "Procedure code", column("code")),
    choice("codeSystem", "Code system", "code_system", CODE_SYSTEM),
    choice_raw("codeSystem", "Code system", "code_system"),
    field("toothNumber", FieldType.TEXT, "Tooth number", column("tooth", "FDI, as given")),
    field("toothSurface", FieldType.TEXT, "Tooth surface", column("surface")),
    field("quantity", FieldType.NUMBER, "Quantity", number("quantity")),
    field("fee", FieldType.CURRENCY, "Fee", money("fee", "currency")),
    choice("procedureStatus", "Procedure status", "status", PROCEDURE_STATUS),
    choice_raw("procedureStatus", "Procedure status", "status"),
    field("performedOn", FieldType.DATE, "Performed on", date("performed_at")),
    field(
        "opportunity",
        FieldType.RELATION,
        "Treatment plan",
        relation("plan_id", "plan"),
        to=RelationTo("opportunity", "Treatment procedures"),
    ),
    field(
        "patient",
        FieldType.RELATION,
        "Patient",
        relation("patient_id", "patient"),
        to=RelationTo("person", "Treatment procedures"),
    ),
    field(
        "provider",
        FieldType.RELATION,
        "Provider",
        member("provider_id"),
        to=RelationTo("workspaceMember", "Treatment procedures"),
    ),
)

DECLARATION = SourceObject(
    name="line",
    label="Treatment procedures",
    report=REPORT,
    target=TargetObject(
        "treatmentProcedure",
        "treatmentProcedures",
        "Treatment procedure",
        "Treatment procedures",
        False,
        tuple(f.target for f in FIELDS),
        "IconDental",
        "One procedure, planned or done, of a treatment plan or on its own.",
    ),
    fields=FIELDS,
    not_moved=("AI radiograph analysis settings",),
)
