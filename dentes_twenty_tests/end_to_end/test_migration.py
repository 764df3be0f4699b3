"""A whole practice lands in the sandbox, as the independent checker sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import (
    MEMBERS,
    answer_key,
    check_workspace,
    make_drop,
    make_practice,
    migrate,
    needs_generator,
)

pytestmark = needs_generator


@pytest.mark.parametrize(
    ("dialect", "seed", "defects"),
    [("excel-tr", 11, "many"), ("utf8-en", 12, "some"), ("vem", 15, "many"), ("xlsx", 14, "some")],
)
def test_a_practice_of_every_dialect_lands_as_its_answer_key_says(
    tmp_path: Path, dialect: str, seed: int, defects: str
) -> None:
    drop = make_drop(tmp_path, seed=seed, dialect=dialect, defects=defects)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        practice = make_practice(tmp_path, drop, sandbox.url)
        tallies = migrate(practice, sandbox.api_key)
        assert sum(sum(t.differing.values()) for t in tallies.values()) == 0
        status, said = check_workspace(tmp_path, sandbox.url, sandbox.api_key, drop)
    assert status == 0, said


def test_a_second_migration_sends_no_write_at_all(tmp_path: Path) -> None:
    drop = make_drop(tmp_path, seed=21, dialect="utf8-en", patients=40)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        practice = make_practice(tmp_path, drop, sandbox.url)
        first = migrate(practice, sandbox.api_key)
        second = migrate(practice, sandbox.api_key)
    assert sum(t.created for t in first.values()) > 300
    assert sum(t.written for t in second.values()) == 0


def test_a_later_export_changes_what_its_answer_key_says(tmp_path: Path) -> None:
    first = make_drop(tmp_path, seed=31, dialect="excel-tr", patients=60)
    later = make_drop(tmp_path, seed=31, dialect="excel-tr", patients=60, snapshot=2, name="later")
    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        migrate(make_practice(tmp_path, first, sandbox.url), sandbox.api_key)
        tallies = migrate(make_practice(tmp_path, later, sandbox.url), sandbox.api_key)
        status, said = check_workspace(tmp_path, sandbox.url, sandbox.api_key, later)
    assert status == 0, said
    expected = answer_key(later)["delta"]
    assert tallies["appointment"].created == len(expected["created"].get("appointment", []))
    assert tallies["patient"].updated + tallies["patient"].conflicting == len(expected["updated"].get("patient", []))
