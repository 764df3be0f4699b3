"""The practice file: what it accepts, and how it says no."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def test_text_that_looks_like_something_else_to_yaml_stays_text(tmp_path: Path) -> None:
    text = "practice: 0010\nexport: off\nregion: NO\ntwenty: {url: 'https://x.example'}\n"
    practice = load_practice(write(tmp_path, text + "owners: {overrides: {0010: a@x.example, 1e3: b@x.example}}\n"))
    assert (practice.key, practice.file.export, practice.region) == ("0010", "off", "NO")
    assert practice.owners.overrides == {"0010": "a@x.example", "1e3": "b@x.example"}


def test_a_key_without_a_value_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    practice = load_practice(write(tmp_path, MINIMAL + "owners:\nledger: ~\npolicies:\n  vanished:\n"))
    assert practice.owners.overrides == {}
    assert practice.policies.vanished == "report"


def test_all_mistakes_are_named_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = MINIMAL + "timezon: Europe/Istanbul\nregion: TUR\ncutover: {hours: 1000}\nowners: {fallback: nobody}\n"
    with pytest.raises(PracticeError) as raised:
        load_practice(write(tmp_path, text))
    said = raised.value.message
    assert all(f"(line {line})" in said for line in (4, 5, 6, 7))
    assert "`timezone`" in said
    assert "cutover.from" in said
    assert "cutover.hours" in said


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://crm.example.com", True),
        ("http://127.0.0.1:3000", True),
        ("crm.example.com", False),
        ("ftp://crm.example.com", False),
        ("https://", False),
        ("https://user:secret@crm.example.com", False),
        ("http://[::1", False),
        ("https://x:99999", False),
    ],
)
def test_the_workspace_has_an_http_address_without_a_login(tmp_path: Path, url: str, usable: bool) -> None:
    path = write(tmp_path, MINIMAL.replace("https://crm.example.com", url))
    if usable:
        assert load_practice(path).twenty.url == url
        return
    with pytest.raises(PracticeError) as raised:
        load_practice(path)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "a: &a {b: *a}\n",
        "a: !!python/object/apply:os.system [id]\n",
        "practice: ege\npractice: other\n",
        "twenty: {url: x, url: y}\n",
        "--- \na: 1\n---\nb: 2\n",
        "[a, b]",
        "just text",
        "? [a]\n: b\n",
        "a: " + "[" * 5_000,
        "a: " + "{b: " * 5_000,
        "a: \x00",
        "a:\tb\n\t- c",
        "x" * 1_000_001,
        'a: "\\ud800"',
    ],
)
def test_clever_or_broken_yaml_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(PracticeError) as raised:
        load_practice(write(tmp_path, text))
    assert raised.value.code.startswith("PRACTICE_")
    assert raised.value.fix


def test_a_file_that_is_no_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "practice.yaml"
    path.write_bytes(MINIMAL.encode() + b"name: \xdd\xfe\n")
    for broken in (path, tmp_path):
        with pytest.raises(PracticeError) as raised:
            load_practice(broken)
        assert raised.value.code == "PRACTICE_FILE_UNREADABLE"


soup = st.lists(
    st.sampled_from(
        ["practice", "twenty", "url", "owners", "cutover", "from", ":", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ",",
         "'", '"', "#", "&a", "*a", "!!int", "|", ">", "?", "%", "---", "~", "ege", "https://x", "\t", "\u2028", "İ"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=soup | st.text(st.characters(exclude_categories=("Cs",)), max_size=60), after=st.booleans())
def test_whatever_stands_in_the_file_it_is_used_or_refused_in_words(tmp_path: Path, text: str, after: bool) -> None:
    try:
        practice = load_practice(write(tmp_path, MINIMAL + text if after else text))
    except PracticeError as error:
        assert error.code.startswith("PRACTICE_")
    else:
        assert practice.key == "ege"


def test_the_cutover_is_wall_time_of_the_practice_and_its_hours_are_hours(tmp_path: Path) -> None:
    def window(text: str) -> tuple[dt.datetime, dt.datetime]:
        found = load_practice(write(tmp_path, MINIMAL + text)).cutover_window
        assert found is not None
        return found

    begin, end = window("cutover: {from: 2026-12-01 18:00}\n")
    assert begin.isoformat() == "2026-12-01T18:00:00+03:00"
    assert end - begin == dt.timedelta(hours=48)
    begin, end = window("timezone: Europe/Berlin\ncutover: {from: '2026-03-28 12:00', hours: 24}\n")
    assert (begin.isoformat(), end.isoformat()) == ("2026-03-28T12:00:00+01:00", "2026-03-29T13:00:00+02:00")
    assert window("cutover: {from: '2026-12-01T18:00:00Z'}\n")[0].utcoffset() == dt.timedelta(0)
    assert load_practice(write(tmp_path, MINIMAL)).cutover_window is None


def test_planning_the_cutover_voids_no_approval(tmp_path: Path) -> None:
    before = load_practice(write(tmp_path, MINIMAL)).fingerprint()
    assert load_practice(write(tmp_path, MINIMAL + "cutover: {from: 2026-12-01 18:00}\n")).fingerprint() == before
    assert load_practice(write(tmp_path, MINIMAL + "policies: {national_id: move}\n")).fingerprint() != before
