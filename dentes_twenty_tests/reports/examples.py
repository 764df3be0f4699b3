"""Example reports of an invented practice, with names that are markup, formulas and Turkish letters on purpose."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dentes_twenty.migration.steps import FiledCell, FiledCells
from dentes_twenty.objects.entry import DECLARATION as ENTRY
from dentes_twenty.objects.fields import RAW
from dentes_twenty.objects.patient import DECLARATION as PATIENT
from dentes_twenty.objects.person import EMAIL_OWN, EMAIL_SHARED, EMERGENCY, GUARDIAN, RELATIVE_PHONES, ROLES
from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.reports import rebuild_checklist
from dentes_twenty.reports.assemble import record_diff
from dentes_twenty.reports.model import (
    ChecklistReport,
    DiffReport,
    Finding,
    Heading,
    Language,
    MappedColumn,
    MappedTable,
    MappedWord,
    MappingReport,
    OpenMatter,
    OwnerReport,
    OwnerRow,
    QuarantineReport,
    UnmovedColumn,
)

ZONE = ZoneInfo("Europe/Istanbul")
SCRIPT = "</script><script>window.hacked=1</script>"
IMAGE = "<img src=x onerror=window.hacked=1>"
FORMULA = '=HYPERLINK("http://evil.example","x")'


class Practice:
    """A `Context` for transforms."""

    zone = ZONE
    currency = "TRY"
    language = "en"

    def record_id(self, source_object: str, source_id: str) -> str:
        return f"{abs(hash_of(source_object + source_id)):032x}"

    def member_id(self, provider_id: str) -> str | None:
        return None if provider_id == "9" else f"member-{provider_id}"


def hash_of(text: str) -> int:
    """Stable over processes."""
    return int.from_bytes(text.encode()[-14:], "big")


def heading(language: Language = "en") -> Heading:
    at = dt.datetime(2026, 3, 14, 17, 42, tzinfo=ZONE)
    return Heading(
        "Ege Diş Polikliniği", at, "ege.twenty.example", language, "run 7", "2026-03-14", "dentes_twenty 0.1.0"
    )


PEOPLE = (
    ("İrem", "Yıldırım"),
    ("Şükrü", "Çağlayan-Özgür"),
    ("Ali", SCRIPT),
    (IMAGE, "Kaya"),
    (FORMULA, "Demir"),
    ("Işıl", "Güneş"),
    ("Ömer Faruk", "Öztürk"),
    ("@SUM(A1)", "Arslan"),
)


def patient_row(number: int) -> dict[str, Any]:
    first, last = PEOPLE[number % len(PEOPLE)]
    email = f"hasta{number}@example.com"
    return {
        "patient_id": str(10000 + number),
        "first_name": first,
        "last_name": last,
        "email": email,
        EMAIL_OWN: email if number % 5 else None,
        EMAIL_SHARED: None if number % 5 else email,
        "mobile": [{"number": f"53212345{number % 100:02d}", "calling": "+90", "country": "TR"}],
        "home_phone": None,
        "home_phone" + RAW: "yok, annesini ara" if number % 7 == 0 else None,
        "birth_date": dt.date(1980, 4, 3) if number % 6 else None,
        "birth_date" + RAW: None if number % 6 else "31.02.1980",
        "gender": "FEMALE" if number % 2 else "MALE",
        "status": "UNKNOWN" if number % 9 == 0 else "ACTIVE",
        "status" + RAW: "Askıda" if number % 9 == 0 else None,
        "address": "Atatürk Cad. No: 12\nKat 3",
        "district": "Bornova",
        "city": "İzmir",
        "postcode": "35050",
        "occupation": "Öğretmen",
        "default_provider_id": "1",
        "medical_alerts": "Penisilin alerjisi; " * (8 if number % 10 == 3 else 1),
        "sms_consent": True,
        "balance": Decimal("1250.5"),
        "created_at": dt.datetime(2019, 5, 6, 8, 30, tzinfo=dt.UTC),
        "updated_at": None,
        ROLES: ["PATIENT"],
        GUARDIAN: None,
        EMERGENCY: None,
        RELATIVE_PHONES: (),
    }


HEADERS = {
    "patient_id": "Dosya No",
    "first_name": "Adı",
    "last_name": "Soyadı",
    "email": "E-posta",
    "mobile": "Cep Telefonu",
    "home_phone": "Ev Telefonu",
    "birth_date": "Doğum Tarihi",
    "gender": "Cinsiyet",
    "status": "Durum",
    "address": "Adres",
    "district": "İlçe",
    "city": "İl",
    "postcode": "Posta Kodu",
    "occupation": "Meslek",
    "balance": "Bakiye",
}


WORDS = {"FEMALE": "K", "MALE": "E", "ACTIVE": "Aktif", "UNKNOWN": "Askıda"}


def cells_of(row: dict[str, Any]) -> FiledCells:
    """The cells of a file that was read into this row: dates and money as a Turkish program writes them."""
    return {name: (FiledCell(header, file_text(row, name), row[name]),) for name, header in HEADERS.items()}


def file_text(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if isinstance(value, dt.date):
        return f"{value:%d.%m.%Y}"
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    if isinstance(value, list):
        return " / ".join(f"0{phone['number']}" for phone in value)
    return str(WORDS.get(value, value) or row.get(column + RAW) or "")


def field_diff_report(language: Language = "en", patients: int = 24) -> DiffReport:
    """Patients and ledger entries; every verdict occurs."""
    context, titles, records = Practice(), {}, []
    for number in range(patients):
        row = patient_row(number)
        sent = {f.target.wire_name: f.transform.compute(row, context) for f in PATIENT.fields}
        stored = dict(sent)
        stored["jobTitle"] = "" if number % 8 == 1 else sent["jobTitle"]
        if number % 4 == 2:
            stored["phones"] = {**sent["phones"], "additionalPhones": []}
            stored["emails"] = sent["emails"] and {**sent["emails"], "primaryEmail": sent["emails"]["primaryEmail"]}
            stored["sourceBalance"] = {"amountMicros": "1250500000", "currencyCode": "TRY"}
        name = f"{row['first_name']} {row['last_name']}"
        issues = {} if number % 6 else {"birth_date": "bad_date"}
        issues |= {} if number % 7 else {"home_phone": "bad_phone"}
        issues |= {} if number % 5 else {"email": "shared_email"}
        titles[context.record_id("patient", row["patient_id"])] = name
        held = number % 11 == 10
        records.append(
            record_diff(
                PATIENT,
                row,
                sent,
                None if held else stored,
                source_id=row["patient_id"],
                title=name,
                cells=cells_of(row),
                issues=issues,
                withheld={"nationalId": "national_id_not_wanted"},
                record_id=context.record_id("patient", row["patient_id"]),
                url=f"https://ege.twenty.example/object/person/{number}",
                why="parent_not_landed" if held else "",
            )
        )
    for number in range(patients // 3):
        entry = {
            "entry_id": str(number + 1),
            "patient_id": str(10000 + number),
            "date": dt.date(2024, 7, 8),
            "type": "CHARGE",
            "debit": Decimal("1000.10"),
            "credit": None,
            "@ledger_sign": "debit-credit",
            "method": "CASH",
            "invoice_no": "A-00" + str(number),
        }
        sent = {f.target.wire_name: f.transform.compute(entry, context) for f in ENTRY.fields}
        records.append(
            record_diff(ENTRY, entry, sent, dict(sent), source_id=str(entry["entry_id"]), title=sent["name"])
        )
    return DiffReport(
        heading(language),
        tuple(records),
        (
            UnmovedColumn("Hastalar.csv", "Kan Grubu", "ignored_column"),
            UnmovedColumn("Hastalar.csv", IMAGE, "unmapped_column"),
            UnmovedColumn("Personel.csv", "Adı", "column_without_field"),
        ),
        rebuild_checklist((MEMBERS, *FIXED), language),
        (("Shared e-mail address", 3), ("Guardian who is a patient", 1), ("Refund", 2), ("Note with files", 4)),
        titles,
    )


def owner_report(language: Language = "en", *, blocked: bool = True) -> OwnerReport:
    rows = [
        OwnerRow("1", "Dt. Ayşe Korkmaz", "ayse@ege.example", "matched", "ayse@ege.example", 1840),
        OwnerRow("2", "Dt. Mehmet Aksoy", "m.aksoy@ege.example", "override", "mehmet@ege.example", 1210),
        OwnerRow("3", SCRIPT, "", "fallback", "ofis@ege.example", 94),
        OwnerRow("5", "Stajyer", "", "unmatched", "", 0),
    ]
    if blocked:
        rows.insert(0, OwnerRow("4", "Dt. Selin Uçar", "selin@eski.example", "unmatched", "", 312))
    return OwnerReport(heading(language), tuple(rows))


def mapping_report(language: Language = "en", *, confirmed: bool = False) -> MappingReport:
    patients = MappedTable(
        "Hasta Listesi.xlsx#Hastalar",
        "patient",
        (
            MappedColumn(
                "Dosya No", "column", "patient_id", ("Source system ID",), "", 1.0, "same header; every value once"
            ),
            MappedColumn("Adı Soyadı", "column", "full_name", ("Name",), "", 0.97, "synonym; 98 % are two words"),
            MappedColumn("Cep", "column", "mobile", ("Phones",), "", 0.91, "synonym; 96 % are telephone numbers"),
            MappedColumn(
                "D.Trh", "column", "birth_date", ("Birth date",), "", 0.58, "similar header; dates before today"
            ),
            MappedColumn("Kan Grubu", "custom", "", ("Kan Grubu",), "SELECT", 0.7, "8 different short values"),
            MappedColumn(IMAGE, "ignored", "", (), "", None, ""),
        ),
        (
            MappedWord("status", "Aktif", "ACTIVE"),
            MappedWord("status", "Askıda", None),
            MappedWord("gender", "K", "FEMALE"),
        ),
        0.96,
        "title and 14 of 16 headers",
    )
    ledger = MappedTable(
        "Hasta Hareketleri.csv",
        "entry",
        (MappedColumn("Borç", "column", "debit", ("Amount", "Source amount"), "", 0.99, "same header"),),
        (),
        0.88,
        "9 of 11 headers",
    )
    form = MappedTable(
        "Memnuniyet Anketi.csv",
        "response",
        (
            MappedColumn(
                "Bizi nereden duydunuz?", "question", "", ("Bizi nereden duydunuz?",), "SELECT", 0.8, "5 answers"
            ),
        ),
    )
    open_ = (
        ()
        if confirmed
        else (OpenMatter("date_order:Hasta Hareketleri.csv", "Every day is under 13: say dmy or mdy.", True),)
    )
    return MappingReport(
        heading(language),
        (patients, ledger, form),
        (*open_, OpenMatter("Hasta Listesi.xlsx#Hastalar", "status: 1 word is not mapped.", False)),
        (("Kasa Raporu.csv", "no report fits"),),
        "debit-credit",
        "Ayşe Korkmaz" if confirmed else "",
        dt.datetime(2026, 3, 10, 11, 0, tzinfo=ZONE) if confirmed else None,
    )


def some_findings(count: int = 60) -> tuple[Finding, ...]:
    kinds = (
        ("quarantine", "patient", "Hastalar.csv", "duplicate_id", "patient_id"),
        ("quarantine", "entry", "Hareketler.csv", "unknown_patient", "patient_id"),
        ("quarantine", "entry", "Hareketler.csv", "unknown_type", "type"),
        ("quarantine", "line", "İşlemler.csv", "code_became_date", "code"),
        ("quarantine", "appointment", "Randevular.csv", "too_few_cells", None),
        ("warning", "patient", "Hastalar.csv", "bad_phone", "home_phone"),
        ("warning", "patient", "Hastalar.csv", "shared_email", "email"),
    )
    found = []
    for number in range(count):
        severity, object_, file, code, column = kinds[number % len(kinds)]
        found.append(
            Finding(severity, object_, file, code, 5 + number * 3, 4 + number * 3, str(10000 + number), column)
        )
    return tuple(found)


def quarantine_report(language: Language = "en", count: int = 60) -> QuarantineReport:
    return QuarantineReport(heading(language), some_findings(count))


def checklist_report(language: Language = "en") -> ChecklistReport:
    return ChecklistReport(heading(language), rebuild_checklist((MEMBERS, *FIXED), language))
