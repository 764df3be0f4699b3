"""Finding and opening the files of a drop; attachments cannot leave it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import fsspec
import pytest

from dentes_twenty.exports.drop import Attachment, Problem, open_drop
from dentes_twenty.exports.errors import UnreadableDrop
from dentes_twenty.exports.tables import tables
from dentes_twenty_tests.exports.folders import write_drop

CSV = "Dosya No;Adı\n1;Ayşe\n"


@pytest.fixture
def location(tmp_path: Path) -> str:
    (tmp_path / "secret.txt").write_text("secret")
    files = {
        "Hastalar.csv": CSV,
        "~$Hastalar.xlsx": "lock",
        ".hidden.csv": "x",
        "notes.pdf": "x",
        "attachments/izin formu, 1.txt": "one",
        "attachments/2024/film.png": "film",
        "attachments/" + unicodedata.normalize("NFD", "Röntgen çekim.png"): "decomposed",
        "attachments/RAPOR.PDF": "capitals",
    }
    return write_drop(tmp_path / "drop", files)


def content(found: Attachment | Problem) -> bytes:
    assert isinstance(found, Attachment)
    with found.open() as stream:
        return stream.read()


def test_report_files_are_found_and_everything_else_is_left_alone(location: str) -> None:
    drop = open_drop(location)
    assert [(file.name, file.size) for file in drop.files] == [("Hastalar.csv", len(CSV.encode()))]
    assert drop.open("Hastalar.csv").read() == CSV.encode()
    with pytest.raises(UnreadableDrop):
        drop.open("../secret.txt")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("izin formu, 1.txt", b"one"),
        (" attachments/izin formu, 1.txt ", b"one"),
        ("attachments\\izin formu, 1.txt", b"one"),
        ("Attachments/2024/film.png", b"film"),
        (unicodedata.normalize("NFC", "Röntgen çekim.png"), b"decomposed"),
        (unicodedata.normalize("NFD", "Röntgen çekim.png"), b"decomposed"),
        ("rapor.pdf", b"capitals"),
    ],
)
def test_an_attachment_is_found_however_its_name_is_written(location: str, name: str, expected: bytes) -> None:
    found = open_drop(location).attachment(name)
    assert content(found) == expected
    assert isinstance(found, Attachment)
    assert found.size == len(expected)
    assert found.name not in repr(found)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd", "..\\..\\Windows\\win.ini", "/etc/passwd", "attachments/../../../secret.txt",
        "../secret.txt", "attachments/../Hastalar.csv", "C:\\secret.txt", "\\\\server\\share\\x.png", "a\0.png", "..",
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_export_is_a_problem(location: str, name: str) -> None:
    assert open_drop(location).attachment(name) == Problem("path_outside_drop")


@pytest.mark.parametrize("name", ["yok.png", "attachments", "attachments/", "", "2024", "Hastalar.csv", "*.png"])
def test_a_file_that_is_not_there_is_missing(location: str, name: str) -> None:
    assert open_drop(location).attachment(name) == Problem("file_missing")


def test_links_out_of_the_export_devices_and_pipes_are_no_files(location: str, tmp_path: Path) -> None:
    folder = Path(location) / "attachments"
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "inside.txt").symlink_to(folder / "RAPOR.PDF")
    (folder / "null").symlink_to("/dev/null")
    os.mkfifo(folder / "pipe")
    drop = open_drop(location)
    for name in ("out.txt", "outside/secret.txt", "null", "pipe"):
        assert drop.attachment(name) == Problem("path_outside_drop"), name
    assert content(drop.attachment("inside.txt")) == b"capitals"


def test_a_file_that_became_a_link_after_it_was_found_is_not_followed(location: str, tmp_path: Path) -> None:
    found = open_drop(location).attachment("RAPOR.PDF")
    path = Path(location) / "attachments" / "RAPOR.PDF"
    path.unlink()
    path.symlink_to(tmp_path / "secret.txt")
    assert isinstance(found, Attachment)
    with pytest.raises(UnreadableDrop):
        found.open()


def test_a_file_over_the_limit_is_a_problem(location: str) -> None:
    drop = open_drop(location, max_attachment_bytes=3)
    assert drop.attachment("RAPOR.PDF") == Problem("file_too_large")
    assert content(drop.attachment("izin formu, 1.txt")) == b"one"


def test_a_drop_without_attachments_misses_every_file(tmp_path: Path) -> None:
    location = write_drop(tmp_path, {"a.csv": CSV})
    assert open_drop(location).attachment("x.png") == Problem("file_missing")


def test_the_fingerprint_follows_names_contents_and_attachments_and_nothing_else(location: str) -> None:
    first = open_drop(location).fingerprint()
    os.utime(Path(location) / "Hastalar.csv", (0, 0))
    assert open_drop(location).fingerprint() == first
    seen = {first}
    for change in (
        lambda: (Path(location) / "Hastalar.csv").write_text(CSV.replace("1", "2")),
        lambda: (Path(location) / "Hastalar.csv").rename(Path(location) / "Kisiler.csv"),
        lambda: (Path(location) / "attachments" / "new.png").write_text("x"),
    ):
        change()
        seen.add(open_drop(location).fingerprint())
    assert len(seen) == 4


def test_a_drop_elsewhere_reads_like_a_local_one(location: str) -> None:
    remote = fsspec.filesystem("memory")
    for path in Path(location).rglob("*"):
        if path.is_file():
            remote.pipe(f"/practice/{path.relative_to(location)}", path.read_bytes())
    drop, local = open_drop("memory://practice"), open_drop(location)
    assert drop.fingerprint() == local.fingerprint()
    assert content(drop.attachment("attachments\\Röntgen çekim.png")) == b"decomposed"
    assert drop.attachment("../secret.txt") == Problem("path_outside_drop")
    assert drop.attachment("none.png") == Problem("file_missing")
    (first,), (second,) = tables(drop), tables(local)
    assert list(first.rows()) == list(second.rows())


@pytest.mark.parametrize("broken", ["nowhere", "nosuchprotocol://x", "ftp://user:geheim@127.0.0.1:9/x"])
def test_a_location_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path, broken: str) -> None:
    with pytest.raises(UnreadableDrop) as caught:
        open_drop(str(tmp_path / broken) if broken == "nowhere" else broken)
    assert "geheim" not in str(caught.value)
    assert caught.value.fix


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDrop, match="no table"):
        open_drop(write_drop(tmp_path, {"a.pdf": "x"}))
