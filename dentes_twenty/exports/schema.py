"""The schema of a staged table, derived from a report's declaration, and its check by pandera.

Belongs here: which column has which type, what must not be empty, which options and ranges are allowed, and the
failures as positions and codes. Does not belong here: reading cells (`reading`), and uniqueness of ids, which spans
chunks (`chunks`). A failure never carries the value that failed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd
import pandera.pandas as checks
import pyarrow as pa
from pandera.errors import SchemaErrors

from dentes_twenty.objects.fields import RAW
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType

NATIONAL_ID = "national_id"
MONEY = pa.decimal128(24, 6)
PHONE = pa.struct([("number", pa.string()), ("calling", pa.string()), ("country", pa.string())])
_TYPES = {
    Kind.MONEY: MONEY,
    Kind.NUMBER: MONEY,
    Kind.INTEGER: pa.int64(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("ms", "UTC"),
    Kind.PHONE: pa.list_(PHONE),
    Kind.FILES: pa.list_(pa.string()),
    Kind.BOOLEAN: pa.bool_(),
}
_FIELD_TYPES = {
    FieldType.NUMBER: MONEY,
    FieldType.DATE: pa.date32(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.MULTI_SELECT: pa.list_(pa.string()),
}
# What these kinds hold can always be read
_NEVER_RAW = frozenset({Kind.ID, Kind.TEXT, Kind.NAME})
ROW, LINE, DIGEST = "_row", "_line", "_digest"
_BESIDE = (pa.field(ROW, pa.int64()), pa.field(LINE, pa.int64()), pa.field(DIGEST, pa.binary(16)))


@dataclasses.dataclass(frozen=True, slots=True)
class Extra:
    """A staged column beyond the canonical ones: a question or a custom field."""

    name: str
    type: FieldType
    options: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A cell that the schema refuses. `position` from 0 in the table; `code` as issues carry it."""

    position: int
    column: str
    code: str


def combined(report: Report) -> tuple[str, str, str] | None:
    """(instant, day, time) where an instant may come as two columns; the two are not staged by themselves."""
    for groups in report.one_of:
        kinds = [tuple(report.column(name).kind for name in group) for group in groups]
        if (Kind.DATETIME,) in kinds and (Kind.DATE, Kind.TIME) in kinds:
            day, time = groups[kinds.index((Kind.DATE, Kind.TIME))]
            return groups[kinds.index((Kind.DATETIME,))][0], day, time
    return None


def staged_columns(report: Report, *, national_id: bool) -> tuple[Column, ...]:
    """The canonical columns as they are staged: without the halves of a combined instant, and without the national id
    unless the practice keeps it."""
    parts = combined(report)
    left_out = set(parts[1:]) if parts else set()
    if not national_id:
        left_out.add(NATIONAL_ID)
    return tuple(column for column in report.columns if column.name not in left_out)


def arrow_schema(columns: Sequence[Column], extras: Sequence[Extra] = ()) -> pa.Schema:
    """Types of the Parquet file: position and digest of the row, canonical columns, questions and custom fields; each
    with its `__raw` column where a cell can be unreadable."""
    fields = list(_BESIDE)
    for column in columns:
        fields.append(pa.field(column.name, _TYPES.get(column.kind, pa.string())))
        if has_raw(column):
            fields.append(pa.field(column.name + RAW, pa.string()))
    for extra in extras:
        fields.append(pa.field(extra.name, _FIELD_TYPES.get(extra.type, pa.string())))
        if extra.type is not FieldType.TEXT:
            fields.append(pa.field(extra.name + RAW, pa.string()))
    return pa.schema(fields)


def has_raw(column: Column) -> bool:
    """Whether the column keeps the text of a cell that could not be read or mapped."""
    return column.kind not in _NEVER_RAW and column.name != NATIONAL_ID


def pandera_schema(columns: Sequence[Column], extras: Sequence[Extra] = ()) -> checks.DataFrameSchema:
    """The declaration as a pandera schema over Arrow types; ids are unique across chunks, which `chunks` sees to."""
    fields = arrow_schema(columns, extras)
    by_name = {column.name: column for column in columns}
    options = {extra.name: extra.options for extra in extras if extra.type is FieldType.SELECT}
    checked: dict[str, checks.Column] = {}
    for field in fields:
        column = by_name.get(field.name)
        rules = _rules(column) if column is not None else []
        if field.name in options:
            rules = [checks.Check.isin(options[field.name])]
        nullable = not (field.name in (ROW, LINE, DIGEST) or (column is not None and column.required))
        checked[field.name] = checks.Column(pd.ArrowDtype(field.type), checks=rules, nullable=nullable)
    return checks.DataFrameSchema(checked, strict=True, ordered=True)


def _rules(column: Column) -> list[checks.Check]:
    if column.kind is Kind.CHOICE and column.values is not None:
        return [checks.Check.isin(tuple(column.values.words))]
    if column.kind is Kind.INTEGER:
        return [checks.Check.ge(0)]  # minutes; nothing that is counted whole is negative
    return []


def failures(schema: checks.DataFrameSchema, table: pa.Table) -> list[Failure]:
    """What the schema refuses in a table. Raises TypeError when a column has another type than the schema's, which
    would be a mistake of the reader and not of the file."""
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    if cases["index"].isna().any():
        columns = ", ".join(sorted({str(name) for name in cases[cases["index"].isna()]["column"]}))
        raise TypeError(f"staged columns do not have their declared types: {columns}")
    found = [
        Failure(int(position), str(column), _code(str(column), str(check)))
        for position, column, check in zip(cases["index"], cases["column"], cases["check"], strict=True)
    ]
    return sorted(found, key=lambda failure: (failure.position, failure.column))


def _code(column: str, check: str) -> str:
    if check == "not_nullable":
        return missing_code(column)
    return f"unknown_{column}" if check.startswith("isin") else "out_of_range"


def missing_code(column: str) -> str:
    """`missing_<column>`; a missing patient is named as such whatever the column is called."""
    return "missing_patient" if column == "patient_id" else f"missing_{column}"
