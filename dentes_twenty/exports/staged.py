"""The staged reports of one drop: what staging wrote and planning reads.

Belongs here: the manifest of each report and the store that streams its rows. Does not belong here: writing them
(`stage`). One manifest for each report, so that reports can be staged by different processes.

A staged row is a dict: `_row` (1-based data row number), `_line`, `_digest` (16 bytes, BLAKE2b of the raw cells), the
canonical columns with the types that `objects.source.Kind` documents, `<column>__raw` where a cell could not be read
or mapped, custom-field columns and, for forms, one column per question.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.errors import NotStaged
from dentes_twenty.exports.issues import Issue, read_issues
from dentes_twenty.exports.plans import as_field, as_form
from dentes_twenty.exports.private_files import private_folder, write_json
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.fields import Field
from dentes_twenty.objects.form import Form
from dentes_twenty.objects.registry import REPORTS

MANIFEST = ".manifest.json"
_ORIGIN = "origin.json"
_AGAIN = "Stage the reports again."
# Rows turned into dicts at a time: 5000 rows of a ledger take 15 MB
_BATCH = 5000


@dataclasses.dataclass(frozen=True, slots=True)
class StagedReport:
    """What became of one report. `formats`: column -> how its numbers or dates were read.

    rows_read = rows_staged + quarantined + duplicates, where `duplicates` are identical repetitions of a row (in the
    long form layout rows_read counts answers and rows_staged responses). `warnings` counts rows that landed with one.
    `unlisted`: headers of the file that the mapping does not name. `path`: the Parquet file (for forms the first one).
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
    duplicates: int = 0
    unlisted: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """The export whose tables are staged: `Drop.fingerprint()`, and where it lay."""

    fingerprint: str
    location: str

    def note(self, folder: Path) -> None:
        """Write it down beside the tables, before the first of them changes."""
        private_folder(folder)
        write_json(folder / _ORIGIN, dataclasses.asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Origin | None:
        """What was noted last; None where an earlier version has staged, or nobody."""
        path = folder / _ORIGIN
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


class Staged:
    """The staged reports of one drop, in a folder. Open with `Staged.open`; rows are streamed, never kept."""

    def __init__(self, folder: Path, manifests: Mapping[str, dict[str, Any]]) -> None:
        self._folder, self._manifests = folder, manifests

    def __repr__(self) -> str:
        return f"Staged({', '.join(self._manifests)})"

    @classmethod
    def open(cls, out: Path) -> Staged:
        """Open what earlier `stage_report` calls have written.

        Raises NotStaged when the folder holds nothing, or reports of different drops, mappings or settings.
        """
        found = {}
        for report in REPORTS:
            path = out / f"{report.name}{MANIFEST}"
            if path.exists():
                found[report.name] = json.loads(path.read_text(encoding="utf-8"))
        if not found:
            raise NotStaged("Nothing has been staged yet.", "Stage the reports first (job `audit` or `migrate`).")
        made_of = {json.dumps([m["drop"], m["mapping"], m["settings"]], sort_keys=True) for m in found.values()}
        if len(made_of) > 1:
            raise NotStaged("The staged reports are of different exports, mappings or settings.", _AGAIN)
        return cls(out, found)

    @property
    def reports(self) -> tuple[StagedReport, ...]:
        """In the order in which reports are read."""
        return tuple(self.report(name) for name in self._manifests)

    def report(self, name: str) -> StagedReport:
        """What became of one report. Raises NotStaged when it was not staged."""
        if name not in self._manifests:
            raise NotStaged(f"The report {name!r} has not been staged.", _AGAIN)
        return staged_report(self._folder, self._manifests[name])

    def has(self, report: str) -> bool:
        """Whether the report was staged."""
        return report in self._manifests

    def rows(self, report: str, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Stream the rows in source order; nothing when the export has no such report. `columns`: only these; those
        that are not staged are absent. The rows of forms are read with `form_rows`."""
        if self.has(report):
            for name in self._manifests[report]["files"]:
                yield from self._stream(name, columns)

    def count(self, report: str) -> int:
        """Rows staged; 0 when the export does not hold the report."""
        return int(self._manifests[report]["rows_staged"]) if self.has(report) else 0

    def issues(self, report: str | None = None) -> Iterator[Issue]:
        """Stream the issues of one report, or of all."""
        for name in self._manifests if report is None else [report]:
            yield from read_issues(self._folder / f"{name}.issues.parquet")

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms found, from both layouts."""
        return tuple(form for form, _ in self._forms())

    def form_rows(self, form: Form, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Stream the responses to one form in source order; `columns` as in `rows`."""
        for name in self._files_of(form):
            yield from self._stream(name, columns)

    def form_count(self, form: Form) -> int:
        """Responses staged for one form."""
        return sum(pq.read_metadata(self._path(name)).num_rows for name in self._files_of(form))

    def form_report(self, form: Form) -> str:
        """Name of the report that holds the responses to a form: `response` (wide) or `answer` (long)."""
        for name, manifest in self._manifests.items():
            for entry in manifest["forms"]:
                if as_form(model.FormMapping.model_validate(entry["form"])).object == form.object:
                    return name
        raise NotStaged(f"The form {form.name!r} has not been staged.", _AGAIN)

    @property
    def ledger_sign(self) -> LedgerSign:
        """What the ledger's amounts mean, as confirmed. Raises NotStaged when no ledger was staged."""
        sign = self._manifests.get("entry", {}).get("ledger_sign")
        if sign is None:
            raise NotStaged("No ledger has been staged.", _AGAIN)
        return LedgerSign(sign)

    def custom_fields(self, report: str) -> tuple[Field, ...]:
        """The fields of undeclared columns that the practice wants, ready for `objects.fields.extended`."""
        listed = self._manifests[report]["custom"] if self.has(report) else []
        return tuple(as_field(model.NewField.model_validate(field)) for field in listed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the rows that were read, the mapping and the settings: what later steps must find unchanged."""
        whole = hashlib.sha256()
        for name, manifest in self._manifests.items():
            part = [name, manifest["content"], manifest["mapping"], manifest["settings"]]
            whole.update(json.dumps(part, sort_keys=True).encode())
        return whole.hexdigest()

    def _forms(self) -> Iterator[tuple[Form, str]]:
        for manifest in self._manifests.values():
            for entry in manifest["forms"]:
                yield as_form(model.FormMapping.model_validate(entry["form"])), entry["file"]

    def _files_of(self, form: Form) -> list[str]:
        return [name for known, name in self._forms() if known.object == form.object]

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if not path.exists():
            raise NotStaged(f"The staged file {name!r} is gone.", _AGAIN)
        return path

    def _stream(self, name: str, columns: Sequence[str] | None) -> Iterator[dict[str, Any]]:
        with pq.ParquetFile(self._path(name)) as file:
            wanted = None if columns is None else [c for c in columns if c in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
                yield from batch.to_pylist()


def staged_report(folder: Path, manifest: Mapping[str, Any]) -> StagedReport:
    """The summary that a manifest holds."""
    names = [*manifest["files"], *(entry["file"] for entry in manifest["forms"])]
    return StagedReport(
        report=manifest["report"],
        file=manifest["file"],
        path=folder / (names[0] if names else f"{manifest['report']}{MANIFEST}"),
        rows_read=manifest["rows_read"],
        rows_staged=manifest["rows_staged"],
        quarantined=manifest["quarantined"],
        warnings=manifest["warnings"],
        columns=tuple(manifest["columns"]),
        formats=manifest["formats"],
        duplicates=manifest["duplicates"],
        unlisted=tuple(manifest["unlisted"]),
    )
