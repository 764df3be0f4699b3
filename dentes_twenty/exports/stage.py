"""Staging: the rows of one report, read through a confirmed mapping, as typed Parquet that is private to the user.

Belongs here: `stage_report`, the shell that streams files through the decisions of `chunks` and `long_forms`, and the
refusal of a file that is no longer written as the mapping says. Does not belong here: references between reports
(planning decides what becomes of a row whose patient is unknown).
2 million ledger rows take under a GiB: ids and row digests are kept (about 130 bytes a row), rows are not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.binding import Binding, bind, find_table
from dentes_twenty.exports.chunks import ChunkReader, Plan, Tally
from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.errors import MappingDoesNotFit
from dentes_twenty.exports.first_rows import FirstRows
from dentes_twenty.exports.issues import SCHEMA, Issue, issues_table
from dentes_twenty.exports.long_forms import LongForm, LongReader
from dentes_twenty.exports.mapped_tables import default_form, form_key, form_of, open_table
from dentes_twenty.exports.mapping import require_confirmed, require_tables
from dentes_twenty.exports.plans import (
    StageSettings,
    answer_readers,
    custom_extras,
    custom_mappings,
    meta_readers,
    question_extras,
    report_plan,
    response_columns,
    wide_plan,
)
from dentes_twenty.exports.private_files import ParquetFile, private_folder, write_json
from dentes_twenty.exports.records import BadRow, RawRow, Table
from dentes_twenty.exports.schema import arrow_schema, staged_columns
from dentes_twenty.exports.staged import MANIFEST, Staged, StagedReport, staged_report
from dentes_twenty.exports.tables import tables
from dentes_twenty.exports.watching import Told, watched
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT, form_object_name
from dentes_twenty.objects.source import Column, Kind, OnBad, Report

__all__ = ["StageSettings", "Staged", "StagedReport", "absent_reports", "keep_report", "stage_report"]

CHUNK_ROWS = 20_000
# A column of which more than this cannot be read is written otherwise than the mapping says; a few cells are defects
_UNREADABLE = 0.5
_UNREADABLE_CELLS = 10
_FORMATTED = frozenset({Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.DATE, Kind.DATETIME, Kind.TIME})
_Rows = Sequence[RawRow | BadRow]


def stage_report(
    drop: Drop,
    mapping: model.Mapping,
    report_name: str,
    settings: StageSettings,
    out: Path,
    told: Told | None = None,
) -> StagedReport:
    """Stage one report of the drop into `out` (made 0700; files 0600), replacing what an earlier call wrote.

    Raises UnconfirmedMapping, MappingDoesNotFit when the drop lacks a file or header or is written otherwise than the
    mapping says, and ExportError when a file cannot be read. After an error nothing of the report is staged.
    """
    require_confirmed(mapping)
    found = require_tables(mapping, report_name)
    private_folder(out)
    for name in {report_name, *_not_covered(out, mapping)}:
        _forget(out, name)
    stager = _Stager(drop, mapping, report_name, settings, out, told)
    with stager:
        for table in found:
            stager.stage(table)
    manifest = stager.manifest()
    write_json(out / f"{report_name}{MANIFEST}", manifest)
    return staged_report(out, manifest)


def _not_covered(out: Path, mapping: model.Mapping) -> set[str]:
    """Reports that were staged once and that the mapping no longer has."""
    return {path.name.removesuffix(MANIFEST) for path in out.glob(f"*{MANIFEST}")} - set(mapping.report_names)


def _drop_identity(drop: Drop) -> str:
    """Tells one export from the next without reading it: where it is, and its files with their sizes."""
    listed = [drop.location, *(f"{file.name}:{file.size}" for file in drop.files)]
    return hashlib.sha256("\n".join(listed).encode("utf-8", "surrogateescape")).hexdigest()


def _forget(out: Path, report: str) -> None:
    """Remove what an earlier run staged, the manifest first: without it nothing counts as staged."""
    path = out / f"{report}{MANIFEST}"
    names = [f"{report}.issues.parquet"]
    if path.exists():
        manifest = json.loads(path.read_text(encoding="utf-8"))
        names += [*manifest["files"], *(entry["file"] for entry in manifest["forms"])]
    path.unlink(missing_ok=True)
    for name in names:
        (out / name).unlink(missing_ok=True)


class _Stager(contextlib.ExitStack):
    """One run: the open files, and the counts over all tables of the report."""

    def __init__(
        self,
        drop: Drop,
        mapping: model.Mapping,
        report: str,
        settings: StageSettings,
        out: Path,
        told: Told | None,
    ) -> None:
        super().__init__()
        self._told = told
        self._drop, self._mapping, self._settings, self._out = drop, mapping, settings, out
        self._tables = mapping.tables_of(report)
        self._report: Report = self._tables[0].declaration
        self._tally = Tally()
        self._content = hashlib.sha256()
        self._unlisted: list[str] = []
        self._forms: list[dict[str, Any]] = []
        self._seen = FirstRows()
        self._main: ParquetFile | None = None

    def __enter__(self) -> _Stager:
        super().__enter__()
        self._issues = self.enter_context(ParquetFile(self._out / f"{self._report.name}.issues.parquet", SCHEMA))
        if not self._is_form:
            schema = arrow_schema(self._columns, custom_extras(self._mapping, self._report.name))
            self._main = self.enter_context(ParquetFile(self._out / f"{self._report.name}.parquet", schema))
        return self

    @property
    def _is_form(self) -> bool:
        return self._report in (WIDE_REPORT, LONG_REPORT)

    @property
    def _columns(self) -> tuple[Column, ...]:
        if self._is_form:
            return response_columns(self._tables[0])
        return staged_columns(self._report, national_id=self._settings.national_id)

    def stage(self, table: model.TableMapping) -> None:
        """Stream one file or sheet."""
        source = open_table(self._drop, self._mapping, table)
        binding = bind(table, source.info.header)
        self._unlisted += binding.unlisted
        if self._report is WIDE_REPORT:
            self._stage_wide(source, table, binding)
        elif self._report is LONG_REPORT:
            self._stage_long(source, table, binding)
        else:
            self._stage_plain(source, table, binding)

    def _stage_plain(self, source: Table, table: model.TableMapping, binding: Binding) -> None:
        assert self._main is not None
        reader = ChunkReader(report_plan(self._mapping, table, binding, self._settings), self._seen)
        for chunk in _chunks(source, self._told):
            staged, issues = reader.read(chunk)
            self._main.write(staged)
            self._issues.write(issues_table(issues))
        self._done(table, reader)

    def _stage_wide(self, source: Table, table: model.TableMapping, binding: Binding) -> None:
        """One reader for each form of the file; a row goes to the form that it names."""
        readers, files = {}, {}
        for form in table.forms:
            plan = wide_plan(self._mapping, table, form, binding, self._settings)
            readers[form_key(form)] = ChunkReader(plan)
            files[form_key(form)] = self._form_file(form, plan)
        position = binding.columns.get("form_name")
        default = default_form(table)
        for chunk in _chunks(source, self._told):
            parts: dict[str, list[RawRow | BadRow]] = {}
            lost: list[Issue] = []
            for row in chunk:
                key = default if isinstance(row, BadRow) else form_of(row, position, default)
                if key is None or key not in readers:
                    lost.append(_lost(table, row))
                else:
                    parts.setdefault(key, []).append(row)
            for key, rows in parts.items():
                staged, issues = readers[key].read(rows)
                files[key].write(staged)
                lost += issues
            homeless = len(chunk) - sum(map(len, parts.values()))
            self._tally += Tally(read=homeless, quarantined=homeless)
            self._issues.write(issues_table(sorted(lost, key=lambda issue: issue.row)))
        for reader in readers.values():
            self._done(table, reader)

    def _stage_long(self, source: Table, table: model.TableMapping, binding: Binding) -> None:
        forms = {}
        files = {}
        for form in table.forms:
            plan = Plan(table.report, table.table, self._report.key, self._columns, question_extras(form), {})
            answers = answer_readers(self._mapping, table, form, self._settings)
            forms[form_key(form)] = LongForm(form.name, plan, answers)
            files[form_key(form)] = self._form_file(form, plan)
        readers = meta_readers(self._mapping, table, self._settings)
        reader = LongReader(table.report, table.table, binding.columns, readers, forms, default_form(table))
        for chunk in _chunks(source, self._told):
            self._issues.write(issues_table(reader.read(chunk)))
        for key in forms:
            for staged, issues in reader.finish(key, CHUNK_ROWS):
                files[key].write(staged)
                self._issues.write(issues_table(issues))
        self._done(table, reader)

    def _form_file(self, form: model.FormMapping, plan: Plan) -> ParquetFile:
        name = f"response.{form_object_name(form.name)}.parquet"
        self._forms.append({"form": form.model_dump(mode="json"), "file": name})
        return self.enter_context(ParquetFile(self._out / name, arrow_schema(plan.columns, plan.extras)))

    def _done(self, table: model.TableMapping, reader: ChunkReader | LongReader) -> None:
        _require_readable(table, reader.filled, reader.unread)
        self._tally += reader.tally
        self._content.update(reader.content.digest())

    def manifest(self) -> dict[str, Any]:
        """What `Staged` needs; to be written when all files are in place."""
        mapping, report, tally = self._mapping, self._report.name, self._tally
        sign = mapping.ledger_sign
        extras = custom_extras(mapping, report)
        return {
            "report": report,
            "file": ", ".join(table.table for table in self._tables),
            "files": [] if self._is_form else [f"{report}.parquet"],
            "rows_read": tally.read,
            "rows_staged": tally.staged,
            "quarantined": tally.quarantined,
            "duplicates": tally.duplicates,
            "warnings": tally.warned,
            "columns": [*(column.name for column in self._columns), *(extra.name for extra in extras)],
            "formats": self._formats(),
            "unlisted": self._unlisted,
            "content": self._content.hexdigest(),
            "drop": _drop_identity(self._drop),
            "mapping": mapping.fingerprint(),
            "settings": _settings(self._settings),
            "ledger_sign": sign.value if sign is not None and report == "entry" else None,
            "custom": [field.model_dump(mode="json") for field in custom_mappings(mapping, report)],
            "forms": self._forms,
        }

    def _formats(self) -> dict[str, str]:
        said = {}
        for table in self._tables:
            for name, entry in table.mapped().items():
                kind = self._report.column(name).kind
                if kind in (Kind.DATE, Kind.DATETIME):
                    said[name] = f"dates {self._mapping.date_order(table, entry.dates)}"
                elif kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER):
                    said[name] = f"decimal mark {self._mapping.decimal_mark(table, entry.decimal)}"
        return said


def absent_reports(drop: Drop, mapping: model.Mapping) -> tuple[str, ...]:
    """Reports of the mapping of which the drop lacks a file or sheet. Files are looked into only where names differ."""
    exact = {file.name for file in drop.files}
    if all(table.file in exact and table.sheet is None for table in mapping.reports):
        return ()
    infos = [table.info for table in tables(drop)]
    return tuple(
        name
        for name in mapping.report_names
        if any(find_table(table, mapping, infos) is None for table in mapping.tables_of(name))
    )


def keep_report(drop: Drop, report: str, out: Path) -> bool:
    """Let the tables of a report that an earlier drop has staged stand for this drop, which lacks it; a person has
    said so. Returns False when none are there."""
    path = out / f"{report}{MANIFEST}"
    if not path.exists():
        return False
    manifest = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**manifest, "drop": _drop_identity(drop)})
    return True


def _chunks(source: Table, told: Told | None) -> Iterator[_Rows]:
    rows = watched(source, told)
    while chunk := list(itertools.islice(rows, CHUNK_ROWS)):
        yield chunk


def _lost(table: model.TableMapping, row: RawRow | BadRow) -> Issue:
    """A row that belongs to no form of the mapping."""
    if isinstance(row, BadRow):
        return Issue(table.report, table.table, row.number, row.line, row.source_id, None, row.code, "quarantine")
    return Issue(table.report, table.table, row.number, row.line, None, "form_name", "unlisted_form", "quarantine")


def _require_readable(table: model.TableMapping, filled: Mapping[str, int], unread: Counter[str]) -> None:
    """Raises MappingDoesNotFit when most of a column's cells cannot be read as the mapping says."""
    columns = {column.name: column for column in table.declaration.columns}
    for name, count in unread.items():
        column = columns.get(name)
        judged = column is not None and (column.kind in _FORMATTED or column.on_bad is OnBad.QUARANTINE)
        if judged and count >= _UNREADABLE_CELLS and count > _UNREADABLE * filled[name]:
            raise MappingDoesNotFit(
                f"{table.table}: {count} of {filled[name]} cells of {name!r} cannot be read as the mapping says.",
                "Check the column's format and words in the mapping, or run propose-mapping again.",
            )


def _settings(settings: StageSettings) -> dict[str, Any]:
    plain = dataclasses.asdict(settings) | {"zone": settings.zone.key}
    plain["as_of"] = settings.as_of.isoformat() if settings.as_of else None
    return plain
