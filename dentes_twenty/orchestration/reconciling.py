"""The reconciliation as checks that stand alone: one for each object, to be run again at any time, and the job.

Belongs here: what a reconciliation means as check results. Does not belong here: comparing (`migration`), the page
(`reports`). The page holds patients' data: events get its path and counts.

https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from dentes_twenty.migration.reconcile import NEXT_STEPS, Reconciliation
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.target import ATTACHMENT
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_load import objects_of
from dentes_twenty.orchestration.jobs import job_tags, reconciled_checks
from dentes_twenty.orchestration.layout import (
    ATTACHMENTS,
    LOAD_STEPS,
    MEMBERS,
    RECONCILED,
    RECONCILED_CHECK,
    RECONCILIATION,
)
from dentes_twenty.orchestration.resources import Session
from dentes_twenty.reports import write_report
from dentes_twenty.reports.headings import heading_of
from dentes_twenty.reports.reconciled import reconciliation_report, rendered

JOB = "reconcile"
PAGE = "reconciliation"
MEMBER_OBJECT = "workspaceMember"
COMPARED = (
    "Every record, field and link, and the money, against the export and the ledger. Reads only; may be run at any "
    "time."
)
FILES_COMPARED = (
    "Every file hangs on its note and patient; with `files` its bytes are those that were uploaded. Reads only; may be "
    "run at any time."
)
SHOWN = 10  # codes or fields in a check's table


class ReconcileConfig(dg.Config):
    """Counts and sums only (`quick`), or every field of every record; with `files` every file byte by byte too."""

    quick: bool = False
    files: bool = False


def reconciliation_check() -> dg.AssetChecksDefinition:
    """One step for as many objects as are asked for: parents are read once for all that point at them."""
    specs = [
        dg.AssetCheckSpec(
            RECONCILED_CHECK,
            asset=name,
            description=FILES_COMPARED if name == ATTACHMENTS else COMPARED,
        )
        for name in RECONCILED
    ]

    @dg.multi_asset_check(
        name=RECONCILIATION, specs=specs, can_subset=True, description="The books of the export against Twenty's."
    )
    def reconcile(
        context: dg.AssetCheckExecutionContext, config: ReconcileConfig, session: dg.ResourceParam[Session]
    ) -> Iterable[dg.AssetCheckResult]:
        asked = {key.asset_key.to_user_string() for key in context.selected_asset_check_keys}
        results: list[dg.AssetCheckResult] = []
        with session.look(RECONCILIATION, context.log.info) as step:
            migration = session.migration
            targets = _targets(migration)
            whole = asked == {spec.asset_key.to_user_string() for spec in specs}
            objects = None if whole else [one for name in asked for one in targets.get(name, ())]
            found = migration.reconcile(
                quick=config.quick, contents=config.files, objects=objects, progress=step.progress
            )
            page = write_page(migration, found) if whole else None
            step.figures = _figures(found)
            for name in asked:
                results.append(_result(name, targets.get(name, ()), found, page))
        yield from results

    return reconcile


def _targets(migration: Migration) -> dict[str, tuple[str, ...]]:
    """Asset -> Twenty objects."""
    loaded = {step.name: objects_of(step, migration) for step in LOAD_STEPS}
    return {MEMBERS: (MEMBER_OBJECT,), **loaded, ATTACHMENTS: (ATTACHMENT.singular,)}


def write_page(migration: Migration, found: Reconciliation) -> str:
    """The page for the practice, with its tables; the path."""
    practice = migration.practice
    heading = heading_of(practice, location=migration.staged_origin.location, made_at=found.at)
    address = practice.twenty.url.rstrip("/")
    report = reconciliation_report(heading, found, migration.planner.declarations, address)
    return str(write_report(practice.reports_dir, PAGE, rendered(report, found)))


def _figures(found: Reconciliation) -> dict[str, float]:
    return {
        "landed": sum(rows.landed for rows in found.rows),
        "verified_values": sum(rows.values for rows in found.rows),
        "different": sum(found.wrong().values()),
        "calls": found.calls,
        "seconds": round(found.seconds, 3),
    }


def _result(asset: str, targets: tuple[str, ...], found: Reconciliation, page: str | None) -> dg.AssetCheckResult:
    wrong: dict[str, int] = {}
    notable: dict[str, int] = {}
    for target in targets:
        wrong = _together(wrong, found.wrong(target))
        notable = _together(notable, found.notable(target))
    rows = [one for one in found.rows if one.target in targets]
    verified, values = sum(one.verified for one in rows), sum(one.values for one in rows)
    fields: dict[str, int] = {}
    for one in rows:
        fields = _together(fields, one.fields)
    metadata: dict[str, Any] = md.figures(
        {"landed": sum(one.landed for one in rows), "verified_records": verified, "verified_values": values}
    )
    if asset == ATTACHMENTS and found.files is not None:
        metadata = md.figures({"in_export": found.files.in_export, "landed": found.files.landed})
    if wrong or notable:
        metadata["what_to_do"] = md.steps_table({**wrong, **notable}, NEXT_STEPS)
    if fields:
        most = sorted(fields.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
        metadata["differing_fields"] = md.count_table("field", "records", dict(most))
    if page:
        metadata["page"] = dg.MetadataValue.path(page)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(asset),
        check_name=RECONCILED_CHECK,
        passed=not wrong,
        description=_sentence(_looked(asset, found, verified, values), wrong, notable),
        metadata=metadata,
    )


def _looked(asset: str, found: Reconciliation, verified: int, values: int) -> str:
    if asset == ATTACHMENTS:
        if found.files is None:
            return "Files not compared"
        contents = found.files.verified
        tail = "" if contents is None else f", {contents:,} byte by byte"
        return f"{found.files.in_export:,} files compared{tail}"
    return "Counts and sums compared" if found.quick else f"{verified:,} records and {values:,} values compared"


def _sentence(looked: str, wrong: dict[str, int], notable: dict[str, int]) -> str:
    """What is the matter, and what to do about the first of it."""
    if not wrong:
        tail = f" To look at: {_counted(notable)}." if notable else ""
        return f"{looked}, nothing differs that should not.{tail}"
    return f"{looked}. Wrong: {_counted(wrong)}. {NEXT_STEPS[next(iter(wrong))]}"


def _counted(codes: dict[str, int]) -> str:
    return ", ".join(f"{count} {code.replace('_', ' ')}" for code, count in codes.items())


def _together(one: dict[str, int], other: Any) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *(n for n in other if n not in one))}


def reconciliation_jobs() -> list[Any]:
    """`reconcile`: all objects, and the page."""
    return [
        dg.define_asset_job(
            JOB,
            selection=reconciled_checks(),
            executor_def=dg.in_process_executor,
            tags=job_tags(JOB),
            description="Compare every field of every record, links and money with the export; write the page to sign.",
        )
    ]
