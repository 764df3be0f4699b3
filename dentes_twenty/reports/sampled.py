"""The field-level diff of a sample, from what `Migration.sample` has brought back.

Belongs here: putting the files' own cells, sent and stored values together, and counting verdicts. Does
not belong here: loading the sample, the page itself (`pages.field_diff`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.migration.ledger import FileRecord, FileState
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.reconcile import title_of
from dentes_twenty.migration.sampling import Feature
from dentes_twenty.migration.steps import FiledCells, SampledRecord, SampleResult
from dentes_twenty.migration.steps.sampling import SampledLink
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.objects.target import FieldType
from dentes_twenty.reports import reasons
from dentes_twenty.reports.assemble import record_diff, source_cells, unmoved_columns
from dentes_twenty.reports.model import DiffReport, FieldDiff, FieldVerdict, Heading, RecordDiff, SourceCell
from dentes_twenty.reports.rebuild import rebuild_checklist
from dentes_twenty.reports.words import Words

KEPT = "kept_in_twenty"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Surroundings:
    """What the page shows beside the records. `address`: of the workspace, where records can be opened; "" for a
    workspace that will be gone."""

    heading: Heading
    mapping: MappingFile
    declarations: Sequence[SourceObject]
    owners: Owners
    address: str = ""
    approve: str = "dentes-twenty approve --by NAME"


def diff_report(result: SampleResult, around: Surroundings) -> DiffReport:
    """Every field of every sampled record, one line for each kind of row that stays out, and what does not move."""
    words = Words(around.heading.language, around.heading.made_at.tzinfo)
    headers = _key_headers(around.mapping)
    records = [_record(one, words, around.address) for one in result.records]
    titles = {record.record_id: record.title for record in records if record.record_id}
    titles |= {line.member_id: line.member_email or "" for line in around.owners.lines if line.member_id}
    return DiffReport(
        around.heading,
        (*records, *(_left_out(issue, headers, words) for issue in result.drawn.stays_out)),
        unmoved_columns(around.mapping, around.declarations),
        rebuild_checklist(around.declarations, around.heading.language),
        tuple(_covers(result, words)),
        titles,
        around.approve,
    )


def verdict_counts(report: DiffReport) -> dict[str, int]:
    """Records, and fields by object and verdict: figures without anybody's data, which an approval is bound to."""
    counts: Counter[str] = Counter({"records": len(report.records)})
    for record in report.records:
        counts.update(f"{record.object}.{field.verdict}" for field in record.fields)
        counts.update(field.verdict.value for field in record.fields)
    return dict(sorted(counts.items()))


def _key_headers(mapping: MappingFile) -> dict[str, str]:
    """Report -> the practice's own header of its id column."""
    found: dict[str, str] = {}
    for table in mapping.reports:
        for entry in table.columns:
            if entry.column == table.declaration.key:
                found.setdefault(table.report, entry.header)
    return found


def _record(one: SampledRecord, words: Words, address: str) -> RecordDiff:
    declaration, planned = one.source.declaration, one.source.planned
    url = f"{address}/object/{declaration.target.singular}/{one.record_id}" if address else ""
    made = record_diff(
        declaration,
        one.source.row,
        planned.values,
        one.stored,
        source_id=planned.source_id,
        title=title_of(planned.values),
        cells=one.cells,
        issues=one.source.issues,
        withheld=dict.fromkeys(one.kept, KEPT),
        label=declaration.label if declaration.name == "response" else "",
        record_id=one.record_id,
        url=url,
        why=one.why,
    )
    more = [_link(link, declaration, one.cells, words) for link in one.links]
    more += [_file(file, one.cells, words) for file in one.files]
    return dataclasses.replace(made, fields=(*made.fields, *more))


def _link(link: SampledLink, declaration: SourceObject, filed: FiledCells, words: Words) -> FieldDiff:
    made = next(one for one in declaration.links if one.column == link.column)
    label = words.known(f"objects_one.{made.object}") or made.object
    verdict = FieldVerdict.SAME if link.stored == link.sent else FieldVerdict.LOST
    says = f"link to {made.object}"
    cells = tuple(source_cells(link.column, filed, link.source))
    return FieldDiff(made.join.singular, label, FieldType.RELATION.value, cells, says, link.sent, link.stored, verdict)


def _file(file: FileRecord, filed: FiledCells, words: Words) -> FieldDiff:
    there = file.state is FileState.ATTACHED
    verdict = FieldVerdict.SAME if there else FieldVerdict.NOT_MIGRATED
    stored = file.name if there else None
    cells = tuple(dataclasses.replace(cell, value=file.name) for cell in source_cells("attachment", filed, None))
    says = words("cases.uploaded")
    code = "" if there else file.code or "file_missing"
    return FieldDiff(
        "attachments", words("cases.file"), FieldType.TEXT.value, cells, says, file.name, stored, verdict, code
    )


def _left_out(issue: Issue, headers: Mapping[str, str], words: Words) -> RecordDiff:
    """A row that stays out: where it stands and why. Its values were never kept."""
    key = next((report.key for report in REPORTS if report.name == issue.report), "")
    cells = (SourceCell(key, issue.source_id, headers.get(issue.report, ""), issue.source_id or ""),)
    field = FieldDiff(
        "sourceSystemId", "Source system ID", FieldType.TEXT.value, cells, "", None, None,
        FieldVerdict.NOT_MIGRATED, issue.code,
    )  # fmt: skip
    title = words("cases.row", file=issue.file or issue.report, line=issue.line)
    return RecordDiff(issue.report, issue.source_id or "", title, (field,), why=issue.code)


def _covers(result: SampleResult, words: Words) -> Iterator[tuple[str, int]]:
    shown = result.cases()
    cases = [(feature[1], count) for feature, count in shown.items() if feature[0] == "case"]
    for name, count in sorted(cases, key=lambda case: (-case[1], case[0])):
        yield words.known(f"cases.{name}") or name, count
    records = [record.source.features for record in result.records]
    for name, kind in (("empty_field", "empty"), ("unreadable", "raw")):
        if count := sum(any(feature[0] == kind for feature in features) for features in records):
            yield words(f"cases.{name}"), count
    if count := _foreign(records):
        yield words("cases.foreign_currency"), count
    longest = [feature for feature in result.drawn.features if feature[0] == "longest"]
    yield words("cases.longest_text"), len(longest) - sum(f[0] == "longest" for f in result.drawn.uncovered)
    yield words("cases.options"), sum(feature[0] == "option" for feature in shown)
    for feature, count in sorted(shown.items()):
        if feature[0] == "warning":
            yield f"{words.object(feature[1])}: {reasons.reason(feature[2], words).what}", count
    yield words("cases.stays_out"), len(result.drawn.stays_out)
    if result.drawn.uncovered:
        yield words("cases.uncovered"), len(result.drawn.uncovered)


def _foreign(records: Iterable[frozenset[Feature]]) -> int:
    return sum(any(f[0] == "money" and f[3] == "foreign" for f in features) for features in records)
