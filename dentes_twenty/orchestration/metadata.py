"""Metadata of events, built from declarations and tallies.

Belongs here: table schemas, column lineage, figures and small tables as Dagster shows them. Does not belong here:
anything that came out of a cell; what goes through this module is counts, codes, names of columns and line numbers.

https://docs.dagster.io/guides/build/assets/metadata-and-tags
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.objects.source import Report
from dentes_twenty.objects.target import TargetField, TargetObject
from dentes_twenty.orchestration.layout import staged

SAMPLE = 20  # lines shown of a finding; the ledger has them all
COLUMN_SCHEMA, COLUMN_LINEAGE, ROW_COUNT = "dagster/column_schema", "dagster/column_lineage", "dagster/row_count"

Metadata = dict[str, Any]  # what Dagster takes; its own name for it is private


def report_schema(report: Report) -> dg.TableSchema:
    """Canonical columns of a report."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.kind.value,
                description=column.description or f"Known as: {', '.join(column.headers[:4])}",
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=column.name == report.key),
            )
            for column in report.columns
        ]
    )


def target_schema(target: TargetObject) -> dg.TableSchema:
    """Fields of a Twenty object that the migration writes."""
    return dg.TableSchema(columns=[_field_column(field) for field in target.fields])


def _field_column(field: TargetField) -> dg.TableColumn:
    to = f" to {field.relation.object}" if field.relation else ""
    origin = "Twenty's own field" if field.standard else "custom field"
    return dg.TableColumn(
        name=field.name,
        type=field.type.value + to,
        description=f"{field.label} ({origin}). {field.description}".strip(),
        constraints=dg.TableColumnConstraints(unique=field.unique),
        tags={"dentes_twenty/standard": "yes" if field.standard else "no"},
    )


def lineage(declarations: Iterable[SourceObject]) -> dg.TableColumnLineage:
    """Which staged columns each field of a Twenty object comes from."""
    found: defaultdict[str, dict[tuple[str, str], dg.TableColumnDep]] = defaultdict(dict)
    for declaration in declarations:
        for field in declaration.fields:
            for report, column in _read(declaration, field.transform.columns):
                dep = dg.TableColumnDep(asset_key=dg.AssetKey(staged(report)), column_name=column)
                found[field.target.name][report, column] = dep
    return dg.TableColumnLineage({name: list(deps.values()) for name, deps in found.items()})


def _read(declaration: SourceObject, columns: Sequence[str]) -> Iterable[tuple[str, str]]:
    """A made row takes its columns from others: `guardian_name` of a patient is the `name` of a guardian."""
    known = {report.name: {column.name for column in report.columns} for report in REPORTS}
    for report in declaration.sources:
        own = report == declaration.report.name or declaration.report.name not in known
        for column in columns:
            for candidate in (column, f"{declaration.name}_{column}"):
                if candidate in known[report] and (own or candidate != column):
                    yield report, candidate


def figures(values: Mapping[str, float]) -> Metadata:
    """Numbers, which the UI plots over time."""
    return {
        name: dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.float(value)
        for name, value in values.items()
    }


def tally_figures(tallies: Iterable[Tally]) -> dict[str, float]:
    """Sums over the source objects of one Twenty object."""
    together = Tally()
    for tally in tallies:
        for name in FIGURES:
            setattr(together, name, getattr(together, name) + getattr(tally, name))
        together.differing.update(tally.differing)
    return {
        **{name: getattr(together, name) for name in FIGURES},
        "landed": together.landed,
        "differing_values": together.differing.total(),
    }


FIGURES = (
    "planned", "created", "adopted", "updated", "unchanged", "conflicting", "held", "refused", "deleted_by_a_person",
    "links", "links_refused", "completed", "conflicts", "verified_values",
)  # fmt: skip


def tally_table(tallies: Mapping[str, Tally]) -> dg.MetadataValue[Any]:
    """One line for each source object."""
    columns = ("planned", "created", "adopted", "updated", "unchanged", "held", "refused", "verified_values")
    records = [
        dg.TableRecord({"source": name, **{column: getattr(tally, column) for column in columns}})
        for name, tally in tallies.items()
    ]
    schema = [dg.TableColumn("source", "string"), *(dg.TableColumn(column, "int") for column in columns)]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(schema))


def count_table(what: str, counted: str, counts: Mapping[str, int]) -> dg.MetadataValue[Any]:
    """Name -> count, in the order given."""
    records = [dg.TableRecord({what: name, counted: count}) for name, count in counts.items()]
    return dg.MetadataValue.table(
        records, schema=dg.TableSchema([dg.TableColumn(what, "string"), dg.TableColumn(counted, "int")])
    )


def steps_table(counts: Mapping[str, int], steps: Mapping[str, str]) -> dg.MetadataValue[Any]:
    """Code -> how many, and what to do about it."""
    records = [
        dg.TableRecord({"what": code.replace("_", " "), "count": count, "to_do": steps.get(code, "")})
        for code, count in counts.items()
    ]
    columns = [dg.TableColumn("what", "string"), dg.TableColumn("count", "int"), dg.TableColumn("to_do", "string")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def code_table(counts: Mapping[tuple[str, str], int]) -> dg.MetadataValue[Any]:
    """(report, code) -> rows, most first."""
    records = [
        dg.TableRecord({"report": report, "code": code, "rows": rows})
        for (report, code), rows in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    schema = [dg.TableColumn("report", "string"), dg.TableColumn("code", "string"), dg.TableColumn("rows", "int")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(schema))


def issue_tables(issues: Iterable[Issue]) -> tuple[Counter[tuple[str, str]], Metadata]:
    """Counts by (severity, code), and the first lines of what is wrong: where, which column, which code."""
    counts: Counter[tuple[str, str]] = Counter()
    sample: list[dg.TableRecord] = []
    for issue in issues:
        counts[issue.severity, issue.code] += 1
        if len(sample) < SAMPLE:
            sample.append(
                dg.TableRecord(
                    {
                        "line": issue.line,
                        "column": issue.column or "",
                        "code": issue.code,
                        "severity": str(issue.severity),
                    }
                )
            )
    if not counts:
        return counts, {}
    records = [
        dg.TableRecord({"severity": severity, "code": code, "rows": rows})
        for (severity, code), rows in counts.most_common()
    ]
    return counts, {
        "findings": dg.MetadataValue.table(
            records,
            schema=dg.TableSchema(
                [dg.TableColumn("severity", "string"), dg.TableColumn("code", "string"), dg.TableColumn("rows", "int")]
            ),
        ),
        "first_lines": dg.MetadataValue.table(
            sample,
            schema=dg.TableSchema(
                [
                    dg.TableColumn("line", "int"),
                    dg.TableColumn("column", "string"),
                    dg.TableColumn("code", "string"),
                    dg.TableColumn("severity", "string"),
                ]
            ),
        ),
    }
