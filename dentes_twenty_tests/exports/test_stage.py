"""Staging: which rows land, which stay out and why, and what a later process finds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import stat
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dentes_twenty.exports.errors import MappingDoesNotFit, NotStaged, UnconfirmedMapping
from dentes_twenty.exports.mapping import dump, parse
from dentes_twenty.exports.stage import Staged, stage_report
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.target import FieldType
from dentes_twenty_tests.exports.steps import SETTINGS, codes, drop_of, proposed, stage_all, staged, yes

ENTRY_HEAD = "Hareket No;Dosya No;Tarih;Tür;Borç;Alacak;Ödeme Tipi;Açıklama\n"


def entries(*rows: str) -> dict[str, bytes | str]:
    return {"Hasta Defteri.csv": ENTRY_HEAD + "".join(f"{row}\n" for row in rows)}


def test_values_are_typed_and_unread_cells_keep_their_text(tmp_path: Path) -> None:
    rows = "7;Can;Öz;31.02.1980;5,32E+09;can@;X;Aktif;13.05.2024 10:30\n"
    rows += "8;Su;Ak;01.01.1900;0532 001 00 03;SU@EXAMPLE.COM;K;Rafta;\n"
    head = "Hasta No;Adı;Soyadı;Doğum Tarihi;Cep Telefonu;E-posta;Cinsiyet;Durum;Kayıt Tarihi\n"
    store = staged(tmp_path, {"Hastalar.csv": head + rows})
    can, su = store.rows("patient")
    assert (can["birth_date"], can["birth_date__raw"]) == (None, "31.02.1980")
    assert (can["mobile"], can["mobile__raw"], can["email__raw"]) == (None, "5,32E+09", "can@")
    assert (can["gender"], can["gender__raw"]) == ("UNKNOWN", "X")
    assert can["created_at"] == dt.datetime(2024, 5, 13, 7, 30, tzinfo=dt.UTC)
    assert su["mobile"] == [{"number": "5320010003", "calling": "+90", "country": "TR"}]
    assert (su["email"], su["birth_date"], su["gender"]) == ("su@example.com", None, "FEMALE")
    assert (su["status"], su["status__raw"], su["full_name"]) == ("UNKNOWN", "Rafta", None)
    assert (su["_row"], su["_line"], len(su["_digest"])) == (2, 3, 16)
    assert codes(list(store.issues("patient"))) == {
        (1, "birth_date", "bad_date", "warning"),
        (1, "mobile", "bad_phone", "warning"),
        (1, "email", "bad_email", "warning"),
        (1, "gender", "unknown_gender", "warning"),
        (2, "status", "unknown_status", "warning"),
    }


def test_rows_that_money_or_a_reference_hangs_on_stay_out_with_their_reason(tmp_path: Path) -> None:
    store = staged(
        tmp_path,
        entries(
            "1;1;13.05.2024;Borç;1.250,00;;;",
            "2;1;14.05.2024;Tahsilat;;bin lira;Nakit;",
            "3;;14.05.2024;Tahsilat;;10,00;Nakit;",
            "4;1;32.05.2024;Tahsilat;;10,00;Nakit;",
            "5;1;14.05.2024;Takas;;10,00;Nakit;",
            ";1;14.05.2024;Tahsilat;;10,00;Nakit;",
            "7;1;;Tahsilat;;10,00;Nakit;",
            "8;1;14.05.2024;Tahsilat;;0,00;Kripto;=cmd|' /C calc'!A0",
            "9;1;14.05.2062;Tahsilat;;2.774,13 TL;Nakit;- geldi",
        ),
    )
    assert codes(list(store.issues("entry"))) == {
        (2, "credit", "bad_number", "quarantine"),
        (3, "patient_id", "missing_patient", "quarantine"),
        (4, "date", "bad_date", "quarantine"),
        (5, "type", "unknown_type", "quarantine"),
        (6, "entry_id", "missing_entry_id", "quarantine"),
        (7, "date", "missing_date", "quarantine"),
        (8, "method", "unknown_method", "warning"),
        (8, "note", "formula_text", "warning"),
        (9, "date", "far_future_date", "warning"),
    }
    one, eight, nine = store.rows("entry")
    assert (one["debit"], one["credit"], one["type"]) == (Decimal(1250), None, "CHARGE")
    assert (eight["credit"], eight["method"], eight["method__raw"]) == (Decimal(0), "OTHER", "Kripto")
    assert eight["note"] == "=cmd|' /C calc'!A0"
    assert (nine["credit"], nine["date"].year) == (Decimal("2774.13"), 2062)
    report = next(r for r in store.reports if r.report == "entry")
    assert (report.rows_read, report.rows_staged, report.quarantined, report.warnings) == (9, 3, 6, 2)
    assert store.ledger_sign is LedgerSign.DEBIT_CREDIT


def test_the_first_row_of_an_id_lands_a_differing_one_stays_out_an_identical_one_repeats_it(
    tmp_path: Path,
) -> None:
    row = "1;1;13.05.2024;Borç;10,00;;;"
    store = staged(tmp_path, entries(row, row.replace("10,00", "20,00"), row, "2;1;13.05.2024;Borç;10,00;;;"))
    assert [(r["entry_id"], r["debit"]) for r in store.rows("entry")] == [("1", Decimal(10)), ("2", Decimal(10))]
    assert codes(list(store.issues("entry"))) == {
        (2, "entry_id", "duplicate_id", "quarantine"),
        (3, None, "duplicate_row", "warning"),
    }
    report = next(r for r in store.reports if r.report == "entry")
    assert (report.rows_read, report.rows_staged, report.quarantined, report.duplicates) == (4, 2, 1, 1)


def test_a_broken_row_is_quarantined_with_its_line_and_its_code_reaches_the_store(tmp_path: Path) -> None:
    store = staged(tmp_path, entries("1;1;13.05.2024;Borç;10,00;;;", "2;1;13.05.2024", "3;1;13.05.2024;Borç;10,00;;;"))
    (issue,) = store.issues("entry")
    assert (issue.row, issue.line, issue.source_id, issue.code) == (2, 3, "2", "too_few_cells")
    assert store.count("entry") == 2


def test_day_and_time_apart_become_one_instant_in_the_practices_zone(tmp_path: Path) -> None:
    head = "Randevu No;Dosya No;Randevu Tarihi;Saati;Süre;Durum\n"
    rows = [
        "1;1;13.05.2024;10:30;30;Geldi",
        "2;1;29.03.2015;03:30;-5;Geldi",
        "3;1;25.10.2024;;15;Geldi",
        "4;1;31.02.2024;10:30;30;Geldi",
        "5;;14.05.2024;12:00;60;İptal",
    ]
    store = staged(tmp_path, {"Randevular.csv": head + "\n".join(rows) + "\n"})
    starts = {row["appointment_id"]: row["start_at"] for row in store.rows("appointment")}
    assert starts["1"] == dt.datetime(2024, 5, 13, 7, 30, tzinfo=dt.UTC)
    assert starts["3"] == dt.datetime(2024, 10, 24, 21, 0, tzinfo=dt.UTC)
    assert codes(list(store.issues("appointment"))) == {
        (2, "start_at", "nonexistent_local_time", "warning"),
        (2, "duration_minutes", "out_of_range", "warning"),
        (3, "time", "missing_time", "warning"),
        (4, "date", "bad_date", "quarantine"),
    }
    assert "date" not in next(store.rows("appointment"))


def test_national_ids_are_dropped_unless_the_practice_keeps_them_and_then_checked(tmp_path: Path) -> None:
    head = "Dosya No;Adı;Soyadı;T.C. Kimlik No\n"
    files: dict[str, bytes | str] = {"Hastalar.csv": head + "1;Ayşe;Ak;10000000146\n2;Ali;Ak;10000000145\n"}
    store = staged(tmp_path / "dropped", files)
    assert all("national_id" not in row for row in store.rows("patient"))
    assert list(store.issues()) == []
    kept = staged(tmp_path / "kept", files, dataclasses.replace(SETTINGS, national_id=True))
    assert [row["national_id"] for row in kept.rows("patient")] == ["10000000146", None]
    assert codes(list(kept.issues())) == {(2, "national_id", "bad_national_id", "warning")}
    assert not any("10000000145" in str(row) for row in kept.rows("patient"))


def test_a_birth_date_after_the_export_is_emptied(tmp_path: Path) -> None:
    files = {"Hastalar.csv": "Dosya No;Adı;Soyadı;Doğum Tarihi\n1;Ayşe;Ak;13.05.2062\n2;Ali;Ak;13.05.1990\n"}
    store = staged(tmp_path, files)
    assert [row["birth_date"] for row in store.rows("patient")] == [None, dt.date(1990, 5, 13)]
    assert codes(list(store.issues())) == {(1, "birth_date", "future_date", "warning")}


def test_an_undeclared_column_becomes_a_custom_field_when_a_person_says_so(tmp_path: Path) -> None:
    groups = ["0 Rh (+)", "0 Rh (-)", "0 Rh (+)", "0 Rh (-)", "0 Rh (+)"]
    rows = "".join(f"{n};Ad;Soyad;{group}\n" for n, group in enumerate(groups, 1))
    drop = drop_of(tmp_path / "drop", {"Hastalar.csv": "Dosya No;Adı;Soyadı;Kan Grubu\n" + rows})
    text = dump(proposed(drop))
    ignored = stage_all(drop, yes(parse(text)), tmp_path / "ignored")
    assert ignored.custom_fields("patient") == ()
    wanted = parse(text.replace('"Kan Grubu", action: ignore', '"Kan Grubu", action: custom'))
    store = stage_all(drop, yes(wanted), tmp_path / "wanted")
    (field,) = store.custom_fields("patient")
    assert (field.target.name, field.target.type, len(field.target.options)) == ("kanGrubu", FieldType.SELECT, 2)
    first, second, *_ = store.rows("patient")
    (name,) = field.transform.columns
    assert first[name] != second[name]
    assert {first[name], second[name]} == {option.value for option in field.target.options}


def test_what_is_staged_is_private_and_can_be_opened_by_a_later_process(tmp_path: Path) -> None:
    store = staged(tmp_path, entries("1;1;13.05.2024;Borç;10,00;;;"))
    out = tmp_path / "staged"
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert not [path for path in out.iterdir() if path.name.endswith(".part")]
    again = Staged.open(out)
    assert again.fingerprint == store.fingerprint
    assert list(again.rows("entry")) == list(store.rows("entry"))
    assert list(again.rows("recall")) == []
    assert list(again.rows("entry", ["entry_id"])) == [{"entry_id": "1"}]
    with pytest.raises(NotStaged):
        Staged.open(tmp_path / "drop")


def test_issues_and_manifests_hold_no_values_of_the_file(tmp_path: Path) -> None:
    staged(tmp_path, entries("1;1;13.05.2024;Takas;10,00;;;gizli not", "2;1;13.05.2024;Borç;on lira;;;gizli not"))
    out = tmp_path / "staged"
    for path in out.glob("*.manifest.json"):
        assert "gizli" not in path.read_text() and "Yılmaz" not in path.read_text()
    told = str(pq.read_table(out / "entry.issues.parquet").to_pylist())
    assert "Takas" not in told and "on lira" not in told and "gizli" not in told


def test_nothing_is_staged_without_a_persons_yes(tmp_path: Path) -> None:
    drop = drop_of(tmp_path / "drop", {})
    with pytest.raises(UnconfirmedMapping):
        stage_report(drop, proposed(drop), "patient", SETTINGS, tmp_path / "staged")


def test_a_later_export_may_have_headers_in_another_order_and_words_that_the_first_had_not(tmp_path: Path) -> None:
    mapping = yes(proposed(drop_of(tmp_path / "first", entries("1;1;13.05.2024;Borç;10,00;;;"))))
    text = "Alacak;BORÇ;Tür;Tarih ;Dosya No;Hareket No;Ödeme Tipi;Açıklama;Kasa\n5,00;;İskonto;14.05.2024;1;2;;;A\n"
    later = drop_of(tmp_path / "later", {"Hasta Defteri.csv": text})
    report = stage_report(later, mapping, "entry", SETTINGS, tmp_path / "staged")
    assert report.unlisted == ("Kasa",)
    (row,) = Staged.open(tmp_path / "staged").rows("entry")
    assert (row["entry_id"], row["credit"], row["type"]) == ("2", Decimal(5), "DISCOUNT")


def test_a_later_export_without_a_mapped_header_or_file_is_refused_by_name(tmp_path: Path) -> None:
    mapping = yes(proposed(drop_of(tmp_path / "first", entries("1;1;13.05.2024;Borç;10,00;;;"))))
    head = ENTRY_HEAD.replace("Borç", "Borç TL")
    later = drop_of(tmp_path / "later", {"Hasta Defteri.csv": head + "1;1;13.05.2024;Borç;10,00;;;\n"})
    with pytest.raises(MappingDoesNotFit, match=r"no header 'Borç'. Did you mean 'Borç TL'"):
        stage_report(later, mapping, "entry", SETTINGS, tmp_path / "staged")
    gone = drop_of(tmp_path / "gone", {"Stok.csv": "Stok Kodu;Stok Adı\n1;Maske\n"})
    with pytest.raises(MappingDoesNotFit, match="Hasta Defteri"):
        stage_report(gone, mapping, "entry", SETTINGS, tmp_path / "staged")


def test_a_later_export_that_is_written_otherwise_is_refused_and_not_misread(tmp_path: Path) -> None:
    rows = [f"{n};1;{n:02d}.05.2024;Borç;1.250,50;;;" for n in range(11, 31)]
    mapping = yes(proposed(drop_of(tmp_path / "first", entries(*rows))))
    turned = [f"{n};1;05/{n:02d}/2024;Borç;1,250.50;;;" for n in range(11, 31)]
    later = drop_of(tmp_path / "later", entries(*turned))
    with pytest.raises(MappingDoesNotFit, match="18 of 20 cells of 'date'"):
        stage_report(later, mapping, "entry", SETTINGS, tmp_path / "staged")
    with pytest.raises(NotStaged):
        Staged.open(tmp_path / "staged")


def test_staging_again_replaces_what_was_staged(tmp_path: Path) -> None:
    drop = drop_of(tmp_path / "drop", entries("1;1;13.05.2024;Borç;10,00;;;"))
    mapping = yes(proposed(drop))
    first = stage_all(drop, mapping, tmp_path / "staged")
    (tmp_path / "drop" / "Hasta Defteri.csv").write_text(ENTRY_HEAD + "2;1;13.05.2024;Borç;10,00;;;\n")
    later = drop_of(tmp_path / "drop", {"Hasta Defteri.csv": ENTRY_HEAD + "2;1;13.05.2024;Borç;10,00;;;\n"})
    second = stage_all(later, mapping, tmp_path / "staged")
    assert [row["entry_id"] for row in second.rows("entry")] == ["2"]
    assert first.fingerprint != second.fingerprint


def test_reports_of_two_exports_are_not_read_together(tmp_path: Path) -> None:
    first = drop_of(tmp_path / "first", entries("1;1;13.05.2024;Borç;10,00;;;"))
    mapping = yes(proposed(first))
    out = tmp_path / "staged"
    stage_all(first, mapping, out)
    second = drop_of(tmp_path / "second", entries("1;1;13.05.2024;Borç;10,00;;;", "2;1;13.05.2024;Borç;1,00;;;"))
    stage_report(second, mapping, "entry", SETTINGS, out)
    with pytest.raises(NotStaged, match="different exports"):
        Staged.open(out)
    stage_report(second, mapping, "patient", SETTINGS, out)
    assert Staged.open(out).count("entry") == 2


def test_a_report_that_the_mapping_no_longer_has_is_forgotten(tmp_path: Path) -> None:
    drop = drop_of(tmp_path / "drop", entries("1;1;13.05.2024;Borç;10,00;;;"))
    mapping = proposed(drop)
    out = tmp_path / "staged"
    stage_all(drop, yes(mapping), out)
    fewer = mapping.model_copy(update={"reports": [*mapping.tables_of("patient")]})
    assert [report.report for report in stage_all(drop, yes(fewer), out).reports] == ["patient"]
    assert not (out / "entry.parquet").exists()
