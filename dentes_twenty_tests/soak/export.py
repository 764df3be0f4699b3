"""A small practice for faulted runs: the demo's first patients with all that is theirs, and a later export.

Belongs here: cutting and changing the files. The demo's data stands in the project, so a clone can soak by itself.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

from dentes_twenty.demo import DATA

ENCODING = "cp1254"
PATIENTS_FILE = "Hastalar.csv"
NOTES_FILE = "Hasta Notları.csv"
APPOINTMENTS_FILE = "Randevular.csv"
ATTACHMENTS = "attachments"

Rows = list[list[str]]
WITH_FILES = 3


def write_exports(folder: Path, patients: int) -> tuple[Path, Path]:
    """The export of so many patients and of three that have files; and a later one, with one patient more, the e-mails
    of every third changed, and an appointment gone."""
    first, later = folder / "export", folder / "later"
    _write(first, _cut(patients))
    _write(later, _changed(_cut(patients + 1)))
    return first, later


def _cut(patients: int) -> dict[str, Rows]:
    files = {path.name: _read(path) for path in sorted((DATA / "export").glob("*.csv"))}
    ids = [row[0].strip() for row in files[PATIENTS_FILE] if row and row[0].strip().isdigit()]
    everybody = frozenset(ids)
    kept = {*ids[:patients], *list(dict.fromkeys(_with_files(files[NOTES_FILE], everybody)))[:WITH_FILES]}
    return {name: list(_of(rows, everybody, kept)) for name, rows in files.items()}


def _with_files(notes: Rows, everybody: frozenset[str]) -> Iterator[str]:
    """Patients whose notes name an attachment: among the first ones there may be none."""
    attachments = [path.name for path in (DATA / "export" / ATTACHMENTS).iterdir()]
    for row in notes:
        if any(name in cell for name in attachments for cell in row):
            yield from {cell.strip() for cell in row} & everybody


def _of(rows: Rows, everybody: frozenset[str], kept: set[str]) -> Iterator[list[str]]:
    """Titles and headers stand before the first patient; a file that names no patient is kept whole."""
    named = [{cell.strip() for cell in row} & everybody for row in rows]
    first = next((number for number, ids in enumerate(named) if ids), len(rows))
    yield from (row for number, row in enumerate(rows) if number < first or named[number] & kept)


def _changed(files: dict[str, Rows]) -> dict[str, Rows]:
    patients = files[PATIENTS_FILE]
    for row in patients[1::3]:
        row[:] = [cell.replace("@example.", "@changed.example.") for cell in row]
    del files[APPOINTMENTS_FILE][4]  # below a title, the headers and two rows
    return files


def _read(path: Path) -> Rows:
    return list(csv.reader(io.StringIO(path.read_text(encoding=ENCODING)), delimiter=";"))


def _write(folder: Path, files: dict[str, Rows]) -> None:
    (folder / ATTACHMENTS).mkdir(parents=True)
    written = []
    for name, rows in files.items():
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows(rows)
        written.append(text.getvalue())
        (folder / name).write_text(text.getvalue(), encoding=ENCODING, newline="")
    for attachment in (DATA / "export" / ATTACHMENTS).iterdir():
        if any(attachment.name in text for text in written):
            shutil.copy2(attachment, folder / ATTACHMENTS)
