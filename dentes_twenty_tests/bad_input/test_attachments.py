"""Attachment names and the files behind them: nothing outside the export is read, nothing hangs, notes land."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.drop import Attachment, Problem, open_drop
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import load_practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.bad_input.ways import examples, told, within_bounds

CSV = "Dosya No;Adı\n1;Ayşe\n"
SECRET = b"secret of the machine"


def export(folder: Path) -> Path:
    """An export beside a file that is none of its business."""
    made = folder / "export"
    (made / "attachments" / "2024").mkdir(parents=True)
    (made / "Hastalar.csv").write_text(CSV, encoding="utf-8")
    (made / "attachments" / "2024" / "film.png").write_bytes(b"inside")
    (folder / "secret.txt").write_bytes(SECRET)
    (made / "attachments" / "out.txt").symlink_to(folder / "secret.txt")
    (made / "attachments" / "outside").symlink_to(folder)
    (made / "attachments" / "itself").symlink_to("itself")
    (made / "attachments" / "round").symlink_to(".")
    (made / "attachments" / "nowhere.pdf").symlink_to("gone")
    (made / "attachments" / "zero.pdf").symlink_to("/dev/zero")
    os.mkfifo(made / "attachments" / "pipe.pdf")
    return made


PARTS = st.sampled_from(
    ["..", ".", "", "/", "\\", "attachments", "Attachments", "2024", "film.png", "FILM.PNG", "secret.txt", "out.txt",
     "outside", "itself", "round", "nowhere.pdf", "zero.pdf", "pipe.pdf", "~", "~root", "C:", "\\\\server", "%2e%2e",
     "\u2024\u2024", "\uff0e\uff0e", "..\u2215", "\0", "\n", "\ud800", "x" * 256, "*", "con", "..;", " .. ", "file://"]
)  # fmt: skip
NAMES = st.lists(PARTS | st.text(max_size=5), max_size=5).flatmap(
    lambda parts: st.sampled_from(["/", "\\", "", " "]).map(lambda glue: glue.join(parts))
)


@examples(150)
@given(name=NAMES)
def test_no_name_reads_anything_but_a_file_of_the_export(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "names"
    drop = open_drop(str(folder / "export" if folder.exists() else export(folder)))
    with within_bounds():
        found = drop.attachment(name)
        if isinstance(found, Problem):
            assert found.code in ("path_outside_drop", "file_missing", "file_too_large")
        else:
            assert found.open().read(100) == b"inside"


def test_an_export_full_of_traps_has_a_fingerprint_and_only_its_own_files(tmp_path: Path) -> None:
    drop = open_drop(str(export(tmp_path)))
    with within_bounds():
        assert drop.fingerprint() == open_drop(str(tmp_path / "export")).fingerprint()
    for name in ("out.txt", "outside/secret.txt", "zero.pdf", "pipe.pdf", "PIPE.PDF"):
        assert drop.attachment(name) == Problem("path_outside_drop"), name
    for name in ("itself", "nowhere.pdf", "round", "2024", "x" * 5_000, "a/" * 3_000):
        assert drop.attachment(name) == Problem("file_missing"), name


def test_a_folder_of_attachments_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "Hastalar.csv").write_text(CSV, encoding="utf-8")
    for target in ("/etc", "attachments", "Hastalar.csv"):
        (tmp_path / "attachments").symlink_to(target)
        drop = open_drop(str(tmp_path))
        with within_bounds():
            drop.fingerprint()
            assert isinstance(drop.attachment("hostname"), Problem)
        (tmp_path / "attachments").unlink()


def test_a_sparse_file_of_two_gibibytes_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    with (export(tmp_path) / "attachments" / "big.pdf").open("wb") as file:
        file.truncate(2 << 30)
    assert open_drop(str(tmp_path / "export")).attachment("big.pdf") == Problem("file_too_large")


def test_names_that_differ_in_composition_or_case_find_their_file_unless_there_are_two(tmp_path: Path) -> None:
    folder = export(tmp_path) / "attachments"
    (folder / unicodedata.normalize("NFD", "Çekim.png")).write_bytes(b"one")
    drop = open_drop(str(tmp_path / "export"))
    assert isinstance(drop.attachment(unicodedata.normalize("NFC", "çekim.PNG")), Attachment)
    (folder / "ÇEKİM.png").write_bytes(b"with another letter")
    (folder / unicodedata.normalize("NFC", "ÇEKIM.png")).write_bytes(b"two")
    assert open_drop(str(tmp_path / "export")).attachment("çekim.png") == Problem("file_missing")


TRAPS: dict[str, Callable[[Path], object]] = {
    "a link that leads nowhere": lambda path: path.symlink_to("gone"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_report_that_is_no_file_is_named_instead_of_missing_without_a_word(tmp_path: Path, trap: str) -> None:
    made = export(tmp_path)
    TRAPS[trap](made / "Randevular.csv")
    with within_bounds(), pytest.raises(ExportError, match="is no file") as refused:
        open_drop(str(made))
    told(refused.value)


@pytest.mark.parametrize("name", [b"\xfcx.csv", b"\x1b]0;x\x07.csv", b"a\nb.csv"])
def test_a_report_whose_name_nobody_can_write_down_is_refused_in_printable_words(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(export(tmp_path)) + b"/" + name)).write_bytes(b"x")
    with pytest.raises(ExportError) as refused:
        open_drop(str(tmp_path / "export"))
    told(refused.value)
    assert refused.value.message.isprintable()


def test_a_report_that_turns_into_a_pipe_while_it_is_read_is_not_waited_for(tmp_path: Path) -> None:
    drop = open_drop(str(export(tmp_path)))
    (tmp_path / "export" / "Hastalar.csv").unlink()
    os.mkfifo(tmp_path / "export" / "Hastalar.csv")
    with within_bounds(), pytest.raises(ExportError) as refused:
        drop.open("Hastalar.csv")
    told(refused.value)


# ---
# The whole way into a workspace
# ---


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(32 << 20))
    return out.getvalue()


NOTE_HEADER = "Note ID,Patient ID,Date,Note type,Title,Note,Attachments\n"
NOTES = {
    1: "2024/film.png",  # a text under the name of a picture
    2: "../secret.txt",
    3: "/etc/passwd",
    4: "out.txt",
    5: "zero.pdf",
    6: "pipe.pdf",
    7: "bomb.pdf",
    8: "bomb.docx",
    9: "big.pdf",
    10: "gone.pdf",
    11: "x" * 300 + ".pdf",
    12: "report.txt",
    13: "itself",
    14: "page.svg",
}


def test_a_note_lands_whatever_its_attachment_is_and_every_refusal_is_reported(tmp_path: Path) -> None:
    folder = export(tmp_path)
    for name, content in (("bomb.pdf", zip_bomb()), ("bomb.docx", zip_bomb()), ("report.txt", b"iyi\n")):
        (folder / "attachments" / name).write_bytes(content)
    (folder / "attachments" / "page.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    with (folder / "attachments" / "big.pdf").open("wb") as file:
        file.truncate(2 << 30)
    (folder / "Hastalar.csv").unlink()
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        practice = small_practice.write(tmp_path / "practice", server.url)
        rows = "".join(f"{number},9001,2024-05-13,Clinical,Note,iyi,{name}\n" for number, name in NOTES.items())
        for path in (tmp_path / "practice" / "export").iterdir():
            path.rename(folder / path.name)
        (folder / "notes.csv").write_text(NOTE_HEADER + rows, encoding="utf-8")
        practice.path.write_text(practice.path.read_text().replace("export: export", f"export: {folder}"))
        practice = small_practice.confirmed(load_practice(practice.path))
        before = listing(tmp_path, practice.private_dir)
        with Migration(practice, api_key=server.api_key) as migration, migration.run("migrate"):
            for report in migration.reports:
                migration.stage(report)
            migration.check_references()
            migration.provision()
            migration.adopt()
            migration.write_members()
            landed = {name: tally for object_ in migration.objects for name, tally in migration.load(object_).items()}
            with within_bounds():
                tally = migration.load_files()
            assert landed["note"].created >= len(NOTES)
            assert tally.done == tally.planned == len(NOTES)
            assert tally.reasons["path_outside_drop"] == 5
            assert tally.reasons["file_too_large"] == 1
            assert tally.missing == 3
            assert tally.attached + sum(tally.reasons.values()) == len(NOTES)
        headers = {"Authorization": f"Bearer {server.api_key}"}
        stored = httpx.get(f"{server.url}/rest/attachments?limit=60", headers=headers).raise_for_status().json()
        assert len(stored["data"]["attachments"]) == tally.attached > 0
    assert listing(tmp_path, practice.private_dir) == before
    assert SECRET not in b"".join(path.read_bytes() for path in practice.private_dir.rglob("*") if path.is_file())


def listing(folder: Path, private: Path) -> set[str]:
    """Everything that lies in a folder, but for what is the practice's own."""
    own = {private.parent, *private.parents}
    return {str(path) for path in folder.rglob("*") if path not in own and not path.is_relative_to(private)}
