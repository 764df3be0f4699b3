"""Issues: what staging has to say about single rows and cells.

Belongs here: the value type, its severities, and its Parquet form. An issue points (file, row, line, source id,
column, code) and never carries a cell's value, so that it may stand in reports, logs and check results.
Does not belong here: deciding what is an issue (`staging`), and what planning finds between reports.

Codes of quarantine: `missing_<column>` (`missing_patient` for patient_id), `unknown_<column>` (a word nobody mapped),
`bad_<column>` (a cell that cannot be read and matters), `code_became_date`, `duplicate_id`, `contradicting_patient`,
and those of a BadRow: `too_few_cells`, `too_many_cells`, `broken_quotes`, `wrong_encoding`.
Everything else is a warning: the row lands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

Severity = Literal["quarantine", "warning"]

SCHEMA = pa.schema(
    [
        ("report", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("source_id", pa.string()),
        ("column", pa.string()),
        ("code", pa.string()),
        ("severity", pa.string()),
    ]
)


@dataclasses.dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `row` counts data rows from 1, `line` is the physical line (or sheet row) where the row starts.

    `source_id` is the row's id where it could be read; `column` is the canonical column, None for the whole row.
    """

    report: str
    file: str
    row: int
    line: int
    source_id: str | None
    column: str | None
    code: str
    severity: Severity


def issues_table(issues: Iterable[Issue]) -> pa.Table:
    """The issues as a table of `SCHEMA`."""
    return pa.Table.from_pylist([dataclasses.asdict(issue) for issue in issues], schema=SCHEMA)


def read_issues(path: Path) -> Iterator[Issue]:
    """Stream the issues of a Parquet file; nothing when there is none."""
    if not path.exists():
        return
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                yield Issue(**row)
