"""No row is lost and no reader breaks, whatever stands in the cells; pandera has the declaration's types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty.exports.chunks import CellSource, ChunkReader, Plan, digest
from dentes_twenty.exports.mapping import NewField
from dentes_twenty.exports.reading import CellRules, column_reader, field_reader
from dentes_twenty.exports.records import BadRow, Cell, RawRow
from dentes_twenty.exports.scan import known_words
from dentes_twenty.exports.schema import Extra, Failure, arrow_schema, failures, pandera_schema, staged_columns
from dentes_twenty.objects.registry import REPORTS, report_named
from dentes_twenty.objects.target import FieldType

RULES = CellRules(ZoneInfo("Europe/Istanbul"), "TR", dt.date(2026, 11, 23))
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["1", "1.250,50", "13.05.2024", "13.05.2024 10:30", "0532 001 00 01", "a@example.com", "Evet"]),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.booleans(),
)


def plan_of(name: str) -> Plan:
    report = report_named(name)
    columns = staged_columns(report, national_id=True)
    sources = {
        column.name: CellSource(i, column_reader(column, RULES, decimal=",", dates="dmy", words=known_words(column)))
        for i, column in enumerate(columns)
    }
    return Plan(name, "file.csv", report.key, columns, (), sources)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("name", ["patient", "entry", "appointment", "note"])
def test_every_row_lands_or_stays_out_for_a_reason(name: str, data: st.DataObject) -> None:
    plan = plan_of(name)
    width = len(plan.columns)
    cells = data.draw(st.lists(st.tuples(*[CELLS] * width), max_size=6))
    chunk: list[RawRow | BadRow] = [RawRow(n, n + 1, row) for n, row in enumerate(cells, 1)]
    chunk.append(BadRow(len(chunk) + 1, len(chunk) + 2, "broken_quotes", None))
    reader = ChunkReader(plan)
    table, issues = reader.read(chunk)
    out = {issue.row for issue in issues if issue.severity == "quarantine"}
    repeated = {issue.row for issue in issues if issue.code == "duplicate_row"}
    landed = set(table["_row"].to_pylist())
    assert landed | out | repeated == set(range(1, len(chunk) + 1))
    assert not landed & (out | repeated)
    tally = reader.tally
    assert tally.read == tally.staged + tally.quarantined + tally.duplicates == len(chunk)


@settings(max_examples=60, deadline=None)
@given(CELLS, st.sampled_from(["TEXT", "NUMBER", "BOOLEAN", "DATE", "SELECT", "MULTI_SELECT"]))
def test_an_answer_is_read_or_keeps_its_text(cell: Cell, type_: str) -> None:
    field = NewField(name="q", label="Q", type=type_, options={"EVET": "Evet"}, separator=";")  # type: ignore[arg-type]
    outcome = field_reader(field, RULES, decimal=",", dates="dmy")(cell)
    assert outcome.refused is None
    if outcome.raw is not None:
        assert outcome.value is None and outcome.warnings


def test_chunks_remember_the_ids_of_earlier_chunks() -> None:
    reader = ChunkReader(plan_of("payer"))
    row = ("1", "Sigorta", *[None] * 9)
    first, _ = reader.read([RawRow(1, 2, row)])
    second, issues = reader.read([RawRow(2, 3, row), RawRow(3, 4, ("1", "Başka", *[None] * 9))])
    assert (first.num_rows, second.num_rows) == (1, 0)
    assert [issue.code for issue in issues] == ["duplicate_row", "duplicate_id"]


def test_equal_rows_have_equal_digests_whatever_the_file_format() -> None:
    assert digest(("10001", None, "5.5")) == digest((10001, "", Decimal("5.5")))
    assert digest(("1", "23")) != digest(("12", "3"))


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_every_declaration_gives_a_schema_that_accepts_an_empty_table(report: object) -> None:
    from dentes_twenty.objects.source import Report

    assert isinstance(report, Report)
    columns = staged_columns(report, national_id=False)
    assert failures(pandera_schema(columns), arrow_schema(columns).empty_table()) == []


def test_failures_are_positions_and_codes_without_values() -> None:
    columns = tuple(report_named("entry").column(name) for name in ("entry_id", "type"))
    extras = (Extra("custom_group", FieldType.SELECT, ("A",)),)
    schema = arrow_schema(columns, extras)
    rows = [("1", "CHARGE", "A"), (None, "CHARGE", None), ("3", "BARTER", "B")]
    data = [
        {"_row": n, "_line": n, "_digest": b"0" * 16, "entry_id": id_, "type": type_, "custom_group": group}
        for n, (id_, type_, group) in enumerate(rows)
    ]
    assert failures(pandera_schema(columns, extras), pa.Table.from_pylist(data, schema=schema)) == [
        Failure(1, "entry_id", "missing_entry_id"),
        Failure(2, "custom_group", "unknown_custom_group"),
        Failure(2, "type", "unknown_type"),
    ]
    with pytest.raises(TypeError, match="declared types"):
        failures(pandera_schema(columns), pa.table({name: pa.array([1]) for name in arrow_schema(columns).names}))
