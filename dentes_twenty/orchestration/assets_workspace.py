"""Assets of the group "workspace": owners, the data model, the members' fields, and what is there already.

Belongs here: turning what `Migration` says about the workspace into events. Does not belong here: talking to Twenty.
"""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from dentes_twenty.migration.owners import Match, Owners
from dentes_twenty.migration.steps import Automation
from dentes_twenty.migration.steps.automations import FIX as AUTOMATIONS_FIX
from dentes_twenty.objects.registry import MEMBERS as MEMBER_DECLARATION
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_export import TEAM, Events
from dentes_twenty.orchestration.layout import (
    APPROVAL,
    DATA_MODEL,
    EXISTING,
    MEMBERS,
    OWNERS,
    REFERENCES,
    WORKSPACE_GROUP,
    staged,
)
from dentes_twenty.orchestration.resources import Session
from dentes_twenty.reports.written import write_owners
from dentes_twenty.twenty.provision import ProvisionPlan

RESOLVED_CHECK, FITS_CHECK = "every_owner_has_a_member", "data_model_fits"
QUIET_CHECK = "no_workflow_starts"
MARK = {"dentes_twenty/side": "workspace"}
KINDS = {"twenty"}


@dg.asset(
    name=OWNERS,
    group_name=WORKSPACE_GROUP,
    deps=[REFERENCES],
    kinds=KINDS,
    owners=TEAM,
    tags=MARK,
    description="Which workspace member stands for which provider of the export: by e-mail, by the practice file's "
    "overrides, or by its fallback. Reads members and data model; writes nothing.",
    check_specs=[
        dg.AssetCheckSpec(
            RESOLVED_CHECK,
            asset=OWNERS,
            blocking=True,
            description="While a provider who owns records has nobody, nothing with an owner is written.",
        ),
        dg.AssetCheckSpec(
            FITS_CHECK,
            asset=OWNERS,
            description="Nothing in the workspace's data model stands in the way of what the migration needs; what is "
            "missing is no obstacle, it will be made.",
        ),
        dg.AssetCheckSpec(
            QUIET_CHECK,
            asset=OWNERS,
            description="No active workflow of the workspace starts at records that the migration writes: it would run "
            "for each of them, and nobody could undo what it makes.",
        ),
    ],
)
def owners(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """The owner report as figures; its page has the lines, and `dentes-twenty owners` prints them."""
    with session.step(context) as step:
        migration = session.migration
        found = migration.owners()
        page = write_owners(migration.practice, found, location=migration.staged_origin.location)
        matches = Counter(line.match for line in found.lines)
        step.figures = {"providers": len(found.lines), **{match.value: matches[match] for match in Match}}
        if found.blocking:
            session.block()
        yield dg.MaterializeResult(
            metadata={
                md.ROW_COUNT: len(found.lines),
                "page": dg.MetadataValue.path(str(page)),
                **md.figures(step.figures),
            },
            check_results=[
                _resolved(found),
                _fits(migration.provision_plan()),
                _quiet(migration.automations()),
            ],
        )


def _resolved(found: Owners) -> dg.AssetCheckResult:
    rows = sum(line.provider.owns for line in found.blocking)
    return dg.AssetCheckResult(
        passed=not found.blocking,
        check_name=RESOLVED_CHECK,
        description=f"{len(found.blocking)} providers who own {rows} rows have nobody."
        if found.blocking
        else "Every provider who owns records has a member.",
        metadata=md.figures({"unmatched_providers": len(found.blocking), "rows_without_owner": rows}),
    )


def _fits(plan: ProvisionPlan) -> dg.AssetCheckResult:
    conflicts = [str(conflict) for conflict in plan.conflicts]
    found = " ".join(conflicts)
    return dg.AssetCheckResult(
        passed=not conflicts,
        check_name=FITS_CHECK,
        description=f"In the way, to be changed in Twenty first: {found}" if conflicts else "Nothing is in the way.",
        metadata=md.figures({"in_the_way": len(conflicts)}),
    )


def _quiet(automations: Sequence[Automation]) -> dg.AssetCheckResult:
    """A warning: whether a workflow may run is the practice's own business."""
    listed = ", ".join(map(str, automations))
    return dg.AssetCheckResult(
        passed=not automations,
        check_name=QUIET_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Workflows will start at each record that is written: {listed}. {AUTOMATIONS_FIX}"
        if automations
        else "No workflow starts at what is written.",
        metadata=md.figures({"workflows": len(automations)}),
    )


@dg.asset(
    name=DATA_MODEL,
    group_name=WORKSPACE_GROUP,
    deps=[REFERENCES, OWNERS, APPROVAL],
    kinds=KINDS,
    owners=TEAM,
    tags=MARK,
    description="The objects, fields and options that the migration needs. What is missing is created, what is there "
    "is never altered; all that was made is recorded for rollback.",
)
def workspace_data_model(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """A second run creates nothing."""
    with session.step(context) as step:
        # Only objects and fields are named: an option of a form is an answer that somebody gave.
        made: set[str] = set()

        def told(part: str) -> None:
            field = ".".join(part.split(".")[:2])
            if field not in made:
                made.add(field)
                step.note(f"Made {field}")

        summary = session.migration.provision(on_step=told, progress=step.progress)
        step.figures = {
            "objects_created": summary.objects,
            "fields_created": summary.fields,
            "options_created": summary.options,
            "calls": session.migration.calls.total,
            "seconds": step.seconds,
        }
        yield dg.MaterializeResult(metadata=md.figures(step.figures))


@dg.asset(
    name=EXISTING,
    group_name=WORKSPACE_GROUP,
    deps=[DATA_MODEL],
    kinds=KINDS,
    owners=TEAM,
    tags=MARK,
    description="People and companies that the workspace holds already under an e-mail or web site of the export: "
    "adopted, or kept apart without the clashing value, as the practice file's policy says.",
)
def existing_records(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """What an adopted record held before goes into the ledger, encrypted."""
    with session.step(context) as step:
        summary = session.migration.adopt(step.progress)
        step.figures = {
            **{f"adopted_{name}": count for name, count in summary.adopted.items()},
            **{f"kept_apart_{name}": count for name, count in summary.kept_apart.items()},
            "seconds": step.seconds,
        }
        yield dg.MaterializeResult(metadata=md.figures(step.figures))


@dg.asset(
    name=MEMBERS,
    group_name=WORKSPACE_GROUP,
    deps=[staged(MEMBER_DECLARATION.report.name), OWNERS, DATA_MODEL],
    kinds=KINDS,
    owners=TEAM,
    tags=MARK,
    description="Workspace members with the fields of the provider they stand for (source id, specialty, licence). "
    "Members are matched, never created.",
    metadata={md.COLUMN_SCHEMA: md.target_schema(MEMBER_DECLARATION.target)},
)
def workspace_members(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """A field that holds something already stays as it is."""
    with session.step(context) as step:
        tally = session.migration.write_members()
        step.figures = {**md.tally_figures([tally]), "seconds": step.seconds}
        yield dg.MaterializeResult(
            metadata={
                md.ROW_COUNT: tally.landed,
                md.COLUMN_LINEAGE: md.lineage([MEMBER_DECLARATION]),
                **md.figures(step.figures),
            }
        )


def workspace_assets() -> list[dg.AssetsDefinition]:
    """All assets of the group."""
    return [owners, workspace_data_model, existing_records, workspace_members]
