"""A confirmed mapping and a later export: what still fits, and what is named when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dentes_twenty.exports.binding import unnamed_files
from dentes_twenty.exports.errors import MappingDoesNotFit
from dentes_twenty.exports.stage import stage_report
from dentes_twenty_tests.exports.steps import PATIENTS, SETTINGS, drop_of, proposed, stage_all, staged, yes

STOCK = "Stok Kodu;Stok Adı;Mevcut\nS1;Maske;5\n"
LEDGER = "Hareket No;Dosya No;Tarih;Tür;Borç;Alacak\n"


def test_a_later_export_with_another_date_in_its_file_names_is_the_same_report(tmp_path: Path) -> None:
    first = drop_of(tmp_path / "first", {"Stok 2026-06-30.csv": STOCK})
    mapping = yes(proposed(first))
    later = drop_of(tmp_path / "later", {"Stok 2026-07-31.csv": STOCK.replace("Maske", "Eldiven")})
    store = stage_all(later, mapping, tmp_path / "staged")
    assert [row["name"] for row in store.rows("item")] == ["Eldiven"]
    assert unnamed_files(mapping, [file.name for file in later.files]) == []


def test_everything_that_does_not_fit_is_named(tmp_path: Path) -> None:
    known: dict[str, bytes | str] = {"Ciro.csv": "Ay;Ciro\nOcak;1\n"}
    mapping = yes(proposed(drop_of(tmp_path / "first", {"Stok.csv": STOCK, **known})))
    renamed = PATIENTS.replace("Soyadı", "Aile Adı")
    later = drop_of(tmp_path / "later", {"Hastalar.csv": renamed, "Yeni.csv": "A;B\n1;2\n", **known})
    assert unnamed_files(mapping, [file.name for file in later.files]) == ["Yeni.csv"]
    for report, said in (
        ("patient", r"Hastalar.csv has no header 'Soyadı'. Did you mean 'Adı'\?"),
        ("item", "Stok.csv"),
    ):
        with pytest.raises(MappingDoesNotFit, match=said):
            stage_report(later, mapping, report, SETTINGS, tmp_path / "staged")


def test_an_ignored_header_may_be_missing_later(tmp_path: Path) -> None:
    mapping = yes(proposed(drop_of(tmp_path / "first", {"Stok.csv": STOCK.replace("Mevcut", "Raf Rengi")})))
    later = drop_of(tmp_path / "later", {"Stok.csv": "Stok Kodu;Stok Adı\nS2;Maske\n"})
    assert stage_all(later, mapping, tmp_path / "staged").count("item") == 1


def test_a_ledger_in_parts_is_one_report_whose_ids_count_across_its_files(tmp_path: Path) -> None:
    rows: dict[str, bytes | str] = {
        "Defter 2024.csv": LEDGER + "1;1;13.05.2024;Borç;10,00;\n2;1;14.05.2024;Borç;20,00;\n",
        "Defter 2025.csv": LEDGER + "2;1;14.05.2025;Borç;99,00;\n3;1;15.05.2025;Borç;30,00;\n",
    }
    store = staged(tmp_path, rows)
    assert [row["entry_id"] for row in store.rows("entry")] == ["1", "2", "3"]
    (issue,) = store.issues("entry")
    assert (issue.file, issue.row, issue.code) == ("Defter 2025.csv", 1, "duplicate_id")
    assert store.report("entry").file == "Defter 2024.csv, Defter 2025.csv"


def test_the_same_header_twice_is_told_apart_by_its_place(tmp_path: Path) -> None:
    store = staged(tmp_path, {"Stok.csv": "Stok Kodu;Stok Adı;Mevcut;Mevcut\nS1;Maske;5;rafta\nS2;Eldiven;6;depoda\n"})
    assert [row["quantity_on_hand"] for row in store.rows("item")] == [5, 6]
    assert store.report("item").unlisted == ()


def test_the_same_headers_under_another_title_are_not_taken_for_a_part(tmp_path: Path) -> None:
    head = "Kurum Kodu;Kurum Adı;Telefon\n"
    files: dict[str, bytes | str] = {"Kurumlar.csv": head + "K1;Merkez;\n", "Tedarikçiler.csv": head + "T1;Depo;\n"}
    mapping = proposed(drop_of(tmp_path, files))
    assert [table.file for table in mapping.tables_of("practice")] == ["Kurumlar.csv"]
    assert [(other.file, other.likes) for other in mapping.other_tables] == [("Tedarikçiler.csv", "practice")]
