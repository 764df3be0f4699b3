"""Starting, stopping and restarting the sandbox as a person and as a test does."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dentes_twenty.sandbox.errors import SandboxError
from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer, parse_member
from dentes_twenty.sandbox.workspace import Member

START = """
import sys
from pathlib import Path
from dentes_twenty.sandbox.server import SandboxOptions, run_sandbox
options = SandboxOptions(state=sys.argv[1], api_key_file=Path(sys.argv[2]))
run_sandbox(options, lambda url: print(url, flush=True))
"""


def _client(server: SandboxServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.api_key}"}, timeout=30)


@contextmanager
def _foreground(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in a process of its own, and its URL."""
    command = [sys.executable, "-c", START, str(folder / "state.db"), str(folder / "key")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_and_stops_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with _foreground(tmp_path) as (process, url):
        assert httpx.get(f"{url}/healthz").status_code == 200
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_state_and_key_survive_a_restart(tmp_path: Path) -> None:
    options = SandboxOptions(state=str(tmp_path / "state.db"), api_key_file=tmp_path / "key")
    with SandboxServer(options) as first, _client(first) as client:
        client.post("/rest/companies", json={"name": "Kept"}).raise_for_status()
        key = first.api_key
    assert (tmp_path / "key").read_text().strip() == key
    with SandboxServer(options) as second, _client(second) as client:
        assert second.api_key == key
        companies = client.get("/rest/companies").json()["data"]["companies"]
    assert [company["name"] for company in companies] == ["Kept"]


def test_what_is_committed_survives_a_kill(tmp_path: Path) -> None:
    with _foreground(tmp_path) as (process, url):
        headers = {"Authorization": f"Bearer {(tmp_path / 'key').read_text().strip()}"}
        httpx.post(f"{url}/rest/companies", json={"name": "Kept"}, headers=headers).raise_for_status()
        process.kill()
        process.wait()
    options = SandboxOptions(state=str(tmp_path / "state.db"), api_key_file=tmp_path / "key")
    with SandboxServer(options) as server, _client(server) as client:
        assert client.get("/rest/companies").json()["totalCount"] == 1


def test_state_files_and_key_are_private_to_the_user(tmp_path: Path) -> None:
    options = SandboxOptions(state=str(tmp_path / "state.db"), api_key_file=tmp_path / "key")
    with SandboxServer(options):
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name


def test_the_key_is_not_in_the_output_or_the_arguments(tmp_path: Path) -> None:
    with _foreground(tmp_path) as (process, url):
        key = (tmp_path / "key").read_text().strip()
        assert key not in url
        arguments = Path(f"/proc/{process.pid}/cmdline")
        if arguments.exists():
            assert key not in arguments.read_text()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert key not in output + errors


def test_it_listens_on_loopback_only() -> None:
    with SandboxServer() as server:
        port = int(server.url.rpartition(":")[2])
        own_addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in own_addresses - {"127.0.0.1"}:
            if not str(address).startswith("127."):
                with pytest.raises(OSError), socket.create_connection((str(address), port), timeout=2):
                    pass


def test_two_sandboxes_do_not_know_each_other() -> None:
    with SandboxServer() as first, SandboxServer() as second, _client(first) as client:
        client.post("/rest/companies", json={"name": "x"}).raise_for_status()
        with httpx.Client(base_url=second.url, headers=client.headers) as stranger:
            assert stranger.get("/rest/companies").status_code == 401
        with _client(second) as other:
            assert other.get("/rest/companies").json()["totalCount"] == 0


def test_a_taken_port_is_an_error_that_says_what_to_do() -> None:
    with SandboxServer() as server, pytest.raises(SandboxError) as error:
        SandboxServer(SandboxOptions(port=int(server.url.rpartition(":")[2])))
    assert error.value.code == "PORT_TAKEN"
    assert error.value.fix


def test_a_file_that_is_no_state_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(os.urandom(4096))
    with pytest.raises(SandboxError) as error:
        SandboxServer(SandboxOptions(state=str(tmp_path / "state.db")))
    assert error.value.code == "STATE_UNREADABLE"


def test_members_are_there_from_the_start_and_faults_strike() -> None:
    member = Member("Ada@Practice.example", "Ada", "Lovelace")
    options = SandboxOptions(members=(member,), faults=(Fault("error-after-commit", 1, "/rest/companies"),))
    with SandboxServer(options) as server, _client(server) as client:
        (found,) = client.get("/rest/workspaceMembers").json()["data"]["workspaceMembers"]
        assert (found["userEmail"], found["name"]["firstName"]) == ("ada@practice.example", "Ada")
        assert client.post("/rest/companies", json={"name": "x"}).status_code == 500
        assert client.get("/rest/companies").json()["totalCount"] == 1


def test_members_are_written_as_mail_first_last() -> None:
    assert parse_member("Ada@Practice.example:Ada:King Lovelace") == Member(
        "ada@practice.example", "Ada", "King Lovelace"
    )
    for text in ("", "ada", "ada@practice.example", "a@b.example:Ada", "Ada:a@b.example:Lovelace"):
        with pytest.raises(SandboxError):
            parse_member(text)
