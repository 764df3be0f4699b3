"""Assets of the group "trust": the sample with its field diff, and the approval without which no record moves.

Belongs here: what a sample and an approval look like as events, and the jobs `sample` and `approve`. Does not belong
here: choosing and loading a sample, deciding whether an approval holds (`migration`), the page (`reports`).
The page holds patients' data: events get its path and counts.
"""

from typing import Any

import dagster as dg

from dentes_twenty.migration.approval import ApprovalState
from dentes_twenty.migration.progress import Listener
from dentes_twenty.migration.sampling import USUAL
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import SampleResult
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_export import TEAM, Events
from dentes_twenty.orchestration.jobs import job_tags
from dentes_twenty.orchestration.layout import (
    APPROVAL,
    EXPORT_GROUP,
    OWNERS,
    REFERENCES,
    SAMPLE,
    TRUST_GROUP,
)
from dentes_twenty.orchestration.resources import Session
from dentes_twenty.reports import field_diff, write_report
from dentes_twenty.reports.headings import heading_of
from dentes_twenty.reports.sampled import Surroundings, diff_report, verdict_counts
from dentes_twenty.trial import trial

ARRIVED_CHECK, COVERED_CHECK, APPROVED_CHECK = "every_value_arrived", "shows_everything", "approved"
SAMPLE_JOB, APPROVE_JOB = "sample", "approve"
PAGE = "sample"
MARK = {"dentes_twenty/side": "workspace"}
SANDBOX = "sandbox"


class SampleConfig(dg.Config):
    """How many records (100 to 500), and whether they go into a sandbox instead of the practice's workspace."""

    size: int = USUAL
    sandbox: bool = False


class ApproveConfig(dg.Config):
    """Who says yes, and what they want to be remembered beside it."""

    by: str
    note: str = ""


# ---
# The sample
# ---


@dg.asset(
    name=SAMPLE,
    group_name=TRUST_GROUP,
    deps=[REFERENCES],
    kinds={"twenty", "html"},
    owners=TEAM,
    tags=MARK,
    description="Some hundred records that show everything the export has, migrated for real, and a page that puts "
    "every field of theirs side by side: in the export, as sent, as Twenty holds it. Read it before you approve.",
    check_specs=[
        dg.AssetCheckSpec(
            ARRIVED_CHECK, asset=SAMPLE, description="Twenty holds every value of the sample as it was sent."
        ),
        dg.AssetCheckSpec(
            COVERED_CHECK,
            asset=SAMPLE,
            description="The sample shows every object, option, kind of finding and special case of the export.",
        ),
    ],
)
def sample_diff(context: dg.AssetExecutionContext, config: SampleConfig, session: dg.ResourceParam[Session]) -> Events:
    """The page is private to the user; what its counts are is remembered for the approval."""
    with session.step(context) as step:
        migration = session.migration
        result, counts, path = write_sample(migration, config.size, config.sandbox, step.progress)
        totals = {name: count for name, count in counts.items() if "." not in name}
        step.figures = {"landed": sum(one.stored is not None for one in result.records), **totals}
        yield dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(path),
                md.ROW_COUNT: len(result.records),
                **md.figures({**step.figures, "seconds": step.seconds}),
                "records_by_object": md.count_table("object", "records", _by_scope(result)),
            },
            check_results=[_arrived(totals), _covered(result)],
        )


def write_sample(
    migration: Migration, size: int, sandbox: bool, progress: Listener | None = None
) -> tuple[SampleResult, dict[str, int], str]:
    """Migrate a sample, write its page, and remember what it shows; with verdict counts and the page's path."""
    if sandbox:
        with trial(migration) as other, other.run(SAMPLE_JOB):
            result, owners = _sampled(other, size, progress), other.owners()
    else:
        result, owners = _sampled(migration, size, progress), migration.owners()
    practice = migration.practice
    heading = heading_of(
        practice, location=migration.drop.location, run=migration.run_id, workspace=SANDBOX if sandbox else ""
    )
    address = "" if sandbox else practice.twenty.url.rstrip("/")
    around = Surroundings(heading, migration.mapping, migration.planner.declarations, owners, address)
    report = diff_report(result, around)
    path = write_report(practice.reports_dir, PAGE, field_diff(report))
    counts = verdict_counts(report)
    migration.show_sample(counts, SANDBOX if sandbox else "workspace")
    return result, counts, str(path)


def _sampled(migration: Migration, size: int, progress: Listener | None) -> SampleResult:
    migration.provision()
    migration.adopt()
    return migration.sample(size, progress)


def _by_scope(result: SampleResult) -> dict[str, int]:
    return {scope: len(keys) for scope, keys in result.drawn.keys.items()}


def _arrived(totals: dict[str, int]) -> dg.AssetCheckResult:
    lost = totals.get("lost", 0)
    same = totals.get("same", 0) + totals.get("normalised", 0)
    return dg.AssetCheckResult(
        passed=lost == 0,
        check_name=ARRIVED_CHECK,
        description=f"{lost} values are not stored as they were sent. Choose “Lost” on the page to see which."
        if lost
        else f"{same:,} values compared, all of them arrived.",
        metadata=md.figures({"lost": lost}),
    )


def _covered(result: SampleResult) -> dg.AssetCheckResult:
    missing = len(result.drawn.uncovered)
    return dg.AssetCheckResult(
        passed=missing == 0,
        check_name=COVERED_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{missing} of {len(result.drawn.features)} things that the export has found no room: ask for a "
        "larger sample (--size, at most 500)."
        if missing
        else f"All {len(result.drawn.features)} things that the export has are in the sample.",
        metadata=md.figures({"shown": len(result.drawn.features) - missing, "missing": missing}),
    )


# ---
# The approval
# ---


@dg.asset(
    name=APPROVAL,
    group_name=TRUST_GROUP,
    deps=[SAMPLE, OWNERS],
    kinds={"document"},
    owners=TEAM,
    tags=MARK,
    description="A named person's yes to the sample, for exactly this mapping, practice file, data model and version "
    "of the program. A change of any of them voids it. A sandbox needs none.",
    check_specs=[
        dg.AssetCheckSpec(
            APPROVED_CHECK,
            asset=APPROVAL,
            blocking=True,
            description="Without an approval that holds, no record moves into the practice's workspace.",
        )
    ],
)
def approval(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """Looks the approval up; the job `approve` gives it."""
    with session.step(context) as step:
        state = session.migration.approval()
        step.figures = {"approved": int(state.free)}
        if not state.free:
            session.block()
        yield dg.MaterializeResult(
            metadata={"standing": state.standing.value, "changed": ", ".join(state.changed)},
            check_results=[_approved(state)],
        )


def _approved(state: ApprovalState) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=state.free, check_name=APPROVED_CHECK, description=f"{state.reason} {state.fix}".strip()
    )


@dg.op(description="Remember a person's yes to the sample that was shown last.")
def record_approval(context: dg.OpExecutionContext, config: ApproveConfig, session: dg.ResourceParam[Session]) -> None:
    """Fails with the reason when there is no sample of exactly the present state."""
    with session.look(APPROVE_JOB, context.log.info) as step:
        given = session.migration.approve(config.by, config.note)
        step.note(f"Approval {given.id} is given.")


@dg.job(
    name=APPROVE_JOB,
    executor_def=dg.in_process_executor,
    description="Approve the sample that was shown last: the full migration may write. Put your name under `by`.",
)
def approve_job() -> None:
    """One step."""
    record_approval()


def trust_assets() -> list[dg.AssetsDefinition]:
    """All assets of the group."""
    return [sample_diff, approval]


def trust_jobs(practice: str | None = None) -> list[Any]:
    """`sample` and `approve`."""
    return [
        dg.define_asset_job(
            SAMPLE_JOB,
            selection=dg.AssetSelection.groups(EXPORT_GROUP) | dg.AssetSelection.assets(SAMPLE),
            executor_def=dg.in_process_executor,
            tags=job_tags(SAMPLE_JOB, practice),
            description="Migrate some hundred records that show everything; write the page to read before approving.",
        ),
        approve_job,
    ]
