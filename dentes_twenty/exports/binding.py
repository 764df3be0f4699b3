"""Whether a table still fits its mapping: which mapped header is which column of this file.

Belongs here: finding each mapped header in a table's header line (as folded words, so that case and blanks do not
matter), and what a later export of the practice has more or less than the one that was mapped.
Does not belong here: what a column means (`mapping`).
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from dentes_twenty.exports.errors import MappingDoesNotFit
from dentes_twenty.exports.mapping_checks import suggestion
from dentes_twenty.exports.mapping_model import ColumnMapping, Mapping, QuestionMapping, TableMapping
from dentes_twenty.exports.records import TableInfo
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.form import WIDE_REPORT

HeaderKey = tuple[str, int]
_NUMBERS = re.compile(r"\d+")


@dataclasses.dataclass(frozen=True, slots=True)
class Binding:
    """Positions (from 0) in the rows of one file: of columns by canonical name, of custom columns by field name, of the
    questions of a wide form by header key. `unlisted`: headers that the mapping does not name; they do not move."""

    columns: dict[str, int]
    custom: dict[str, int]
    questions: dict[HeaderKey, int]
    unlisted: tuple[str, ...]


def header_keys(headers: Sequence[str]) -> list[HeaderKey]:
    """Folded words and occurrence (from 1) of each header."""
    seen: Counter[str] = Counter()
    keys = []
    for header in headers:
        words = fold_key(header)
        seen[words] += 1
        keys.append((words, seen[words]))
    return keys


def key_of(entry: ColumnMapping | QuestionMapping) -> HeaderKey:
    """The key under which an entry of the mapping is looked for."""
    header = entry.header if isinstance(entry, ColumnMapping) else entry.question
    return fold_key(header), entry.occurrence


def bind(table: TableMapping, headers: Sequence[str]) -> Binding:
    """Find every mapped header. Raises MappingDoesNotFit naming the headers that this file does not have.

    An ignored header may be missing; a header that the mapping does not name is `unlisted`.
    """
    position = {key: i for i, key in enumerate(header_keys(headers))}
    wanted = [entry for entry in table.columns if entry.action != "ignore"]
    questions: list[QuestionMapping] = []
    if table.report == WIDE_REPORT.name:
        questions = [question for form in table.forms for question in form.questions]
    needed: list[ColumnMapping | QuestionMapping] = [*wanted]
    needed += [question for question in questions if question.action is None]
    lacking = [item for item in needed if key_of(item) not in position]
    if lacking:
        raise MappingDoesNotFit(
            _lacking(table, lacking, headers), "Map the new headers, and confirm the mapping again."
        )
    known = {*map(key_of, table.columns), *map(key_of, questions)}
    return Binding(
        {entry.column: position[key_of(entry)] for entry in wanted if entry.column is not None},
        {entry.field.name: position[key_of(entry)] for entry in wanted if entry.action == "custom" and entry.field},
        {key_of(question): position[key_of(question)] for question in questions if key_of(question) in position},
        tuple(header for header, key in zip(headers, header_keys(headers), strict=True) if key not in known),
    )


def _lacking(table: TableMapping, entries: Iterable[ColumnMapping | QuestionMapping], headers: Sequence[str]) -> str:
    names = [entry.header if isinstance(entry, ColumnMapping) else entry.question for entry in entries]
    said = " ".join(f"{name!r}.{suggestion(name, headers)}" for name in names)
    return f"{table.table} has no header {said}"


def find_table(table: TableMapping, mapping: Mapping, infos: Sequence[TableInfo]) -> TableInfo | None:
    """The file or sheet that the mapping means: of that name, else the only one of the same title whose name differs in
    numbers alone (exports carry their date in the name); None when the drop does not hold it."""
    named = {(info.file, info.sheet): info for info in infos}
    if (table.file, table.sheet) in named:
        return named[table.file, table.sheet]
    taken = {(each.file, each.sheet) for each in mapping.reports}
    taken |= {(each.file, each.sheet) for each in mapping.other_tables}
    wanted = _title(table.file, table.sheet)
    alike = [info for name, info in named.items() if name not in taken and _title(*name) == wanted]
    return alike[0] if len(alike) == 1 else None


def _title(file: str, sheet: str | None) -> tuple[str, str]:
    """File and sheet without numbers; the sheet of a workbook must be the very same."""
    stem, suffix = posixpath.splitext(file)
    return fold_key(_NUMBERS.sub("", stem)) + suffix.lower(), "" if sheet is None else fold_key(sheet)


def unnamed_files(mapping: Mapping, files: Iterable[str]) -> list[str]:
    """Files of a drop that the mapping does not name, under the date of this export or another; they do not move."""
    known = {each.file for each in mapping.reports} | {each.file for each in mapping.other_tables}
    titles = {_title(file, None) for file in known}
    return [file for file in files if _title(file, None) not in titles]
