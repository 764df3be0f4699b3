"""Headers to columns: ambiguous words land right because of what else is in the file and of the values."""

from __future__ import annotations

from datetime import datetime

import pytest

from dentes_twenty.exports.matching import match_headers
from dentes_twenty.exports.profile import profile_column
from dentes_twenty.exports.recognition import recognise
from dentes_twenty.exports.records import Cell, TableInfo
from dentes_twenty.objects.registry import report_named


def matched(report: str, *headers: str) -> dict[str, str | None]:
    return {match.header: match.column for match in match_headers(report_named(report), headers)}


def by_values(report: str, **columns: list[Cell]) -> dict[str, str | None]:
    headers = [name.replace("_", " ") for name in columns]
    profiles = [profile_column(cells) for cells in columns.values()]
    return {match.header: match.column for match in match_headers(report_named(report), headers, profiles)}


def test_dotted_and_dotless_letters_case_and_blanks_do_not_count() -> None:
    headers = ["İL", "ılçe ", " DOĞUM TARİHİ", "DOGUM_TARIHI2", "T.C. KİMLİK NO", "e-posta  adresi"]
    assert matched("patient", *headers) == {
        "İL": "city",
        "ılçe ": "district",
        " DOĞUM TARİHİ": "birth_date",
        "DOGUM_TARIHI2": None,
        "T.C. KİMLİK NO": "national_id",
        "e-posta  adresi": "email",
    }


@pytest.mark.parametrize(
    ("report", "header", "others", "column"),
    [
        ("recall", "Not", ("Kontrol No", "Vade"), "note"),
        ("note", "Not", ("Not No", "Tarih"), "body"),
        ("payer", "Sigorta Kodu", ("Sigorta No", "Sigorta Adı"), "payer_code"),
        ("payer", "SIGORTA_KODU", ("SIGORTA_KISA_KODU", "SIGORTA_ADI"), "payer_id"),
        ("claim", "SIGORTA_KODU", ("TALEP_KODU",), "payer_id"),
        ("practice", "Kurum Adı", ("Kurum No",), "name"),
        ("entry", "Tür", ("Hareket No", "Tarih"), "type"),
        ("entry", "Talep No", ("Hareket No",), "claim_id"),
        ("claim", "Talep No", ("Ana Talep No",), "claim_id"),
        ("note", "Hekim", ("Not No",), "author_id"),
        ("patient", "Hekim", ("Dosya No",), "default_provider_id"),
    ],
)
def test_the_same_word_means_another_column_in_another_report(
    report: str, header: str, others: tuple[str, ...], column: str
) -> None:
    assert matched(report, header, *others)[header] == column


def test_a_column_of_days_beside_a_column_of_times_is_the_day_and_an_instant_alone_is_the_start() -> None:
    days: list[Cell] = [f"{day:02d}.05.2024" for day in range(10, 25)]
    times: list[Cell] = [f"{hour:02d}:30" for hour in range(8, 23)]
    assert by_values("appointment", Randevu_Tarihi=days, Saati=times)["Randevu Tarihi"] == "date"
    moments: list[Cell] = [datetime(2024, 5, day, 9, 30) for day in range(1, 16)]
    assert by_values("appointment", Randevu_Tarihi=moments)["Randevu Tarihi"] == "start_at"


def test_one_word_for_an_amount_and_a_date_goes_by_the_values() -> None:
    amounts: list[Cell] = ["1200.50", "90.00", "13.75"]
    days: list[Cell] = ["2024-05-13", "2024-06-14", "2024-07-01"]
    assert by_values("claim", Submitted=amounts)["Submitted"] == "submitted_amount"
    assert by_values("claim", Submitted=days)["Submitted"] == "submitted_at"


def test_words_that_merely_resemble_a_header_stay_unmapped() -> None:
    assert matched("patient", "Tarife", "Grup", "Kan Grubu") == {"Tarife": None, "Grup": None, "Kan Grubu": None}


def test_a_misspelt_header_is_proposed_with_less_confidence() -> None:
    (match,) = match_headers(report_named("patient"), ["Dogum Tarhi"])
    assert (match.column, match.confidence < 0.9) == ("birth_date", True)


def test_reports_are_told_apart_by_their_headers_when_file_names_say_nothing() -> None:
    headers = [
        ("Form No", "Form Adı", "Yanıt No", "Dosya No", "Tarih", "Soru", "Tip", "Cevap"),
        ("Form No", "Form Adı", "Yanıt No", "Dosya No", "Doldurma Tarihi", "Kilo (kg)"),
        ("Kurum No", "Kurum Adı", "Tür", "Adres", "İl", "Vergi No"),
        ("Sigorta No", "Kurum Adı", "Adres", "İl", "Sigorta Kodu"),
        ("Hekim", "Ciro"),
    ]
    infos = [TableInfo(f"{i}.csv", None, "utf-8", ";", 0, header, {}) for i, header in enumerate(headers)]
    found = [answer.report.name if answer.report else None for answer in recognise(infos)]
    assert found == ["answer", "response", "practice", "payer", None]
