"""6. Treatment plan -> Opportunity (data-model.md, 6), with a note that lists its lines."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import (
    CREATED_HEADERS,
    STATUS_HEADERS,
    amount,
    currency_column,
    patient_reference,
    provider_reference,
)
from dentes_twenty.objects.fields import (
    SourceObject,
    choice,
    field,
    keyed_relation,
    member,
    money,
    original_create_date,
    relation,
    source_key,
    start_of_day,
    text_or,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject

PATIENT_COMPANY = "@company"  # fact of planning: "practice:<id>" that referred the plan's patient

PLAN_STATUS = Choices(
    Choice("PROPOSAL", "Proposal", "Teklif", ("Taslak", "Öneri", "Proposed", "Draft"), "sky"),
    Choice("BOOKED", "Booked", "Onaylandı", ("Onaylı", "Kabul Edildi", "Devam Ediyor", "Accepted", "Approved"), "blue"),
    Choice("COMPLETED", "Completed", "Tamamlandı", ("Bitti", "Done", "Finished"), "green"),
    Choice("CANCELLED", "Cancelled", "İptal", ("İptal Edildi", "Reddedildi", "Canceled", "Rejected"), "red"),
)

REPORT = Report(
    name="plan",
    titles=("Tedavi Planları", "Planlar", "Sözleşmeler", "Diş Taahhüt", "Taahhüt", "Treatment plans", "Plans"),
    key="plan_id",
    columns=(
        Column(
            "plan_id",
            Kind.ID,
            ("Plan No", "Sözleşme No", "Taahhüt Kodu", "Plan Kodu", "Plan ID", "Treatment plan ID"),
            required=True,
        ),
        patient_reference(),
        provider_reference(),
        Column("title", Kind.TEXT, ("Plan Adı", "Sözleşme Adı", "Taahhüt Adı", "Başlık", "Title", "Plan name")),
        amount("total", "Toplam Tutar", "Tutar", "Plan Tutarı", "Total fee", "Total", "Total amount"),
        currency_column(),
        Column("planned_start", Kind.DATE, ("Planlanan Başlangıç", "Başlangıç Tarihi", "Planned start", "Start date")),
        Column(
            "status",
            Kind.CHOICE,
            (*STATUS_HEADERS, "Taahhüt Durumu", "Plan Durumu"),
            required=True,
            values=PLAN_STATUS.words,
            on_bad=OnBad.QUARANTINE,
        ),
        Column("created_at", Kind.DATETIME, CREATED_HEADERS),
    ),
)

FIELDS = (
    source_key("plan", "plan_id"),
    field(
        "name",
        FieldType.TEXT,
        "Name",
        text_or("title", "Treatment plan {}", key="plan_id"),
        standard=True,
    ),
    field(
        "pointOfContact",
        FieldType.RELATION,
        "Point of Contact",
        relation("patient_id", "patient"),
        standard=True,
        to=RelationTo("person", "Opportunities"),
    ),
    field(
        "company",
        FieldType.RELATION,
        "Company",
        keyed_relation(PATIENT_COMPANY, ("patient_id",), "company that referred the patient"),
        standard=True,
        to=RelationTo("company", "Opportunities"),
    ),
    field(
        "owner",
        FieldType.RELATION,
        "Owner",
        member("provider_id"),
        standard=True,
        to=RelationTo("workspaceMember", "Owned opportunities"),
    ),
    field("amount", FieldType.CURRENCY, "Amount", money("total", "currency"), standard=True),
    field("closeDate", FieldType.DATE_TIME, "Close date", start_of_day("planned_start"), standard=True),
    choice("stage", "Stage", "status", PLAN_STATUS, standard=True),
    original_create_date("created_at"),
)

DECLARATION = SourceObject(
    name="plan",
    label="Treatment plans",
    report=REPORT,
    target=TargetObject(
        "opportunity", "opportunities", "Opportunity", "Opportunities", True, tuple(f.target for f in FIELDS)
    ),
    fields=FIELDS,
    created="created_at",
)
