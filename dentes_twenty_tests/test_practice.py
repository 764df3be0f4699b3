"""The practice file: what it accepts, and how it says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from dentes_twenty.practice import PracticeError, load_practice, practice_template

MINIMAL = "practice: ege\nexport: drop\ntwenty: {url: 'https://crm.example.com'}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "practice.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_is_valid_as_it_stands(tmp_path: Path) -> None:
    practice = load_practice(write(tmp_path, practice_template("ege-dental", "C: exports/ege")))
    assert (practice.key, practice.currency, practice.policies.existing_records) == ("ege-dental", "TRY", "adopt")
    assert practice.file.export == "C: exports/ege"


def test_paths_are_relative_to_the_file_and_the_ledger_is_private(tmp_path: Path) -> None:
    practice = load_practice(write(tmp_path, MINIMAL))
    assert practice.export_location == str(tmp_path / "drop")
    assert practice.ledger_url == f"sqlite:///{tmp_path / '.dentes-twenty/ege/ledger.db'}"
    practice.prepare()
    assert practice.staging_dir.stat().st_mode & 0o777 == 0o700


def test_a_relative_ledger_stands_beside_the_file_and_a_server_is_left_alone(tmp_path: Path) -> None:
    beside = load_practice(write(tmp_path, MINIMAL + "ledger: sqlite:///state/l.db\n"))
    assert beside.ledger_url == f"sqlite:///{tmp_path / 'state/l.db'}"
    server = load_practice(write(tmp_path, MINIMAL + "ledger: postgresql+psycopg2://me:pw@db/x\n"))
    assert server.ledger_url == "postgresql+psycopg2://me:pw@db/x"


def test_an_unknown_key_is_refused_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(PracticeError) as raised:
        load_practice(write(tmp_path, MINIMAL + "policies:\n  natoinal_id: move\n"))
    assert (raised.value.code, raised.value.fix) == ("PRACTICE_KEY_UNKNOWN", "Did you mean `national_id`?")
    assert "(line 5)" in raised.value.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "PRACTICE_FILE_EMPTY"),
        ("a: [", "PRACTICE_FILE_NOT_YAML"),
        ("export: x\ntwenty: {url: u}\n", "PRACTICE_KEY_MISSING"),
        (MINIMAL + "timezone: Mars/Olympus\n", "PRACTICE_VALUE_INVALID"),
        (MINIMAL + "region: TUR\n", "PRACTICE_VALUE_INVALID"),
        (MINIMAL.replace("ege", "Ege Dental"), "PRACTICE_VALUE_INVALID"),
    ],
)
def test_every_mistake_has_a_code_and_a_fix(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(PracticeError) as raised:
        load_practice(write(tmp_path, text))
    assert raised.value.code == code
    assert raised.value.fix


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PracticeError, match="init"):
        load_practice(tmp_path / "no.yaml")


def test_provider_ids_written_as_numbers_are_text(tmp_path: Path) -> None:
    practice = load_practice(write(tmp_path, MINIMAL + "owners: {overrides: {7: a@example.com}}\n"))
    assert practice.owners.overrides == {"7": "a@example.com"}


def test_the_fingerprint_follows_the_meaning_and_not_the_place(tmp_path: Path) -> None:
    first = load_practice(write(tmp_path, MINIMAL)).fingerprint()
    moved = load_practice(write(tmp_path, MINIMAL.replace("drop", "elsewhere"))).fingerprint()
    changed = load_practice(write(tmp_path, MINIMAL + "currency: EUR\n")).fingerprint()
    assert first == moved != changed
