"""11. Billing / ledger entry -> custom object billingLedger (data-model.md, 11; AMBIGUITIES 21-22).

`amount` is normalised so that what raises the patient's debt is positive. What a single signed column means cannot be
seen in a row: the confirmed mapping says it (`LedgerSign`), and the reader puts the result under `DEBT` and `AS_FILED`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.common import NOTE_HEADERS, amount, patient_reference, provider_reference
from dentes_twenty.objects.fields import (
    Context,
    Row,
    SourceObject,
    Transform,
    choice,
    choice_raw,
    column,
    currency_value,
    date,
    field,
    relation,
    source_key,
)
from dentes_twenty.objects.source import Column, Kind, OnBad, Reference, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject


class LedgerSign(StrEnum):
    """What the amounts of the ledger mean."""

    DEBIT_CREDIT = "debit-credit"  # two columns; amount = debit - credit
    DEBT_SIGN = "debt-sign"  # one column, positive when it raises the debt
    BY_TYPE = "by-type"  # one column; receipts are positive and lower the debt, a refund is a negative receipt


SIGN = "@ledger_sign"  # fact of the mapping: a LedgerSign

ENTRY_TYPE = Choices(
    Choice("CHARGE", "Charge", "Tedavi Bedeli", ("Borç", "Tedavi", "Hizmet", "Invoice", "Fee"), "blue"),
    Choice("PAYMENT", "Payment", "Tahsilat", ("Ödeme", "Receipt", "Patient payment"), "green"),
    Choice(
        "INSURANCE_PAYMENT", "Insurance payment", "Sigorta Ödemesi", ("Sigorta Tahsilatı", "Kurum Ödemesi"), "turquoise"
    ),
    Choice("ADJUSTMENT", "Adjustment", "Düzeltme", ("Düzeltme Fişi", "Mahsup", "Correction"), "gray"),
    Choice("WRITE_OFF", "Write-off", "Silinen Alacak", ("Şüpheli Alacak", "Zarar Yazıldı", "Write off"), "brown"),
    Choice("DISCOUNT", "Discount", "İndirim", ("İskonto",), "yellow"),
    Choice("REFUND", "Refund", "İade", ("Geri Ödeme",), "orange"),
    Choice("TRANSFER", "Transfer", "Virman", ("Aktarım",), "purple"),
    Choice("OPENING_BALANCE", "Opening balance", "Devir Bakiyesi", ("Devir", "Açılış Bakiyesi", "Opening"), "sky"),
)
PAYMENT_METHOD = Choices(
    Choice("CASH", "Cash", "Nakit", ("Peşin",), "green"),
    Choice("CARD", "Card", "Kredi Kartı", ("Kart", "Banka Kartı", "POS", "Credit card", "Debit card"), "blue"),
    Choice("TRANSFER", "Bank transfer", "Havale", ("EFT", "Havale/EFT", "Banka", "Transfer"), "turquoise"),
    Choice("CHEQUE", "Cheque", "Çek", ("Check",), "orange"),
    Choice("PROMISSORY_NOTE", "Promissory note", "Senet", ("Bono",), "purple"),
    Choice("OTHER", "Other", "Diğer", (), "gray"),
    fallback="OTHER",
)
RECEIPTS = frozenset({"PAYMENT", "INSURANCE_PAYMENT", "DISCOUNT", "WRITE_OFF", "REFUND"})

REPORT = Report(
    name="entry",
    titles=(
        "Hasta Defteri",
        "Defter",
        "Hasta Hareketleri",
        "Hasta Hareket",
        "Cari Hareketler",
        "Kasa Hareketleri",
        "Ledger",
        "Billing ledger",
        "Transactions",
    ),
    key="entry_id",
    one_of=((("debit", "credit"), ("amount",)),),
    columns=(
        Column(
            "entry_id", Kind.ID, ("Hareket No", "Fiş No", "Hareket Kodu", "Entry ID", "Transaction ID"), required=True
        ),
        patient_reference(),
        Column(
            "date",
            Kind.DATE,
            ("Tarih", "Hareket Tarihi", "Hareket Zamanı", "İşlem Tarihi", "Date", "Entry date"),
            required=True,
            on_bad=OnBad.QUARANTINE,
        ),
        Column(
            "type",
            Kind.CHOICE,
            ("Hareket Türü", "Tür", "İşlem Türü", "Hareket Tipi", "Type", "Entry type"),
            required=True,
            values=ENTRY_TYPE.words,
            on_bad=OnBad.QUARANTINE,
        ),
        amount("debit", "Borç", "Borç Tutarı", "Debit"),
        amount("credit", "Alacak", "Alacak Tutarı", "Credit"),
        amount("amount", "Tutar", "Miktar", "Amount"),
        Column(
            "method",
            Kind.CHOICE,
            ("Ödeme Tipi", "Ödeme Yöntemi", "Ödeme Şekli", "Method", "Payment method"),
            values=PAYMENT_METHOD.words,
            on_bad=OnBad.UNKNOWN,
        ),
        provider_reference(),
        Column(
            "claim_id",
            Kind.ID,
            ("Talep No", "Talep Kodu", "Provizyon Kayıt No", "Claim ID"),
            reference=Reference("claim"),
        ),
        Column("invoice_no", Kind.ID, ("Fatura No", "Makbuz No", "Belge No", "Invoice no", "Invoice number")),
        Column("note", Kind.TEXT, NOTE_HEADERS),
    ),
)


def debt(row: Row) -> Decimal | None:
    """What the row adds to the patient's debt; None when no amount is given. Both columns filled: their difference."""
    if row[SIGN] == LedgerSign.DEBIT_CREDIT:
        debit, credit = row.get("debit"), row.get("credit")
        return None if debit is None and credit is None else (debit or Decimal(0)) - (credit or Decimal(0))
    value: Decimal | None = row.get("amount")
    if value is None or row[SIGN] == LedgerSign.DEBT_SIGN:
        return value
    return -value if row["type"] in RECEIPTS else value


def as_filed(row: Row) -> Decimal | None:
    """The figure as the file had it; with two columns the one that is filled (both: the difference)."""
    if row[SIGN] != LedgerSign.DEBIT_CREDIT:
        value: Decimal | None = row.get("amount")
        return value
    debit, credit = row.get("debit"), row.get("credit")
    return debt(row) if debit is not None and credit is not None else debit if debit is not None else credit


def _name(row: Row, ctx: Context) -> str:
    return f"{ENTRY_TYPE.label(row['type'], ctx.language)} {row['date'].isoformat()}"


FIELDS = (
    source_key("entry", "entry_id"),
    field(
        "name",
        FieldType.TEXT,
        "Name",
        Transform(("type", "date"), "label of the type and the date", _name),
        standard=True,
    ),
    field("entryDate", FieldType.DATE, "Entry date", date("date")),
    choice("entryType", "Entry type", "type", ENTRY_TYPE),
    field(
        "amount",
        FieldType.CURRENCY,
        "Amount",
        Transform(
            ("debit", "credit", "amount", "type"),
            "positive when it raises the patient's debt",
            lambda row, ctx: currency_value(debt(row), ctx.currency),
        ),
    ),
    field(
        "sourceAmount",
        FieldType.CURRENCY,
        "Source amount",
        Transform(
            ("debit", "credit", "amount"),
            "the figure as the file had it",
            lambda row, ctx: currency_value(as_filed(row), ctx.currency),
        ),
    ),
    choice("paymentMethod", "Payment method", "method", PAYMENT_METHOD),
    choice_raw("paymentMethod", "Payment method", "method"),
    field("invoiceNumber", FieldType.TEXT, "Invoice number", column("invoice_no")),
    field("note", FieldType.TEXT, "Note", column("note")),
    field(
        "patient",
        FieldType.RELATION,
        "Patient",
        relation("patient_id", "patient"),
        to=RelationTo("person", "Billing ledger"),
    ),
    field(
        "claim",
        FieldType.RELATION,
        "Claim",
        relation("claim_id", "claim"),
        to=RelationTo("insuranceClaim", "Billing ledger"),
    ),
)

DECLARATION = SourceObject(
    name="entry",
    label="Billing ledger",
    report=REPORT,
    target=TargetObject(
        "billingLedger",
        "billingLedgers",
        "Billing ledger entry",
        "Billing ledger",
        False,
        tuple(f.target for f in FIELDS),
        "IconReceipt",
        "One movement of a patient's account; what raises the debt is positive.",
    ),
    fields=FIELDS,
    not_moved=("e-Fatura references", "aging views"),
)
