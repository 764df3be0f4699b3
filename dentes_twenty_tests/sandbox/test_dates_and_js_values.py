"""Dates beyond the recordings, and JavaScript's notations."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.sandbox.dates import parse_date, parse_date_time, stored_instant
from dentes_twenty.sandbox.jsvalues import inspect, number_text, to_number
from dentes_twenty.sandbox.refused import ValueRefused


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-01-15T10:30:00.123456Z", "2024-01-15T10:30:00.123Z"),
        ("2024-01-15t10:30z", "2024-01-15T10:30:00.000Z"),
        ("20240115T103000+0200", "2024-01-15T08:30:00.000Z"),
        ("20240115", "2024-01-15T00:00:00.000Z"),
        ("2024-06-30T23:59:60Z", "2024-06-30T23:59:59.000Z"),
        ("01/15/2024", "2024-01-15T00:00:00.000Z"),
        ("01-15-2024", "2024-01-15T00:00:00.000Z"),
        ("2024.01.15", "2024-01-15T00:00:00.000Z"),
        ("January 15, 2024", "2024-01-15T00:00:00.000Z"),
        ("15 jan 2024", "2024-01-15T00:00:00.000Z"),
        ("1.2.24", "0001-02-24T00:00:00.000Z"),
        ("2024", None),
        ("2024-01", None),
        ("31.12.2024", None),
        ("2024-01-15T10:30:00+02:00:99", None),
        ("2024-01-15T25:00:00Z", None),
        (" 2024-01-15", None),
    ],
)
def test_a_date_time_is_read_as_twenty_reads_it(text: str, stored: str | None) -> None:
    assert parse_date_time(text) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-02-03", "2024-02-03"),
        ("20240203", "2024-02-03"),
        ("03.04.2024", "2024-03-04"),
        ("3/4/24", "2024-03-04"),
        ("Feb 3, 2024", "2024-02-03"),
        ("3 February 2024", "2024-02-03"),
        ("03-Feb-2024", "2024-02-03"),
        ("2024-Feb-03", "2024-02-03"),
        ("2024-02-03T23:59:59Z", "2024-02-03"),
        ("2024-02-03 23:59:59", "2024-02-03"),
        ("2024-02-03T23:59:59+02:00", None),
        ("31.12.2024", None),
        ("2024-02-30", None),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_a_date_is_read_month_first_and_cut_after_the_day(text: str, stored: str | None) -> None:
    assert parse_date(text) == stored


@pytest.mark.parametrize("text", ["24-02-03", "31.12.24"])
def test_a_date_that_only_postgresql_refuses_is_a_failure_of_the_server(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_date(text)
    assert refused.value.status == 500


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))
def test_a_stored_instant_is_read_back_as_itself(moment: datetime) -> None:
    stored = stored_instant(moment.replace(tzinfo=UTC))
    assert parse_date_time(stored) == stored
    assert datetime.fromisoformat(stored) == moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-720, 720))
def test_stored_instants_sort_as_times_do(moment: datetime, minutes: int) -> None:
    first, second = moment.replace(tzinfo=UTC), moment.replace(tzinfo=UTC) + timedelta(minutes=minutes)
    assert (stored_instant(first) < stored_instant(second)) is (first < second)


@given(st.dates())
def test_an_iso_date_is_stored_as_it_is(day: date) -> None:
    assert parse_date(day.isoformat()) == day.isoformat()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"),
        ("it's", '"it\'s"'),
        ("a'b\"c", "`a'b\"c`"),
        (5, "5"),
        (5.0, "5"),
        (1.5, "1.5"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (0.00001, "0.00001"),
        (9007199254740993, "9007199254740992"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        (["X"], "[ 'X' ]"),
        ({"a": 1, "b c": [None]}, "{ a: 1, 'b c': [ null ] }"),
    ],
)
def test_values_are_shown_in_nodes_notation(value: object, shown: str) -> None:
    assert inspect(value) == shown


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("", 0),
        (" 7 ", 7),
        ("0x10", 16),
        ("1e3", 1000),
        (".5", 0.5),
        (True, 1),
        ([], 0),
        (["8"], 8),
        ("-Infinity", -math.inf),
    ],
)
def test_texts_become_numbers_as_in_javascript(value: object, number: float) -> None:
    assert to_number(value) == number


@pytest.mark.parametrize("value", ["abc", "1'500.00", "1,5", "1_000", {}, ["a"], [1, 2], "infinity"])
def test_what_is_no_number_is_nan(value: object) -> None:
    assert number_text(to_number(value)) == "NaN"
