"""Running a job in this process, recorded in a Dagster instance, so that the run shows up in the UI.

Belongs here: the instance, the run, and reading its events into a `JobOutcome`. Does not belong here: printing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from dagster._core.events import RunFailureReason  # no public name tells an interruption from a failure

from dentes_twenty.definitions import build_defs
from dentes_twenty.failures import Failure
from dentes_twenty.orchestration.listening import Listener
from dentes_twenty.orchestration.outcome import DOCUMENT, Check, FailedStep, JobOutcome, Table
from dentes_twenty.orchestration.resources import KEY, RESTORE

HOME_VARIABLE = "DAGSTER_HOME"
SETTINGS = "dagster.yaml"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def prepare_home(folder: Path) -> Path:
    """Make the folder of a Dagster instance, private to the user, with settings that keep no data; returns it.

    Settings that are there already stay as they are.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = folder / SETTINGS
    if not settings.exists():
        packaged = resources.files("dentes_twenty.orchestration").joinpath(SETTINGS)
        settings.write_text(packaged.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def home_for(private: Path) -> Path:
    """The folder of the instance: DAGSTER_HOME when it is set, else the practice's own."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).expanduser() if named else private


@contextmanager
def open_instance(home: Path | None) -> Iterator[dg.DagsterInstance]:
    """The instance in a folder, or one in memory that forgets its runs."""
    if home is None:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance
        return
    with dg.DagsterInstance.from_config(str(prepare_home(home).absolute())) as instance:
        yield instance


def run_job(
    job: str,
    instance: dg.DagsterInstance,
    practice_file: Path,
    *,
    api_key: str | None = None,
    listener: Listener | None = None,
    tags: Mapping[str, str] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    restore_deleted: bool = False,
) -> JobOutcome:
    """Run a job to its end. `config`: step -> its settings. `restore_deleted`: what people deleted comes back.

    Raises KeyboardInterrupt when it was interrupted; every other failure is in the outcome."""
    defs = build_defs(practice_file=practice_file, api_key=api_key, listener=listener)
    began = time.monotonic()
    settings = _run_config(config, restore_deleted=restore_deleted)
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, raise_on_error=False, run_config=settings, tags=tags
    )
    if any(_interrupted(event) for event in result.all_events):
        raise KeyboardInterrupt
    return _outcome(job, result.run_id, result.success, time.monotonic() - began, result.all_events)


def _run_config(config: Mapping[str, Mapping[str, Any]] | None, *, restore_deleted: bool) -> dict[str, Any]:
    steps = {step: {"config": dict(settings)} for step, settings in (config or {}).items()}
    shared = {KEY: {"config": {RESTORE: True}}} if restore_deleted else {}
    return {**QUIET, **({"ops": steps} if steps else {}), **({"resources": shared} if shared else {})}


def _outcome(job: str, run_id: str, success: bool, seconds: float, events: Sequence[DagsterEvent]) -> JobOutcome:
    steps: dict[str, dict[str, float]] = {}
    tables: dict[str, dict[str, Table]] = {}
    checks: list[Check] = []
    failed: list[FailedStep] = []
    documents: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None:
            name = event.asset_key.to_user_string()
            metadata = event.materialization.metadata
            steps[name], tables[name] = _numbers(metadata), _tables(metadata)
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            checks.append(
                Check(
                    found.asset_key.to_user_string(),
                    found.check_name,
                    found.passed,
                    found.severity.value,
                    found.description or "",
                    _tables(found.metadata),
                )
            )
        elif event.event_type == DagsterEventType.ASSET_OBSERVATION:
            seen = event.asset_observation_data.asset_observation
            document = seen.metadata.get(DOCUMENT)
            if isinstance(document, dg.JsonMetadataValue) and isinstance(document.data, dict):
                documents[seen.asset_key.to_user_string()] = document.data
        elif event.is_failure and (told := _failed(event)) is not None:
            failed.append(told)
    return JobOutcome(job, run_id, success, round(seconds, 3), steps, tables, tuple(checks), tuple(failed), documents)


def _interrupted(event: DagsterEvent) -> bool:
    """Ctrl-C and SIGTERM end a run as a failure of this one kind."""
    return (
        event.event_type == DagsterEventType.RUN_FAILURE
        and event.job_failure_data.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
    )


def _failed(event: DagsterEvent) -> FailedStep | None:
    if event.event_type == DagsterEventType.STEP_FAILURE:
        data = event.step_failure_data
        if data.user_failure_data is None:
            return None  # a step that Dagster itself gave up on: its message comes with the run's failure
        metadata = {name: str(value.value) for name, value in data.user_failure_data.metadata.items()}
        places = tuple(metadata.get("places", "").splitlines())
        failure = Failure(metadata["code"], metadata["message"], metadata["fix"], places)
        return FailedStep(event.step_key or "", failure)
    return None


def _numbers(metadata: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: value.value
        for name, value in metadata.items()
        if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue) and value.value is not None
    }


def _tables(metadata: Mapping[str, Any]) -> dict[str, Table]:
    return {
        name: [dict(record.data) for record in value.records]
        for name, value in metadata.items()
        if isinstance(value, dg.TableMetadataValue)
    }
