"""Workbooks: typed cells, headers, ends. Every test writes a real workbook and reads it back."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import CutOffFile, HeaderNotFound, LegacyWorkbook, UnreadableDrop
from dentes_twenty.exports.records import BadRow, Pin, RawRow, Table
from dentes_twenty.exports.tables import tables
from dentes_twenty_tests.exports.folders import cells_of, faults_of, write_drop

HEADER = ("Dosya No", "Adı", "Tutar")


def book(folder: Path, *sheets: tuple[str, Sequence[Sequence[Any]]]) -> Path:
    """Write a workbook with these rows."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets:
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = folder / "export.xlsx"
    workbook.save(path)
    return path


def only(path: Path, pins: dict[str, Pin] | None = None) -> Table:
    (table,) = tables(open_drop(str(path)), pins)
    return table


def test_cells_keep_their_type_and_numbers_are_exact(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 4, 10, 30)
    row = (10001, 10001.0, 1234.56, 0.1 + 0.2, True, date(2026, 3, 4), moment, time(9, 15), "0012", None, "x")
    labels = [f"Alan {name}" for name in "abcdefghijk"]
    table = only(book(tmp_path, ("Hastalar", [labels, row])))
    assert (table.info.file, table.info.sheet, table.info.header) == ("export.xlsx", "Hastalar", tuple(labels))
    (cells,) = cells_of(table)
    expected = (
        10001,
        10001,
        Decimal("1234.56"),
        Decimal("0.3"),
        True,
        datetime(2026, 3, 4),
        moment,
        time(9, 15),
        "0012",
        None,
        "x",
    )
    assert cells == expected
    assert not any(isinstance(cell, float) for cell in cells)
    assert isinstance(cells[1], int)


def test_a_serial_number_is_the_second_it_means(tmp_path: Path) -> None:
    moments = [datetime(2026, 1, 1) + timedelta(minutes=17 * step, seconds=step % 60) for step in range(500)]
    table = only(book(tmp_path, ("R", [("Randevu No", "Zaman"), *enumerate(moments, start=1)])))
    assert [cells[1] for cells in cells_of(table)] == moments


def test_one_table_for_each_sheet_that_holds_anything(tmp_path: Path) -> None:
    path = book(
        tmp_path, ("Boş", []), ("Hastalar", [HEADER, (1, "a", 2)]), ("Kurumlar", [("Kurum No", "Adı"), ("K1", "b")])
    )
    assert [(table.info.sheet, len(cells_of(table))) for table in tables(open_drop(str(path)))] == [
        ("Hastalar", 1),
        ("Kurumlar", 1),
    ]


def test_cells_right_of_the_header_are_too_many_and_missing_ones_are_blank(tmp_path: Path) -> None:
    table = only(book(tmp_path, ("S", [HEADER, (1, "a", 2), (2, "b", 3, None, "x"), (3,), (4, "d", 5, " ")])))
    assert list(table.rows()) == [
        RawRow(1, 2, (1, "a", 2)),
        BadRow(2, 3, "too_many_cells", "2"),
        RawRow(3, 4, (3, None, None)),
        RawRow(4, 5, (4, "d", 5)),
    ]


def test_titles_blank_rows_and_total_rows_are_no_data(tmp_path: Path) -> None:
    rows = [
        ("HASTA LİSTESİ",),
        (),
        ("Tarih:", date(2026, 1, 1)),
        HEADER,
        (1, "a", 2.5),
        (),
        (2, "b", 3),
        ("TOPLAM", None, 5.5),
    ]
    table = only(book(tmp_path, ("S", rows)))
    assert table.info.preamble_lines == 3
    assert list(table.rows()) == [RawRow(1, 5, (1, "a", Decimal("2.5"))), RawRow(2, 7, (2, "b", 3))]


def test_a_total_row_that_disagrees_is_an_error(tmp_path: Path) -> None:
    table = only(book(tmp_path, ("S", [HEADER, (1, "a", 2.5), ("TOPLAM", None, 99)])))
    with pytest.raises(CutOffFile, match="1 rows"):
        list(table.rows())


def test_a_table_may_start_further_right_and_below(tmp_path: Path) -> None:
    rows = [(), (), (None, None, *HEADER), *((None, None, number, "a", 2) for number in range(1, 5))]
    table = only(book(tmp_path, ("S", rows)))
    assert table.info.header == HEADER
    assert cells_of(table)[0] == (1, "a", 2)


def test_merged_headers_are_read_as_labels_of_their_columns(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["Dosya No", "Hasta", None, "Veli", None])
    sheet.append([None, "Adı", "Telefon", "Adı", "Telefon"])
    for area in ("A1:A2", "B1:C1", "D1:E1"):
        sheet.merge_cells(area)
    for number in range(1, 4):
        sheet.append([number, "Ayşe", "0532 000 00 01", "Fatma", "0532 000 00 02"])
    workbook.save(tmp_path / "m.xlsx")
    table = only(tmp_path / "m.xlsx")
    assert table.info.header == ("Dosya No", "Hasta Adı", "Hasta Telefon", "Veli Adı", "Veli Telefon")
    assert [row.line for row in table.rows()] == [3, 4, 5]


def rewritten(path: Path, old: str, new: str) -> Path:
    """The workbook with a change in the XML of its first sheet, as other programs write it."""
    target = path.with_name(f"rewritten {path.name}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            out.writestr(name, data)
    return target


def test_a_million_empty_rows_at_the_end_do_not_hang(tmp_path: Path) -> None:
    path = book(tmp_path, ("S", [HEADER, (1, "a", 2)]))
    path = rewritten(path, '<dimension ref="A1:C2"', '<dimension ref="A1:XFD1048576"')
    path = rewritten(
        path, "</sheetData>", '<row r="1048576" s="1" customFormat="1"><c r="A1048576"/></row></sheetData>'
    )
    assert cells_of(only(path)) == [(1, "a", 2)]


def test_a_formula_gives_its_cached_value_and_an_error_is_blank_with_a_warning(tmp_path: Path) -> None:
    path = book(tmp_path, ("S", [HEADER, (1, "=B1", 77777)]))
    path = rewritten(path, "<v>77777</v>", "<f>1/3</f><v>12.5</v>")
    assert cells_of(only(path)) == [(1, None, Decimal("12.5"))]
    table = only(book(tmp_path, ("S", [HEADER, (1, "#DIV/0!", "a_x0000_b_x000D_")])))
    assert list(table.rows()) == [RawRow(1, 2, (1, None, "ab\r"), ("nul_removed", "spreadsheet_error"))]


def test_text_that_was_read_wrongly_is_quarantined(tmp_path: Path) -> None:
    rows = [
        HEADER,
        (1, "Yıldız", 1),
        (2, "Yıldız".encode("cp1254").decode("cp1252"), 1),
        (3, "Çağ".encode().decode("cp1252"), 1),
    ]
    assert faults_of(only(book(tmp_path, ("S", rows)))) == {2: "wrong_encoding", 3: "wrong_encoding"}


def test_a_header_row_can_be_pinned(tmp_path: Path) -> None:
    path = book(tmp_path, ("S", [("bir", "iki", "üç"), HEADER, (1, "a", 2)]))
    table = only(path, {"export.xlsx#S": Pin(header_line=2)})
    assert table.info.header == HEADER
    assert cells_of(table) == [(1, "a", 2)]


def test_a_sheet_without_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HeaderNotFound):
        only(book(tmp_path, ("S", [(1, 2, 3), (4, 5, 6)])))


def test_an_old_workbook_a_protected_one_and_a_truncated_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LegacyWorkbook, match=r"\.xlsx"):
        tables(open_drop(write_drop(tmp_path / "old", {"a.xls": b"\xd0\xcf\x11\xe0"})))
    with pytest.raises(UnreadableDrop, match="password"):
        tables(open_drop(write_drop(tmp_path / "locked", {"a.xlsx": b"\xd0\xcf\x11\xe0" + bytes(600)})))
    whole = book(tmp_path, ("S", [HEADER, (1, "a", 2)])).read_bytes()
    with pytest.raises(CutOffFile):
        tables(open_drop(write_drop(tmp_path / "cut", {"a.xlsx": whole[: len(whole) // 2]})))


def test_the_attachments_of_a_single_workbook_stand_beside_it(tmp_path: Path) -> None:
    path = book(tmp_path, ("S", [HEADER, (1, "a", 2)]))
    write_drop(tmp_path, {"attachments/x.txt": "x", "other.csv": "No;Ad\n1;x\n"})
    drop = open_drop(str(path))
    assert [file.name for file in drop.files] == ["export.xlsx"]
    assert not hasattr(drop.attachment("x.txt"), "code")
