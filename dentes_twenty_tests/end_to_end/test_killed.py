"""A migration that is killed at any moment and started again ends in the same workspace."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import MEMBERS, check_workspace, make_drop, make_practice, needs_generator
from dentes_twenty_tests.end_to_end.killable import killable, order

pytestmark = [needs_generator, pytest.mark.slow]

KILLS_WHILE_PROVISIONING = 6
KILLS_WHILE_LOADING = 12  # in each of two workspaces: 30 moments in all


@pytest.fixture(scope="module")
def forking() -> Iterator[subprocess.Popen[str]]:
    with killable() as process:
        yield process


@pytest.mark.parametrize(("seed", "provisioning"), [(41, KILLS_WHILE_PROVISIONING), (44, 0)])
def test_a_migration_killed_again_and_again_ends_in_the_same_workspace(
    tmp_path: Path, forking: subprocess.Popen[str], seed: int, provisioning: int
) -> None:
    moments = random.Random(seed)
    drop = make_drop(tmp_path, seed=seed, dialect="utf8-en", patients=30)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as sandbox:
        practice = make_practice(tmp_path, drop, sandbox.url)
        statuses = []
        for kill in range(provisioning + KILLS_WHILE_LOADING):
            phase, longest = ("provision", 0.8) if kill < provisioning else ("load", 0.25)
            statuses.append(
                order(forking, practice.path, sandbox.api_key, phase, round(moments.uniform(0.0, longest), 3))
            )
        assert set(statuses) <= {-9, 0}
        assert statuses.count(-9) >= len(statuses) * 2 // 3  # most of them were killed in the middle
        assert order(forking, practice.path, sandbox.api_key, "load", -1) == 0
        status, said = check_workspace(tmp_path, sandbox.url, sandbox.api_key, drop)
    assert status == 0, said
