"""One practice's migration in one process: every step of it, as plain methods that an asset or a command calls.

Belongs here: opening what a step needs (drop, mapping, staged tables, ledger, client), each once, and handing it to the
module that does the work. Does not belong here: the work itself; anything of Dagster; printing.

    with Migration(load_practice(path)) as migration, migration.run("migrate"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        migration.provision()
        migration.adopt()
        migration.write_members()
        for object_ in migration.objects:
            migration.load(object_)
        migration.load_files()
        migration.totals()

Every method may be called again, in the same process or a later one: what is done already is not done twice.

Records move only after a person has approved a sample (`sample`, `show_sample`, `approve`); the methods that write
records raise ApprovalMissing before that. A sandbox needs no approval.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from dentes_twenty.exports.drop import Drop, open_drop
from dentes_twenty.exports.issues import Issue, read_issues
from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.mapping import load_mapping, require_confirmed
from dentes_twenty.exports.stage import Staged, StagedReport, stage_report
from dentes_twenty.migration import steps
from dentes_twenty.migration.approval import ApprovalState
from dentes_twenty.migration.delta import as_of
from dentes_twenty.migration.deltas import DeltaResult, run_delta
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.fingerprint import Comparison
from dentes_twenty.migration.ledger import Approval, ConflictState, DropState, Ledger, RunState
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.progress import Listener
from dentes_twenty.migration.reconcile import Reconciliation
from dentes_twenty.migration.resolving import ConflictValues, carry_out, conflict_values, resolve
from dentes_twenty.migration.sampling import USUAL
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.twenty.client import Calls, TwentyClient
from dentes_twenty.twenty.limiter import Limiter
from dentes_twenty.twenty.records import RecordStore

T = TypeVar("T")
WHOLE = ("migrate", "delta")
"""Runs that have processed their whole drop when they end well."""


class ApiKeyMissing(MigrationError):
    """The environment holds no key for the workspace."""

    default_code = "API_KEY_MISSING"


class NoRun(MigrationError):
    """A step that writes was called outside `run`."""

    default_code = "NO_RUN"


class Migration:
    """See the module. `api_key` replaces the environment's (the embedded sandbox makes its own); `staging` names tables
    that were staged by another session of the same practice (a trial run reads the practice's own)."""

    def __init__(self, practice: Practice, *, api_key: str | None = None, staging: Path | None = None) -> None:
        self.practice = practice
        self.staging_dir = staging or practice.staging_dir
        self._api_key = api_key
        self._cleared = False
        self._export: str | None = None
        self._figures: dict[str, float] = {}
        self._run: int | None = None
        self._kind = ""
        self._calls_before_plan = 0
        self._remembered = False
        self._closing = contextlib.ExitStack()
        self._runner = self._closing.enter_context(asyncio.Runner())  # closed last: connections end on its loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End connections. The session must not be used afterwards."""
        self._closing.close()

    # -- what is opened once

    @cached_property
    def ledger(self) -> Ledger:
        """The practice's state."""
        return self._closing.enter_context(Ledger.open(self.practice.ledger_url, self.practice.key))

    @cached_property
    def drop(self) -> Drop:
        """The export."""
        limit = self.practice.policies.attachments_max_mb * 1_000_000
        return open_drop(self._export or self.practice.export_location, max_attachment_bytes=limit)

    @cached_property
    def mapping(self) -> MappingFile:
        """The confirmed mapping. Raises MappingError while nobody has confirmed it."""
        mapping = load_mapping(self.practice.mapping_path)
        require_confirmed(mapping)
        return mapping

    @cached_property
    def staged(self) -> Staged:
        """What `stage` has written. Raises NotStaged before that."""
        return Staged.open(self.staging_dir)

    @cached_property
    def client(self) -> TwentyClient:
        """The workspace. All processes on this ledger share its rate limiter. Raises ApiKeyMissing."""
        variable = self.practice.twenty.api_key_env
        key = self._api_key or os.environ.get(variable)
        if not key:
            raise ApiKeyMissing(
                f"The environment variable {variable} is not set.",
                f"Make an API key in Twenty (Settings > APIs & Webhooks) and export it as {variable}.",
            )
        limits = self._closing.enter_context(contextlib.closing(self.ledger.shared_limits(self.practice.twenty.url)))
        client = TwentyClient(self.practice.twenty.url, key, limiter=Limiter(limits))
        self._closing.callback(lambda: self.wait(client.aclose()))
        return client

    @cached_property
    def store(self) -> RecordStore:
        """Records of the workspace, by its present data model."""
        return self.wait(RecordStore.open(self.client))

    @property
    def calls(self) -> Calls:
        """Calls made so far by this session."""
        return self.client.calls

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run asynchronous work to its end; connections live on one loop."""
        return self._runner.run(work)

    # -- runs

    @contextlib.contextmanager
    def run(self, kind: str) -> Iterator[int]:
        """A run in the ledger. Raises RunInProgress beside a living run of the same practice."""
        run = self.begin_run(kind)
        try:
            yield run
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            self.end_run(RunState.STOPPED if stopped else RunState.FAILED)
            raise
        self.end_run(RunState.DONE)

    def begin_run(self, kind: str) -> int:
        """Open a run; for callers that cannot hold a context manager open."""
        self._run = self.ledger.begin_run(kind, exclusive=True)
        self._kind = kind
        return self._run

    def end_run(self, state: RunState) -> None:
        """Close it. Does nothing when none is open."""
        if self._run is not None:
            run, self._run = self._run, None
            if state is RunState.DONE and self._kind in WHOLE and "drop_id" in self.__dict__:
                self.ledger.set_drop_state(self.drop_id, DropState.DONE, as_of(self.drop.modified))
            self.ledger.end_run(run, state, {**steps.run_counts(self.ledger), **self._figures})

    @property
    def run_id(self) -> int:
        """The open run. Raises NoRun outside of one."""
        if self._run is None:
            raise NoRun("A step that writes was called outside a run.", "Call it within `migration.run(kind)`.")
        return self._run

    # -- reading the export

    @property
    def reports(self) -> tuple[str, ...]:
        """Names of the reports that the mapping covers, in reading order."""
        return self.mapping.report_names

    def stage(self, report: str) -> StagedReport:
        """Read one report through the mapping into typed tables."""
        self.forget_plan()
        settings = steps.stage_settings(self.practice)
        return stage_report(self.drop, self.mapping, report, settings, self.staging_dir)

    def issues_of(self, report: str) -> Iterator[Issue]:
        """What staging has to say about one report, also while others still stand as an earlier export had them."""
        return read_issues(self.staging_dir / f"{report}.issues.parquet")

    # -- planning

    @cached_property
    def drop_id(self) -> int:
        """The ledger's id of this export."""
        return self.ledger.register_drop(self.drop.fingerprint(), self.drop.location).id

    @cached_property
    def planner(self) -> Planner:
        """Rows and records of the staged export."""
        return Planner(self.staged, self.practice, self.ledger)

    def forget_plan(self) -> None:
        """What was planned from older tables, or before something was adopted, is planned again."""
        for name in ("staged", "planner"):
            self.__dict__.pop(name, None)

    @property
    def objects(self) -> tuple[str, ...]:
        """Twenty objects (singular) in import order."""
        return tuple(dict.fromkeys(d.target.singular for d in self.planner.declarations))

    def declarations(self, object_: str) -> tuple[SourceObject, ...]:
        """The declarations that write an object, in order."""
        return tuple(d for d in self.planner.declarations if d.target.singular == object_)

    def check_references(self) -> steps.ReferenceSummary:
        """Plan every row once: what lands, what stays out and why. Writes the findings into the ledger."""
        return steps.check_references(self.planner, self.ledger, self.run_id, self.drop_id)

    # -- the workspace

    @cached_property
    def _owners(self) -> Owners:
        return steps.match(self.planner, self.practice, self.wait(self.store.members()))

    def owners(self) -> Owners:
        """The owner report. `.require()` raises while a provider who owns records has nobody."""
        return self._owners

    def provision_plan(self) -> steps.ProvisionPlan:
        """What the workspace's data model lacks."""
        return steps.provision_plan(self.planner, self.store.model)

    def provision(self, on_step: Callable[[str], None] | None = None) -> steps.ProvisionSummary:
        """Make what is missing; a second call makes nothing."""
        self._remember_workspace()
        return self.wait(steps.provision(self.planner, self.store, self.ledger, self.run_id, on_step))

    def adopt(self) -> steps.AdoptionSummary:
        """Find people and companies that the workspace holds already, and do with them what policy says."""
        summary = self.wait(steps.adopt(self.planner, self.store, self.ledger, self.run_id, self.practice))
        self.__dict__.pop("planner", None)
        return summary

    def write_members(self) -> Tally:
        """Write the providers' fields into the members that they match. Raises ApprovalMissing."""
        self.require_approval()
        return self.wait(steps.write_members(self._context()))

    def load(
        self, object_: str, progress: Listener | None = None, *, restore_deleted: bool = False
    ) -> dict[str, Tally]:
        """Load every source object of one Twenty object; tallies by source object. Raises ApprovalMissing."""
        self.owners().require()
        self.require_approval()
        context = dataclasses.replace(self._context(), restore_deleted=restore_deleted)
        return self.wait(steps.load(context, self.declarations(object_), progress))

    def load_files(self, progress: Listener | None = None) -> steps.FilesTally:
        """Upload attachments, verify them, and hang them on note and person. Raises ApprovalMissing."""
        self.require_approval()
        return self.wait(steps.load_files(self._context(), self.drop, progress))

    def totals(self, object_: str | None = None) -> tuple[Total, ...]:
        """Counts and money of one object, or of all, against the accepted rows."""
        objects = (object_,) if object_ else self.objects
        declarations = [d for name in objects for d in self.declarations(name)]
        return self.wait(steps.totals(self.planner, self._owners, self.store, self.ledger, self.drop_id, declarations))

    # -- trust

    def sample(self, size: int = USUAL, progress: Listener | None = None) -> steps.SampleResult:
        """Load a sample that shows everything the export has, and read it back. Raises SampleSize, RowsChanged.

        Provision and adopt first. What it loads, a full migration finds unchanged.
        """
        self.owners().require()
        export = steps.Export(self.drop, self.mapping, steps.stage_settings(self.practice))
        return self.wait(steps.sample(self._context(), export, size, progress))

    def show_sample(self, counts: Mapping[str, int], where: str = "workspace") -> None:
        """Remember what the sample's page shows, so that it can be approved. `counts`: figures by verdict."""
        steps.remember_shown(self.practice, self.mapping, self.ledger, self.run_id, counts, where)

    def approve(self, by: str, note: str = "") -> Approval:
        """A person's yes to the sample that was shown, for exactly this mapping, practice file and program.

        Raises NotApprovable.
        """
        return steps.approve(self.practice, self.mapping, self.ledger, by, note)

    def approval(self) -> ApprovalState:
        """Whether records may move, and why not. A sandbox is asked for its mark when nobody has approved."""
        return self.wait(steps.approval_state(self.practice, self.mapping, self.ledger, self.client))

    def require_approval(self) -> None:
        """Raises ApprovalMissing while records may not move. Asked once in a session, whose mapping is read once."""
        if not self._cleared:
            self.approval().require()
            self._cleared = True

    # -- cutover

    def use_drop(self, location: str | None) -> None:
        """Read this export (a path or an fsspec URL) instead of the one that the practice file names."""
        if location is not None:
            self._export = location
            for name in ("drop", "drop_id"):
                self.__dict__.pop(name, None)

    def delta(
        self,
        allow: Collection[str] = (),
        *,
        expected: str | None = None,
        restore_deleted: bool = False,
        progress: Listener | None = None,
    ) -> DeltaResult:
        """Bring Twenty to the state of a later export, merging with people's edits. See `migration.deltas`."""
        result = run_delta(self, expected=expected, allow=allow, restore_deleted=restore_deleted, progress=progress)
        self._figures = result.figures
        return result

    def conflicts(self) -> tuple[ConflictValues, ...]:
        """Fields that the export and a person changed differently, with both values: for the private report only."""
        return conflict_values(self)

    def resolve(
        self, key: str | None, decision: ConflictState, *, by: str, fields: Collection[str] | None = None
    ) -> int:
        """A person's decision (OURS, THEIRS) on a record's conflicts, or on all. See `migration.resolving`."""
        return resolve(self, key, decision, by=by, fields=fields)

    def carry_out(self) -> Tally:
        """Write what was decided on conflicts, without waiting for the next delta."""
        return carry_out(self)

    def step_context(self) -> steps.StepContext:
        """What steps outside this class need, within a run."""
        return self._context()

    def reconcile(self, *, quick: bool = False, objects: Sequence[str] | None = None) -> Reconciliation:
        """The books of the export against those of Twenty: all objects, members included, or some of them.

        Reads only. `quick` compares counts and sums; otherwise every field of every record.
        """
        sides = (self.planner, self._owners, self.store, self.ledger)
        return self.wait(steps.reconcile(*sides, self.drop_id, quick=quick, objects=objects))

    def _context(self) -> steps.StepContext:
        self._remember_workspace()
        return steps.StepContext(
            planner=self.planner,
            owners=self._owners,
            store=self.store,
            ledger=self.ledger,
            run=self.run_id,
            drop=self.drop_id,
            client=self.client,
        )

    def _remember_workspace(self) -> None:
        """Before the first write: what the workspace held, for the comparison after a rollback; and what an earlier
        rollback has kept is ours again."""
        if not self._remembered:
            self.wait(steps.remember_workspace(self.store, self.ledger, self.run_id))
            self.ledger.take_up_kept(self.run_id)
            self._remembered = True

    # -- going back

    def rollback(
        self, *, dry_run: bool = False, force: bool = False, progress: Listener | None = None
    ) -> steps.RollbackSummary:
        """Undo everything that the ledger knows; what people have edited since stays, unless forced.

        Needs no export. A dry run writes nothing, into Twenty or into the ledger, and needs no run.
        Raises RollbackKeyMissing before anything is touched.
        """
        step = steps.RollbackStep(
            self.store,
            self.ledger,
            self.practice.key,
            None if dry_run else self.run_id,
            force,
            os.environ.get(KEY_VARIABLE) or None,
        )
        summary = self.wait(steps.roll_back(step, progress))
        self._remembered = False
        self.forget_plan()
        return summary

    def compare_workspace(self) -> Comparison | None:
        """The workspace now against its fingerprint from before the first write; reads only. None without one."""
        return self.wait(steps.compare_workspace(self.store, self.ledger))

    def purge(self, signed_by: str) -> steps.PurgeSummary:
        """Delete personal data after sign-off: staged tables, reports, before-images. The audit log remains.

        Raises NotPurged, also while nobody has signed."""
        self.forget_plan()
        return steps.purge(self.practice, self.ledger, self.run_id, signed_by)

    # -- telling

    def plan_calls(self) -> steps.CallPlan:
        """What the migration will cost in calls and minutes; remembered for `status` where a run is open."""
        plan = steps.plan_calls(self.planner, self._owners, self.ledger, self.wait(self.client.limiter.limits()))
        if self._run is not None:
            self._calls_before_plan = self.calls.limited
            self.ledger.note_run(self._run, steps.noted(plan, dt.datetime.now(dt.UTC)))
        return plan

    def note_calls(self) -> None:
        """For `status`, asked from another terminal: how many calls of the plan are made."""
        if self._run is not None:
            self.ledger.note_run(self._run, {steps.CALLS: self.calls.limited - self._calls_before_plan})

    def status(self) -> steps.StatusReport:
        """Where the practice stands, from the ledger alone."""
        return steps.status(self.ledger)
