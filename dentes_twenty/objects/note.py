"""12. Clinical note -> Note with its files (data-model.md, 12; AMBIGUITIES 71-73)."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import CREATED_HEADERS, PATIENT_ID_HEADERS, TOOTH_HEADERS, patient_reference
from dentes_twenty.objects.fields import (
    Field,
    Link,
    SourceObject,
    Transform,
    choice,
    choice_raw,
    column,
    constant,
    field,
    markdown,
    member,
    original_create_date,
    source_key,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Reference, Report
from dentes_twenty.objects.target import NOTE_TARGET, FieldType, RelationTo, TargetObject

NOTE_TYPE = Choices(
    Choice("CLINICAL", "Clinical", "Klinik", ("Klinik Not", "Tedavi Notu"), "blue"),
    Choice("ADMINISTRATIVE", "Administrative", "İdari", ("Yönetim", "Admin"), "gray"),
    Choice("MEDICAL_ALERT", "Medical alert", "Tıbbi Uyarı", ("Uyarı", "Alert"), "red"),
    Choice("ANAMNESIS", "Anamnesis", "Anamnez", ("Medical history",), "purple"),
    Choice("PRESCRIPTION", "Prescription", "Reçete", (), "green"),
    Choice("OTHER", "Other", "Diğer", (), "brown"),
    fallback="OTHER",
)

REPORT = Report(
    name="note",
    titles=("Hasta Notları", "Notlar", "Klinik Notlar", "Notes", "Clinical notes"),
    key="note_id",
    columns=(
        Column("note_id", Kind.ID, ("Not No", "Not Kodu", "Note ID", "Note No"), required=True),
        patient_reference(),
        Column("created_at", Kind.DATETIME, ("Tarih", "Not Tarihi", *CREATED_HEADERS, "Date")),
        Column(
            "author_id",
            Kind.ID,
            ("Yazan", "Hekim", "Yazan Kodu", "Ekleyen", "Dişhekimi", "Author", "Author ID", "Provider"),
            reference=Reference("provider", by_name=True),
        ),
        Column(
            "type",
            Kind.CHOICE,
            ("Not Türü", "Not Tipi", "Tür", "Type", "Note type"),
            values=NOTE_TYPE.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column("title", Kind.TEXT, ("Başlık", "Konu", "Title", "Subject")),
        Column("body", Kind.TEXT, ("Not", "Metin", "Not Metni", "Açıklama", "İçerik", "Text", "Body", "Note")),
        Column("tooth", Kind.ID, TOOTH_HEADERS),
        Column("attachment", Kind.FILES, ("Ekler", "Dosya", "Dosyalar", "Ek", "Attachments", "Files", "Attachment")),
    ),
)
BODY_MARKDOWN = "@body"  # fact of planning: the body as Markdown (the source may be plain, HTML or RTF)


def _note_target(fields: tuple[Field, ...]) -> TargetObject:
    return TargetObject("note", "notes", "Note", "Notes", True, tuple(f.target for f in fields))


FIELDS = (
    source_key("note", "note_id"),
    field("title", FieldType.TEXT, "Title", column("title"), standard=True),
    field(
        "bodyV2",
        FieldType.RICH_TEXT,
        "Body",
        Transform(("body",), "as Markdown, formatting of HTML and RTF kept", markdown(BODY_MARKDOWN).compute),
        standard=True,
    ),
    original_create_date("created_at"),
    choice("noteType", "Note type", "type", NOTE_TYPE),
    choice_raw("noteType", "Note type", "type"),
    field(
        "author",
        FieldType.RELATION,
        "Author",
        member("author_id"),
        to=RelationTo("workspaceMember", "Authored notes"),
    ),
    field("toothNumber", FieldType.TEXT, "Tooth number", column("tooth", "FDI, as given")),
)

DECLARATION = SourceObject(
    name="note",
    label="Clinical notes",
    report=REPORT,
    target=_note_target(FIELDS),
    fields=FIELDS,
    links=(Link(NOTE_TARGET, source="note", to="targetPerson", object="patient", column="patient_id"),),
    created="created_at",
    not_moved=("voice-capture metadata", "report layouts"),
)

PLAN_NOTE_TITLE = "Treatment plan items"

PLAN_NOTE_FIELDS = (
    source_key("plan-note", "plan_id"),
    field(
        "title",
        FieldType.TEXT,
        "Title",
        constant(PLAN_NOTE_TITLE, "the same for every plan"),
        standard=True,
    ),
    field(
        "bodyV2",
        FieldType.RICH_TEXT,
        "Body",
        Transform(("plan_id",), "the plan's lines as a table", markdown(BODY_MARKDOWN).compute),
        standard=True,
    ),
)

# One note for every plan, made from its lines (data-model.md, 6); it has no report of its own.
PLAN_NOTE = SourceObject(
    name="plan-note",
    label="Treatment plan items",
    report=Report("plan-note", (), "plan_id", (Column("plan_id", Kind.ID, PATIENT_ID_HEADERS),)),
    target=_note_target(PLAN_NOTE_FIELDS),
    fields=PLAN_NOTE_FIELDS,
    links=(Link(NOTE_TARGET, source="note", to="targetOpportunity", object="plan", column="plan_id"),),
    rank=1,
    made_from=("plan", "line"),
)
