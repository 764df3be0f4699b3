"""The second look into the files: cells of staged rows, found again as they stand there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.errors import RowsChanged
from dentes_twenty.exports.mapping import Mapping
from dentes_twenty.exports.originals import Originals, RowRef, cell_text, read_originals
from dentes_twenty.exports.stage import Staged
from dentes_twenty_tests.exports.steps import PATIENTS, SETTINGS, drop_of, proposed, stage_all, yes
from dentes_twenty_tests.exports.test_forms import FILLED, long, quoted, wide


class Export:
    """A staged drop whose rows can be looked up again."""

    def __init__(self, folder: Path, files: dict[str, bytes | str]) -> None:
        self.drop: Drop = drop_of(folder / "drop", files)
        self.mapping: Mapping = yes(proposed(self.drop))
        self.staged: Staged = stage_all(self.drop, self.mapping, folder / "staged")

    def refs(self, report: str) -> Iterator[RowRef]:
        forms = [form for form in self.staged.forms if self.staged.form_report(form) == report]
        rows = [row for form in forms for row in self.staged.form_rows(form)] or self.staged.rows(report)
        key = self.mapping.tables_of(report)[0].declaration.key
        return (RowRef(report, row[key], row["_row"], row["_digest"]) for row in rows)

    def look(self, report: str) -> dict[str, Originals]:
        found = read_originals(self.drop, self.mapping, SETTINGS, self.refs(report))
        return {ref.source_id: cells for ref, cells in found.items()}


def texts(cells: Originals) -> dict[str, list[str]]:
    return {column: [cell.text for cell in several] for column, several in cells.items()}


def test_quoted_newlines_blanks_and_signs_of_a_cell_stay_as_they_are_in_the_file(tmp_path: Path) -> None:
    rows = '1;" Ayşe ";"Yıl""maz";13.05.1980;"0532 001 00 01\r\n0232 111 22 33"\r\n2;Ali;Kaya;31.02.1990;yok\r\n'
    head = "sep=;\r\nEge Diş;;;;\r\nDosya No;Adı;Soyadı;Doğum Tarihi;Cep Telefonu\r\n"
    found = Export(tmp_path, {"Hastalar.csv": ("\ufeff" + head + rows).encode()}).look("patient")
    first, second = texts(found["1"]), texts(found["2"])
    assert (first["first_name"], first["last_name"]) == ([" Ayşe "], ['Yıl"maz'])
    assert first["mobile"] == ["0532 001 00 01\r\n0232 111 22 33"]
    assert (second["birth_date"], second["mobile"]) == (["31.02.1990"], ["yok"])
    assert [cell.header for cell in found["1"]["mobile"]] == ["Cep Telefonu"]


def test_day_and_time_in_two_columns_are_two_cells_of_one_instant(tmp_path: Path) -> None:
    file = "Randevu No;Dosya No;Tarih;Saat\n7;1;03.04.2024;14:30\n8;2;05.04.2024;\n"
    found = Export(tmp_path, {"Randevular.csv": file}).look("appointment")
    cells = found["7"]["start_at"]
    assert [(c.header, c.text, c.part) for c in cells] == [("Tarih", "03.04.2024", "day"), ("Saat", "14:30", "time")]
    assert texts(found["8"])["start_at"] == ["05.04.2024", ""]


def test_typed_cells_of_a_workbook_are_written_in_iso_notation(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Randevular"
    sheet.append(["Randevu No", "Dosya No", "Başlangıç", "Süre (dk)", "Not"])
    sheet.append([7, 1, dt.datetime(2024, 4, 3, 14, 30, 15), 45, "Kontrol"])
    sheet.append(["0008", 2, dt.datetime(2024, 5, 6), 22.5, None])
    stream = BytesIO()
    book.save(stream)
    found = Export(tmp_path, {"Rapor.xlsx": stream.getvalue()}).look("appointment")
    first, second = texts(found["7"]), texts(found["0008"])
    assert (first["start_at"], first["duration_minutes"], first["patient_id"]) == (
        ["2024-04-03 14:30:15"],
        ["45"],
        ["1"],
    )
    assert (second["start_at"], second["duration_minutes"], second["note"]) == (["2024-05-06"], ["22.5"], [""])


def test_a_row_is_told_by_its_cells_where_two_files_number_alike(tmp_path: Path) -> None:
    more = PATIENTS.replace("1;Ayşe", "3;Fatma").replace("2;Ali", "4;Veli")
    found = Export(tmp_path, {"Hastalar 2.csv": more}).look("patient")
    assert {id_: texts(cells)["first_name"] for id_, cells in found.items()} == {
        "1": ["Ayşe"], "2": ["Ali"], "3": ["Fatma"], "4": ["Veli"],
    }  # fmt: skip


def test_each_answer_of_a_wide_form_is_the_cell_of_its_own_question(tmp_path: Path) -> None:
    export = Export(tmp_path, wide(*map(quoted, FILLED)))
    found = export.look("response")
    (form,) = export.staged.forms
    column = {question.label: question.column for question in form.questions}
    first = {label: found["A-1"][name][0] for label, name in column.items()}
    assert {label: cell.text for label, cell in first.items()} == {
        "Alerjiniz var mı?": "Evet", "Kan Grubu": "A Rh (+)", "Kilo (kg)": "71,5", "Alerjiler": "Lateks; İyot",
    }  # fmt: skip
    assert all(cell.header == label for label, cell in first.items())


def test_the_answers_of_a_response_are_gathered_from_all_its_rows(tmp_path: Path) -> None:
    export = Export(
        tmp_path,
        long(
            "Anket; M-1;1;13.05.2024 10:00;Puan (1-5);Sayı;4,0",
            "Anket;M-2;2;14.05.2024 10:00;Puan (1-5);Sayı;orta",
            "Anket;M-2;2;14.05.2024 10:00;Ziyaret;Tarih;3.5.2024",
            "Anket;M-1;1;;Ziyaret;Tarih;13.05.2024",
            "Anket;M-1;1;13.05.2024 10:00;Puan (1-5);Sayı;",
        ),
    )
    found = export.look("answer")
    (form,) = export.staged.forms
    score, visit = (question.column for question in form.questions)
    first, second = texts(found["M-1"]), texts(found["M-2"])
    assert (first["response_id"], first[score], first[visit]) == ([" M-1"], ["4,0"], ["13.05.2024"])
    assert (second["patient_id"], second[score], second[visit]) == (["2"], ["orta"], ["3.5.2024"])
    assert found["M-2"][visit][0].header == "Ziyaret"


def test_nothing_is_read_beyond_the_last_row_that_is_wanted(tmp_path: Path) -> None:
    export = Export(tmp_path, {})
    first = next(export.refs("patient"))
    path = tmp_path / "drop" / "Hastalar.csv"
    path.write_text(PATIENTS[: PATIENTS.index("2.1.1990")], encoding="utf-8")  # cut off in its second row
    assert read_originals(export.drop, export.mapping, SETTINGS, [first])[first]["first_name"][0].text == "Ayşe"


def test_a_row_whose_cells_have_changed_is_no_longer_there(tmp_path: Path) -> None:
    export = Export(tmp_path, {})
    path = tmp_path / "drop" / "Hastalar.csv"
    path.write_text(PATIENTS.replace("Kaya", "Kara"), encoding="utf-8")
    with pytest.raises(RowsChanged, match="1 rows of the report 'patient'") as error:
        export.look("patient")
    assert "Ali" not in repr(error.value) and error.value.fix


def test_representations_show_nothing_of_a_patient(tmp_path: Path) -> None:
    export = Export(tmp_path, {})
    refs = list(export.refs("patient"))
    shown = repr(refs) + repr(export.look("patient")["1"]["first_name"])
    assert "Ayşe" not in shown and "'1'" not in shown


def test_a_cell_without_anything_is_blank() -> None:
    assert (cell_text(None), cell_text(dt.datetime(2024, 1, 2)), cell_text(" a ")) == ("", "2024-01-02", " a ")
