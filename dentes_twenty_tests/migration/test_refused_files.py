"""A file that Twenty does not take is an open finding, for as long as it is refused and no longer."""

from __future__ import annotations

from pathlib import Path

from dentes_twenty.migration.ledger import Severity
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.migrated import Desk, make_desk

NOTES_WARNED = ("note", Severity.WARNING)
NOTES = """Note ID,Patient ID,Date,Note type,Title,Note,Attachments
1,9001,2024-05-13,Clinical,One,iyi,film.png
2,9001,2024-05-14,Clinical,Two,iyi,other.png
3,9001,2024-05-15,Clinical,Three,iyi,gone.pdf
"""
PNG, PDF = b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"%PDF-1.4\n"


def with_notes(folder: Path, url: str) -> Practice:
    practice = small_practice.write(folder, url)
    files = folder / "export" / "attachments"
    files.mkdir()
    for name in ("film.png", "other.png"):
        (files / name).write_bytes(b"no picture")
    (folder / "export" / "notes.csv").write_text(NOTES, encoding="utf-8")
    return practice


def findings(desk: Desk) -> dict[str, int]:
    with desk.session() as migration:
        counts = migration.ledger.quarantine_counts()
    return {
        code: n for (report, severity, code), n in counts.items() if (report, severity) == ("note", Severity.WARNING)
    }


def test_a_file_that_was_refused_is_no_finding_any_more_once_it_hangs_there(tmp_path: Path) -> None:
    """Also without a new look at the whole export: a run that was stopped goes on with the files alone."""
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        desk = make_desk(tmp_path, server, with_notes)
        assert findings(desk) == {"refused_file": 2, "file_missing": 1}
        (desk.export / "attachments" / "film.png").write_bytes(PNG)
        (desk.export / "attachments" / "gone.pdf").write_bytes(PDF)
        with desk.session() as migration, migration.run("migrate"):
            tally = migration.load_files()
        assert (tally.attached, tally.refused, tally.missing) == (2, 1, 0)
        assert findings(desk) == {"refused_file": 1}
