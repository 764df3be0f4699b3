"""The way to a full migration on the command line: no record moves into a workspace before a person has said yes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.cli import run
from dentes_twenty.practice import load_practice
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.unmarked import unmarked_workspace

pytestmark = pytest.mark.slow


@dataclasses.dataclass
class Desk:
    """A practice whose workspace is no sandbox."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def call(self, *arguments: str) -> tuple[int, str, str]:
        code = run([*arguments, "--practice", str(self.folder / "practice.yaml")])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def records(self) -> int:
        found: dict[str, Any] = json.loads(self.call("status", "--json")[1])
        return sum(sum(states.values()) for states in found["records"].values())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with unmarked_workspace(small_practice.MEMBERS) as workspace:
        small_practice.confirmed(small_practice.write(tmp_path, workspace.url))
        monkeypatch.setenv("TWENTY_API_KEY", workspace.api_key)
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        yield Desk(tmp_path, capsys)


def test_the_way_from_a_refused_migration_to_an_approved_and_reconciled_one(desk: Desk) -> None:
    code, _, said = desk.call("migrate")
    assert code == 1
    assert "No sample has been migrated yet" in said and "dentes-twenty sample" in said
    assert desk.records() == 0

    code, _, said = desk.call("approve", "--by", "Dr. Ada Kaya")
    assert code == 1
    assert "NOT_APPROVABLE" in said

    code, out, said = desk.call("sample", "--sandbox")
    assert code in (0, 3)
    page = load_practice(desk.folder / "practice.yaml").reports_dir / "sample.html"
    assert str(page) in out and page.stat().st_mode & 0o777 == 0o600
    assert "Karakurtoğlu" in page.read_text(encoding="utf-8")
    assert not any(secret in out + said for secret in small_practice.SECRETS)
    assert desk.records() == 0  # it went into a sandbox

    code, _, said = desk.call("migrate")
    assert code == 1
    assert "has not been approved" in said and "approve --by" in said

    assert desk.call("approve", "--by", "Dr. Ada Kaya", "--note", "looked at all of it")[0] == 0
    assert desk.call("migrate")[0] in (0, 3)
    assert desk.records() == sum(small_practice.LANDING.values()) + 1  # and the member

    code, out, said = desk.call("reconcile")
    assert code == 3  # all is the same, and two rows stay out
    page = load_practice(desk.folder / "practice.yaml").reports_dir / "reconciliation.html"
    assert str(page) in out and page.stat().st_mode & 0o777 == 0o600
    assert "people" in out and "DIFFERS" not in out
    assert not any(secret in out + said for secret in small_practice.SECRETS)

    code, out, _ = desk.call("approve", "--withdraw", "--by", "Dr. Ada Kaya")
    assert (code, out.split(" ")[0]) == (0, "1")
    code, _, said = desk.call("migrate")
    assert code == 1
    assert "approve --by" in said


@pytest.mark.parametrize("size", ["99", "501"])
def test_a_sample_that_is_too_small_or_too_large_is_wrong_use(desk: Desk, size: str) -> None:
    assert desk.call("sample", "--size", size)[0] == 2
