"""The job `rollback`, and the check that compares the workspace with how it was before the migration.

Belongs here: what a rollback looks like as events: counts and names of the data model. Does not belong here: undoing
(`migration`), lists with ids (`reports.rolled_back`, a private file).

It is a job of its own and no asset, so that *Materialize all* can never undo a migration. The check stands on an asset
that nobody materializes, the workspace as it was.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.steps import RollbackSummary, counts_of
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_export import TEAM
from dentes_twenty.orchestration.jobs import job_tags
from dentes_twenty.orchestration.layout import TRUST_GROUP
from dentes_twenty.orchestration.outcome import DOCUMENT
from dentes_twenty.orchestration.resources import Session, explained
from dentes_twenty.reports.rolled_back import counted, write_rollback

ROLLBACK_JOB, ROLL_BACK = "rollback", "roll_back"
BEFORE = "workspace_before_migration"
KINDS = {"twenty"}
MARK = {"dentes_twenty/side": "workspace"}
AS_BEFORE_CHECK = "workspace_as_before"
AS_BEFORE = (
    "Data model and records of the workspace are those of the fingerprint that was taken before the first write."
)


class NotReversed(MigrationError):
    """Some records could not be undone."""

    default_code = "NOT_REVERSED"


class RollbackConfig(dg.Config):
    """`dry_run` only says what would happen; `force` reverses records too that people have edited since."""

    dry_run: bool = False
    force: bool = False


@dg.op(
    name=ROLL_BACK,
    description="Destroy what the migration made, give back what it adopted, keep what people have edited since.",
    out=dg.Out(dg.Nothing),
)
def roll_back(
    context: dg.OpExecutionContext, config: RollbackConfig, session: dg.ResourceParam[Session]
) -> Iterator[dg.AssetObservation | dg.AssetCheckEvaluation]:
    """Fails when a record could not be reversed. The lists with ids go into the practice's private folder."""
    migration = session.migration
    with session.look(ROLLBACK_JOB, context.log.info) as step:
        if config.dry_run:
            summary = migration.rollback(dry_run=True, force=config.force, progress=step.progress)
        else:
            with migration.run(ROLLBACK_JOB):
                summary = migration.rollback(force=config.force, progress=step.progress)
        path = write_rollback(migration.practice.reports_dir, summary)
        step.figures = {**counts_of(summary), "seconds": step.seconds}
    yield dg.AssetObservation(
        BEFORE,
        description="A dry run: nothing was undone." if config.dry_run else "The migration was undone.",
        metadata={
            "report": dg.MetadataValue.path(str(path)),
            "by_object": _by_object(summary),
            DOCUMENT: dg.MetadataValue.json(counted(summary)),
            **md.figures(step.figures),
        },
    )
    compared = summary.comparison.as_counts() if summary.comparison is not None else summary.earlier
    if compared is not None and not config.dry_run:
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(BEFORE),
            check_name=AS_BEFORE_CHECK,
            passed=summary.explained,
            severity=dg.AssetCheckSeverity.WARN,
            description=_said(compared),
            metadata=_differences(compared),
        )
    if summary.failed:
        with explained():
            raise NotReversed(
                f"{len(summary.failed)} records could not be reversed.",
                "Look at the reasons in the private report, mend them in Twenty, then roll back again; it goes on from "
                "there.",
            )


def _by_object(summary: RollbackSummary) -> dg.TableMetadataValue:
    records = [
        dg.TableRecord(
            {"object": one.object, "reversed": one.reversed, "kept": len(one.kept), "failed": len(one.failed)}
        )
        for one in summary.objects
    ]
    columns = [dg.TableColumn("object", "string"), *(dg.TableColumn(n, "int") for n in ("reversed", "kept", "failed"))]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def _said(compared: Mapping[str, Any]) -> str:
    """`compared`: `Comparison.as_counts`, with `at` when an earlier rollback has made it."""
    when = f" Compared at {compared['at']}, when a rollback had left nothing of ours." if "at" in compared else ""
    if compared["same"]:
        return f"{compared['records']:,} records and the data model compared, nothing differs.{when}"
    names = ", ".join(one["object"] for one in compared["differences"])
    kept = "Kept records count as added; the private report lists ids."
    return f"Different from before the migration: {names}. {kept}{when}"


def _differences(compared: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **md.figures({"records": compared["records"], "objects_that_differ": len(compared["differences"])}),
        "before": compared["before"],
        "after": compared["after"],
        **{
            f"differs_{one['object']}": f"added {one['added']}, missing {one['missing']}, changed {one['changed']}"
            + (", data model" if one["data_model"] else "")
            for one in compared["differences"]
        },
    }


@dg.asset_check(
    asset=dg.AssetKey(BEFORE),
    name=AS_BEFORE_CHECK,
    description=AS_BEFORE + " It fails as long as a migration stands; run it after a rollback.",
)
def workspace_as_before(
    context: dg.AssetCheckExecutionContext, session: dg.ResourceParam[Session]
) -> dg.AssetCheckResult:
    """Reads only."""
    with session.look(AS_BEFORE_CHECK, context.log.info) as step:
        found = session.migration.compare_workspace(step.progress)
        compared = found.as_counts() if found is not None else session.migration.last_comparison()
        step.figures = {"different": 0 if compared is None else len(compared["differences"])}
    if compared is None:
        said = "No fingerprint stands: nothing was written yet."
        return dg.AssetCheckResult(passed=True, severity=dg.AssetCheckSeverity.WARN, description=said)
    return dg.AssetCheckResult(
        passed=compared["same"],
        severity=dg.AssetCheckSeverity.WARN,
        description=_said(compared),
        metadata=_differences(compared),
    )


def rollback_assets() -> Iterator[dg.AssetSpec]:
    """The asset that the check stands on."""
    yield dg.AssetSpec(
        BEFORE,
        group_name=TRUST_GROUP,
        kinds=KINDS,
        owners=TEAM,
        tags=MARK,
        description="The workspace as it was before the first write: its fingerprint stands in the ledger.",
    )


def rollback_checks() -> list[dg.AssetChecksDefinition]:
    """The comparison, to be run at any time."""
    return [workspace_as_before]


def rollback_jobs(practice: str | None = None) -> list[Any]:
    """`rollback`."""

    @dg.job(
        name=ROLLBACK_JOB,
        executor_def=dg.in_process_executor,
        tags=job_tags(ROLLBACK_JOB, practice),
        description="Undo the migration: destroy what it made, give back what it adopted, keep and name what people "
        "have edited since. May be stopped and started again. Try `dry_run` first.",
    )
    def rollback_job() -> None:
        """One step."""
        roll_back()

    return [rollback_job]
