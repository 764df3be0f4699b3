"""A practice with a value of every kind, and little of each: for tests of what happens to single values.

Tables are edited as cells (`Tables.set`), and written as the export (`Tables.write`).
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from dentes_twenty.practice import Practice, load_practice

STAFF = """Staff ID,First name,Last name,Email,Role,Status
D1,Ada,Kaya,ada@clinic.example,Dentist,Active
D2,Bora,Tan,desk@clinic.example,Dentist,Active
"""
PRACTICES = """Practice ID,Practice name,Type,Website,City
K1,Ege Dental,Own clinic,https://ege.example.net,İzmir
K2,Konak Branch,Branch,https://konak.example.net,İzmir
"""
PATIENTS = """Patient ID,First name,Last name,Email,Mobile,Birth date,Gender,Provider,Referring practice,Status,Alerts,SMS consent,Balance,Address,City,Created,Updated
101,Elif,Uçar,e1@example.org,+90 532 001 70 01,1984-03-17,Female,D1,K1,Active,latex,Yes,10.50,Kordon 1,İzmir,2024-01-15 09:30:00,2024-05-01 10:00:00
102,Kaan,Uçar,e2@example.org,+90 532 001 70 02,1990-11-25,Male,D2,K2,Active,,No,0.00,Kordon 2,İzmir,2024-02-20 10:00:00,2024-05-01 10:00:00
103,Derya,Sezer,e3@example.org,+90 532 001 70 03,1971-07-30,Female,D1,,Inactive,,Yes,99.99,Kordon 3,İzmir,2024-03-25 11:15:00,2024-05-01 10:00:00
104,Onur,Tekin,e4@example.org,+90 532 001 70 04,1965-01-02,Male,D1,,Active,,Yes,0.00,Kordon 4,İzmir,2024-03-25 11:15:00,2024-05-01 10:00:00
105,Pelin,Arslan,e5@example.org,+90 532 001 70 05,1999-09-09,Female,D2,,Active,,No,0.00,Kordon 5,İzmir,2024-03-25 11:15:00,2024-05-01 10:00:00
106,Rıza,Koç,e5@example.org,+90 532 001 70 06,1955-05-05,Male,D2,,Active,count 0,No,0.00,Kordon 6,İzmir,2024-03-25 11:15:00,2024-05-01 10:00:00
"""  # noqa: E501 - a line of the file is a line here
PLANS = """Plan ID,Title,Patient ID,Provider,Total fee,Planned start,Status,Created
301,Crowns,104,D1,1000.00,2024-06-01,Proposal,2024-05-01 10:00:00
302,Implant,105,D2,2500.00,2024-06-02,Booked,2024-05-01 10:00:00
"""
LINES = """Line ID,Plan ID,Patient ID,Provider,Code,Procedure,Tooth,Quantity,Fee,Status,Performed
401,,104,D1,D2740,Crown,11,1,1000.00,Planned,
402,,105,D2,D6010,Implant,26,2,1250.00,Completed,2024-06-02
"""
NOTES = """Note ID,Patient ID,Date,Author,Type,Title,Text,Attachments
501,104,2024-05-13 10:00:00,D1,Clinical,First visit,Tooth 11 broken,first.txt
502,105,2024-05-14 10:00:00,D2,Clinical,Control,All well,second.txt
503,104,2024-05-15 10:00:00,D1,Clinical,Control,Gums red,
504,105,2024-05-16 10:00:00,D2,Clinical,Control,Gums better,
"""
FORM = """Response ID,Form name,Patient ID,Submitted at,Smoker,Allergic to
601,Anamnesis,104,2024-05-13 10:00:00,Yes,Latex; Iodine
602,Anamnesis,105,2024-05-14 10:00:00,No,Latex
603,Anamnesis,104,2024-05-15 10:00:00,Yes,Iodine; Nickel
604,Anamnesis,105,2024-05-16 10:00:00,No,Nickel
"""
FILES = {
    "staff.csv": STAFF,
    "practices.csv": PRACTICES,
    "patients.csv": PATIENTS,
    "plans.csv": PLANS,
    "lines.csv": LINES,
    "notes.csv": NOTES,
    "anamnesis.csv": FORM,
}
ATTACHMENTS = {"first.txt": "x-ray of tooth 11", "second.txt": "x-ray of tooth 26"}


class Tables:
    """The export as tables that can be edited; the first column of each names the row."""

    def __init__(self) -> None:
        self._rows = {name: list(csv.reader(io.StringIO(text))) for name, text in FILES.items()}

    def get(self, file: str, row: str, column: str) -> str:
        """A cell."""
        place = self._rows[file][0].index(column)
        return next(cells for cells in self._rows[file][1:] if cells[0] == row)[place]

    def set(self, file: str, row: str, **cells: str) -> None:
        """Change cells of a row; blanks in a header are underscores here."""
        header = self._rows[file][0]
        found = next(one for one in self._rows[file][1:] if one[0] == row)
        for column, text in cells.items():
            found[header.index(column.replace("_", " "))] = text

    def extend(self, file: str, *columns: str) -> None:
        """New columns, empty in every row."""
        for number, cells in enumerate(self._rows[file]):
            cells += [column if number == 0 else "" for column in columns]

    def add(self, file: str, row: str, like: str, **cells: str) -> None:
        """A new row, like another one but for some cells."""
        source = next(one for one in self._rows[file][1:] if one[0] == like)
        self._rows[file].append([row, *source[1:]])
        self.set(file, row, **cells)

    def write(self, export: Path) -> None:
        """Write every file."""
        export.mkdir(parents=True, exist_ok=True)
        for name, rows in self._rows.items():
            with (export / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)


def write(folder: Path, url: str) -> Practice:
    """Export and practice file; nothing is proposed or confirmed yet."""
    export = folder / "export"
    Tables().write(export)
    (export / "attachments").mkdir()
    for name, text in ATTACHMENTS.items():
        (export / "attachments" / name).write_text(text, encoding="utf-8")
    file = folder / "practice.yaml"
    file.write_text(f"practice: broad\nexport: export\ntwenty:\n  url: {url}\n", encoding="utf-8")
    practice = load_practice(file)
    practice.prepare()
    return practice
