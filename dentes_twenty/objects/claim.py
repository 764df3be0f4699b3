"""10. Insurance claim -> custom object insuranceClaim (data-model.md, 10)."""

from __future__ import annotations

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import STATUS_HEADERS, amount, patient_reference
from dentes_twenty.objects.fields import (
    SourceObject,
    choice,
    choice_raw,
    column,
    date,
    field,
    money,
    relation,
    source_key,
    text_or,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Reference, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject

CLAIM_STATUS = Choices(
    Choice("DRAFT", "Draft", "Taslak", ("Hazırlanıyor",), "gray"),
    Choice("SUBMITTED", "Submitted", "Gönderildi", ("İletildi", "Sent"), "sky"),
    Choice("PENDING", "Pending", "Beklemede", ("Bekliyor", "İncelemede", "In review"), "yellow"),
    Choice("PARTIALLY_PAID", "Partially paid", "Kısmi Ödendi", ("Kısmen Ödendi", "Partial"), "orange"),
    Choice("PAID", "Paid", "Ödendi", ("Tahsil Edildi",), "green"),
    Choice("DENIED", "Denied", "Reddedildi", ("Red", "Rejected"), "red"),
    Choice("CANCELLED", "Cancelled", "İptal", ("İptal Edildi", "Canceled"), "brown"),
    Choice("UNKNOWN", "Unknown", "Bilinmiyor", (), "purple"),
    fallback="UNKNOWN",
)

REPORT = Report(
    name="claim",
    titles=("Sigorta Talepleri", "Talepler", "Provizyonlar", "Sigorta Talep", "Claims", "Insurance claims"),
    key="claim_id",
    columns=(
        Column(
            "claim_id",
            Kind.ID,
            ("Talep No", "Provizyon Kayıt No", "Talep Kodu", "Claim ID"),
            required=True,
        ),
        patient_reference(),
        Column(
            "payer_id",
            Kind.ID,
            ("Sigorta", "Anlaşmalı Kurum", "Sigorta Kodu", "Sigorta No", "Sigorta Kurumu", "Payer ID", "Payer"),
            reference=Reference("payer", by_name=True),
        ),
        Column("claim_number", Kind.ID, ("Provizyon No", "Talep Numarası", "Claim number", "Claim no")),
        amount("submitted_amount", "Talep Tutarı", "Talep Edilen", "Submitted amount", "Submitted"),
        amount("approved_amount", "Onaylanan Tutar", "Onaylanan", "Approved amount", "Approved"),
        amount("paid_amount", "Ödenen", "Ödenen Tutar", "Paid amount"),
        Column(
            "status",
            Kind.CHOICE,
            (*STATUS_HEADERS, "Talep Durumu"),
            values=CLAIM_STATUS.words,
            on_bad=OnBad.UNKNOWN,
        ),
        Column(
            "submitted_at",
            Kind.DATE,
            ("Gönderim Tarihi", "Gönderim Zamanı", "Talep Tarihi", "Submitted", "Submitted at"),
        ),
        Column("paid_at", Kind.DATE, ("Ödeme Tarihi", "Ödeme Zamanı", "Paid", "Paid at")),
        Column(
            "parent_claim_id",
            Kind.ID,
            ("Ana Talep No", "Ana Talep Kodu", "Birincil Talep", "Primary claim", "Parent claim ID"),
            reference=Reference("claim"),
        ),
    ),
)

FIELDS = (
    source_key("claim", "claim_id"),
    field("name", FieldType.TEXT, "Name", text_or("claim_number", "Claim {}", key="claim_id"), standard=True),
    field("claimNumber", FieldType.TEXT, "Claim number", column("claim_number")),
    field("submittedAmount", FieldType.CURRENCY, "Submitted amount", money("submitted_amount")),
    field("approvedAmount", FieldType.CURRENCY, "Approved amount", money("approved_amount")),
    field("paidAmount", FieldType.CURRENCY, "Paid amount", money("paid_amount")),
    choice("claimStatus", "Claim status", "status", CLAIM_STATUS),
    choice_raw("claimStatus", "Claim status", "status"),
    field("submittedOn", FieldType.DATE, "Submitted on", date("submitted_at")),
    field("paidOn", FieldType.DATE, "Paid on", date("paid_at")),
    field(
        "patient",
        FieldType.RELATION,
        "Patient",
        relation("patient_id", "patient"),
        to=RelationTo("person", "Insurance claims"),
    ),
    field(
        "payer",
        FieldType.RELATION,
        "Payer",
        relation("payer_id", "payer"),
        to=RelationTo("company", "Insurance claims"),
    ),
    field(
        "primaryClaim",
        FieldType.RELATION,
        "Primary claim",
        relation("parent_claim_id", "claim"),
        to=RelationTo("insuranceClaim", "Secondary claims"),
    ),
)

DECLARATION = SourceObject(
    name="claim",
    label="Insurance claims",
    report=REPORT,
    target=TargetObject(
        "insuranceClaim",
        "insuranceClaims",
        "Insurance claim",
        "Insurance claims",
        False,
        tuple(f.target for f in FIELDS),
        "IconShieldCheck",
        "A claim to an insurer; a secondary claim points to its primary one.",
    ),
    fields=FIELDS,
    not_moved=("SGK/MEDULA references", "e-Fatura references"),
)
