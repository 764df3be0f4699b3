"""Types of undeclared columns (data-model.md, 13; AMBIGUITIES 75-77), and the ledger's sign (AMBIGUITIES 21)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dentes_twenty.exports.inference import Inferred, TypeDetector, declared_type
from dentes_twenty.exports.ledger_sign import SignDetector
from dentes_twenty.exports.records import Cell
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.target import FieldType


def inferred(*cells: Cell, declared: FieldType | None = None) -> Inferred:
    detector = TypeDetector()
    for cell in cells:
        detector.add(cell)
    return detector.result(declared)


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["Evet", "Hayır", "", "Evet"], FieldType.BOOLEAN),
        (["1", "0", "0", "1"], FieldType.BOOLEAN),
        (["0", "1", "2", "3", "2"], FieldType.NUMBER),
        (["62,5", "80", "71,20"], FieldType.NUMBER),
        (["0532", "0212", "0216"], FieldType.TEXT),
        (["13.05.2024", "01.02.2023"], FieldType.DATE),
        (["Lateks; İyot", "İyot", "Lateks", "Lateks; Aspirin", "Aspirin"], FieldType.MULTI_SELECT),
        (["Dolgu|Çekim", "Çekim", "Dolgu", "Dolgu|Çekim"], FieldType.MULTI_SELECT),
        (["Dolgu, Çekim", "Çekim", "Dolgu", "Dolgu, Çekim", "Çekim"], FieldType.MULTI_SELECT),
        (["İnternet", "Tabela", "İnternet", "Tabela", "Tabela"], FieldType.SELECT),
        (["çok iyi, teşekkürler", "kötü, geç kaldınız", "fena değil", "iyi"], FieldType.TEXT),
        ([f"{n}. form: ağrı yok" for n in range(9)], FieldType.TEXT),
        (["Aspirin 100 mg, sabah; hasta no 7 için doktor onayı bekleniyor, aranacak"] * 3, FieldType.TEXT),
        ([f"{'x' * 50} {n % 3}" for n in range(30)], FieldType.TEXT),
        ([f"seçenek {n % 31}" for n in range(310)], FieldType.TEXT),
        (["", None, " "], FieldType.TEXT),
    ],
)
def test_a_column_gets_the_closest_type(cells: list[Cell], type_: FieldType) -> None:
    assert inferred(*cells).type is type_


def test_options_that_differ_in_a_sign_stay_different() -> None:
    assert inferred("A Rh (+)", "A Rh (-)", "A Rh (+)", "A Rh (-)").labels == ("A Rh (+)", "A Rh (-)")


def test_the_type_that_the_file_names_decides() -> None:
    assert inferred("3", "4", declared=FieldType.SELECT).labels == ("3", "4")
    assert inferred("Dolgu", declared=declared_type("Çoklu Seçim")).type is FieldType.MULTI_SELECT
    assert declared_type("EVET/HAYIR") is FieldType.BOOLEAN
    assert declared_type("???") is None


def test_a_few_damaged_cells_do_not_turn_numbers_into_text() -> None:
    assert inferred(*(str(n) for n in range(40)), "yok").type is FieldType.NUMBER


def signs(*rows: tuple[str, str]) -> LedgerSign | None:
    detector = SignDetector()
    for type_, amount in rows:
        detector.add(type_, Decimal(amount))
    return detector.result(two_columns=False).sign


def test_negative_payments_mean_that_the_column_has_the_sign_of_the_debt() -> None:
    assert signs(*[("PAYMENT", "-100")] * 6, ("REFUND", "20"), ("CHARGE", "500")) is LedgerSign.DEBT_SIGN


def test_positive_receipts_and_negative_refunds_mean_that_the_type_gives_the_sign() -> None:
    assert signs(*[("PAYMENT", "100")] * 6, ("REFUND", "-20"), ("CHARGE", "500")) is LedgerSign.BY_TYPE


@pytest.mark.parametrize(
    "rows",
    [
        [("PAYMENT", "-100")] * 3,
        [("PAYMENT", "-100")] * 5 + [("PAYMENT", "100")] * 5,
        [("PAYMENT", "100")] * 6 + [("REFUND", "20")] * 2,
    ],
)
def test_thin_or_contradictory_evidence_decides_nothing(rows: list[tuple[str, str]]) -> None:
    assert signs(*rows) is None
