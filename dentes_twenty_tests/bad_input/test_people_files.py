"""What people write: practice file and mapping file. Used as it stands, or refused with its line and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fsspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.cli import run
from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import ExportError, InvalidMapping, MappingError
from dentes_twenty.exports.mapping import load_mapping, parse, save_mapping
from dentes_twenty.exports.mapping_file import dump
from dentes_twenty.exports.propose import propose
from dentes_twenty.exports.stage import stage_report
from dentes_twenty.migration.errors import LedgerError
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.practice import Practice, PracticeError, load_practice, practice_template
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.bad_input.ways import examples, folder_of, told, within_bounds
from dentes_twenty_tests.exports.steps import PATIENTS, SETTINGS, yes

ODD = (
    "",
    "a\0b",
    "~nosuchuser/x",
    "x" * 300,
    "/dev/null/x",
    "/dev/zero",
    "..",
    "\u202ea",
    "é",
    "a\nb",
    "[",
    "*",
    "%",
    "null",
)
some = examples(20)


def practice(folder: Path, **keys: Any) -> Practice:
    """A practice with some keys set, prepared as a command does it. Raises PracticeError."""
    (folder / "export").mkdir(exist_ok=True)
    content = {"practice": "ege", "export": "export", "twenty": {"url": "https://x.example"}, **keys}
    path = folder / "practice.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    loaded = load_practice(path)
    loaded.prepare()
    _ = loaded.fingerprint(), loaded.cutover_window, loaded.drops_location, loaded.zone
    return loaded


@pytest.mark.parametrize(
    "key", ["export", "mapping", "private", "ledger", "timezone", "name", "region", "currency", "labels"]
)
@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_a_setting_of_nonsense_is_used_or_refused_in_words(tmp_path: Path, key: str, value: str) -> None:
    with within_bounds():
        try:
            loaded = practice(tmp_path, **{key: value})
        except PracticeError as error:
            assert told(error).startswith("PRACTICE_")
            return
        for read in (lambda: open_drop(loaded.export_location), lambda: load_mapping(loaded.mapping_path)):
            with pytest.raises(ExportError) as refused:
                read()
            told(refused.value)


@pytest.mark.parametrize("value", ["Europe", "Etc", ".", "../x", "/etc/localtime", "zone.tab", "x" * 300])
def test_a_time_zone_that_is_a_folder_or_a_path_is_no_time_zone(tmp_path: Path, value: str) -> None:
    with pytest.raises(PracticeError) as refused:
        practice(tmp_path, timezone=value)
    assert told(refused.value) == "PRACTICE_VALUE_INVALID"


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "5", "-1", "1e10", "nan"])
def test_a_cutover_at_the_ends_of_the_calendar_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(PracticeError) as refused:
        practice(tmp_path, cutover={"from": value})
    assert told(refused.value) == "PRACTICE_VALUE_INVALID"


@pytest.mark.parametrize(
    "url",
    [
        "http://exa mple",
        "http://a..b",
        "http://*",
        "http://\u2028",
        "http://x:-1",
        "http://[v1.a]",
        "http://" + "a" * 300,
    ],
)
def test_an_address_of_nonsense_is_refused_or_only_fails_when_called(tmp_path: Path, url: str) -> None:
    try:
        practice(tmp_path, twenty={"url": url})
    except PracticeError as error:
        told(error)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://", "sqlite:///a\0b", "sqlite:///~nosuchuser/x", "foo://x", "mysql://x", "://", "x://%zz",
        "postgresql://h:x/y", "postgresql://[::1", "postgresql://127.0.0.1:1/none", "sqlite:////dev/full", "sqlite:////dev",
        "sqlite:////proc/x/y",
    ],
)  # fmt: skip
def test_a_ledger_of_nonsense_is_refused_in_words(tmp_path: Path, url: str) -> None:
    try:
        with Ledger.open(practice(tmp_path, ledger=url).ledger_url, "ege"):
            raise AssertionError("such a ledger opened")
    except (PracticeError, LedgerError) as error:
        told(error)


@pytest.mark.parametrize("protocol", sorted(set(fsspec.available_protocols()) - {"memory"}))
def test_a_store_that_cannot_be_had_is_named_without_its_login(protocol: str) -> None:
    """Of most, the library is not installed; some want settings; none may end in its own exception."""
    with within_bounds(), pytest.raises(ExportError) as refused:
        open_drop(f"{protocol}://user:geheim@127.0.0.1:9/x")
    assert told(refused.value) == "unreadable_drop"
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "location", ["zip://a.csv::/etc/passwd", "tar://x::/etc/passwd", "::", "a::b", "reference://{}", "/dev/zero"]
)
def test_a_location_of_nonsense_is_refused(location: str) -> None:
    with pytest.raises(ExportError) as refused:
        open_drop(location)
    told(refused.value)


@pytest.mark.parametrize(
    "url", ["https://x.example", "https://x.example/" + "a b " * 40, "a: b", "- x", "&a", "!!x", "'", '"\n']
)
def test_the_template_takes_any_address_and_folder(tmp_path: Path, url: str) -> None:
    path = tmp_path / "practice.yaml"
    path.write_text(practice_template("ege", url, url), encoding="utf-8")
    try:
        load_practice(path)
    except PracticeError as error:
        assert told(error) == "PRACTICE_VALUE_INVALID"


# ---
# The mapping
# ---

WORDS = "Dosya No;Adı;Soyadı;Cinsiyet\n1;Ayşe;Kaya;Gizlioğlu\n2;Can;Kaya;Zübeyde\n3;Ali;Kaya;K\n"


@pytest.fixture
def text(tmp_path: Path) -> str:
    return dump(propose(open_drop(folder_of(tmp_path, {"Hastalar.csv": WORDS}))))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{f'*{before}, ' * 9}x]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MAPPINGS = {
    "a bomb of aliases": BOMB + "reports: *i\n",
    "an alias of itself": "reports: &a [*a]\n",
    "a Python object": "reports: !!python/object/apply:os.system [id]\n",
    "a tag that cannot be": "version: !!int x\nreports: !!timestamp y\n",
    "a bool that is none": "reports: !!bool x\n",
    "a key that is a list": "? [a]\n: b\nreports: []\n",
    "brackets": "reports: " + "[" * 50_000,
    "braces": "reports: " + "{a: " * 50_000,
    "a control": "reports: []\n\x00",
    "half a letter": 'reports: []\nx: "\\ud800"\n',
    "a huge version": "version: " + "9" * 10_000 + "\nreports: []\n",
    "no mapping": "- a\n- b\n",
    "nothing": "",
    "comments": "# nothing\n",
    "two documents": "reports: []\n---\nreports: []\n",
    "a list for a text": "reports: [[]]\n",
    "nulls": "reports: ~\nversion: ~\n",
}


@pytest.mark.parametrize("case", MAPPINGS)
def test_a_mapping_that_nobody_means_is_refused_in_words(tmp_path: Path, case: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(MAPPINGS[case].encode("utf-8"))
    with within_bounds(), pytest.raises(InvalidMapping) as refused:
        load_mapping(path)
    told(refused.value)


def test_a_mapping_that_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin").write_bytes(b"reports: []  # \xfc\n")
    for path in (
        tmp_path / "pipe",
        tmp_path / "folder",
        tmp_path / "latin",
        Path("/dev/zero"),
        Path("a\0b"),
        Path("\ud800"),
    ):
        with within_bounds(), pytest.raises(InvalidMapping) as refused:
            load_mapping(path)
        told(refused.value)


def test_a_mapping_that_cannot_be_written_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "mapping.yaml", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(MappingError) as refused:
            save_mapping(parse(text), path)
        told(refused.value)


def test_a_mistake_beside_a_word_counts_the_word_and_does_not_show_it(text: str) -> None:
    word = '"Gizlioğlu": null'
    assert word in text
    for instead in (f"{word}\n        {word}", '"Gizlioğlu": [1]', '"Gizlioğlu": NONSENSE'):
        with pytest.raises(InvalidMapping) as refused:
            parse(text.replace(word, instead))
        told(refused.value)


@some
@given(data=st.data())
def test_a_mapping_that_was_edited_anywhere_is_used_or_refused(tmp_path: Path, text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    place = data.draw(st.integers(0, len(line)))
    junk = data.draw(
        st.sampled_from(
            [
                "",
                ":",
                ": ",
                "[",
                "}",
                '"',
                "'",
                "&a ",
                "*a",
                "!!int ",
                "- ",
                "#",
                "  ",
                "null",
                "\t",
                "0",
                "x",
                "../",
                "%",
            ]
        )
    )
    lines[at] = line[:place] + junk + line[place + data.draw(st.integers(0, 4)) :]
    drop = open_drop(folder_of(tmp_path, {"Hastalar.csv": WORDS}))
    with within_bounds():
        try:
            mapping = yes(parse("\n".join(lines) + "\n"))
            for report in mapping.report_names:
                stage_report(drop, mapping, report, SETTINGS, tmp_path / "staged")
        except ExportError as error:
            told(error)


@pytest.mark.parametrize("separator", ["", "ab", '"', "\n", "\r", "\0", " ", "a", "ş", "7"])
def test_a_separator_that_parts_nothing_is_refused(text: str, separator: str) -> None:
    pinned = text.replace(
        "    columns:",
        f"    pin: {{separator: {yaml.safe_dump(separator, default_style=chr(34)).strip()}}}\n    columns:",
        1,
    )
    with pytest.raises(InvalidMapping) as refused:
        parse(pinned)
    told(refused.value)


# ---
# The command line
# ---


HOSTILE = {
    "zeros": {"Hastalar.csv": bytes(3_000)},
    "a name that steers": {"\u202eHastalar.csv": PATIENTS},
    "half a row": {"Hastalar.csv": PATIENTS + "3;Gizlioğlu"},
    "numbers without end": {
        "Hastalar.csv": PATIENTS,
        "Defter.csv": "Fiş No;Hasta No;Tarih;Tutar\n1;1;1.1.2024;" + "9" * 5_000,
    },
}


@pytest.mark.parametrize("case", HOSTILE)
def test_the_command_line_ends_in_a_message_and_never_in_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    made = small_practice.write(tmp_path / "practice", "http://127.0.0.1:9")
    export = tmp_path / "practice" / "export"
    for path in export.iterdir():
        path.unlink()
    for name, content in HOSTILE[case].items():
        (export / name).write_bytes(content.encode() if isinstance(content, str) else content)
    beside = set(tmp_path.iterdir())
    for command in ("propose-mapping", "confirm-mapping --by Tester", "audit"):
        code = run([*command.split(), "--practice", str(made.path)])
        printed = "".join(capsys.readouterr())
        assert code in (0, 1, 2, 3)
        assert "Traceback" not in printed and "unexpected" not in printed and "\u202e" not in printed
        assert "Gizlioğlu" not in printed
        if code in (1, 2):
            assert "What to do" in printed
            break
    assert set(tmp_path.iterdir()) == beside
