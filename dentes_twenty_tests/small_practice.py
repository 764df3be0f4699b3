"""A practice of a handful of patients, for tests that run whole jobs: small enough that a run takes seconds.

`write` makes the export and a practice file. Every value in it can be looked for afterwards (`SECRETS`).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.mapping import confirm_file, save_mapping
from dentes_twenty.exports.propose import propose
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.workspace import Member

MEMBERS = (Member("ada@clinic.example", "Ada", "Kaya"), Member("desk@clinic.example", "Desk", "Reception"))
STAFF = """Staff ID,First name,Last name,Email,Role,Status
D1,Ada,Kaya,ada@clinic.example,Dentist,Active
D2,Bora,Tan,,Dentist,Active
"""
PATIENTS = """Patient ID,First name,Last name,Email,Mobile,Birth date,Gender,Provider,Status,Alerts,Balance,Created
9001,Zübeyde,Karakurtoğlu,zubeyde.kk@example.org,+90 532 001 77 11,1984-03-17,Female,D1,Active,latex allergy canary,1250.50,2024-01-15 09:30:00
9002,Tuğrulhan,Saltıkoğlu,tugrulhan.s@example.org,+90 532 001 77 12,1990-11-25,Male,D2,Active,,0.00,2024-02-20 10:00:00
9003,Ümmügülsüm,Dağdelenli,ummugulsum.d@example.org,+90 532 001 77 13,1971-07-30,Female,D1,Inactive,,99.99,2024-03-25 11:15:00
9003,Ümmügülsüm,Dağdelenli,other.person@example.org,+90 532 001 77 14,1971-07-30,Female,D1,Inactive,,99.99,2024-03-25 11:15:00
"""  # noqa: E501 - a line of the file is a line here
LEDGER = """Entry ID,Patient ID,Date,Type,Debit,Credit,Method,Provider,Note
1,9001,2024-05-13,Charge,1500.50,,,D1,crown canary note
2,9001,2024-05-14,Payment,,250.00,Card,D1,
3,9002,2024-05-15,Charge,300.10,,,D2,
4,9002,2024-05-16,Payment,,300.10,Cash,D2,
5,8888,2024-05-17,Charge,10.00,,,D1,
6,9003,2024-05-18,Charge,99.99,,,D1,
"""
SECRETS = (
    "Zübeyde", "Karakurtoğlu", "zubeyde.kk", "0017711", "001 77 11", "latex allergy", "Tuğrulhan", "Saltıkoğlu",
    "tugrulhan", "Dağdelenli", "ummugulsum", "other.person", "crown canary", "1984-03-17", "patient:9001",
)  # fmt: skip
LANDING = {"people": 3, "billing_ledgers": 5}
QUARANTINED = 2  # a patient id that is there twice with other facts, and an entry of a patient whom nobody knows


def write(folder: Path, url: str, *, fallback: str | None = "desk@clinic.example") -> Practice:
    """Export and practice file; nothing is proposed or confirmed yet."""
    export = folder / "export"
    export.mkdir(parents=True)
    for name, text in (("staff.csv", STAFF), ("patients.csv", PATIENTS), ("ledger.csv", LEDGER)):
        (export / name).write_text(text, encoding="utf-8")
    owners = f"\nowners:\n  fallback: {fallback}\n" if fallback else "\n"
    file = folder / "practice.yaml"
    file.write_text(f"practice: small\nexport: export\ntwenty:\n  url: {url}\n{owners}", encoding="utf-8")
    practice = load_practice(file)
    practice.prepare()
    return practice


def confirmed(practice: Practice) -> Practice:
    """With a mapping that somebody has read."""
    save_mapping(propose(open_drop(practice.export_location), region=practice.region), practice.mapping_path)
    confirm_file(practice.mapping_path, "A tester", dt.datetime.now(dt.UTC))
    return practice
