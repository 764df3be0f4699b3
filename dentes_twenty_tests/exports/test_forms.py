"""Forms in both layouts: one staged row for each response, answers in the type of their question."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from dentes_twenty.objects.target import FieldType
from dentes_twenty_tests.exports.steps import codes, drop_of, proposed, stage_all, staged, yes

WIDE_HEAD = "Yanıt No;Form Adı;Dosya No;Doldurma Tarihi;Alerjiniz var mı?;Kan Grubu;Kilo (kg);Alerjiler\n"
LONG_HEAD = "Form Adı;Yanıt No;Dosya No;Tarih;Soru;Tip;Cevap\n"


def wide(*rows: str) -> dict[str, bytes | str]:
    return {"Anamnez.csv": WIDE_HEAD + "".join(f"{row}\n" for row in rows)}


def long(*rows: str) -> dict[str, bytes | str]:
    return {"Anket.csv": LONG_HEAD + "".join(f"{row}\n" for row in rows)}


FILLED = [
    "A-1;Anamnez;1;13.05.2024 10:00;Evet;A Rh (+);71,5;Lateks; İyot",
    "A-2;Anamnez;2;14.05.2024 10:00;Hayır;A Rh (-);80;Lateks",
    "A-3;Anamnez;1;15.05.2024 10:00;Evet;A Rh (+);64;İyot",
    "A-4;Anamnez;2;16.05.2024 10:00;;A Rh (-);;",
]


def quoted(row: str) -> str:
    *head, last = row.split(";", 7)
    return ";".join([*head, f'"{last}"'])


def test_a_wide_form_becomes_one_row_for_each_response(tmp_path: Path) -> None:
    store = staged(tmp_path, wide(*map(quoted, FILLED)))
    (form,) = store.forms
    assert (form.name, form.object) == ("Anamnez", "formAnamnez")
    types = {question.label: question.type for question in form.questions}
    assert types == {
        "Alerjiniz var mı?": FieldType.BOOLEAN,
        "Kan Grubu": FieldType.SELECT,
        "Kilo (kg)": FieldType.NUMBER,
        "Alerjiler": FieldType.MULTI_SELECT,
    }
    rows = list(store.form_rows(form))
    column = {question.label: question.column for question in form.questions}
    assert [row[column["Alerjiniz var mı?"]] for row in rows] == [True, False, True, None]
    assert [row[column["Kilo (kg)"]] for row in rows] == [Decimal("71.5"), Decimal(80), Decimal(64), None]
    assert rows[0][column["Alerjiler"]] == ["LATEKS", "IYOT"]
    assert rows[0][column["Kan Grubu"]] == "A_RH_POZITIF" and rows[1][column["Kan Grubu"]] == "A_RH_NEGATIF"
    assert rows[0]["submitted_at"] == dt.datetime(2024, 5, 13, 7, 0, tzinfo=dt.UTC)
    assert store.report("response").path.name == "response.formAnamnez.parquet"


def test_an_answer_that_is_no_option_of_the_confirmed_mapping_keeps_its_text(tmp_path: Path) -> None:
    mapping = yes(proposed(drop_of(tmp_path / "first", wide(*map(quoted, FILLED)))))
    later = drop_of(tmp_path / "later", wide("A-9;Anamnez;1;17.05.2024 10:00;belki;AB Rh (+);çok;Polen"))
    store = stage_all(later, mapping, tmp_path / "staged")
    (form,) = store.forms
    (row,) = store.form_rows(form)
    kept = {question.label: row[question.column + "__raw"] for question in form.questions}
    assert kept == {"Alerjiniz var mı?": "belki", "Kan Grubu": "AB Rh (+)", "Kilo (kg)": "çok", "Alerjiler": "Polen"}
    found = {code for _, _, code, severity in codes(list(store.issues("response"))) if severity == "warning"}
    assert found == {"bad_boolean", "unknown_option", "bad_number"}


def test_a_file_with_two_forms_gives_two_objects_and_a_form_nobody_listed_stays_out(tmp_path: Path) -> None:
    rows = [*FILLED, "O-1;Onam;1;17.05.2024 10:00;;;;Evet", "O-2;Onam;2;17.05.2024 10:00;;;;Hayır"]
    mapping = yes(proposed(drop_of(tmp_path / "first", wide(*map(quoted, rows)))))
    later = drop_of(tmp_path / "later", wide(*map(quoted, [*rows, "K-1;KVKK;1;17.05.2024 10:00;;;;Evet"])))
    store = stage_all(later, mapping, tmp_path / "staged")
    assert {form.object: len(list(store.form_rows(form))) for form in store.forms} == {"formAnamnez": 4, "formOnam": 2}
    assert [question.label for question in store.forms[1].questions] == ["Alerjiler"]
    assert codes(list(store.issues("response"))) == {(7, "form_name", "unlisted_form", "quarantine")}
    report = store.report("response")
    assert (report.rows_read, report.rows_staged, report.quarantined) == (7, 6, 1)


def test_the_long_layout_is_pivoted_and_the_type_column_decides(tmp_path: Path) -> None:
    store = staged(
        tmp_path,
        long(
            "Anket;M-1;1;13.05.2024 10:00;Puan (1-5);Sayı;4",
            "Anket;M-1;1;13.05.2024 10:00;Tavsiye eder misiniz?;Evet/Hayır;Evet",
            "Anket;M-2;2;14.05.2024 10:00;Puan (1-5);Sayı;orta",
            "Anket;M-1;1;13.05.2024 10:00;Hizmetler;Çoklu Seçim;Dolgu",
            "Anket;M-2;2;14.05.2024 10:00;Ziyaret;Tarih;13.05.2024",
        ),
    )
    (form,) = store.forms
    assert [question.type for question in form.questions] == [
        FieldType.NUMBER,
        FieldType.BOOLEAN,
        FieldType.MULTI_SELECT,
        FieldType.DATE,
    ]
    first, second = store.form_rows(form)
    score, again, services, visit = (question.column for question in form.questions)
    assert (first[score], first[again], first[services], first[visit]) == (Decimal(4), True, ["DOLGU"], None)
    assert (second[score], second[score + "__raw"], second[visit]) == (None, "orta", dt.date(2024, 5, 13))
    assert codes(list(store.issues("answer"))) == {(3, "answer", "bad_number", "warning")}
    report = store.report("answer")
    assert (report.rows_read, report.rows_staged, report.quarantined) == (5, 2, 0)


def test_a_response_without_one_patient_stays_out_as_a_whole(tmp_path: Path) -> None:
    store = staged(
        tmp_path,
        long(
            "Anket;M-1;;13.05.2024 10:00;Puan;Sayı;4",
            "Anket;M-1;;13.05.2024 10:00;Yorum;Metin;iyi",
            "Anket;M-2;1;13.05.2024 10:00;Puan;Sayı;4",
            "Anket;M-2;2;13.05.2024 10:00;Yorum;Metin;iyi",
            "Anket;M-3;2;13.05.2024 10:00;Puan;Sayı;5",
            "Anket;;2;13.05.2024 10:00;Puan;Sayı;5",
            "Anket;M-3;2;13.05.2024 10:00;;Sayı;5",
            "Anket;M-3;2;13.05.2024 10:00;Puan;Sayı;3",
        ),
    )
    (form,) = store.forms
    assert [row["response_id"] for row in store.form_rows(form)] == ["M-3"]
    assert codes(list(store.issues("answer"))) == {
        (1, "patient_id", "missing_patient", "quarantine"),
        (3, "patient_id", "contradicting_patient", "quarantine"),
        (6, "response_id", "missing_response_id", "quarantine"),
        (7, "question", "missing_question", "quarantine"),
        (8, "answer", "duplicate_answer", "warning"),
    }
