"""A rollback is killed at random moments and started again, and ends the same; so does one after a killed migration."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dentes_twenty.migration.ledger import new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end import run_steps
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, furnish, snapshot, wanted
from dentes_twenty_tests.end_to_end.test_rollback import edit, roll_back

pytestmark = needs_generator

KILLS = int(os.environ.get("DENTES_TWENTY_TEST_KILLS", "6"))
SEED = int(os.environ.get("DENTES_TWENTY_TEST_SEED", "20261123"))
LONGEST = 7 / KILLS  # seconds of work before a kill: a whole rollback of this drop takes some five


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        monkeypatch.setenv("DENTES_TWENTY_TEST_API_KEY", server.api_key)
        yield server


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drop(tmp_path_factory.mktemp("drop"), seed=64, dialect="utf8-en", defects="some", patients=15)


def kill(what: str, practice: Practice, seconds: float) -> bool:
    """Start, and kill so long after the work has begun; False when it was done before that."""
    command = [sys.executable, "-m", run_steps.__name__, what, str(practice.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        return child.wait() == -signal.SIGKILL


def test_a_rollback_that_is_killed_again_and_again_ends_the_same(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=30, companies=10)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    migrate(practice, sandbox.api_key)
    edited = edit(practice, sandbox)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        promised = migration.rollback(dry_run=True)
    chance = random.Random(SEED)
    killed = sum(kill("rollback", practice, chance.uniform(0.0, LONGEST)) for _ in range(KILLS))
    assert killed > 0
    done = roll_back(practice, sandbox.api_key)
    assert {one.record_id for one in done.kept} == {record for ids in edited.values() for record in ids}
    assert [(one.record_id, one.fields) for one in done.kept] == [(one.record_id, one.fields) for one in promised.kept]
    assert {o.object: o.reversed + o.earlier for o in done.objects} == {o.object: o.reversed for o in promised.objects}
    assert done.ok
    assert roll_back(practice, sandbox.api_key, force=True).complete
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before
    with Migration(practice, api_key=sandbox.api_key) as migration:
        assert migration.ledger.audit.verify() is None


def test_a_migration_that_was_killed_can_be_rolled_back(tmp_path: Path, drop: Path, sandbox: SandboxServer) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=30, companies=10)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    chance = random.Random(SEED)
    for _ in range(2):
        kill("migrate", practice, chance.uniform(2.0, 12.0))
    done = roll_back(practice, sandbox.api_key)
    assert done.complete
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before
