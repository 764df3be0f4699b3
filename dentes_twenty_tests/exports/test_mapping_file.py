"""The mapping file: a person reads, edits and confirms it; mistakes are named, a changed meaning needs a new yes."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest

from dentes_twenty.exports.errors import InvalidMapping, MappingError, UnconfirmedMapping
from dentes_twenty.exports.mapping import (
    Mapping,
    confirm,
    confirm_file,
    dump,
    load_mapping,
    open_points,
    parse,
    require_confirmed,
    save_mapping,
)
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty_tests.exports.steps import drop_of, proposed, yes

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
ENTRIES = "Hareket No;Dosya No;Tarih;Tür;Tutar;Renk\n1;1;13.05.2024;Ödeme;1.250,50;kırmızı\n2;2;14.05.2024;???;10,00;\n"


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    return proposed(drop_of(tmp_path / "drop", {"Defter.csv": ENTRIES}))


def answered(mapping: Mapping) -> Mapping:
    text = dump(mapping)
    assert text.count("answer: null") == 1
    return parse(text.replace("answer: null", "answer: by-type"))


def test_what_the_ledger_cannot_show_is_asked_by_name_and_blocks_until_answered(mapping: Mapping) -> None:
    assert [question.name for question in mapping.questions] == ["ledger_sign"]
    assert [point.code for point in open_points(mapping) if point.blocking] == ["unanswered_question"]
    with pytest.raises(UnconfirmedMapping, match="sign of the amounts"):
        confirm(mapping, "A. Tester", NOW)
    done = answered(mapping)
    assert done.ledger_sign is LedgerSign.BY_TYPE
    require_confirmed(yes(done))


def test_dates_without_a_day_above_twelve_are_asked_for_by_name(tmp_path: Path) -> None:
    files = {"Hastalar.csv": "Dosya No;Adı;Soyadı;Doğum Tarihi\n1;Ayşe;Yılmaz;03.04.1980\n2;Ali;Kaya;05.06.1990\n"}
    mapping = proposed(drop_of(tmp_path, files))
    (question,) = mapping.questions
    assert (question.name, question.choices) == ("date_order:Hastalar.csv", ["dmy", "mdy", "ymd"])
    assert "Doğum Tarihi" in question.text


def test_another_file_of_the_drop_decides_what_one_column_leaves_open(tmp_path: Path) -> None:
    files = {"Kontroller.csv": "Kontrol No;Dosya No;Vade\n1;1;03.04.2024\n"}
    mapping = proposed(drop_of(tmp_path, files))
    assert mapping.questions == []
    assert mapping.tables_of("recall")[0].mapped()["due_date"].dates == "dmy"


def test_a_mapping_survives_its_yaml(mapping: Mapping) -> None:
    assert parse(dump(mapping)) == mapping
    confirmed = yes(answered(mapping))
    assert parse(dump(confirmed)) == confirmed


def test_words_that_yaml_would_turn_into_booleans_stay_words(tmp_path: Path) -> None:
    files = {"staff.csv": "Provider ID,First,Last,Active\n7,Ayse,Kaya,yes\n8,Ali,Kaya,no\n9,Can,Kaya,1\n"}
    mapping = proposed(drop_of(tmp_path, files))
    text = dump(mapping).replace('"yes": true', "yes: true")
    assert parse(text).tables_of("provider")[0].values["active"] == {"yes": "true", "no": "false", "1": "true"}


def test_the_fingerprint_is_over_the_meaning_and_not_over_comments_and_evidence(mapping: Mapping) -> None:
    text = dump(mapping)
    commented = "# read by me\n" + text.replace("known header", "seen with my own eyes").replace(
        "confidence: 1.0", "confidence: 0.5"
    )
    assert parse(commented).fingerprint() == mapping.fingerprint()
    assert parse(text.replace('"Ödeme": PAYMENT', '"Ödeme": REFUND')).fingerprint() != mapping.fingerprint()
    assert parse(text.replace("column: amount", "column: debit")).fingerprint() != mapping.fingerprint()


def test_a_word_called_evidence_is_meaning(tmp_path: Path) -> None:
    files = {"Notlar.csv": "Not No;Dosya No;Not Türü;Metin\n1;1;evidence;a\n2;2;evidence;b\n"}
    mapping = proposed(drop_of(tmp_path, files))
    changed = parse(dump(mapping).replace('"evidence": null', '"evidence": CLINICAL'))
    assert changed.fingerprint() != mapping.fingerprint()


def test_confirming_a_file_keeps_a_persons_comments_and_binds_the_meaning(mapping: Mapping, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    save_mapping(mapping, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text(path.read_text().replace("answer: null", "answer: by-type  # asked Dr. Kaya"))
    with pytest.raises(UnconfirmedMapping, match="Nobody has confirmed"):
        require_confirmed(load_mapping(path))
    confirm_file(path, "A. Tester", NOW)
    confirm_file(path, "B. Tester", NOW)
    text = path.read_text()
    assert "# asked Dr. Kaya" in text
    assert (text.count("confirmed:"), "B. Tester" in text) == (1, True)
    require_confirmed(load_mapping(path))
    path.write_text(text.replace('"Ödeme": PAYMENT', '"Ödeme": REFUND'))
    with pytest.raises(UnconfirmedMapping, match="has changed"):
        require_confirmed(load_mapping(path))


def test_a_confirmation_needs_a_name_and_a_zone(mapping: Mapping) -> None:
    with pytest.raises(MappingError, match="Nobody"):
        confirm(answered(mapping), "  ", NOW)
    with pytest.raises(MappingError, match="zone"):
        confirm(answered(mapping), "A. Tester", dt.datetime(2026, 11, 23))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("column: patient_id", "column: pateint_id", "Did you mean 'patient_id'"),
        ('"Ödeme": PAYMENT', '"Ödeme": PAYMNT', "Did you mean 'PAYMENT'"),
        ("report: entry", "report: entri", "Did you mean 'entry'"),
        ("    columns:", "    colums: []\n    columns:", "Did you mean 'columns'"),
        ("{header: Tarih, ", "{header: Tarih, dates: mdyy, ", "dates"),
        ("{header: Renk, ", "{header: Renk, column: note, ", "say either column"),
        ("column: amount", "column: date", "2 headers are mapped to 'date'"),
        ("answer: null", "answer: maybe", "answer must be one of debt-sign, by-type"),
        ("version: 1", "version: 2", "version"),
        ("reports:", "reports: [", "no valid YAML"),
        ('        "Ödeme": PAYMENT', '        "Ödeme": PAYMENT\n        "Ödeme": REFUND', "twice"),
        ("type: TEXT", "type: SELECT", "needs options"),
        ("name: renk", "name: amount", "declared already"),
    ],
)
def test_a_mistake_is_named_with_a_suggestion(mapping: Mapping, old: str, new: str, said: str) -> None:
    text = dump(mapping)
    if said in ("needs options", "declared already"):
        text = text.replace("action: ignore", "action: custom")
    assert old in text
    with pytest.raises(InvalidMapping) as caught:
        parse(text.replace(old, new, 1))
    assert said in caught.value.message
    assert caught.value.fix


def test_what_is_missing_is_open_and_blocks(tmp_path: Path) -> None:
    files = {"Planlar.csv": "Plan No;Plan Adı;Durum\n1;Genel;Teklif\n2;Kanal;Rafta\n"}
    points = {(p.code, p.blocking) for p in open_points(proposed(drop_of(tmp_path, files)))}
    assert ("missing_column", True) in points
    assert ("unknown_words", False) in points


def test_a_file_that_no_report_fits_is_listed_and_left_alone(tmp_path: Path) -> None:
    mapping = proposed(drop_of(tmp_path, {"Ciro Raporu.csv": "Ay;Ciro\nOcak;100\nŞubat;200\n"}))
    assert [(other.file, other.likes) for other in mapping.other_tables] == [("Ciro Raporu.csv", None)]


def test_an_unknown_file_cannot_be_read_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")
