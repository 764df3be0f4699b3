"""CSV that no spreadsheet runs, and files that nobody else reads."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.reports import errors, field_diff, reconciliation, write_report
from dentes_twenty.reports.page import Rendered
from dentes_twenty.reports.tables import neutral, table
from dentes_twenty_tests.reports import examples, figure_examples

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
PAGE = Rendered("<!DOCTYPE html>", "{}\n", {"": "a\r\n", "money": "b\r\n"})


@given(st.text())
def test_no_text_cell_begins_like_a_formula(text: str) -> None:
    assert not neutral(text).startswith(DANGEROUS)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))),
    st.sampled_from(["en", "tr"]),
)
def test_cells_are_read_back_as_they_were(cells: list[str], language: str) -> None:
    text = table([f"c{n}" for n in range(len(cells))], [cells], language)  # type: ignore[arg-type]
    rows = list(
        csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";" if language == "tr" else ",")
    )
    assert [cell.removeprefix("'") if cell.startswith("'") else cell for cell in rows[-1]] == [
        cell.removeprefix("'") for cell in cells
    ]


def test_numbers_stay_numbers_and_negative_amounts_too() -> None:
    assert [neutral(value) for value in (Decimal("-12.50"), -3, 0, True, None)] == ["-12.50", "-3", "0", "True", ""]
    assert neutral("-12.50") == "'-12.50"


def test_names_that_are_formulas_are_neutralised_in_every_table() -> None:
    for rendered in (field_diff(examples.field_diff_report()), reconciliation(figure_examples.reconciliation_report())):
        for text in rendered.tables.values():
            for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
                texts = [cell for cell in row if not cell.lstrip("-").replace(".", "").isdigit()]
                assert not [cell for cell in texts if cell.startswith(DANGEROUS)]


def test_a_report_is_private_and_complete(tmp_path: Path) -> None:
    os.umask(0o022)
    folder = tmp_path / "private" / "reports"
    page = write_report(folder, "field-diff", PAGE)
    assert page == folder / "field-diff.html"
    assert sorted(path.name for path in folder.iterdir()) == [
        "field-diff-money.csv",
        "field-diff.csv",
        "field-diff.html",
        "field-diff.json",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_report_replaces_its_predecessor_and_leaves_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_report(folder, "summary", PAGE)
    (folder / "summary.html").chmod(0o644)
    write_report(folder, "summary", Rendered("new", "{}", {}))
    assert (folder / "summary.html").read_text() == "new"
    assert stat.S_IMODE((folder / "summary.html").stat().st_mode) == 0o600
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "reports", tmp_path / "outside"
    write_report(folder, "summary", PAGE)
    outside.write_text("mine")
    (folder / "summary.html").unlink()
    (folder / "summary.html").symlink_to(outside)
    write_report(folder, "summary", PAGE)
    assert outside.read_text() == "mine"
    assert not (folder / "summary.html").is_symlink()


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(errors.FolderNotPrivate) as refused:
        write_report(folder, "summary", PAGE)
    assert "chmod 700" in refused.value.fix
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "Ayşe", ".hidden", "x.html", "a--b "])
def test_a_name_that_could_leave_the_folder_or_tell_a_patient_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.BadReportName):
        write_report(tmp_path / "reports", name, PAGE)


def test_a_folder_that_cannot_be_made_is_told_without_its_contents(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ReportNotWritten) as refused:
        write_report(tmp_path / "file" / "reports", "summary", PAGE)
    assert refused.value.code == "report_not_written"
    assert "<!DOCTYPE" not in str(refused.value)


def test_values_and_pages_show_nothing_in_their_representation() -> None:
    report = examples.field_diff_report()
    rendered = field_diff(report)
    for value in (report, report.records[0], report.records[0].fields[1], rendered, examples.owner_report()):
        assert "Yıldırım" not in repr(value) and "10000" not in repr(value)


def test_json_holds_the_figures_and_the_verdict() -> None:
    whole = json.loads(reconciliation(figure_examples.reconciliation_report()).json)
    assert whole["kind"] == "reconciliation" and whole["state"] == "attention"
    assert whole["report"]["money"][0]["expected"] == "1284500.35"
    assert whole["report"]["heading"]["practice"] == "Ege Diş Polikliniği"
