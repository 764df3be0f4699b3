"""9. Recall -> Task (data-model.md, 9). Twenty's tasks know no recurrence: it goes onto the rebuild checklist."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import NOTE_HEADERS, STATUS_HEADERS, patient_reference, provider_reference
from dentes_twenty.objects.fields import (
    Context,
    Row,
    SourceObject,
    Transform,
    choice,
    choice_raw,
    date,
    field,
    markdown,
    member,
    number,
    source_key,
    start_of_day,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Report
from dentes_twenty.objects.target import FieldType, RelationTo
from dentes_twenty.objects.task import PATIENT_LINK, status_field, task_target, type_field

PATIENT_PROVIDER = "@patient_provider"  # fact of planning: the default provider of the recall's patient

RECALL_TYPE = Choices(
    Choice(
        "HYGIENE",
        "Hygiene",
        "Diş Taşı Temizliği",
        ("Diş Taşı", "Temizlik", "Detertraj", "Cleaning", "Prophylaxis"),
        "turquoise",
    ),
    Choice("EXAM", "Exam", "Kontrol Muayenesi", ("Kontrol", "Muayene", "Genel Kontrol", "Check-up", "Checkup"), "blue"),
    Choice("PERIO", "Perio", "Periodontal Kontrol", ("Periodontoloji", "Diş Eti Kontrolü", "Periodontal"), "pink"),
    Choice("ORTHODONTIC", "Orthodontic", "Ortodonti Kontrolü", ("Ortodonti", "Orthodontics"), "purple"),
    Choice("IMPLANT", "Implant", "İmplant Kontrolü", ("İmplant",), "orange"),
    Choice("OTHER", "Other", "Diğer", (), "gray"),
    fallback="OTHER",
)
RECALL_STATUS = Choices(
    Choice("TODO", "Pending", "Bekliyor", ("Beklemede", "Planlandı", "Açık", "Open", "Due", "Scheduled")),
    Choice("IN_PROGRESS", "Contacted", "Arandı", ("Ulaşıldı", "Mesaj Atıldı", "Called")),
    Choice(
        "DONE",
        "Completed",
        "Tamamlandı",
        ("İptal", "İptal Edildi", "Geldi", "Kapandı", "Cancelled", "Canceled", "Done", "Closed"),
    ),
    fallback="TODO",
)

REPORT = Report(
    name="recall",
    titles=("Kontroller", "Kontrol Listesi", "Kontrol", "Recalls", "Recall list"),
    key="recall_id",
    columns=(
        Column("recall_id", Kind.ID, ("Kontrol No", "Kontrol Kodu", "Recall ID", "Recall No"), required=True),
        patient_reference(),
        Column(
            "type",
            Kind.CHOICE,
            ("Kontrol Türü", "Kontrol Tipi", "Tür", "Type", "Recall type"),
            values=RECALL_TYPE.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column(
            "due_date",
            Kind.DATE,
            ("Vade", "Kontrol Tarihi", "Kontrol Zamanı", "Vade Tarihi", "Due date", "Due"),
            required=True,
            on_bad=OnBad.QUARANTINE,
        ),
        Column(
            "interval_months", Kind.NUMBER, ("Periyot (Ay)", "Periyot", "Aralık (Ay)", "Interval (months)", "Interval")
        ),
        Column(
            "previous_date", Kind.DATE, ("Önceki Tarih", "Önceki Kontrol", "Son Kontrol", "Previous date", "Last visit")
        ),
        provider_reference(),
        Column("status", Kind.CHOICE, STATUS_HEADERS, values=RECALL_STATUS.words, on_bad=OnBad.UNKNOWN),
        Column("note", Kind.TEXT, NOTE_HEADERS),
    ),
)


def _title(row: Row, ctx: Context) -> str:
    return RECALL_TYPE.label(row.get("type") or "OTHER", ctx.language)


FIELDS = (
    source_key("recall", "recall_id"),
    field("title", FieldType.TEXT, "Title", Transform(("type",), "label of the recall's type", _title), standard=True),
    field("dueAt", FieldType.DATE_TIME, "Due Date", start_of_day("due_date"), standard=True),
    choice("recallType", "Recall type", "type", RECALL_TYPE),
    choice_raw("recallType", "Recall type", "type"),
    field("recallIntervalMonths", FieldType.NUMBER, "Recall interval (months)", number("interval_months")),
    field("previousVisitDate", FieldType.DATE, "Previous visit date", date("previous_date")),
    field(
        "assignee",
        FieldType.RELATION,
        "Assignee",
        member("provider_id", PATIENT_PROVIDER),
        standard=True,
        to=RelationTo("workspaceMember", "Assigned tasks"),
    ),
    status_field("status", {"DONE": "DONE", "IN_PROGRESS": "IN_PROGRESS"}),
    field("bodyV2", FieldType.RICH_TEXT, "Body", markdown("note"), standard=True),
    type_field("RECALL"),
)

DECLARATION = SourceObject(
    name="recall",
    label="Recalls",
    report=REPORT,
    target=task_target(FIELDS),
    fields=FIELDS,
    links=(PATIENT_LINK,),
    rank=1,
    not_moved=("recurrence of recalls",),
)
