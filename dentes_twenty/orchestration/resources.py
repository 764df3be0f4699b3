"""The one resource: it hands the steps of a run one `Migration`, and keeps the ledger's run beside Dagster's.

Belongs here: opening and closing, what a failed step leaves behind, and where progress goes. Does not belong here:
anything about records. Jobs run in one process, so the resource lives once per run (see jobs.py).

https://docs.dagster.io/guides/build/external-resources
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.execution.stats import StepEventStatus  # what the public `get_run_step_stats` answers with

from dentes_twenty.failures import explain
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import RunState
from dentes_twenty.migration.progress import LoadProgress
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps.context import MIGRATING, Again
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty.orchestration.listening import Listener, Silent, Throttle, sentence
from dentes_twenty.practice import PracticeError, load_practice

KEY = "session"
RESTORE = "restore_deleted"
RESTORE_HELP = "Bring back what people deleted in Twenty, and what the last reconciliation has found lost."
PRACTICE_TAG = "dentes_twenty/practice"


class PracticeNotNamed(MigrationError):
    """The environment does not say which practice this code location serves."""

    default_code = "PRACTICE_NOT_NAMED"


class Session:
    """What the steps of one run share. `again`: what is loaded although it was settled before. `tallies` and `totals`,
    by Twenty object, are what the run has loaded and what its checks have compared, for the summary."""

    def __init__(self, migration: Migration, kind: str, listener: Listener, again: Again = MIGRATING) -> None:
        self.migration = migration
        self.tallies: dict[str, dict[str, Tally]] = {}
        self.totals: dict[str, tuple[Total, ...]] = {}
        self.again = again
        self._kind = kind
        self._listener = listener
        self._began = False
        self._state = RunState.DONE

    @contextmanager
    def step(self, context: dg.AssetExecutionContext) -> Iterator[Step]:
        """Run an asset's body: opens the ledger's run before the first one, and explains what goes wrong.

        Raises dagster.Failure without the original exception, whose message may hold a cell's value.
        """
        try:
            with explained():
                if not self._began:
                    self.migration.begin_run(self._kind)
                    self._began = True
                with self.look(context.asset_key.to_user_string(), context.log.info) as step:
                    yield step
        except Exception:
            self._state = RunState.FAILED
            raise
        except BaseException:
            self._state = RunState.STOPPED
            raise

    @contextmanager
    def look(self, name: str, log: Callable[[str], object]) -> Iterator[Step]:
        """Run a body that only reads (a check): it needs no run of the ledger, so it may go beside a migration."""
        step = Step(name, self._listener, log, self.migration.note_calls)
        with explained():
            self._listener.started(name)
            yield step
            self._listener.finished(name, step.figures)

    def compare(self, object_: str) -> tuple[Total, ...]:
        """Totals of one object against Twenty, asked now."""
        self.totals[object_] = self.migration.totals(object_)
        return self.totals[object_]

    def block(self) -> None:
        """A check that blocks has failed: nothing that follows will run."""
        self._state = RunState.FAILED

    def end(self, *, complete: bool) -> None:
        """Close the ledger's run in the state that the steps have brought it to; `complete`: no step was left out."""
        if self._began:
            stopped = self._state is RunState.DONE and not complete
            self.migration.end_run(RunState.STOPPED if stopped else self._state)


class Step:
    """One step in progress: takes its progress, counts its seconds and calls."""

    def __init__(
        self, name: str, listener: Listener, log: Callable[[str], object], note_calls: Callable[[], None]
    ) -> None:
        self.name = name
        self.figures: dict[str, float] = {}
        self._listener = listener
        self._log = log
        self._note_calls = note_calls
        self._due = Throttle()
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return round(time.monotonic() - self._start, 3)

    def progress(self, progress: LoadProgress) -> None:
        """For `Migration.load`: every report goes to the listener, few of them into the run's log and the ledger."""
        self._listener.progressed(self.name, progress)
        if self._due():
            self._log(sentence(progress))
            self._note_calls()

    def note(self, text: str) -> None:
        """A line in the run's log and for the listener; never with a patient's data."""
        self._log(text)
        self._listener.said(text)


@contextmanager
def explained() -> Iterator[None]:
    """The one border between the program's exceptions and Dagster's events, which are kept and shown.

    Raises dagster.Failure without the original exception, whose message may hold a cell's value.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its message must not pass
        raise failure(error) from None


def failure(error: BaseException) -> dg.Failure:
    """What the event log gets to see of an exception. Trying again helps only where a person has changed something."""
    told = explain(error)
    metadata = {"code": told.code, "message": told.message, "fix": told.fix}
    if told.places:
        metadata["places"] = "\n".join(told.places)
    return dg.Failure(description=str(told), metadata=metadata, allow_retries=False)


def practice_path(named: Path | None) -> Path:
    """The practice file: the one that was named, else the environment's. Raises PracticeNotNamed."""
    if named is not None:
        return named
    found = os.environ.get(PRACTICE_VARIABLE)
    if not found:
        raise PracticeNotNamed(
            f"{PRACTICE_VARIABLE} is not set, so nobody knows whose export to move.",
            f"Write a practice file with `dentes-twenty init`, export {PRACTICE_VARIABLE} with its path, "
            "and restart the code location.",
        )
    return Path(found)


def practice_of_the_environment() -> str | None:
    """The key of the practice that this code location serves; None where that cannot be said yet, which keeps no
    location from loading: a run says what is wrong."""
    try:
        return load_practice(practice_path(None)).key
    except (PracticeNotNamed, PracticeError):
        return None


def _complete(instance: dg.DagsterInstance | None, run: dg.DagsterRun) -> bool:
    """Whether every step that the run planned has succeeded."""
    if instance is None or run.execution_plan_snapshot_id is None:
        return True
    planned = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    stats = instance.get_run_step_stats(run.run_id)
    return set(planned) <= {step.step_key for step in stats if step.status is StepEventStatus.SUCCESS}


def session_resource(
    practice_file: Path | None = None, *, api_key: str | None = None, listener: Listener | None = None
) -> dg.ResourceDefinition:
    """The resource for one practice. `api_key` replaces the environment's; the practice file is read when a run
    begins, not when definitions load."""

    @dg.resource(
        description="One practice's migration: its export, mapping, ledger and workspace.",
        config_schema={RESTORE: dg.Field(bool, default_value=False, description=RESTORE_HELP)},
    )
    def session(context: dg.InitResourceContext) -> Iterator[Session]:
        run = context.run
        kind = run.job_name if run is not None and not run.job_name.startswith("__") else "materialize"
        with explained():
            practice = load_practice(practice_path(practice_file))
            practice.prepare()
        if run is not None and context.instance is not None:
            context.instance.add_run_tags(run.run_id, {PRACTICE_TAG: practice.key})
        with Migration(practice, api_key=api_key) as migration:
            again = dataclasses.replace(MIGRATING, restore_deleted=bool(context.resource_config[RESTORE]))
            opened = Session(migration, kind, listener or Silent(), again)
            try:
                yield opened
            finally:
                # An interruption between two steps reaches no step and looks like an ordinary end from here.
                opened.end(complete=run is None or _complete(context.instance, run))

    return session
