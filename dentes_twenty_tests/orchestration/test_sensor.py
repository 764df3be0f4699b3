"""The drop sensor over a real instance, ledger and folder: what it asks for, why it skips, and how it ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dentes_twenty.definitions import build_defs
from dentes_twenty.migration.ledger import DropState, Ledger
from dentes_twenty.orchestration.layout import DELTA
from dentes_twenty.orchestration.sensors import SENSOR
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty_tests import small_practice


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    return plan(small_practice.write(tmp_path, "http://127.0.0.1:1"), dt.timedelta(hours=-1))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:  # an ephemeral one has no place for the state of sensors
        yield made


def plan(practice: Practice, begins: dt.timedelta, hours: int = 2) -> Practice:
    start = (dt.datetime.now(dt.UTC) + begins).isoformat()
    text = practice.path.read_text(encoding="utf-8").partition("cutover:")[0]
    practice.path.write_text(f"{text}cutover:\n  from: {start}\n  hours: {hours}\n", encoding="utf-8")
    return load_practice(practice.path)


class Watched:
    """The sensor with its cursor, evaluated as the daemon does."""

    def __init__(self, practice: Practice, instance: dg.DagsterInstance) -> None:
        self._defs = build_defs(practice_file=practice.path)
        self._instance = instance
        self._cursor: str | None = None

    def look(self) -> str | dg.RunRequest:
        sensor = self._defs.resolve_sensor_def(SENSOR)
        context = dg.build_sensor_context(
            self._instance, cursor=self._cursor, definitions=self._defs, sensor_name=SENSOR
        )
        data = sensor.evaluate_tick(context)
        self._cursor = context.cursor
        return data.run_requests[0] if data.run_requests else str(data.skip_message)


def test_a_drop_is_taken_at_the_second_look_and_not_again_once_processed(
    practice: Practice, instance: dg.DagsterInstance
) -> None:
    watched = Watched(practice, instance)
    assert "first time" in str(watched.look())
    with (Path(practice.export_location) / "ledger.csv").open("a", encoding="utf-8") as file:
        file.write("7,9002,2024-06-01,Charge,10.00,,,D2,\n")
    assert "still being copied" in str(watched.look())
    asked = watched.look()
    assert isinstance(asked, dg.RunRequest)
    config = asked.run_config["ops"][DELTA]["config"]
    assert config["drop"] == practice.export_location
    assert asked.run_key == f"{config['fingerprint'][:16]}-1"
    with Ledger.open(practice.ledger_url, practice.key) as ledger:
        known = ledger.register_drop(config["fingerprint"], practice.export_location)
        ledger.set_drop_state(known.id, DropState.DONE)
    assert "processed already" in str(watched.look())


def test_a_failed_delta_is_tried_again_under_another_run_key_and_one_under_way_is_waited_for(
    practice: Practice, instance: dg.DagsterInstance
) -> None:
    watched = Watched(practice, instance)
    watched.look()
    first = watched.look()
    assert isinstance(first, dg.RunRequest)
    job = build_defs(practice_file=practice.path).resolve_job_def("delta")
    run = instance.create_run_for_job(job, tags=dict(first.tags), status=dg.DagsterRunStatus.STARTED)
    assert "under way" in str(watched.look())
    instance.report_run_failed(run)
    again = watched.look()
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == str(first.run_key).removesuffix("1") + "2"


def test_outside_of_the_window_it_says_so_and_after_it_the_closing_report_stands(
    practice: Practice, instance: dg.DagsterInstance
) -> None:
    plan(practice, dt.timedelta(hours=1))
    assert "opens at" in str(Watched(practice, instance).look())
    plan(practice, dt.timedelta(hours=-3), hours=1)
    assert "stopped itself" in str(Watched(practice, instance).look())
    assert (practice.reports_dir / "cutover-closing.html").exists()
