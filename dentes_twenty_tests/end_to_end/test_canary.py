"""The canary: what stands in the export stands nowhere in Dagster's home, in no log line and in no output."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dentes_twenty.cli import run
from dentes_twenty.migration.ledger import new_key
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import MEMBERS, answer_key, make_drop, make_practice, needs_generator

pytestmark = needs_generator

PERSONAL = {"Patient ID", "First", "Last", "National ID", "Mobile", "Home phone", "Email", "Address", "Guardian name",
            "Guardian phone", "Emergency contact", "Emergency phone", "Alerts", "Text", "Note"}  # fmt: skip
COMMANDS = (
    "audit", "owners", "provision --checklist", "sample --sandbox", "sample", "approve --by Canary", "migrate",
    "status", "reconcile", "migrate --json", "delta --drop {later}", "conflicts", "conflicts --json", "status --json",
    "rollback --dry-run", "rollback --yes", "audit-log verify",
)  # fmt: skip
"""In the order of a real practice; the first drop is dirty, so that findings and quarantine are spoken of too."""
FAILING = ("migrate", "--debug delta --drop {later}", "reconcile --json", "owners", "--debug rollback --yes")
"""What fails without a key that opens the workspace: nothing of the export may stand in the error either."""
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


def edit_everybody(url: str, api_key: str) -> None:
    """Give everybody another occupation, so that a later export that changes one is in conflict with it."""
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = httpx.patch(f"{url}/rest/people?filter=jobTitle[neq]:none", headers=headers, json={"jobTitle": "Edited"})
    assert answer.status_code in (200, 400), answer.text


def test_no_patient_data_reaches_dagster_the_terminal_or_a_log(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop = make_drop(tmp_path, seed=51, dialect="utf8-en", defects="many", patients=40)
    later = make_drop(tmp_path, seed=51, dialect="utf8-en", defects="many", patients=40, snapshot=2, name="later")
    home = tmp_path / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    caplog.set_level(logging.DEBUG)
    said = ""

    def command(line: str, api_key: str, *statuses: int) -> None:
        nonlocal said
        monkeypatch.setenv("DENTES_TWENTY_TEST_API_KEY", api_key)
        status = run([*line.format(later=later).split(), "--practice", str(practice.path)])
        printed = capfd.readouterr()
        said += printed.out + printed.err
        assert status in statuses, (line, status, printed.err[-2000:])

    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        practice = make_practice(tmp_path, drop, sandbox.url)
        for line in COMMANDS:
            command(line, sandbox.api_key, 0, 3)
            if line == "migrate --json":
                edit_everybody(sandbox.url, sandbox.api_key)
        for line in FAILING:
            command(line, "no.such.key", 1)
    values = canaries(drop) | canaries(later)
    assert len(values) > 150
    places = [*contents(home), (Path("terminal"), said.encode()), (Path("log"), caplog.text.encode())]
    leaks = []
    for path, content in places:
        for value in values:
            if value.encode() in content or value.encode("utf-16-le") in content:
                leaks.append((path.name, len(value)))  # never the value itself
    assert leaks == []
    assert "person" in said.lower()
    assert len(caplog.records) > 100
    assert any(path.suffix == ".db" for path, _ in contents(home))
