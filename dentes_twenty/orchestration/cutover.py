"""The asset of the group "cutover": one delta, from a later export to its page; and the job `delta`.

Belongs here: what a delta looks like as events. Does not belong here: the delta (`migration.deltas`), when one is
started (`orchestration.sensors`). One fat step: a delta that changes nothing takes seconds and two calls.
"""

import dagster as dg
from pydantic import Field

from dentes_twenty.migration.deltas import Asked, DeltaResult
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_export import TEAM, Events
from dentes_twenty.orchestration.jobs import job_tags
from dentes_twenty.orchestration.layout import CUTOVER_GROUP, DELTA, LAST
from dentes_twenty.orchestration.resources import Session
from dentes_twenty.reports.deltas import reconciliation, write_delta_report
from dentes_twenty.reports.model import State
from dentes_twenty.reports.written import write_quarantine

DELTA_JOB = "delta"
RECONCILED_CHECK, NOTHING_LEFT_CHECK = "reconciled", "nothing_left_to_decide"
MARK = {"dentes_twenty/side": "twenty"}


class DeltaConfig(dg.Config):
    """`drop`: location of the export, where it is not the practice file's. `fingerprint`: its content when it was
    chosen. `allow`: reports that may be missing or short, or `older`. `restore_deleted`: what a person deleted in
    Twenty comes back. `retry_refused`: what Twenty has refused is sent again as it is."""

    drop: str = ""
    fingerprint: str = ""
    allow: list[str] = Field(default_factory=list)
    restore_deleted: bool = False
    retry_refused: bool = False


@dg.asset(
    name=DELTA,
    group_name=CUTOVER_GROUP,
    deps=[LAST],
    kinds={"twenty", "html"},
    owners=TEAM,
    tags=MARK,
    description="A later export merged into Twenty, field by field: what only the export changed is written, what only "
    "people changed stays, what both changed differently is listed with both values on the cutover page.",
    check_specs=[
        dg.AssetCheckSpec(
            RECONCILED_CHECK,
            asset=DELTA,
            description="Every written value reads as sent; counts and money of all touched objects are those of the "
            "accepted rows.",
        ),
        dg.AssetCheckSpec(
            NOTHING_LEFT_CHECK,
            asset=DELTA,
            description="No conflict waits for a decision, no row is held, quarantined or refused by Twenty.",
        ),
    ],
)
def cutover_delta(context: dg.AssetExecutionContext, config: DeltaConfig, session: dg.ResourceParam[Session]) -> Events:
    """The page is private to the user; events get counts and its path."""
    with session.step(context) as step:
        migration = session.migration
        migration.use_drop(config.drop or None)
        result = migration.delta(
            config.allow,
            expected=config.fingerprint or None,
            asked=Asked(config.restore_deleted, config.retry_refused),
            progress=step.progress,
        )
        page = write_delta_report(migration, result)
        set_aside = write_quarantine(
            migration.practice, migration.ledger, location=migration.drop.location, run=result.run
        )
        step.figures = result.figures
        yield dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(str(page)),
                "rows_set_aside": dg.MetadataValue.path(str(set_aside)),
                md.ROW_COUNT: sum(one.shown for one in result.objects),
                **md.figures(result.figures),
                "by_source": _by_source(result),
                "changed_fields": md.count_table("field", "rows", _fields(result)),
            },
            check_results=[_reconciled(result), _nothing_left(result)],
        )


def _by_source(result: DeltaResult) -> dg.MetadataValue:
    kinds = ("new", "changed", "unchanged", "vanished", "returned", "deleted", "held", "refused")
    records = [
        dg.TableRecord({"source": one.object, **{kind: getattr(one, kind) for kind in kinds}})
        for one in result.objects
        if one.shown or one.vanished
    ]
    schema = [dg.TableColumn("source", "string"), *(dg.TableColumn(kind, "int") for kind in kinds)]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(schema))


def _fields(result: DeltaResult) -> dict[str, int]:
    return {f"{one.object}.{field}": n for one in result.objects for field, n in one.fields.most_common()}


def _reconciled(result: DeltaResult) -> dg.AssetCheckResult:
    figures = {name: result.figures[name] for name in ("totals_wrong", "differing")}
    return dg.AssetCheckResult(
        passed=reconciliation(result) is not State.FAILED,
        check_name=RECONCILED_CHECK,
        description=f"{len(result.totals)} figures compared, {int(figures['totals_wrong'])} differ; "
        f"{int(figures['differing'])} values differ.",
        metadata=md.figures(figures),
    )


def _nothing_left(result: DeltaResult) -> dg.AssetCheckResult:
    left = {
        "conflicts_open": result.conflicts_open,
        "held": result.held,
        "quarantined": result.quarantined,
        "refused": result.refused,
    }
    return dg.AssetCheckResult(
        passed=not any(left.values()),
        check_name=NOTHING_LEFT_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{result.conflicts_open} conflicts, {result.held} held, {result.quarantined} quarantined; "
        f"Twenty refuses {result.refused}.",
        metadata=md.figures(left),
    )


def cutover_assets() -> list[dg.AssetsDefinition]:
    """All assets of the group."""
    return [cutover_delta]


def cutover_jobs(practice: str | None = None) -> "list[dg.UnresolvedAssetJobDefinition]":
    """`delta` takes one export."""
    return [
        dg.define_asset_job(
            DELTA_JOB,
            selection=dg.AssetSelection.assets(DELTA),
            executor_def=dg.in_process_executor,
            tags=job_tags(DELTA_JOB, practice),
            description="Merge a later export into Twenty without losing anybody's edits.",
        )
    ]
