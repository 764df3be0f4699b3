"""The drop sensor: during the cutover window it takes each new export, one at a time, and says why when it does not.

Belongs here: reading (the practice file, the drop folder, the ledger's drops, Dagster's runs) and asking for a run.
Does not belong here: any decision (`migration.cutover`). The cursor holds what the last look found, nothing else.

https://docs.dagster.io/guides/automate/sensors
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType  # `stop_sensor` has no public way to name a sensor

from dentes_twenty.migration.cutover import Action, Decision, Deltas, Look, decide
from dentes_twenty.migration.ledger import DropState, Ledger
from dentes_twenty.migration.ledger.runs import Drop
from dentes_twenty.migration.watching import Memory, look_around
from dentes_twenty.orchestration.cutover import DELTA_JOB
from dentes_twenty.orchestration.layout import DELTA
from dentes_twenty.orchestration.resources import PRACTICE_TAG, explained, practice_path
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.reports.deltas import write_closing_report

SENSOR = "drop_sensor"
EVERY_SECONDS = 30
DROP_TAG, ATTEMPT_TAG = "dentes_twenty/drop", "dentes_twenty/attempt"
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def drop_sensor(
    practice_file: Path | None = None, *, every: int = EVERY_SECONDS, running: bool = False
) -> dg.SensorDefinition:
    """The sensor of one practice; the practice file is read at each look, so that its window may be moved.

    `running`: on from the start; otherwise a person switches it on in the UI.
    """

    @dg.sensor(
        name=SENSOR,
        job_name=DELTA_JOB,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="Watches the drop folder inside the cutover window and runs `delta` for each new export.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with explained():
            practice = load_practice(practice_path(practice_file))
            practice.prepare()
            return _look(context, practice)

    return watch


def _look(context: dg.SensorEvaluationContext, practice: Practice) -> dg.SensorResult | dg.SkipReason:
    now = dt.datetime.now(practice.zone)
    window = practice.cutover_window
    if window is None or now < window[0]:
        return dg.SkipReason(decide(now, window, (), {}, (), Deltas()).reason)
    with Ledger.open(practice.ledger_url, practice.key) as ledger:
        drops = ledger.drops()
        memory = Memory.read(context.cursor)
        looks: list[Look] = []
        seen = memory
        if now < window[1]:
            looks, seen = look_around(practice.drops_location, memory, settled(drops))
        deltas = _deltas(context.instance, practice.key, looks, busy=ledger.is_busy())
        decision = decide(now, window, looks, memory.contents, drops, deltas)
        if decision.action is Action.STOP:
            page = write_closing_report(practice, ledger)
            _stop(context)
            return dg.SkipReason(f"{decision.reason} The closing report is {page.name}; the sensor has stopped itself.")
    context.update_cursor(seen.as_text())
    if decision.look is None:
        return dg.SkipReason(decision.reason)
    return dg.SensorResult(run_requests=[_request(decision, decision.look, practice)])


def settled(drops: list[Drop]) -> set[str]:
    """Fingerprints of drops that need no second look while their files stay the same."""
    return {drop.fingerprint for drop in drops if drop.state in (DropState.DONE, DropState.REFUSED)}


def _request(decision: Decision, look: Look, practice: Practice) -> dg.RunRequest:
    config = {"drop": look.location, "fingerprint": look.fingerprint or ""}
    return dg.RunRequest(
        run_key=decision.run_key,
        run_config={"ops": {DELTA: {"config": config}}},
        tags={
            PRACTICE_TAG: practice.key,
            DROP_TAG: look.fingerprint or "",
            ATTEMPT_TAG: str(decision.attempt),
        },
    )


def _deltas(instance: dg.DagsterInstance, practice: str, looks: list[Look], *, busy: bool) -> Deltas:
    """Whether a run of this practice is under way (others may share the instance), and how often the delta of each drop
    that was seen has failed. `busy`: somebody works on the practice outside of this instance, or within."""
    mine = {PRACTICE_TAG: practice}
    busy = busy or bool(instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS, tags=mine), limit=1))
    failures: Counter[str] = Counter()
    for look in looks:
        if look.fingerprint:
            tags = {**mine, DROP_TAG: look.fingerprint}
            runs = instance.get_runs(dg.RunsFilter(job_name=DELTA_JOB, statuses=ENDED_BADLY, tags=tags))
            failures[look.fingerprint] = len(runs)
    return Deltas(busy, failures)


def _stop(context: dg.SensorEvaluationContext) -> None:
    """The daemon writes the tick's outcome over the newest state, so that stopping within a tick lasts."""
    for state in context.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        if state.name == context.sensor_name:
            context.instance.stop_sensor(state.instigator_origin_id, state.selector_id, None)
