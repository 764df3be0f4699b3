"""Issues: what staging has to say about single rows and cells.

Belongs here: the value type, its severities, and its Parquet form. An issue points (file, row, line, source id,
column, code) and never carries a cell's value, so that it may stand in reports, logs and check results.
Does not belong here: deciding what is an issue (`reading`, `chunks`, `long_forms`), and what planning finds between
reports.

A row stays out (quarantine) for
- a required cell that is blank: `missing_<column>`, `missing_patient` for the patient's id
- a cell that matters and cannot be read: `bad_number`, `not_whole`, `bad_date`, `bad_time`, `bad_currency`, `bad_id`,
  `id_became_date`, `code_became_date`; `unknown_<column>` where the column allows no unknown word
- what the row is: `too_few_cells`, `too_many_cells`, `broken_quotes`, `wrong_encoding` (BadRow), `duplicate_id`,
  `unlisted_form`, and for a whole response `contradicting_patient`
It lands with a warning for everything else: the same codes of cells that do not matter that much, and `bad_email`,
`bad_phone`, `bad_url`, `bad_boolean`, `bad_national_id`, `unknown_option`, `phone_part_dropped`, `extension_dropped`,
`rounded`, `future_date`, `far_future_date`, `nonexistent_local_time`, `ambiguous_local_time`, `missing_time`,
`not_fdi_tooth`, `formula_text`, `out_of_range`, `nul_removed`, `spreadsheet_error`, `duplicate_row` (an identical row
landed before), `duplicate_answer`, `unlisted_question`.
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
