"""Staging: the rows of one report, read through a confirmed mapping, as typed Parquet that is private to the user.

Belongs here: `stage_report`, the shell around the decisions of `staging`, and `Staged`, the store that planning reads.
Does not belong here: references between reports (planning decides what becomes of a row whose patient is unknown).

A staged row is a dict: `_row` (1-based data row number), `_line`, `_digest` (16 bytes, BLAKE2b of the raw cells), the
canonical columns with the types that `objects.source.Kind` documents, `<column>__raw` where a cell could not be read
or mapped, custom-field columns and, for forms, one column per question.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dentes_twenty.exports.issues import Issue
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.fields import Field
from dentes_twenty.objects.form import Form


@dataclasses.dataclass(frozen=True, slots=True)
class StageSettings:
    """What staging needs of the practice file.

    `zone` of the local wall times; `region` (ISO 3166) of phone numbers without a country; `currency` (ISO 4217) of
    amounts that name none; `national_id`: keep national ids; `language` ("en" or "tr") of labels;
    `as_of`: the day after which a birth date is in the future (default: today in `zone`).
    """

    zone: ZoneInfo
    region: str = "TR"
    currency: str = "TRY"
    national_id: bool = False
    language: str = "en"
    as_of: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class StagedReport:
    """What became of one report. `formats`: column -> how its numbers or dates were read, with the evidence.

    rows_read = rows_staged + quarantined + identical duplicates (for the long form layout, rows_staged counts
    responses). `path` is the first Parquet file; a form report has one for each form.
    """

    report: str
    file: str
    path: Path
    rows_read: int
    rows_staged: int
    quarantined: int
    warnings: int
    columns: tuple[str, ...]
    formats: Mapping[str, str]


class Staged:
    """The staged reports of one drop, in a folder. Open with `Staged.open`; nothing is kept in memory."""

    @classmethod
    def open(cls, out: Path) -> Staged:
        """Open what earlier `stage_report` calls have written. Raises NotStaged when the folder holds no manifest."""
        raise NotImplementedError

    @property
    def reports(self) -> tuple[StagedReport, ...]:
        """In the order in which reports are read."""
        raise NotImplementedError

    def has(self, report: str) -> bool:
        """Whether the report was staged."""
        raise NotImplementedError

    def rows(self, report: str) -> Iterator[dict[str, Any]]:
        """Stream the rows in source order; nothing when the export does not hold the report."""
        raise NotImplementedError

    def count(self, report: str) -> int:
        """Rows staged; 0 when the export does not hold the report."""
        raise NotImplementedError

    def issues(self, report: str | None = None) -> Iterator[Issue]:
        """Stream the issues of one report, or of all."""
        raise NotImplementedError

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms found, from both layouts."""
        raise NotImplementedError

    def form_rows(self, form: Form) -> Iterator[dict[str, Any]]:
        """Stream the responses to one form."""
        raise NotImplementedError

    @property
    def ledger_sign(self) -> LedgerSign:
        """What the ledger's amounts mean, as confirmed."""
        raise NotImplementedError

    def custom_fields(self, report: str) -> tuple[Field, ...]:
        """The fields of unmapped columns that the practice wants, ready for `objects.fields.extended`."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """Over the drop, the mapping and the settings: what planning must find unchanged."""
        raise NotImplementedError


def stage_report(drop: Any, mapping: Any, report_name: str, settings: StageSettings, out: Path) -> StagedReport:
    """Stage one report of the drop into `out` (made 0700; files 0600), replacing what an earlier call wrote.

    Raises MappingError when the mapping is not confirmed or does not fit the file, ExportError when it cannot be read.
    """
    raise NotImplementedError
