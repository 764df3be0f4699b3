"""Single cells and short texts: each parser gives a value or a code, whatever the text and however long it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dentes_twenty.exports import cells, formats
from dentes_twenty.exports.formats import DateFormat, NumberFormat
from dentes_twenty.exports.inference import TypeDetector
from dentes_twenty.exports.parsed import BadCell
from dentes_twenty.exports.profile import profile_column
from dentes_twenty.exports.reading import CellRules, column_reader
from dentes_twenty.exports.records import Cell
from dentes_twenty.exports.richtext import to_markdown
from dentes_twenty.exports.rtf import rtf_to_markdown
from dentes_twenty.exports.schema import arrow_schema
from dentes_twenty.exports.totals import read_total
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty_tests.bad_input.ways import examples, within_bounds

ZONE = ZoneInfo("Europe/Istanbul")
RULES = CellRules(ZONE, "TR", dt.date(2026, 11, 23))
NUMBER = NumberFormat(",", certain=True, evidence="")
DATE = DateFormat("dmy", has_time=True, certain=True, evidence="")
PARSERS: dict[str, Callable[[str], object]] = {
    "number": lambda text: formats.parse_decimal(text, NUMBER),
    "date": lambda text: formats.parse_date(text, DATE),
    "instant": lambda text: formats.parse_datetime(text, DATE, ZONE),
    "time": formats.parse_time,
    "phones": lambda text: cells.parse_phones(text, "TR"),
    "email": cells.parse_email,
    "url": cells.parse_url,
    "code": cells.parse_code,
    "files": cells.parse_files,
    "name": cells.parse_name,
    "total": lambda text: read_total(["Toplam", text]),
    "count": lambda text: read_total(["Kayıt sayısı", text]),
    "type": lambda text: TypeDetector().add(text),
    "profile": lambda text: profile_column([text, text + "1"]),
    "markdown": to_markdown,
    "html": lambda text: to_markdown("<p>" + text + "</p>"),
    "rtf": lambda text: rtf_to_markdown("{\\rtf1 " + text),
}
# each takes a pattern that backtracks, a recursion or a list that grows to its end
UNITS = (
    " ", "1", "1 ", "1.", "1,", "a.", "a ", "-", "(", "0", "00:", "0.", "1'", "\u00a0", "\t", "\n", " \n", "1/", "+",
    "ve ", "a@", "://", "<p>", "<b>", "<p", "<", "<!--", "<![", "<a href=\"", "&", "&#", "{", "}", "\\", "\\'e7",
    "\\u1?", "\\par ", "\\b ", "{\\*", "*", "_", "[a](", "<ul><li>", "<blockquote>", "\0", "\ufeff", "٣", "İ",
)  # fmt: skip


@pytest.mark.parametrize("name", PARSERS)
def test_a_cell_of_fifty_thousand_characters_is_answered(name: str) -> None:
    parse = PARSERS[name]
    with within_bounds():
        for unit in UNITS:
            try:
                parse("1" + unit * (50_000 // len(unit)) + " x")
            except BadCell as bad:
                assert bad.code


def test_a_note_of_megabytes_keeps_its_words() -> None:
    with within_bounds():
        assert to_markdown("<p>" * 300_000 + "iyi</p>").split() == ["iyi"]
        assert "iyi" in to_markdown("<b>iyi</b>" * 30_000)
        assert rtf_to_markdown("{\\rtf1 " + "{" * 300_000 + "iyi" + "}" * 300_000 + " son}") == "iyi son"
        assert to_markdown("a" + " " * 300_000 + "b<br>c").split() == ["a", "b\\", "c"]
        assert rtf_to_markdown("{\\rtf1 a" + " " * 300_000 + "b}") == "a" + " " * 300_000 + "b"


def test_a_note_of_masses_of_tags_lands_as_its_text() -> None:
    assert to_markdown("<p>bir &amp; iki</p>" * 15_000).split()[:4] == ["bir", "&", "iki", "bir"]


@pytest.mark.parametrize(
    "text",
    ["9" * 2_000_000, "1" * 201, "999999999999999999,9999999", "-999999999999999999.9999999", "1e999999", "1" * 19],
)
def test_a_number_that_no_column_holds_is_a_bad_number(text: str) -> None:
    for decimal in (",", "."):
        with pytest.raises(BadCell, match="bad_number"):
            formats.parse_decimal(text, NumberFormat(decimal, certain=True, evidence=""))


def test_the_largest_number_of_a_column_is_read_to_its_last_digit() -> None:
    assert formats.parse_number("999.999.999.999.999.999,999999", NUMBER) == Decimal("999999999999999999.999999")


def test_a_count_of_thousands_of_digits_is_no_count() -> None:
    assert read_total(["Kayıt sayısı", "9" * 5_000]) is None


VALUES = st.one_of(
    st.text(max_size=40),
    st.text("0123456789.,:/-+ TZ()", max_size=30),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.booleans(),
)


COLUMNS = {(column.kind, column.on_bad, column.required): column for report in REPORTS for column in report.columns}


@examples(40)
@given(value=VALUES)
@example(value="999999999999999999,9999999")
@example(value=dt.datetime.max)
@example(value=dt.datetime.min)
@example(value="31.12.9999 23:59:59")
@example(value="9999-12-31T23:59:59-12:00")
@example(value="01.01.0001 00:00")
def test_whatever_a_cell_holds_its_column_takes_it_or_says_a_code(value: Cell) -> None:
    for column in COLUMNS.values():
        outcome = column_reader(column, RULES, decimal=",", dates="dmy", words={})(value)
        if outcome.refused is None and outcome.value is not None:
            pa.array([outcome.value], arrow_schema([column]).field(column.name).type)
