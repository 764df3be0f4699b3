"""The drop sensor under a real `dagster dev`: two drops arrive, one of them slowly, and one delta is killed."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import signal
import time
from pathlib import Path

import dagster as dg
import pytest

from dentes_twenty.migration.ledger import DropState, Ledger
from dentes_twenty.orchestration.execute import prepare_home
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty.orchestration.sensors import DROP_TAG
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.end_to_end.dev import dagster_dev, wait_until
from dentes_twenty_tests.migrated import make_desk

PROJECT = Path(__file__).resolve().parents[2]
WATCHED = "dentes_twenty_tests.end_to_end.watched"


def pid_of(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process of a run, as its first event names it."""
    for entry in instance.all_logs(run_id):
        found = re.search(r"\(pid: (\d+)\)", entry.user_message or entry.message or "")
        if found:
            return int(found.group(1))
    return None


@pytest.mark.slow
def test_each_drop_is_processed_once_in_order_whatever_happens(tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        desk = make_desk(tmp_path, server)
        drops, home = tmp_path / "drops", tmp_path / "dagster"
        drops.mkdir()
        start = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
        text = desk.practice.path.read_text(encoding="utf-8")
        desk.practice.path.write_text(
            f"{text}cutover:\n  from: {start}\n  hours: 5\n  drops: drops\n", encoding="utf-8"
        )
        environment = {
            **os.environ,
            "DAGSTER_HOME": str(prepare_home(home)),
            PRACTICE_VARIABLE: str(desk.practice.path),
            "TWENTY_API_KEY": server.api_key,
        }
        with (
            dagster_dev(environment, tmp_path / "dev.log", PROJECT, "-m", WATCHED),
            dg.DagsterInstance.from_config(str(home)) as instance,
        ):
            desk.edit("patients.csv", "latex allergy canary", "first drop")
            shutil.copytree(desk.export, drops / "first")
            # The first delta is killed as soon as its process is there.
            assert wait_until(lambda: any(pid_of(instance, run.run_id) for run in instance.get_runs()))
            (killed,) = instance.get_runs()
            os.kill(pid_of(instance, killed.run_id) or 0, signal.SIGKILL)
            # The second drop comes slowly, while it is being watched.
            desk.edit("patients.csv", "first drop", "second drop")
            (drops / "second").mkdir()
            for file in sorted(desk.export.iterdir()):
                shutil.copy(file, drops / "second" / file.name)
                time.sleep(0.8)
            with Ledger.open(desk.practice.ledger_url, desk.practice.key) as ledger:

                def done() -> int:
                    return sum(drop.state is DropState.DONE for drop in ledger.drops())

                assert wait_until(lambda: done() == 3), (tmp_path / "dev.log").read_text(encoding="utf-8")[-3000:]
                time.sleep(4)
                assert len(ledger.drops()) == 3
            runs = list(reversed(instance.get_runs()))
        assert desk.person("patient:9001")["medicalAlerts"] == "second drop"
    assert runs[0].status is dg.DagsterRunStatus.FAILURE
    good = [run.tags[DROP_TAG] for run in runs if run.status is dg.DagsterRunStatus.SUCCESS]
    assert len(good) == len(set(good)) == 2
    assert good[0] == runs[0].tags[DROP_TAG]
