"""The canary: what stands in the export stands nowhere in Dagster's home, in no log line and in no output."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import MEMBERS, answer_key, make_drop, make_practice, needs_generator

pytestmark = needs_generator

PERSONAL = {"Patient ID", "First", "Last", "National ID", "Mobile", "Home phone", "Email", "Address", "Guardian name",
            "Guardian phone", "Emergency contact", "Emergency phone", "Alerts", "Text", "Note"}  # fmt: skip
SHORTEST = 7  # shorter values are words such as a common first name, or numbers that a count may hit


def canaries(drop: Path) -> set[str]:
    """Values of the patient and note files that are long enough to be nobody else's."""
    found: set[str] = set()
    for name in ("patients.csv", "notes.csv", "appointments.csv"):
        with (drop / name).open(encoding="utf-8-sig", newline="", errors="replace") as file:
            for row in csv.DictReader(file):
                found |= {v.strip()[:60] for k, v in row.items() if k in PERSONAL and isinstance(v, str)}
    found |= {str(entry["id"]) for entry in answer_key(drop)["source"]["note"]["quarantine"]}
    staff = (drop / "staff.csv").read_text(encoding="utf-8-sig")  # `owners` names them, and surnames repeat
    return {value for value in found if len(value) >= SHORTEST and value not in staff}


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def test_no_patient_data_reaches_dagster_or_the_terminal(tmp_path: Path) -> None:
    drop = make_drop(tmp_path, seed=51, dialect="utf8-en", defects="many", patients=40)
    home = tmp_path / "dagster"
    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        practice = make_practice(tmp_path, drop, sandbox.url)
        environment = {
            **os.environ,
            "DAGSTER_HOME": str(home),
            "DENTES_TWENTY_TEST_API_KEY": sandbox.api_key,
            "PYTHONLOGLEVEL": "DEBUG",
        }
        said = b""
        for command in (["owners"], ["migrate"], ["status"], ["migrate", "--json"]):
            done = subprocess.run(
                [str(Path(sys.executable).with_name("dentes-twenty")), *command, "--practice", str(practice.path)],
                env=environment,
                capture_output=True,
                check=False,
            )
            assert done.returncode in (0, 3), done.stderr.decode()
            said += done.stdout + done.stderr
    values = canaries(drop)
    assert len(values) > 150
    leaks = []
    for path, content in [*contents(home), (Path("terminal"), said)]:
        for value in values:
            if value.encode() in content or value.encode("utf-16-le") in content:
                leaks.append((path.name, len(value)))  # never the value itself
    assert leaks == []
    assert b"patients" in said.lower()
    assert any(path.suffix == ".db" for path, _ in contents(home))
