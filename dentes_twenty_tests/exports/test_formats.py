"""Numbers and dates: the format of a column with its evidence, and the worth of each cell."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.formats import (
    BadCell,
    DateDetector,
    NumberDetector,
    NumberFormat,
    Parsed,
    detect_date,
    detect_number,
    localize,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    parse_number,
    parse_time,
)
from dentes_twenty.exports.records import Cell

ISTANBUL = ZoneInfo("Europe/Istanbul")
COMMA = detect_number(["3.611,23", "1,5"])
POINT = detect_number(["3,611.23", "1.5"])
DAY_FIRST = detect_date(["31.01.2024"])
MONTH_FIRST = detect_date(["01/31/2024"])


@pytest.mark.parametrize(
    ("samples", "decimal", "certain"),
    [
        (["3.611,23", "1.250", "1440,28", "0,00", ""], ",", True),
        (["5703.94", "1", "12,500.00", None], ".", True),
        (["1.250", "2.500"], ",", False),
        (["1,250", "2,500"], ".", False),
        (["12", "7", "1250"], ",", True),
        (["0.500"], ".", True),
        (["1.234.567"], ",", True),
        (["12,5", "1.250 TL?", "bin"], ",", True),
        (["1,5", "2.5"], ",", False),
        ([Decimal("1.5"), 3], ",", True),
        (["1 234,56"], ",", True),
    ],
)
def test_the_decimal_point_is_decided_by_the_whole_column(samples: list[Cell], decimal: str, certain: bool) -> None:
    found = detect_number(samples)
    assert (found.decimal, found.certain) == (decimal, certain)
    assert found.evidence


def test_an_undecided_column_follows_another_one_of_the_file() -> None:
    detector = NumberDetector()
    detector.add("1.250")
    assert not detector.result().certain
    found = detector.result(POINT)
    assert (found.decimal, found.certain) == (".", True)


def test_cells_that_are_no_numbers_are_counted() -> None:
    found = detect_number(["1,5", "2,5", "bin iki yüz", "12,3,4", True, "", None])
    assert (found.numbers, found.others) == (2, 3)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.250", "1250"), ("1440,28", "1440.28"), ("9.759.321,05", "9759321.05"), ("2.774,13 TL", "2774.13"),
        ("₺1.234,56", "1234.56"), ("-10,50", "-10.50"), ("10,50-", "-10.50"), ("(1.200,00)", "-1200.00"),
        ("−5", "-5"),
        ("1 234,5", "1234.5"), ("1'234'567,8", "1234567.8"), ("1.000,00 EUR", "1000.00"), ("TRY 5", "5"), ("+7", "7"),
        (",5", "0.5"), ("0012", "12"), (12, "12"), (1234.56, "1234.56"), (0.1, "0.1"), (Decimal("3.10"), "3.10"),
        ("5,", "5"),
        ("1\u00a0234,50", "1234.50"), ("$ 3", "3"),
    ],
)  # fmt: skip
def test_an_amount_is_exact(cell: Cell, value: str) -> None:
    assert parse_number(cell, COMMA) == Decimal(value)


@pytest.mark.parametrize(
    "cell",
    [
        "1.250 TL?", "bin iki yüz elli", "12,3,4", "1250 veya 1500", "1234.56", "1.25", "5,32E+09", "--5", "(5",
        "(-5)", "-",
        "1.2.3", "0.500", "1,2.3", "12,3.4,5", "10%", True, date(2024, 1, 1), "1e5", "nan", "1" + "0" * 18,
        float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_without_its_text(cell: Cell) -> None:
    with pytest.raises(BadCell) as caught:
        parse_number(cell, COMMA)
    assert str(caught.value) == caught.value.code == "bad_number"


def test_more_than_six_decimals_are_rounded_half_to_even_and_reported() -> None:
    assert parse_decimal("0,1234565", COMMA) == Parsed(Decimal("0.123456"), ("rounded",))
    assert parse_decimal("0,1234575", COMMA) == Parsed(Decimal("0.123458"), ("rounded",))
    assert parse_decimal("0,12345600", COMMA) == Parsed(Decimal("0.123456"))


def test_whole_numbers() -> None:
    assert [parse_integer(cell, COMMA) for cell in ("30", "30,00", 30, Decimal("30.0"), "1.200")] == [
        30,
        30,
        30,
        30,
        1200,
    ]
    with pytest.raises(BadCell, match="not_whole"):
        parse_integer("30,5", COMMA)


def written(cents: int, grouped: bool, mark: NumberFormat) -> str:
    text = f"{abs(cents) // 100:,}" if grouped else str(abs(cents) // 100)
    body = f"{text}.{abs(cents) % 100:02d}"
    swapped = body.translate(str.maketrans(",.", ".,")) if mark.decimal == "," else body
    return ("-" if cents < 0 else "") + swapped


@given(st.integers(-(10**15), 10**15), st.booleans(), st.sampled_from([COMMA, POINT]))
def test_every_amount_is_read_as_it_was_written(cents: int, grouped: bool, mark: NumberFormat) -> None:
    text = written(cents, grouped, mark)
    assert parse_number(text, mark) == Decimal(cents) / 100
    assert detect_number([text]).decimal == mark.decimal


@given(st.text(max_size=20))
def test_no_text_makes_the_number_parser_fail_otherwise(text: str) -> None:
    for mark in (COMMA, POINT):
        try:
            assert parse_number(text, mark).is_finite()
        except BadCell:
            continue
    detect_number([text])
    detect_date([text])


@pytest.mark.parametrize(
    ("samples", "order", "certain", "has_time"),
    [
        (["01.02.2024", "31.01.2024"], "dmy", True, False),
        (["01/02/2024", "01/31/2024 10:00"], "mdy", True, True),
        (["2024-01-31", "2024-02-01"], "ymd", True, False),
        (["2024-02-01 00:00:00"], "ymd", True, False),
        (["2024-01-31T10:15:00"], "ymd", True, True),
        (["01.02.2024", "03.04.2024"], "dmy", False, False),
        (["03.03.2024", "05.05.2024"], "ymd", True, False),
        (["31.01.24"], "dmy", False, False),
        (["31.02.2024", "05.06.2024"], "dmy", False, False),
        ([date(2024, 1, 1), datetime(2024, 1, 1, 9, 30)], "ymd", True, True),
        (["01.01.1900", "00.00.0000", "", None, 0, 1], "ymd", True, False),
        (["2 Ocak 2024 09:30"], "ymd", True, True),
    ],
)
def test_the_order_of_day_and_month_is_decided_by_the_whole_column(
    samples: list[Cell], order: str, certain: bool, has_time: bool
) -> None:
    found = detect_date(samples)
    assert (found.order, found.certain, found.has_time) == (order, certain, has_time)
    assert found.evidence


def test_an_ambiguous_date_column_says_so_and_follows_another_one() -> None:
    detector = DateDetector()
    detector.add("01/02/2024")
    assert "under 13" in detector.result().evidence
    found = detector.result(MONTH_FIRST)
    assert (found.order, found.certain) == ("mdy", True)


def test_cells_that_are_no_dates_are_counted() -> None:
    found = detect_date(["31.01.2024", "31.02.2024", "yarın", 45000])
    assert (found.dates, found.others) == (1, 3)


@pytest.mark.parametrize(
    "cell",
    [
        "05.06.2024", "5.6.2024", "05/06/2024", "05-06-2024", "2024-06-05", "2024.06.05", "20240605", "05.06.24",
        "5 Haziran 2024",
        "05.06.2024 14:30", "5 Haz 2024", "5-Jun-2024", "June 5, 2024", "5 HAZİRAN 2024", "2024-06-05T14:30:00",
        date(2024, 6, 5),
        datetime(2024, 6, 5, 14, 30), " 05.06.2024\0",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_form(cell: Cell) -> None:
    assert parse_date(cell, DAY_FIRST) == date(2024, 6, 5)


def test_the_order_of_the_column_decides_and_the_impossible_is_refused() -> None:
    assert parse_date("03/04/2024", MONTH_FIRST) == date(2024, 3, 4)
    assert parse_date("03/04/2024", DAY_FIRST) == date(2024, 4, 3)
    iso = detect_date(["2024-01-31"])
    assert parse_date("31.12.2024", iso) == date(2024, 12, 31)
    cells = (
        "31.02.2024",
        "2024-02-31",
        "2024-02-31 00:00:00",
        "13.13.2024",
        "yarın",
        "31.02.2024 14:30",
        "05.06.2024 25:00",
        45000,
    )
    for cell in cells:
        with pytest.raises(BadCell, match="bad_date"):
            parse_date(cell, DAY_FIRST)
    for cell, order in (("12/31/2024", DAY_FIRST), ("31/12/2024", MONTH_FIRST), ("03.04.2024", iso)):
        with pytest.raises(BadCell, match="bad_date"):
            parse_date(cell, order)


@pytest.mark.parametrize(
    "cell",
    [
        "01.01.1900", "01.01.0001", "1899-12-30", "0001-01-01 00:00:00", "1900-01-01", "00.00.0000",
        "0000-00-00 00:00:00",
        date(1900, 1, 1), datetime(1899, 12, 31), time(0, 0), 0, 1,
    ],
)  # fmt: skip
def test_a_sentinel_means_empty(cell: Cell) -> None:
    assert parse_date(cell, DAY_FIRST) is None
    assert parse_datetime(cell, DAY_FIRST, ISTANBUL) == Parsed(None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("11:30", time(11, 30)), ("9:05:07", time(9, 5, 7)), ("09.30", time(9, 30)), ("2:30 PM", time(14, 30)),
        ("ÖS 2:30", time(14, 30)), ("12:00 AM", time(0, 0)), (time(8, 15), time(8, 15)), (Decimal("0.5"), time(12)),
        (datetime(2024, 1, 1, 7, 45), time(7, 45)), ("14:30:00.000", time(14, 30)),
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_form(cell: Cell, expected: time) -> None:
    assert parse_time(cell) == expected


@pytest.mark.parametrize("cell", ["25:00", "12:60", "öğlen", "14:30 PM", "12", 5, True])
def test_what_is_no_time_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell, match="bad_time"):
        parse_time(cell)


@pytest.mark.parametrize(
    ("cell", "instant", "warnings"),
    [
        ("05.06.2024 14:30", datetime(2024, 6, 5, 11, 30), ()),
        ("05.01.2012 14:30", datetime(2012, 1, 5, 12, 30), ()),
        ("05.06.2024", datetime(2024, 6, 4, 21, 0), ()),
        ("29.03.2015 03:30", datetime(2015, 3, 29, 1, 30), ("nonexistent_local_time",)),
        ("26.10.2014 03:30", datetime(2014, 10, 26, 0, 30), ("ambiguous_local_time",)),
        ("2024-06-05T14:30:00Z", datetime(2024, 6, 5, 14, 30), ()),
        ("2024-06-05T14:30:00+02:00", datetime(2024, 6, 5, 12, 30), ()),
        (datetime(2024, 6, 5, 14, 30), datetime(2024, 6, 5, 11, 30), ()),
    ],
)
def test_a_wall_time_is_an_instant_of_the_zone(cell: Cell, instant: datetime, warnings: tuple[str, ...]) -> None:
    assert parse_datetime(cell, DAY_FIRST, ISTANBUL) == Parsed(instant.replace(tzinfo=UTC), warnings)


def test_a_time_in_a_gap_moves_forward_by_the_gap() -> None:
    instant, _ = localize(datetime(2015, 3, 29, 3, 30), ISTANBUL)
    assert instant.astimezone(ISTANBUL).replace(tzinfo=None) == datetime(2015, 3, 29, 4, 30)


@pytest.mark.parametrize("wall", [datetime(1, 1, 1), datetime(9999, 12, 31, 23)])
def test_the_ends_of_the_calendar_are_refused(wall: datetime) -> None:
    with pytest.raises(BadCell, match="bad_date"):
        localize(wall, ZoneInfo("Asia/Tokyo") if wall.year == 1 else ZoneInfo("America/New_York"))


@given(st.datetimes(datetime(1905, 1, 1), datetime(2100, 1, 1)))
def test_every_moment_is_read_as_it_was_written(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    for pattern in ("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %I:%M:%S %p"):
        found, _ = parse_datetime(moment.strftime(pattern), DAY_FIRST, ISTANBUL)
        assert found == localize(moment, ISTANBUL).value
        assert parse_date(moment.strftime(pattern), DAY_FIRST) == moment.date()
