"""Assets of the group "export": the drop, its reports as typed private tables, and the planning check over all of them.

Belongs here: turning what staging and planning say into events. Does not belong here: reading files (package
`exports`), the rules of planning (`migration.planning`). Tables stay in the practice's private folder: no value
of an asset passes through an IO manager.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from dentes_twenty.exports.binding import unnamed_files
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.exports.stage import StagedReport
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.registry import FIXED, MEMBERS, REPORTS
from dentes_twenty.objects.source import Report
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.layout import DROP, EXPORT_GROUP, REFERENCES, REPORT_NAMES, staged
from dentes_twenty.orchestration.resources import Session, Step
from dentes_twenty.reports.written import write_quarantine

TEAM = ["team:migration"]
SCHEMA_CHECK, COVERAGE_CHECK, LANDING_CHECK = "schema", "coverage", "every_row_lands"
MARK = {"dentes_twenty/side": "export"}

# Assets are generators: Dagster takes the type of what they yield from nowhere else when checks ride along.
Events = Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]


@dg.asset(
    name=DROP,
    group_name=EXPORT_GROUP,
    kinds={"csv", "excel"},
    owners=TEAM,
    tags=MARK,
    description="The folder (or workbook) of report exports as Dr.DENTES wrote it, and the mapping that a person has "
    "confirmed for it. Never modified.",
)
def export_drop(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """Raises dagster.Failure when the drop cannot be opened or is older than what was processed last, nobody has
    confirmed its mapping, or there is no API key.

    The key is for matching owners, minutes later: it had better show now that there is none.
    """
    with session.step(context) as step:
        migration = session.migration
        migration.require_key()
        migration.admit()
        confirmed = migration.mapping.confirmed
        assert confirmed is not None  # `Migration.mapping` refuses any other
        files = migration.drop.files
        step.figures = {"files": len(files), "reports": len(migration.reports)}
        yield dg.MaterializeResult(
            metadata={
                **md.figures(step.figures),
                "fingerprint": migration.origin.fingerprint,
                "mapping_fingerprint": confirmed.fingerprint,
                "mapping_confirmed_at": dg.MetadataValue.timestamp(confirmed.at),
            }
        )


def staged_asset(report: Report) -> dg.AssetsDefinition:
    """The asset of one report, with its schema check in the same step (a check of its own would be a step more)."""
    key = dg.AssetKey(staged(report.name))

    @dg.asset(
        key=key,
        group_name=EXPORT_GROUP,
        deps=[DROP],
        kinds={"csv", "parquet"},
        owners=TEAM,
        tags=MARK,
        description=f"Report `{report.name}` ({', '.join(report.titles[:2])}) as a typed table, private to the user. "
        "Rows that cannot be read stand in quarantine with file, line and reason.",
        metadata={md.COLUMN_SCHEMA: md.report_schema(report)},
        check_specs=[
            dg.AssetCheckSpec(
                SCHEMA_CHECK,
                asset=key,
                blocking=True,
                description="Types, required columns, known words and unique ids. Rows that fail stay out and are a "
                "warning; a file that cannot be read, or ends early, is an error and stops the run.",
            )
        ],
    )
    def stage(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
        with session.step(context) as step:
            if report.name not in session.migration.reports:
                yield _absent()
                return
            try:
                found = session.migration.stage(report.name, step.progress)
            except ExportError as error:
                yield dg.AssetCheckResult(
                    passed=False, check_name=SCHEMA_CHECK, metadata={"code": error.code, "fix": error.fix}
                )
                raise
            yield _staged(session.migration, found, step)

    return stage


def _absent() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        metadata={md.ROW_COUNT: 0, "in_export": False, "note": "The mapping names no file for this report."},
        check_results=[
            dg.AssetCheckResult(passed=True, check_name=SCHEMA_CHECK, description="The export does not hold it.")
        ],
    )


def _staged(migration: Migration, found: StagedReport, step: Step) -> dg.MaterializeResult[None]:
    counts, tables = md.issue_tables(migration.issues_of(found.report))
    step.figures = {
        "rows_read": found.rows_read,
        "rows_staged": found.rows_staged,
        "quarantined": found.quarantined,
        "warnings": found.warnings,
        "seconds": step.seconds,
    }
    formats = "\n".join(f"{column}: {how}" for column, how in found.formats.items())
    return dg.MaterializeResult(
        metadata={
            md.ROW_COUNT: found.rows_staged,
            "in_export": True,
            "formats": dg.MetadataValue.text(formats or "none to detect"),
            **md.figures(step.figures),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=found.quarantined == 0,
                check_name=SCHEMA_CHECK,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{found.quarantined} rows in quarantine, {found.warnings} warnings.",
                metadata={**md.figures({"quarantined": found.quarantined, "codes": len(counts)}), **tables},
            )
        ],
    )


@dg.asset(
    name=REFERENCES,
    group_name=EXPORT_GROUP,
    deps=[staged(name) for name in REPORT_NAMES],
    kinds={"parquet"},
    owners=TEAM,
    tags=MARK,
    description="Every row planned once, nothing written into Twenty: which rows become records, which stay out "
    "because what they point at is missing, contradicts itself or stays out too.",
    check_specs=[
        dg.AssetCheckSpec(LANDING_CHECK, asset=REFERENCES, description="Rows that stay out, by report and reason."),
        dg.AssetCheckSpec(
            COVERAGE_CHECK,
            asset=REFERENCES,
            description="Columns of the export that do not move, because the mapping says `ignore` or does not know "
            "them yet, and what is deliberately never moved.",
        ),
    ],
)
def references(context: dg.AssetExecutionContext, session: dg.ResourceParam[Session]) -> Events:
    """Writes the findings into the ledger's quarantine, and the page that lists them."""
    with session.step(context) as step:
        migration = session.migration
        summary = migration.check_references(step.progress)
        page = write_quarantine(
            migration.practice, migration.ledger, location=migration.staged_origin.location, run=migration.run_id
        )
        plan = migration.plan_calls()
        step.note(plan.says(dt.datetime.now().astimezone()))
        landing, quarantined = sum(summary.landing.values()), summary.quarantined.total()
        step.figures = {
            "landing": landing,
            "quarantined": quarantined,
            "warnings": summary.warned.total(),
            "planned_calls": plan.total_calls,
            "planned_minutes": round(plan.seconds / 60, 1),
            "seconds": step.seconds,
        }
        yield dg.MaterializeResult(
            metadata={
                md.ROW_COUNT: landing,
                "page": dg.MetadataValue.path(str(page)),
                **md.figures(step.figures),
                "landing_by_source": md.count_table("source", "rows", summary.landing),
            },
            check_results=[
                dg.AssetCheckResult(
                    passed=quarantined == 0,
                    check_name=LANDING_CHECK,
                    severity=dg.AssetCheckSeverity.WARN,
                    description=f"{quarantined} findings keep rows out; {summary.warned.total()} warnings.",
                    metadata={
                        "quarantined": md.code_table(summary.quarantined),
                        "warnings": md.code_table(summary.warned),
                    },
                ),
                _coverage(migration),
            ],
        )


def _coverage(migration: Migration) -> dg.AssetCheckResult:
    ignored = [
        (table.report, entry.header)
        for table in migration.mapping.reports
        for entry in table.columns
        if entry.action == "ignore"
    ]
    unknown = [(found.report, header) for found in migration.staged.reports for header in found.unlisted]
    files = unnamed_files(migration.mapping, (file.name for file in migration.drop.files))
    new = len(unknown) + len(files)
    tail = f" {len(unknown)} columns and {len(files)} files are new since it was confirmed." if new else ""
    return dg.AssetCheckResult(
        passed=not (ignored or new),
        check_name=COVERAGE_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(ignored)} columns of the export do not move, as the mapping has it.{tail}",
        metadata={
            **md.figures({"columns": len(ignored), "new_columns": len(unknown), "new_files": len(files)}),
            "columns_that_do_not_move": _headers(ignored),
            **({"columns_that_the_mapping_does_not_name": _headers(unknown)} if unknown else {}),
            **({"files_that_the_mapping_does_not_name": dg.MetadataValue.text("\n".join(files))} if files else {}),
            "never_moved": dg.MetadataValue.text("\n".join(never_moved())),
        },
    )


def _headers(columns: Sequence[tuple[str, str]]) -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn("report", "string"), dg.TableColumn("header", "string")])
    return dg.MetadataValue.table(
        [dg.TableRecord({"report": report, "header": header}) for report, header in columns], schema=schema
    )


def never_moved() -> Sequence[str]:
    """What the declarations deliberately leave behind, each once."""
    return tuple(dict.fromkeys(thing for declaration in (MEMBERS, *FIXED) for thing in declaration.not_moved))


def export_assets() -> list[dg.AssetsDefinition]:
    """All assets of the group, in the order of the way of the data."""
    return [export_drop, *(staged_asset(report) for report in REPORTS), references]
