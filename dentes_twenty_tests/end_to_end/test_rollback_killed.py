"""A rollback is killed at random moments and started again, and ends the same; so does one after a killed migration."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dentes_twenty.migration.ledger import new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.killable import killable, order
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, furnish, snapshot, wanted
from dentes_twenty_tests.end_to_end.test_rollback import edit, roll_back

pytestmark = needs_generator

KILLS = int(os.environ.get("DENTES_TWENTY_TEST_KILLS", "20"))
SEED = int(os.environ.get("DENTES_TWENTY_TEST_SEED", "20261123"))
LONGEST = 4 / KILLS  # seconds of work before a kill: a whole rollback of this drop takes some two or three


@pytest.fixture(scope="module")
def forking() -> Iterator[subprocess.Popen[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, new_key())
        with killable() as process:
            yield process


@pytest.fixture
def sandbox(forking: subprocess.Popen[str]) -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        yield server


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drop(tmp_path_factory.mktemp("drop"), seed=64, dialect="utf8-en", defects="some", patients=10)


def test_a_rollback_that_is_killed_again_and_again_ends_the_same(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, forking: subprocess.Popen[str]
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=30, companies=10)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    migrate(practice, sandbox.api_key)
    edited = edit(practice, sandbox)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        promised = migration.rollback(dry_run=True)
    chance = random.Random(SEED)
    moments = [round(chance.uniform(0.0, LONGEST), 3) for _ in range(KILLS)]
    statuses = [order(forking, practice.path, sandbox.api_key, "rollback", moment) for moment in moments]
    assert set(statuses) <= {-9, 0}
    assert statuses.count(-9) >= KILLS * 2 // 3  # most of them were killed in the middle
    done = roll_back(practice, sandbox.api_key)
    assert {one.record_id for one in done.kept} == {record for ids in edited.values() for record in ids}
    assert [(one.record_id, one.fields) for one in done.kept] == [(one.record_id, one.fields) for one in promised.kept]
    assert {o.object: o.reversed + o.earlier for o in done.objects} == {o.object: o.reversed for o in promised.objects}
    assert done.ok
    assert roll_back(practice, sandbox.api_key, force=True).complete
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before
    with Migration(practice, api_key=sandbox.api_key) as migration:
        assert migration.ledger.audit.verify() is None


def test_a_migration_that_was_killed_can_be_rolled_back(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, forking: subprocess.Popen[str]
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=30, companies=10)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    chance = random.Random(SEED)
    moments = [("provision", chance.uniform(0.2, 1.0)), ("load", chance.uniform(0.1, 1.0))]
    for phase, moment in moments:
        assert order(forking, practice.path, sandbox.api_key, phase, round(moment, 3)) in (-9, 0)
    done = roll_back(practice, sandbox.api_key)
    assert done.complete
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before
