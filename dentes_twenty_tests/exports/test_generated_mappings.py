"""Proposal and staging against drops made by the shared generator, with nothing edited by hand in between.

The proposal maps every header and word as the key says; staging quarantines exactly the rows that the key lists, but
for those that planning finds through references. The generator is not part of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.mapping import Mapping
from dentes_twenty.exports.stage import Staged
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.form import form_object_name
from dentes_twenty_tests.exports.steps import proposed, stage_all, yes

DROPS = Path(__file__).parents[3] / "shared" / "drops"
BY_REFERENCE = {"unknown_patient", "patient_quarantined"}

pytestmark = pytest.mark.skipif(
    not (DROPS / "make_drop.py").exists(), reason="the drop generator (../shared/drops/make_drop.py) is not there"
)


def made(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """The key of a fresh drop, and the drop's location."""
    out = folder / "drop"
    command = [sys.executable, str(DROPS / "make_drop.py"), *arguments, "--max-attachments", "3", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads((folder / "drop.key.json").read_text()), str(out)


def assert_as_in_the_key(mapping: Mapping, key: dict[str, Any]) -> None:
    assert mapping.questions == []
    assert mapping.other_tables == []
    assert mapping.ledger_sign == key["config"]["ledgerSign"]
    for report, layout in key["layout"].items():
        (table,) = mapping.tables_of(report)
        assert (table.file, table.sheet) == (layout["file"], layout["sheet"])
        columns = {entry.header.strip(): entry.column for entry in table.columns}
        wanted = {c["header"].strip(): c["column"] for c in layout["columns"] if "question" not in c}
        assert columns == wanted, report
        for column, words in layout["valueMaps"].items():
            mapped = {fold_key(word): option for word, option in table.values.get(column, {}).items()}
            for word, option in words.items():
                assert mapped.get(fold_key(word), option) == option, (report, column)
    forms = {form_object_name(form.name): form for table in mapping.reports for form in table.forms}
    assert forms.keys() == key["forms"].keys()
    for name, form in key["forms"].items():
        types = {question.field.label: question.field.type for question in forms[name].questions}
        assert types == {question["label"]: question["type"] for question in form["questions"]}, name


def assert_staged_as_in_the_key(store: Staged, key: dict[str, Any]) -> None:
    for report, source in key["source"].items():
        expected = {row["row"] for row in source["quarantine"] if row["kind"] not in BY_REFERENCE}
        quarantined = {issue.row for issue in store.issues(report) if issue.severity == "quarantine"}
        assert quarantined == expected, report
        summary = store.report(report)
        assert (summary.rows_read, summary.quarantined) == (source["rowsWritten"], len(expected)), report
        if "responses" not in source:
            assert summary.rows_staged == source["rowsWritten"] - len(expected), report
    assert {form.object for form in store.forms} == key["forms"].keys()


@pytest.mark.parametrize(
    ("dialect", "seed", "defects"),
    [
        ("excel-tr", "2", "many"),
        ("utf8-en", "3", "many"),
        ("vem", "4", "many"),
        ("xlsx", "5", "many"),
        ("excel-tr", "6", "none"),
        ("vem", "1", "some"),
    ],
)
def test_the_proposal_and_the_quarantine_are_those_of_the_key(
    tmp_path: Path, dialect: str, seed: str, defects: str
) -> None:
    key, location = made(tmp_path, "--patients", "60", "--seed", seed, "--dialect", dialect, "--defects", defects)
    drop = open_drop(location)
    mapping = proposed(drop)
    assert_as_in_the_key(mapping, key)
    assert_staged_as_in_the_key(stage_all(drop, yes(mapping), tmp_path / "staged"), key)


def test_a_mapping_confirmed_for_one_export_reads_the_next_one(tmp_path: Path) -> None:
    arguments = ("--patients", "60", "--seed", "8", "--dialect", "excel-tr", "--defects", "some")
    (tmp_path / "later").mkdir()
    _, first = made(tmp_path, *arguments)
    mapping = yes(proposed(open_drop(first)))
    key, later = made(tmp_path / "later", *arguments, "--snapshot", "2")
    assert_staged_as_in_the_key(stage_all(open_drop(later), mapping, tmp_path / "staged"), key)
