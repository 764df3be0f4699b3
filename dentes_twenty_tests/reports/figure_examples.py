"""Example figures of the same practice: reconciliation in each state, cutover, the whole migration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dentes_twenty.reports.figures import (
    ClosingReport,
    ConflictRow,
    DeltaFigures,
    DeltaPoint,
    DeltaReport,
    FileFigures,
    HeldRow,
    MoneyTotal,
    ObjectFigures,
    PatientMoney,
    ReasonCount,
    ReconciliationReport,
    RecordNotice,
    Stage,
    SummaryReport,
    ValueDifference,
)
from dentes_twenty.reports.model import Language, State
from dentes_twenty_tests.reports import examples


def objects() -> tuple[ObjectFigures, ...]:
    return (
        ObjectFigures("practice", 12, 12, 12, verified=12),
        ObjectFigures("payer", 6, 6, 6, verified=6),
        ObjectFigures("guardian", None, 87, 87, verified=87),
        ObjectFigures("patient", 412, 398, 398, quarantined=11, identical=3, verified=398),
        ObjectFigures("plan", 240, 236, 236, quarantined=1, held=3, verified=236),
        ObjectFigures("appointment", 2210, 2184, 2184, quarantined=9, held=15, refused=2, verified=2184),
        ObjectFigures("recall", 180, 180, 180, verified=180),
        ObjectFigures("note", 640, 637, 637, held=3, verified=637),
        ObjectFigures("claim", 96, 96, 96, verified=96),
        ObjectFigures("entry", 5120, 5098, 5098, quarantined=4, held=18, verified=5098),
        ObjectFigures("response", 60, 60, 60, verified=60, label="Memnuniyet Anketi"),
        ObjectFigures("item", 140, 140, 140, verified=140),
        ObjectFigures("line", 860, 851, 851, quarantined=6, held=3, verified=851),
    )


def reconciliation_report(language: Language = "en", state: State = State.ATTENTION) -> ReconciliationReport:
    """In each of the three states."""
    money = (
        MoneyTotal("entry", "Amount", "TRY", Decimal("1284500.35"), Decimal("1284500.35")),
        MoneyTotal("plan", "Amount", "TRY", Decimal("2410000"), Decimal("2410000")),
        MoneyTotal("claim", "Submitted amount", "TRY", Decimal("310400.10"), Decimal("310400.10")),
        MoneyTotal("claim", "Paid amount", "TRY", Decimal("287100"), Decimal("287100")),
        MoneyTotal("line", "Fee", "EUR", Decimal("1200.5"), Decimal("1200.5")),
    )
    good = tuple(
        ObjectFigures(f.object, f.in_export and f.landed, f.landed, f.in_twenty, verified=f.verified, label=f.label)
        for f in objects()
    )
    base = {"patients_compared": 398, "balances_compared": 380, "calls": 112, "minutes": 1.4}
    scan = RecordNotice("note", "31", "röntgen çekimi.png", "file_deleted")
    if state is State.GOOD:
        return ReconciliationReport(examples.heading(language), good, money, **base)  # type: ignore[arg-type]
    balances = (
        PatientMoney("10023", "Şükrü Çağlayan-Özgür", "TRY", Decimal("1250.50"), Decimal("1200.00")),
        PatientMoney("10188", "Işıl Güneş", "TRY", Decimal("-75"), Decimal("0")),
    )
    drift = (RecordNotice("patient", "10011", "Ömer Faruk Öztürk", "edited", ("Job title", "Phones")),)
    strays = (RecordNotice("patient", "99999", "Deneme Hasta", "not_in_ledger"),)
    previous = dt.datetime(2026, 3, 13, 9, 5, tzinfo=examples.ZONE)
    if state is State.ATTENTION:
        return ReconciliationReport(
            examples.heading(language),
            objects(),
            money,
            balances=balances,
            strays=strays,
            drift=drift,
            previous=previous,
            files=FileFigures(22, 20, 19, 2),
            files_notable=(scan,),
            **base,  # type: ignore[arg-type]
        )
    wrong = (MoneyTotal("entry", "Amount", "TRY", Decimal("1284500.35"), Decimal("1284400.35")), *money[1:])
    bad = tuple(
        ObjectFigures("entry", 5120, 5098, 5097, 4, 18, verified=5097, differing=1) if f.object == "entry" else f
        for f in objects()
    )
    return ReconciliationReport(
        examples.heading(language),
        bad,
        wrong,
        patients=(PatientMoney("10004", "İrem Yıldırım", "TRY", Decimal("400"), Decimal("300")),),
        balances=balances,
        differences=(
            ValueDifference(
                "entry",
                "771",
                "Charge 2024-07-08",
                "amount",
                "Amount",
                "CURRENCY",
                {"amountMicros": 400000000, "currencyCode": "TRY"},
                {"amountMicros": 300000000, "currencyCode": "TRY"},
                url="https://ege.twenty.example/object/billingLedger/1",
            ),
            ValueDifference(
                "patient",
                "10002",
                examples.IMAGE,
                "jobTitle",
                "Job title",
                "TEXT",
                "Öğretmen",
                examples.SCRIPT,
                url="javascript:alert(1)",
            ),
        ),
        orphans=(RecordNotice("entry", "900", "Payment 2024-01-02", "Patient"),),
        strays=strays,
        drift=drift,
        previous=previous,
        files=FileFigures(22, 22, 20, 0, 20),
        files_wrong=(
            RecordNotice("note", "32", examples.SCRIPT, "file_destroyed"),
            RecordNotice(
                "note", "33", "rapor.pdf", "file_content", url="https://ege.twenty.example/object/attachment/1"
            ),
        ),
        files_notable=(scan,),
        **base,  # type: ignore[arg-type]
    )


def delta_report(language: Language = "en", *, quiet: bool = False) -> DeltaReport:
    figures = (
        DeltaFigures("patient", 4, 11, 383, 1),
        DeltaFigures("appointment", 38, 52, 2094, 3, 1),
        DeltaFigures("note", 12, 0, 637),
        DeltaFigures("entry", 41, 2, 5055),
    )
    if quiet:
        unchanged = tuple(DeltaFigures(f.object, unchanged=f.unchanged) for f in figures)
        return DeltaReport(examples.heading(language), 3, unchanged, reconciliation=State.GOOD, calls=3, minutes=0.1)
    return DeltaReport(
        examples.heading(language),
        2,
        figures,
        (
            ConflictRow(
                "patient", "10002", "Ali Kaya", "jobTitle", "Job title", "TEXT", "Mimar", "Mühendis", "Öğretmen"
            ),
            ConflictRow(
                "appointment",
                "88",
                examples.SCRIPT,
                "dueAt",
                "Due date",
                "DATE_TIME",
                "2026-03-16T09:00:00.000Z",
                "2026-03-16T11:30:00.000Z",
                "2026-03-16T08:00:00.000Z",
                decision="theirs",
            ),
        ),
        (
            RecordNotice("patient", "10090", "Işıl Güneş", "vanished"),
            RecordNotice("appointment", "412", "Kontrol", "deleted_by_a_person"),
        ),
        (HeldRow("entry", "5121", "Payment 2026-03-14", "patient 10500"),),
        examples.some_findings(6),
        State.GOOD,
        41,
        0.9,
    )


def closing_report(language: Language = "en") -> ClosingReport:
    start = dt.datetime(2026, 3, 14, 8, 0, tzinfo=examples.ZONE)
    figures: Sequence[Mapping[str, Any]] = (
        {"new": 120, "changed": 64, "conflicts": 3, "held": 9, "quarantined": 12, "calls": 88, "minutes": 1.1},
        {"new": 41, "changed": 30, "conflicts": 4, "held": 5, "quarantined": 10, "calls": 41, "minutes": 0.6},
        {"new": 0, "changed": 0, "conflicts": 4, "held": 5, "quarantined": 10, "calls": 3, "minutes": 0.1},
        {"new": 66, "changed": 48, "conflicts": 2, "held": 1, "quarantined": 6, "calls": 52, "minutes": 0.7},
        {"new": 23, "changed": 17, "conflicts": 0, "held": 0, "quarantined": 2, "calls": 29, "minutes": 0.5},
    )
    points = tuple(
        DeltaPoint(start + dt.timedelta(hours=7 * number), reconciliation=State.GOOD, **f)
        for number, f in enumerate(figures)
    )
    return ClosingReport(examples.heading(language), start, start + dt.timedelta(hours=36), points)


def summary_report(language: Language = "en") -> SummaryReport:
    at = dt.datetime(2026, 3, 10, 11, 0, tzinfo=examples.ZONE)
    return SummaryReport(
        examples.heading(language),
        (
            Stage("mapping", State.GOOD, at, "Ayşe Korkmaz"),
            Stage("owners", State.ATTENTION, at + dt.timedelta(hours=1)),
            Stage("sample", State.GOOD, at + dt.timedelta(hours=2)),
            Stage("approval", State.GOOD, at + dt.timedelta(hours=26), "Ayşe Korkmaz", "Beş hastayı tek tek okudum."),
            Stage("load", State.GOOD, at + dt.timedelta(hours=28)),
            Stage("reconciliation", State.ATTENTION, at + dt.timedelta(hours=29)),
            Stage("cutover"),
        ),
        objects(),
        reconciliation_report(language).money,
        (
            ReasonCount("patient_quarantined", 14),
            ReasonCount("duplicate_id", 9),
            ReasonCount("bad_date", 6),
            ReasonCount("shared_email", 31, "warning"),
        ),
        214,
        3,
        2,
        13,
        412,
        5.2,
        (
            ("field_diff", "field-diff.html"),
            ("reconciliation", "reconciliation.html"),
            ("quarantine", "quarantine.html"),
            ("owners", "owners.html"),
            ("mapping", "mapping.html"),
            ("checklist", "checklist.html"),
        ),
    )
