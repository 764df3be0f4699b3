"""One practice's migration in one process: every step of it, as plain methods that an asset or a command calls.

Belongs here: handing what a step needs (`migration.opened`) to the module that does the work. Does not belong here: the
work itself; anything of Dagster; printing.

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

import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from dentes_twenty.exports.issues import Issue, read_issues
from dentes_twenty.exports.stage import StagedReport, stage_report
from dentes_twenty.exports.staged import Origin
from dentes_twenty.migration import steps
from dentes_twenty.migration.approval import ApprovalState
from dentes_twenty.migration.delta import attachments_of, last_processed
from dentes_twenty.migration.deltas import NOTHING_MORE, Asked, DeltaResult, run_delta
from dentes_twenty.migration.fingerprint import Comparison
from dentes_twenty.migration.ledger import Approval, ConflictState
from dentes_twenty.migration.opened import Opened
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.progress import Listener, told_by
from dentes_twenty.migration.reconcile import Reconciliation
from dentes_twenty.migration.resolving import ConflictValues, carry_out, conflict_values, resolve
from dentes_twenty.migration.sampling import USUAL
from dentes_twenty.migration.steps.context import MIGRATING, Again
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.practice import KEY_VARIABLE


class Migration(Opened):
    """See the module."""

    # -- reading the export

    @property
    def reports(self) -> tuple[str, ...]:
        """Names of the reports that the mapping covers, in reading order."""
        return self.mapping.report_names

    def stage(self, report: str, progress: Listener | None = None) -> StagedReport:
        """Read one report through the mapping into typed tables. Raises DropNotNew: they would replace newer ones."""
        self.admit()
        mapping = self.mapping
        self.forget_plan()
        if Origin.read(self.staging_dir) != self.origin:
            self.origin.note(self.staging_dir)
        settings = steps.stage_settings(self.practice)
        told = told_by(progress) if progress is not None else None
        return stage_report(self.drop, mapping, report, settings, self.staging_dir, told)

    def issues_of(self, report: str) -> Iterator[Issue]:
        """What staging has to say about one report, also while others still stand as an earlier export had them."""
        return read_issues(self.staging_dir / f"{report}.issues.parquet")

    # -- planning

    @cached_property
    def planner(self) -> Planner:
        """Rows and records of the staged export. Raises NotStaged while a report of it is missing."""
        return Planner(self.require_all_staged(), self.practice, self.ledger)

    def forget_plan(self) -> None:
        """What was planned from older tables, or before something was adopted, is planned again."""
        for name in ("staged", "staged_origin", "staged_id", "planner"):
            self.__dict__.pop(name, None)

    @property
    def objects(self) -> tuple[str, ...]:
        """Twenty objects (singular) in import order."""
        return tuple(dict.fromkeys(d.target.singular for d in self.planner.declarations))

    def declarations(self, object_: str) -> tuple[SourceObject, ...]:
        """The declarations that write an object, in order."""
        return tuple(d for d in self.planner.declarations if d.target.singular == object_)

    def check_references(self, progress: Listener | None = None) -> steps.ReferenceSummary:
        """Plan every row once: what lands, what stays out and why. Writes the findings into the ledger."""
        return steps.check_references(self.planner, self.ledger, self.run_id, self.staged_id, progress)

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

    def automations(self) -> tuple[steps.Automation, ...]:
        """Active workflows of the workspace that would start at what a migration writes."""
        return self.wait(steps.automations(self.store, (*self.planner.declarations, MEMBERS)))

    def provision(
        self, on_step: Callable[[str], None] | None = None, progress: Listener | None = None
    ) -> steps.ProvisionSummary:
        """Make what is missing; a second call makes nothing."""
        self._remember_workspace(progress)
        return self.wait(steps.provision(self.planner, self.store, self.ledger, self.run_id, on_step, progress))

    def adopt(self, progress: Listener | None = None) -> steps.AdoptionSummary:
        """Find people and companies that the workspace holds already, and do with them what policy says."""
        summary = self.wait(steps.adopt(self.planner, self.store, self.ledger, self.run_id, self.practice, progress))
        if summary.found:
            self.__dict__.pop("planner", None)
        return summary

    def write_members(self) -> Tally:
        """Write the providers' fields into the members that they match. Raises ApprovalMissing, DropNotNew."""
        self._may_write()
        return self.wait(steps.write_members(self._context()))

    def load(
        self,
        object_: str,
        progress: Listener | None = None,
        again: Again = MIGRATING,
        chosen: steps.Chosen = steps.ALL,
    ) -> dict[str, Tally]:
        """Load every source object of one Twenty object, or what a delta has `chosen`; tallies by source object.

        Raises ApprovalMissing, DropNotNew."""
        self.owners().require()
        self._may_write()
        context = dataclasses.replace(self._context(), again=again)
        return self.wait(steps.load(context, self.declarations(object_), progress, chosen))

    def load_files(self, progress: Listener | None = None, again: Again = MIGRATING) -> steps.FilesTally:
        """Upload attachments, verify them, and hang them on note and person. Raises ApprovalMissing, DropNotNew."""
        self._may_write()
        before, now = attachments_of(last_processed(self.ledger.drops())), self.drop.attachments_print()
        context = dataclasses.replace(self._context(), again=again)
        tally = self.wait(steps.load_files(context, self.drop, progress, may_differ=now != before))
        # Where a file could not be replaced the next run has to look at the files again.
        self._attachments_print = "" if tally.not_replaced else now
        return tally

    def totals(self, object_: str | None = None, known: steps.Known = steps.nothing_known) -> tuple[Total, ...]:
        """Counts and money of one object, or of all, against the accepted rows; `known`: what these come to."""
        objects = (object_,) if object_ else self.objects
        declarations = [d for name in objects for d in self.declarations(name)]
        sides = (self.planner, self._owners, self.store, self.ledger)
        return self.wait(steps.totals(*sides, self.staged_id, declarations, known))

    # -- trust

    def sample(self, size: int = USUAL, progress: Listener | None = None) -> steps.SampleResult:
        """Load a sample that shows everything the export has, and read it back.

        Raises SampleSize, RowsChanged, DropNotNew.

        Provision and adopt first. What it loads, a full migration finds unchanged.
        """
        self.admit()
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

    def withdraw(self, by: str) -> int:
        """Take back every yes that stands; how many there were."""
        standing = [one.id for one in self.ledger.approvals() if one.withdrawn is None]
        return sum(self.ledger.withdraw(one, by=by) for one in standing)

    def approval(self) -> ApprovalState:
        """Whether records may move, and why not. A sandbox is asked for its mark when nobody has approved."""
        return self.wait(steps.approval_state(self.practice, self.mapping, self.ledger, self.client))

    def require_approval(self) -> None:
        """Raises ApprovalMissing while records may not move. Asked once in a session, whose mapping is read once."""
        if not self._cleared:
            self.approval().require()
            self._cleared = True

    def _may_write(self) -> None:
        """What is asked before the first record of an export is written. Raises ApprovalMissing, DropNotNew."""
        self.admit()
        self.require_approval()
        self.note_taken()

    # -- cutover

    def delta(
        self,
        allow: Collection[str] = (),
        *,
        expected: str | None = None,
        asked: Asked = NOTHING_MORE,
        progress: Listener | None = None,
    ) -> DeltaResult:
        """Bring Twenty to the state of a later export, merging with people's edits. See `migration.deltas`."""
        result = run_delta(self, expected=expected, allow=allow, asked=asked, progress=progress)
        self._figures = {**result.figures, **result.edits}
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

    def reconcile(
        self,
        *,
        quick: bool = False,
        contents: bool = False,
        objects: Sequence[str] | None = None,
        progress: Listener | None = None,
    ) -> Reconciliation:
        """The books of the export against those of Twenty: all objects, members and files included, or some of them.

        Writes nothing into Twenty; the ledger remembers what is lost. `quick` compares counts and sums; otherwise every
        field of every record, and the attachment of every file, with `contents` byte by byte.
        """
        sides = (self.planner, self._owners, self.store, self.ledger)
        return self.wait(
            steps.reconcile(*sides, self.staged_id, quick=quick, contents=contents, objects=objects, progress=progress)
        )

    def _context(self) -> steps.StepContext:
        self._remember_workspace()
        return steps.StepContext(
            planner=self.planner,
            owners=self._owners,
            store=self.store,
            ledger=self.ledger,
            run=self.run_id,
            drop=self.staged_id,
            client=self.client,
        )

    def _remember_workspace(self, progress: Listener | None = None) -> None:
        """Before the first write: what the workspace held, for the comparison after a rollback; and what an earlier
        rollback has kept is ours again."""
        if not self._remembered:
            self.wait(steps.remember_workspace(self.store, self.ledger, self.run_id, progress))
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
        if not dry_run:
            self.ledger.undo_drops()
        self._remembered = False
        self.forget_plan()
        return summary

    def compare_workspace(self, progress: Listener | None = None) -> Comparison | None:
        """The workspace now against its fingerprint from before the first write; reads only. None without one."""
        return self.wait(steps.compare_workspace(self.store, self.ledger, progress))

    def last_comparison(self) -> Mapping[str, Any] | None:
        """What the rollback that left nothing of ours has found, as counts. None while anything of ours stands."""
        return steps.last_comparison(self.ledger)

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

    def status(self) -> steps.StatusReport:
        """Where the practice stands, from the ledger alone."""
        return steps.status(self.ledger)
