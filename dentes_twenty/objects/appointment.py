"""8. Appointment -> Task (data-model.md, 8). A blank patient is a blocked slot and lands."""

from __future__ import annotations

import datetime as dt

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import NOTE_HEADERS, STATUS_HEADERS, patient_reference, provider_reference
from dentes_twenty.objects.fields import (
    Context,
    Row,
    SourceObject,
    Transform,
    choice,
    choice_raw,
    column,
    field,
    markdown,
    member,
    moment,
    source_key,
    text_or,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Report
from dentes_twenty.objects.target import FieldType, RelationTo
from dentes_twenty.objects.task import PATIENT_LINK, status_field, task_target, type_field

APPOINTMENT_STATUS = Choices(
    Choice("SCHEDULED", "Scheduled", "Planlandı", ("Bekliyor", "Açık", "Randevu Verildi", "Booked"), "sky"),
    Choice("CONFIRMED", "Confirmed", "Onaylandı", ("Onaylı", "Teyitli", "Teyit Edildi"), "blue"),
    Choice("ARRIVED", "Arrived", "Geldi", ("Klinikte", "Bekleme Salonunda", "Checked in"), "turquoise"),
    Choice(
        "IN_PROGRESS", "In progress", "İşlemde", ("Devam Ediyor", "Tedavide", "Muayenede", "In treatment"), "purple"
    ),
    Choice("COMPLETED", "Completed", "Tamamlandı", ("Bitti", "Gerçekleşti", "Done"), "green"),
    Choice("CANCELLED", "Cancelled", "İptal", ("İptal Edildi", "Canceled"), "red"),
    Choice("NO_SHOW", "No-show", "Gelmedi", ("No show", "Missed"), "orange"),
    Choice("RESCHEDULED", "Rescheduled", "Ertelendi", ("Ertelenmiş", "Postponed"), "yellow"),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor", (), "gray"),
    fallback="UNKNOWN",
)
MEANING = {
    "COMPLETED": "DONE",
    "CANCELLED": "DONE",
    "NO_SHOW": "DONE",
    "RESCHEDULED": "DONE",
    "ARRIVED": "IN_PROGRESS",
    "IN_PROGRESS": "IN_PROGRESS",
}

REPORT = Report(
    name="appointment",
    titles=("Randevular", "Randevu Listesi", "Randevu", "Appointments"),
    key="appointment_id",
    one_of=((("start_at",), ("date", "time")),),
    columns=(
        Column(
            "appointment_id",
            Kind.ID,
            ("Randevu No", "Randevu Kodu", "Randevu ID", "Appointment ID", "Appointment No"),
            required=True,
        ),
        patient_reference(required=False),
        provider_reference(),
        Column(
            "start_at",
            Kind.DATETIME,
            ("Randevu Zamanı", "Başlangıç", "Randevu Tarihi", "Randevu Başlangıç", "Start", "Start at", "Begin"),
            on_bad=OnBad.QUARANTINE,
        ),
        Column("date", Kind.DATE, ("Randevu Tarihi", "Tarih", "Date"), on_bad=OnBad.QUARANTINE),
        Column("time", Kind.TIME, ("Saati", "Randevu Saati", "Saat", "Time"), on_bad=OnBad.QUARANTINE),
        Column(
            "duration_minutes", Kind.INTEGER, ("Süre", "Süre (dk)", "Süresi", "Duration", "Duration (min)", "Minutes")
        ),
        Column(
            "end_at", Kind.DATETIME, ("Bitiş", "Randevu Bitiş Zamanı", "Bitiş Saati", "Bitiş Zamanı", "End", "End at")
        ),
        Column("type", Kind.TEXT, ("Randevu Türü", "Randevu Tipi", "Tedavi", "Tür", "Type", "Appointment type")),
        Column(
            "status",
            Kind.CHOICE,
            (*STATUS_HEADERS, "Randevu Durumu", "Randevu Gelme Durumu", "Gelme Durumu"),
            values=APPOINTMENT_STATUS.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column("procedure_code", Kind.CODE, ("İşlem Kodu", "Tedavi Kodu", "Kod", "Code", "Procedure code")),
        Column("chair", Kind.TEXT, ("Ünit", "Ünite", "Koltuk", "Oda", "Chair", "Operatory", "Room")),
        Column("note", Kind.TEXT, NOTE_HEADERS),
    ),
)


def _minutes(row: Row, ctx: Context) -> int | None:
    if row.get("duration_minutes") is not None:
        return int(row["duration_minutes"])
    start, end = row.get("start_at"), row.get("end_at")
    if start is None or end is None or end < start:
        return None
    return int((end - start) / dt.timedelta(minutes=1))


FIELDS = (
    source_key("appointment", "appointment_id"),
    field("title", FieldType.TEXT, "Title", text_or("type", "Appointment"), standard=True),
    field("dueAt", FieldType.DATE_TIME, "Due Date", moment("start_at"), standard=True),
    field(
        "durationMinutes",
        FieldType.NUMBER,
        "Duration (minutes)",
        Transform(("duration_minutes", "start_at", "end_at"), "minutes, or the time between start and end", _minutes),
    ),
    field(
        "assignee",
        FieldType.RELATION,
        "Assignee",
        member("provider_id"),
        standard=True,
        to=RelationTo("workspaceMember", "Assigned tasks"),
    ),
    choice("appointmentStatus", "Appointment status", "status", APPOINTMENT_STATUS),
    choice_raw("appointmentStatus", "Appointment status", "status"),
    status_field("status", MEANING),
    field("procedureCode", FieldType.TEXT, "Procedure code", column("procedure_code")),
    field("chair", FieldType.TEXT, "Chair", column("chair")),
    field("bodyV2", FieldType.RICH_TEXT, "Body", markdown("note"), standard=True),
    type_field("APPOINTMENT"),
)

DECLARATION = SourceObject(
    name="appointment",
    label="Appointments",
    report=REPORT,
    target=task_target(FIELDS),
    fields=FIELDS,
    links=(PATIENT_LINK,),
    rank=0,
    not_moved=("MHRS references", "reminder templates and notifications"),
)
