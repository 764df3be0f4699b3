"""The drop sensor under a real `dagster dev`: two drops arrive, one of them slowly, and one delta is killed."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType

from dentes_twenty.migration.ledger import DropState, Ledger
from dentes_twenty.orchestration.execute import SETTINGS, prepare_home
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty.orchestration.sensors import ATTEMPT_TAG, DROP_TAG
from dentes_twenty.practice import Practice
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


def reasons(instance: dg.DagsterInstance) -> list[str]:
    """What the sensor has said at its looks, the newest first."""
    return [
        tick.skip_reason
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=200)
        if tick.skip_reason
    ]


def prepare(folder: Path, practice: Practice) -> tuple[Path, Path]:
    """A cutover that is under way: the watched folder, and the instance's, which looks for dead runs every second (as
    delivered: every two minutes)."""
    drops, home = folder / "drops", prepare_home(folder / "dagster")
    drops.mkdir()
    start = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    text = practice.path.read_text(encoding="utf-8")
    practice.path.write_text(f"{text}cutover:\n  from: {start}\n  hours: 5\n  drops: drops\n", encoding="utf-8")
    settings = home / SETTINGS
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("run_monitoring:", "run_monitoring:\n  poll_interval_seconds: 1"), "utf-8")
    return drops, home


def copy_slowly(export: Path, drop: Path, until: Callable[[], bool]) -> None:
    """Copy the reports; the first grows byte by byte until the condition holds. What stands there meanwhile is no whole
    export: whoever took it would be refused."""
    drop.mkdir()
    first, *others = sorted(export.iterdir())
    content = first.read_bytes()
    for place in range(len(content)):
        with (drop / first.name).open("ab") as growing:
            growing.write(content[place : place + 1])
        if until():
            break
        time.sleep(0.2)
    else:
        raise AssertionError("nobody has looked while the export was being copied")
    (drop / first.name).write_bytes(content)
    for file in others:
        shutil.copy(file, drop / file.name)


@pytest.mark.slow
def test_each_drop_is_processed_once_in_order_whatever_happens(tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        desk = make_desk(tmp_path, server)
        drops, home = prepare(tmp_path, desk.practice)
        environment = {
            **os.environ,
            "DAGSTER_HOME": str(home),
            PRACTICE_VARIABLE: str(desk.practice.path),
            "TWENTY_API_KEY": server.api_key,
        }
        with (
            dagster_dev(environment, tmp_path / "dev.log", PROJECT, "-m", WATCHED),
            dg.DagsterInstance.from_config(str(home)) as instance,
            Ledger.open(desk.practice.ledger_url, desk.practice.key) as ledger,
        ):

            def done() -> int:
                return sum(drop.state is DropState.DONE for drop in ledger.drops())

            def said(what: str) -> bool:
                return any(what in reason for reason in reasons(instance))

            desk.edit("patients.csv", "latex allergy canary", "first drop")
            shutil.copytree(desk.export, drops / "first")
            # The first delta is killed as soon as its process is there.
            assert wait_until(lambda: any(pid_of(instance, run.run_id) for run in instance.get_runs()))
            (killed,) = instance.get_runs()
            os.kill(pid_of(instance, killed.run_id) or 0, signal.SIGKILL)
            assert wait_until(lambda: done() == 2), log_of(tmp_path)  # the migration and the second attempt
            # The second drop comes slowly, while it is being watched.
            desk.edit("patients.csv", "first drop", "second drop")
            copy_slowly(desk.export, drops / "second", lambda: said("second: has changed since the last look"))
            assert wait_until(lambda: done() == 3), log_of(tmp_path)
            told = "first: older than what was processed last, or processed before it. second: processed already"
            assert wait_until(lambda: said(told))
            assert done() == 3
            runs = list(reversed(instance.get_runs()))
        assert desk.person("patient:9001")["medicalAlerts"] == "second drop"
    assert runs[0].status is dg.DagsterRunStatus.FAILURE
    assert [run.tags[ATTEMPT_TAG] for run in runs[:2]] == ["1", "2"]
    good = [run.tags[DROP_TAG] for run in runs if run.status is dg.DagsterRunStatus.SUCCESS]
    assert len(good) == len(set(good)) == 2
    assert good[0] == runs[0].tags[DROP_TAG]


def log_of(folder: Path) -> str:
    """The end of what `dagster dev` printed."""
    return (folder / "dev.log").read_text(encoding="utf-8")[-3000:]
