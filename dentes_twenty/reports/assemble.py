"""Values of `model` from what the rest of the program has: declarations, a mapping, owners, findings, totals.

Belongs here: pure conversions, so that every caller shows the same. Does not belong here: reading anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.mapping import TableMapping, open_points
from dentes_twenty.migration.ledger import Defect
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.steps import FiledCells
from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.fields import Field, Row, SourceObject
from dentes_twenty.reports.figures import MoneyTotal
from dentes_twenty.reports.model import (
    FieldDiff,
    FieldVerdict,
    Finding,
    Heading,
    MappedColumn,
    MappedTable,
    MappedWord,
    MappingReport,
    OpenMatter,
    OwnerReport,
    OwnerRow,
    QuarantineReport,
    RecordDiff,
    SourceCell,
    UnmovedColumn,
)
from dentes_twenty.twenty.values import compare

_EMPTY: tuple[Any, ...] = (None, "", (), [], {})


# ---
# Field-level diff
# ---


def record_diff(
    declaration: SourceObject,
    row: Row,
    sent: Mapping[str, Any],
    stored: Mapping[str, Any] | None,
    *,
    source_id: str,
    title: str,
    cells: FiledCells | None = None,
    issues: Mapping[str, str] | None = None,
    withheld: Mapping[str, str] | None = None,
    label: str = "",
    record_id: str = "",
    url: str = "",
    why: str = "",
) -> RecordDiff:
    """Every field of a declaration for one row.

    `sent` and `stored`: wire name -> wire value; `stored` is None for a record that did not land, and `why` says the
    reason's code. `cells`: column -> what the files hold. `issues`: column -> code of a finding in this
    row. `withheld`: wire name -> code, for fields that this practice does not want.
    """
    facts = _Facts(cells or {}, issues or {}, withheld or {}, why)
    fields = tuple(_field_diff(field, row, sent, stored, facts) for field in declaration.fields)
    return RecordDiff(declaration.name, source_id, title, fields, label, record_id, url, why)


class _Facts:
    """What is known about one row beside its values."""

    def __init__(self, cells: FiledCells, issues: Mapping[str, str], withheld: Mapping[str, str], why: str) -> None:
        self.cells, self.issues, self.withheld, self.why = cells, issues, withheld, why


def _field_diff(
    field: Field, row: Row, sent: Mapping[str, Any], stored: Mapping[str, Any] | None, facts: _Facts
) -> FieldDiff:
    name, type_ = field.target.wire_name, field.target.type.value
    columns = [c for c in field.transform.columns if not c.startswith("@") and (c in row or c in facts.cells)]
    cells = tuple(cell for column in columns for cell in source_cells(column, facts.cells, row.get(column)))
    wanted = sent.get(name)
    verdict, why = _verdict(name, type_, columns, wanted, stored, facts)
    kept = None if stored is None else stored.get(name)
    return FieldDiff(name, field.target.label, type_, cells, field.transform.says, wanted, kept, verdict, why)


def source_cells(column: str, cells: FiledCells, value: Any) -> Iterator[SourceCell]:
    """The cells behind a column; where the export has none, the `value` that stands for them."""
    if column not in cells:
        yield SourceCell(column, value)
    for cell in cells.get(column, ()):
        yield SourceCell(column, cell.understood, cell.header, cell.text)


def _verdict(
    name: str, type_: str, columns: Iterable[str], sent: Any, stored: Mapping[str, Any] | None, facts: _Facts
) -> tuple[FieldVerdict, str]:
    if name in facts.withheld:
        return FieldVerdict.NOT_MIGRATED, facts.withheld[name]
    if stored is None:
        return FieldVerdict.NOT_MIGRATED, facts.why
    if name not in stored:
        return FieldVerdict.LOST, "not_shown_in_answer"
    if sent in _EMPTY:
        code = next((facts.issues[column] for column in columns if column in facts.issues), None)
        if code is not None and stored[name] in _EMPTY:
            return FieldVerdict.NOT_MIGRATED, code
    return FieldVerdict(compare(type_, sent, stored[name]).value), ""


def unmoved_columns(mapping: MappingFile, declarations: Iterable[SourceObject]) -> tuple[UnmovedColumn, ...]:
    """Headers that the practice ignores, and columns that no field of Twenty is made from."""
    declared = tuple(declarations)
    found = []
    for table in mapping.reports:
        read = _columns_read(table, declared)
        for entry in table.columns:
            if entry.action == "ignore":
                found.append(UnmovedColumn(table.table, entry.header, "ignored_column"))
            elif entry.column is not None and entry.column not in read:
                found.append(UnmovedColumn(table.table, entry.header, "column_without_field"))
        for form in table.forms:
            ignored = (question.question for question in form.questions if question.action == "ignore")
            found += [UnmovedColumn(table.table, question, "ignored_column") for question in ignored]
    return tuple(found)


def _columns_read(table: TableMapping, declarations: Iterable[SourceObject]) -> set[str]:
    """Columns of a report that a field or a link is made from; those of forms and references always count."""
    read = {c.name for c in table.declaration.columns if c.reference is not None} | {table.declaration.key}
    for declaration in declarations:
        if table.report in declaration.sources:
            read.update(column for field in declaration.fields for column in field.transform.columns)
            read.update(link.column for link in declaration.links)
            read.update([declaration.created] if declaration.created else [])
    if table.declaration.key == "response_id":
        read.update(c.name for c in table.declaration.columns)
    return read


# ---
# Owners, mapping, findings, totals
# ---


def owner_report(heading: Heading, owners: Owners) -> OwnerReport:
    """The pre-flight owner report; who blocks first, then who owns most."""
    rows = [
        OwnerRow(
            line.provider.id,
            line.provider.name,
            line.provider.email or "",
            line.match.value,
            line.member_email or "",
            line.provider.owns,
        )
        for line in owners.lines
    ]
    rows.sort(key=lambda row: (row.match != "unmatched" or not row.records, row.match != "fallback", -row.records))
    return OwnerReport(heading, tuple(rows))


def mapping_report(heading: Heading, mapping: MappingFile, declarations: Iterable[SourceObject]) -> MappingReport:
    """What each header and word was taken for, with confidence and evidence."""
    declared = tuple(declarations)
    confirmed = mapping.confirmed
    return MappingReport(
        heading,
        tuple(_mapped_table(table, declared) for table in mapping.reports),
        tuple(OpenMatter(point.where, point.text, point.blocking) for point in open_points(mapping)),
        tuple((f"{t.file}#{t.sheet}" if t.sheet else t.file, t.evidence or "") for t in mapping.other_tables),
        mapping.ledger_sign.value if mapping.ledger_sign else "",
        confirmed.by if confirmed else "",
        confirmed.at if confirmed else None,
    )


def _mapped_table(table: TableMapping, declarations: tuple[SourceObject, ...]) -> MappedTable:
    columns = []
    for entry in table.columns:
        if entry.field is not None and entry.action == "custom":
            made = (entry.field.label,)
            columns.append(
                MappedColumn(entry.header, "custom", "", made, entry.field.type, entry.confidence, entry.evidence or "")
            )
            continue
        kind = "ignored" if entry.action == "ignore" else "column"
        becomes = _becomes(table.report, entry.column, declarations) if entry.column else ()
        columns.append(
            MappedColumn(entry.header, kind, entry.column or "", becomes, "", entry.confidence, entry.evidence or "")
        )
    for form in table.forms:
        for question in form.questions:
            kind = "ignored" if question.action == "ignore" else "question"
            field = question.field
            columns.append(
                MappedColumn(
                    question.question,
                    kind,
                    "",
                    (field.label,),
                    field.type,
                    question.confidence,
                    question.evidence or "",
                )
            )
    words = [
        MappedWord(column, word, option) for column, found in table.values.items() for word, option in found.items()
    ]
    return MappedTable(table.table, table.report, tuple(columns), tuple(words), table.confidence, table.evidence or "")


def _becomes(report: str, column: str, declarations: Iterable[SourceObject]) -> tuple[str, ...]:
    """Labels of the fields that read a column; those that only keep its raw text left out."""
    labels = (
        field.target.label
        for declaration in declarations
        if report in declaration.sources
        for field in declaration.fields
        if column in field.transform.columns and not field.target.name.endswith("Raw")
    )
    return tuple(dict.fromkeys(labels))


def findings(defects: Iterable[Defect]) -> tuple[Finding, ...]:
    """Findings of staging, planning or the ledger."""
    return tuple(
        Finding(d.severity, d.report, d.file, d.code, d.line or None, d.row, d.source_id, d.column) for d in defects
    )


def quarantine_report(heading: Heading, defects: Iterable[Defect]) -> QuarantineReport:
    """All findings, by file and line."""
    found = sorted(findings(defects), key=lambda f: (f.object, f.file, f.line or 0, f.row or 0, f.code))
    return QuarantineReport(heading, tuple(found))


def money_totals(totals: Iterable[Total], declarations: Iterable[SourceObject]) -> tuple[MoneyTotal, ...]:
    """The money among the totals of `migration.totals`, in whole units, with the labels of the fields."""
    labels = {(d.target.singular, f.target.name): f.target.label for d in declarations for f in d.fields}
    found = []
    for total in totals:
        name, _, currency = total.name.partition(" ")
        if currency:
            label = labels.get((total.object, name), name)
            expected, there = (Decimal(micros).scaleb(-6) for micros in (total.expected, total.found))
            found.append(MoneyTotal(total.source_object, label, currency, expected, there))
    return tuple(found)
