"""Ids, names, codes, contacts, words and file names."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.cells import (
    BadCell,
    PhoneNumber,
    is_blank,
    is_fdi_tooth,
    is_tc_kimlik,
    parse_boolean,
    parse_code,
    parse_email,
    parse_files,
    parse_id,
    parse_name,
    parse_phones,
    parse_text,
    parse_url,
)
from dentes_twenty.exports.records import Cell

# Twenty's own rules for e-mail addresses, which are looser
TWENTY_EMAIL = re.compile(r'[^\s@"]{1,64}@[^\s@]{1,255}')


@pytest.mark.parametrize(
    ("cell", "blank"), [(None, True), ("", True), (" \t\0", True), ("0", False), (0, False), (False, False)]
)
def test_blank_is_nothing_or_blanks(cell: Cell, blank: bool) -> None:
    assert is_blank(cell) is blank


@pytest.mark.parametrize(
    ("cell", "text"),
    [(10001, "10001"), (10001.0, "10001"), (Decimal("10001.0"), "10001"), (" 0010001 ", "0010001"), ("A-7", "A-7"),
    (Decimal("4.5"), "4.5")],
)  # fmt: skip
def test_an_id_is_text_whatever_its_cell(cell: Cell, text: str) -> None:
    assert parse_id(cell) == text


def test_a_date_is_no_id() -> None:
    with pytest.raises(BadCell, match="id_became_date"):
        parse_id(date(2024, 1, 2))


def test_text_is_composed_trimmed_and_keeps_its_lines() -> None:
    assert parse_text(unicodedata.normalize("NFD", " Şükrü\0 \r\nÖz\rx ")) == "Şükrü \nÖz\nx"
    assert [parse_text(cell) for cell in (True, date(2024, 1, 2), datetime(2024, 1, 2, 9, 5), Decimal("1.50"))] == [
        "true", "2024-01-02", "2024-01-02 09:05", "1.50",
    ]  # fmt: skip


def test_a_name_keeps_its_letters_and_loses_its_double_blanks() -> None:
    assert parse_name("  AYŞE   Gül \t Çelik ") == "AYŞE Gül Çelik"


@pytest.mark.parametrize(
    "cell",
    [
        "02.Oca",
        "01.Şub",
        "2-Jan",
        "12-Jan",
        "12.OCA",
        "1 Mayıs",
        "Oca.24",
        "May-2024",
        "02.01.2024",
        "2024-01-02",
        date(2024, 1, 2),
    ],
)
def test_a_code_that_a_spreadsheet_turned_into_a_date_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell, match="code_became_date"):
        parse_code(cell)


@pytest.mark.parametrize("cell", ["1-1", "5-10", "401.010", "D2750", "ÖZ-07", "BYZ", "1.2.3", "OCAK", 12])
def test_a_code_is_text(cell: Cell) -> None:
    assert parse_code(cell) == str(cell)


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Ayse.Yilmaz@Example.COM", "ayse.yilmaz@example.com"), ("IRMAK@EXAMPLE.ORG", "irmak@example.org"),
        (" info@egedis.example.net ", "info@egedis.example.net"), ("a+b@clinic.test", "a+b@clinic.test"),
        ("x@diş.com", "x@xn--di-gta.com"),
    ],
)  # fmt: skip
def test_an_address_is_lower_case_ascii(cell: str, address: str) -> None:
    assert parse_email(cell) == address
    assert TWENTY_EMAIL.fullmatch(address)


@pytest.mark.parametrize(
    "cell",
    ["ayse.yilmaz@", "mehmet yilmaz example.com", "yok@@example..com", "@example.com", "soracak", "a@b",
    "ışık@example.com", "a@x.com; b@x.com", 5],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_its_text(cell: Cell) -> None:
    with pytest.raises(BadCell) as caught:
        parse_email(cell)
    assert str(caught.value) == "bad_email"
    assert caught.value.__cause__ is None


def tr(number: str) -> PhoneNumber:
    return PhoneNumber(number, "+90", "TR")


@pytest.mark.parametrize(
    "cell",
    [
        "0532 123 45 67", "5321234567", "+90 532 123 45 67", "(0532) 123 45 67", "0090 532 123 45 67",
        "905321234567", "0532 1234567",
        "532-123-45-67", "0532.123.45.67", "GSM: 0532 123 45 67", "0532 123 45 67 (anne)", "0532 123 45 67 eşi",
        5321234567,
        5321234567.0, "0532\u00a0123 45 67",
    ],
)  # fmt: skip
def test_a_turkish_number_is_read_in_every_form(cell: Cell) -> None:
    assert parse_phones(cell, "TR").value == (tr("5321234567"),)


@pytest.mark.parametrize("between", [" / ", "/", ", ", " - ", "; ", "\n", " veya "])
def test_two_numbers_of_a_cell_are_two_numbers_in_order(between: str) -> None:
    cell = f"0532 123 45 67{between}0212 555 01 02{between}+905321234567"
    assert parse_phones(cell, "TR") == ((tr("5321234567"), tr("2125550102")), ())


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("444 0 123", tr("4440123")), ("+90 392 222 22 22", tr("3922222222")),
        ("5xx".replace("x", "0") + "5400123", tr("5005400123")),
        ("+1 604 555 0199", PhoneNumber("6045550199", "+1", "CA")),
        ("+1 212 555 0100", PhoneNumber("2125550100", "+1", "US")),
        ("+44 7911 123456", PhoneNumber("7911123456", "+44", "GG")),
        ("+44 2079460123", PhoneNumber("2079460123", "+44", "GB")),
        ("+39 06 69812345", PhoneNumber("0669812345", "+39", "VA")),
        ("+49 1522000123", PhoneNumber("1522000123", "+49", "DE")),
    ],
)  # fmt: skip
def test_the_country_is_the_one_that_the_number_says(cell: str, number: PhoneNumber) -> None:
    assert parse_phones(cell, "TR").value == (number,)


def test_an_extension_and_a_part_that_is_no_number_are_dropped_and_reported() -> None:
    assert parse_phones("0212 555 01 02 dahili 12", "TR") == ((tr("2125550102"),), ("extension_dropped",))
    assert parse_phones("0212 555 01 02/03", "TR") == ((tr("2125550102"),), ("phone_part_dropped",))


@pytest.mark.parametrize(
    "cell",
    ["5,32E+09", "5.32E+09", "soracak", "0", "12", "-", "05321234567890123", True, Decimal("5.5"), date(2024, 1, 1)],
)
def test_what_is_no_number_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell, match="bad_phone"):
        parse_phones(cell, "TR")


@given(st.text(max_size=30))
def test_no_text_makes_the_phone_parser_fail_otherwise(text: str) -> None:
    try:
        numbers, _ = parse_phones(text, "TR")
    except BadCell:
        return
    for number in numbers:
        assert re.fullmatch(r"\d{2,17}", number.number)
        assert re.fullmatch(r"\+\d{1,3}", number.calling)
        assert re.fullmatch("[A-Z]{2}", number.country)


@pytest.mark.parametrize(
    "cell",
    [
        "www.sigorta1.example.com",
        "HTTP://WWW.EGE.COM",
        "https://a.example.net:8443/x?y=1",
        "WWW.Çınar.example.com/",
        "ege.com.tr",
    ],
)
def test_a_web_address_stays_as_it_was_written(cell: str) -> None:
    assert parse_url(f" {cell} ") == cell


@pytest.mark.parametrize(
    "cell", ["yok", "1234", "12.34", "javascript:alert(1)", "ftp://a.com", "a b.com", "http://", "info@ege.com", 5]
)
def test_what_is_no_web_address_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell, match="bad_url"):
        parse_url(cell)


def test_yes_and_no_in_both_languages() -> None:
    assert all(parse_boolean(cell) for cell in ("Evet", "EVET", "E", "Var", "Yes", "1", 1, True, "Doğru", "AKTİF", "+"))
    assert not any(parse_boolean(cell) for cell in ("Hayır", "HAYIR", "H", "Yok", "No", "0", 0, False, "YANLIŞ", "-"))
    with pytest.raises(BadCell, match="bad_boolean"):
        parse_boolean("belki")


def test_file_names_are_separated_by_semicolons_only() -> None:
    assert parse_files('rapor, 1.pdf; attachments\\b c.png;;"d.txt"; rapor, 1.pdf') == (
        "rapor, 1.pdf",
        "attachments\\b c.png",
        "d.txt",
    )


def test_the_checksum_of_a_national_id() -> None:
    assert is_tc_kimlik("51130447050")
    assert not any(map(is_tc_kimlik, ("51130447051", "51130447060", "01130447050", "5113044705", "", "5113044705٠")))


def test_fdi_teeth() -> None:
    assert all(map(is_fdi_tooth, ("11", "48", "55", "85", "11, 12", " 36 ")))
    assert not any(map(is_fdi_tooth, ("99", "19", "56", "1", "", "abc", "11, 99")))
