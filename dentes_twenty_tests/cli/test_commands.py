"""The command line as a person uses it: one small practice from `init` to `status`, and what goes wrong on the way."""

from __future__ import annotations

import dataclasses
import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dentes_twenty.cli import run
from dentes_twenty.commands.mapping import KEYS_FILE
from dentes_twenty.migration.ledger import Ledger, RunState
from dentes_twenty.practice import load_practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice

PROGRAM = (sys.executable, "-c", "from dentes_twenty.cli import main; main()")
HEAVY = {"dagster", "pandas", "pandera", "pyarrow", "sqlalchemy", "starlette"}


@dataclasses.dataclass
class Desk:
    """A folder with an export, a workspace, and everything that commands have printed there."""

    folder: Path
    server: SandboxServer
    printed: str = ""

    @property
    def practice(self) -> Path:
        return self.folder / "practice.yaml"


@dataclasses.dataclass
class Said:
    """What one command has left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    code = run(arguments)
    captured = capsys.readouterr()
    return Said(code, captured.out, captured.err)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with (
        SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        small_practice.write(folder, server.url)
        environment.setenv("TWENTY_API_KEY", server.api_key)
        environment.delenv("DAGSTER_HOME", raising=False)
        yield Desk(folder, server)


def test_the_start_waits_for_nothing_heavy() -> None:
    script = f"import sys, dentes_twenty.cli; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_command_the_help_is_shown_as_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys)
    assert said.code == 2
    assert "propose-mapping" in said.out + said.err


@pytest.mark.parametrize(
    "arguments", [["bogus"], ["migrate", "--bogus"], ["confirm-mapping"], ["sandbox", "--port", "x"]]
)
def test_what_cannot_be_understood_is_wrong_use(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert call(capsys, *arguments).code == 2


def test_a_practice_file_that_is_not_there_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = call(capsys, "migrate", "--practice", str(tmp_path / "none.yaml"))
    assert said.code == 2
    assert "PRACTICE_FILE_MISSING" in said.err and "dentes-twenty init" in said.err
    assert "Traceback" not in said.err


def test_machines_get_an_error_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = call(capsys, "status", "--json", "--practice", str(tmp_path / "none.yaml"))
    assert said.document["error"]["code"] == "PRACTICE_FILE_MISSING"
    assert said.document["error"]["fix"]


def test_init_writes_a_practice_file_that_loads_and_keys_for_one_pair_of_eyes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "practice.yaml"
    assert call(capsys, "init", "--practice", str(file), "--key", "ege-dental").code == 0
    practice = load_practice(file)
    assert practice.key == "ege-dental"
    keys = practice.private_dir / KEYS_FILE
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(practice.private_dir.stat().st_mode) == 0o700
    secret = keys.read_text().split("=", 1)[1].splitlines()[0]
    again = call(capsys, "init", "--practice", str(file))
    assert again.code == 2 and "FILE_EXISTS" in again.err
    assert secret not in again.out + again.err


@pytest.mark.slow
def test_a_practice_moves_step_by_step(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    practice = ("--practice", str(desk.practice))
    transcript: list[Said] = []

    def step(code: int, *arguments: str) -> Said:
        said = call(capsys, *arguments)
        assert said.code == code, (arguments, said.err)
        transcript.append(said)
        return said

    refused = step(1, "migrate", *practice)
    assert "propose-mapping" in refused.err
    pages = desk.folder / ".dentes-twenty" / "small" / "reports"
    proposed = step(0, "propose-mapping", *practice, "--json")
    assert proposed.document["page"] == str(pages / "mapping.html")
    assert {report["report"] for report in proposed.document["reports"]} == {"provider", "patient", "entry"}
    step(2, "propose-mapping", *practice)  # a mapping that somebody may have edited is not replaced
    step(0, "propose-mapping", *practice, "--force")
    assert "unconfirmed" in step(1, "audit", *practice).err.lower()
    assert "waits for a person" in (pages / "mapping.html").read_text()
    step(0, "confirm-mapping", *practice, "--by", "A tester")
    assert "Confirmed by A tester" in (pages / "mapping.html").read_text()
    audited = step(3, "audit", *practice, "--json").document
    assert audited["ok"] and audited["steps"]["references"]["quarantined"] == small_practice.QUARANTINED
    assert "people" not in audited["steps"]
    assert audited["pages"] == {name: str(pages / f"{name}.html") for name in ("owners", "quarantine")}
    assert "D2" in (pages / "owners.csv").read_text()
    assert "patients.csv,5,4,9003,patient_id,duplicate_id" in (pages / "quarantine.csv").read_text()
    missing = step(0, "provision", *practice, "--checklist")
    assert "sourceSystemId" in missing.out and str(pages / "checklist.html") in missing.out
    moved = step(3, "migrate", *practice)
    assert "people: 3 landed" in moved.err
    assert f"Page of the whole migration: {pages / 'summary.html'}" in moved.out
    assert {stat.S_IMODE(path.stat().st_mode) for path in pages.iterdir()} == {0o600}
    assert "1 unknown_patient" in moved.out and "same" in moved.out and "DIFFERS" not in moved.out
    status = step(3, "status", *practice, "--json").document
    assert status["records"]["billingLedger"] == {"landed": small_practice.LANDING["billing_ledgers"]}
    assert [found["kind"] for found in status["runs"][:2]] == ["migrate", "audit"]
    assert "every object, field and option" in step(0, "provision", *practice, "--checklist").out
    assert step(0, "provision", *practice, "--json").document["created"] == {"objects": 0, "fields": 0, "options": 0}
    printed = "".join(said.out + said.err for said in transcript)
    assert not [secret for secret in small_practice.SECRETS if secret in printed]
    assert desk.server.api_key not in printed
    rows = step(3, "status", *practice, "--rows", "--json").document["rows"]
    assert [(row["file"], row["line"], row["source_id"], row["code"]) for row in rows] == [
        ("ledger.csv", 6, "5", "unknown_patient"),
        ("patients.csv", 5, "9003", "duplicate_id"),
    ]
    listed = step(3, "status", *practice, "--rows")
    assert "9003" in listed.out and "duplicate_id" in listed.out and "9003" not in status_text(desk, capsys)
    owners = step(0, "owners", *practice, "--json").document["owners"]
    assert [(line["provider_id"], line["match"]) for line in owners] == [("D1", "matched"), ("D2", "fallback")]


def status_text(desk: Desk, capsys: pytest.CaptureFixture[str]) -> str:
    return call(capsys, "status", "--practice", str(desk.practice)).out


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_migration_stops_cleanly_and_says_that_it_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    """A workspace with a very low limit, so that the run is in the middle of waiting when the signal comes."""
    options = SandboxOptions(members=small_practice.MEMBERS, calls_per_minute=6)
    with SandboxServer(options) as server:
        practice = small_practice.confirmed(small_practice.write(tmp_path, server.url))
        process = subprocess.Popen(
            [*PROGRAM, "migrate", "--practice", str(practice.path)],
            env={"TWENTY_API_KEY": server.api_key, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for_run(practice.ledger_url, practice.key)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "goes on from there" in err and "Traceback" not in err
    assert not [secret for secret in small_practice.SECRETS if secret in out + err]
    with Ledger.open(practice.ledger_url, practice.key) as ledger:
        assert ledger.runs()[0].state is RunState.STOPPED


def wait_for_run(url: str, key: str) -> None:
    deadline = time.monotonic() + 90
    file = Path(url.removeprefix("sqlite:///"))
    while time.monotonic() < deadline:
        if file.exists():
            with Ledger.open(url, key) as ledger:
                if ledger.runs():
                    time.sleep(0.5)
                    return
        time.sleep(0.1)
    raise AssertionError("the run did not begin")


def test_the_sandbox_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    key = tmp_path / "key"
    arguments = ("sandbox", "--port", "0", "--api-key-file", str(key), "--member", "ada@clinic.example:Ada:Kaya")
    process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {key.read_text().strip()}"}
        members = httpx.get(f"{url}/rest/workspaceMembers", headers=headers).raise_for_status().json()
        assert [m["userEmail"] for m in members["data"]["workspaceMembers"]] == ["ada@clinic.example"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()


@pytest.mark.parametrize("text", ["ada", "ada@clinic.example", "ada@clinic.example:Ada"])
def test_a_member_that_is_no_member_is_wrong_use(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert call(capsys, "sandbox", "--member", text).code == 2


def test_a_fault_that_nobody_knows_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "sandbox", "--fault", "earthquake:1")
    assert said.code == 2 and "earthquake" in said.err
