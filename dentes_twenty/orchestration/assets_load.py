"""Assets of the group "twenty": one for each Twenty object, in the import order, the attachments, and the summary.

Belongs here: one fat step per object, and what its tally means as checks. Does not belong here: batches, retries,
verification (`migration.load`); the parallelism is inside the step.
"""

from collections.abc import Iterator, Mapping
from itertools import chain

import dagster as dg

from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import FilesTally
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_export import TEAM, Events
from dentes_twenty.orchestration.layout import (
    ATTACHMENTS,
    EXISTING,
    LAST,
    LOAD_STEPS,
    MEMBERS,
    NOTES,
    SUMMARY,
    TWENTY_GROUP,
    LoadStep,
    is_form,
    staged,
)
from dentes_twenty.orchestration.resources import Session, Step
from dentes_twenty.reports.summarised import PAGES, Moved
from dentes_twenty.reports.written import page_of, write_summary

ACCEPTED_CHECK, AS_SENT_CHECK, NOTHING_HELD_CHECK = "accepted", "stored_as_sent", "nothing_held"
NO_CONFLICT_CHECK = "nothing_contradicted"
VERIFIED_CHECK = "files_verified"
MARK = {"dentes_twenty/side": "twenty"}
KINDS = {"twenty", "graphql"}


def objects_of(step: LoadStep, migration: Migration) -> tuple[str, ...]:
    """The Twenty objects that a step loads in this practice; a step may have none (no further guardians, no forms)."""
    if step.object is None:
        return tuple(name for name in migration.objects if is_form(name))
    return tuple(name for name in migration.objects if name == step.object)


def load_asset(load: LoadStep) -> dg.AssetsDefinition:
    """The asset of one Twenty object."""
    key = dg.AssetKey(load.name)
    before = [load.after] if load.after else [EXISTING, MEMBERS]

    @dg.asset(
        key=key,
        group_name=TWENTY_GROUP,
        deps=[*(staged(report) for report in load.reports), *before],
        kinds=KINDS,
        owners=TEAM,
        tags=MARK,
        description=load.description,
        metadata={md.COLUMN_SCHEMA: md.target_schema(load.target)} if load.target else {},
        check_specs=_check_specs(key),
    )
    def load_records(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
        with session.step(context) as step:
            yield _load(load, session, step)

    return load_records


def _check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(ACCEPTED_CHECK, asset=key, description="Twenty has refused no record and no link."),
        dg.AssetCheckSpec(
            AS_SENT_CHECK,
            asset=key,
            description="Each stored field, as the write itself answered it, is the one that was sent.",
        ),
        dg.AssetCheckSpec(NOTHING_HELD_CHECK, asset=key, description="No record waits for one that did not land."),
        dg.AssetCheckSpec(
            NO_CONFLICT_CHECK,
            asset=key,
            description="No value of the export contradicts one that an adopted record held, or that a person has "
            "written. Where one does, Twenty's stays until somebody decides; another name means another person.",
        ),
    ]


def _load(load: LoadStep, session: Session, step: Step) -> dg.MaterializeResult[None]:
    migration = session.migration
    calls = migration.calls.total
    tallies: dict[str, Tally] = {}
    declarations: list[SourceObject] = []
    for object_ in objects_of(load, migration):
        found = migration.load(object_, step.progress, session.again)
        session.tallies[object_] = found
        for source, tally in found.items():
            tallies[source if load.object else object_] = tally
        declarations += migration.declarations(object_)
    figures = md.tally_figures(tallies.values())
    step.figures = {**figures, "calls": migration.calls.total - calls, "seconds": step.seconds}
    return dg.MaterializeResult(
        metadata={
            md.ROW_COUNT: int(figures["landed"]),
            md.COLUMN_LINEAGE: md.lineage(declarations),
            "by_source": md.tally_table(tallies),
            **md.figures(step.figures),
        },
        check_results=list(load_checks(tallies)),
    )


def load_checks(tallies: Mapping[str, Tally]) -> Iterator[dg.AssetCheckResult]:
    """What a load's tally means: differences are errors; refused records are quarantined and waiting ones held, which
    are warnings like any row that stays out."""
    refused = sum(tally.refused + tally.links_refused for tally in tallies.values())
    held = sum(tally.held for tally in tallies.values())
    differing = {
        (source, field): count for source, tally in tallies.items() for field, count in tally.differing.items()
    }
    verified = sum(tally.verified_values for tally in tallies.values())
    yield dg.AssetCheckResult(
        passed=refused == 0,
        check_name=ACCEPTED_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{refused} records or links refused.",
        metadata=md.figures({"refused": refused}),
    )
    yield dg.AssetCheckResult(
        passed=not differing,
        check_name=AS_SENT_CHECK,
        description=f"{verified:,} values compared, {sum(differing.values())} differ.",
        metadata={
            **md.figures({"verified_values": verified, "differing_values": sum(differing.values())}),
            **({"by_field": md.code_table(differing)} if differing else {}),
        },
    )
    yield dg.AssetCheckResult(
        passed=held == 0,
        check_name=NOTHING_HELD_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{held} records wait for a record that did not land.",
        metadata=md.figures({"held": held}),
    )
    conflicts = sum(tally.conflicts for tally in tallies.values())
    yield dg.AssetCheckResult(
        passed=conflicts == 0,
        check_name=NO_CONFLICT_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{conflicts} values in Twenty contradict the export and stay; see `dentes-twenty conflicts`."
        if conflicts
        else "No value in Twenty contradicts the export.",
        metadata=md.figures({"conflicts": conflicts}),
    )


@dg.asset(
    name=ATTACHMENTS,
    group_name=TWENTY_GROUP,
    deps=[staged("note"), NOTES],
    kinds={"twenty", "file"},
    owners=TEAM,
    tags=MARK,
    description="Files of the export, uploaded, compared by size and SHA-256, and hung on their note and patient.",
    check_specs=[
        dg.AssetCheckSpec(
            VERIFIED_CHECK,
            asset=ATTACHMENTS,
            description="Every file that the export holds stands in Twenty, byte for byte. A file that is missing, too "
            "large or outside of the export is reported, and its note lands without it.",
        )
    ],
)
def attachments(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """Uploads run side by side and cost no calls of the rate limit; each link is one."""
    with session.step(context) as step:
        migration = session.migration
        calls = migration.calls.total
        tally = migration.load_files(step.progress, session.again)
        step.figures = {**files_figures(tally), "calls": migration.calls.total - calls, "seconds": step.seconds}
        yield dg.MaterializeResult(
            metadata={md.ROW_COUNT: tally.attached + tally.unchanged, **md.figures(step.figures)},
            check_results=[files_check(tally)],
        )


@dg.asset(
    name=SUMMARY,
    group_name=TWENTY_GROUP,
    deps=[LAST, ATTACHMENTS],
    kinds={"html"},
    owners=TEAM,
    tags=MARK,
    description="The whole migration on one page: its steps, what became of every row, the sums of money, and why rows "
    "were set aside. The page, and the list of the rows themselves, are private to the user.",
)
def migration_summary(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """Totals that a check of this run has asked for are not asked for again."""
    with session.step(context) as step:
        migration = session.migration
        totals = [session.totals.get(object_) or session.compare(object_) for object_ in migration.objects]
        page = write_summary(migration, Moved(session.tallies, tuple(chain.from_iterable(totals))))
        step.figures = {"objects": len(session.tallies), "compared": sum(map(len, totals)), "seconds": step.seconds}
        yield dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(str(page)),
                "rows_set_aside": dg.MetadataValue.path(str(page_of(migration.practice, PAGES["quarantine"]))),
                **md.figures(step.figures),
            }
        )


def files_figures(tally: FilesTally) -> dict[str, float]:
    """The tally as numbers."""
    return {
        "planned": tally.planned,
        "landed": tally.attached + tally.unchanged,
        "created": tally.attached,
        "replaced": tally.replaced,
        "unchanged": tally.unchanged,
        "removed": tally.removed,
        "missing": tally.missing,
        "refused": tally.refused,
        "bytes": tally.bytes,
    }


def files_check(tally: FilesTally) -> dg.AssetCheckResult:
    """A file that the export does not hold, or may not send, is a warning: the practice has to look for it."""
    absent = tally.missing + tally.refused
    return dg.AssetCheckResult(
        passed=absent == 0,
        check_name=VERIFIED_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{tally.attached + tally.unchanged} files stand in Twenty, {absent} could not be brought there"
        + (f", {tally.removed} were deleted in Twenty and stay so." if tally.removed else "."),
        metadata={
            **md.figures({"missing": tally.missing, "refused": tally.refused}),
            **({"reasons": md.count_table("reason", "files", tally.reasons)} if tally.reasons else {}),
        },
    )


def load_assets() -> list[dg.AssetsDefinition]:
    """All assets of the group, in import order."""
    return [*(load_asset(step) for step in LOAD_STEPS), attachments, migration_summary]
