"""Reading one cell by its declared kind: the staged value, the text that could not be read, and what to report.

Belongs here: the rule for each kind and for each `OnBad` (AMBIGUITIES 15, 16, 23, 48, 49, 53). Pure functions of a
cell. Does not belong here: rules that look at a whole row (`chunks`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dentes_twenty.exports.cells import (
    is_blank,
    is_fdi_tooth,
    is_tc_kimlik,
    parse_boolean,
    parse_code,
    parse_email,
    parse_files,
    parse_id,
    parse_name,
    parse_phones,
    parse_text,
    parse_url,
)
from dentes_twenty.exports.formats import (
    DateFormat,
    NumberFormat,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    parse_time,
)
from dentes_twenty.exports.inference import split_options
from dentes_twenty.exports.mapping_model import NewField
from dentes_twenty.exports.parsed import BadCell
from dentes_twenty.exports.records import Cell
from dentes_twenty.exports.schema import NATIONAL_ID, has_raw
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.source import Column, Kind, OnBad

TOOTH = "tooth"
# Post-dated cheques and orthodontic plans reach a few years ahead; 2062 is a typing error
_FAR_YEARS = 5
_CURRENCIES = {"TL": "TRY", "₺": "TRY", "YTL": "TRY", "€": "EUR", "EURO": "EUR", "$": "USD", "£": "GBP", "STG": "GBP"}
_ISO_CURRENCY = re.compile(r"[A-Z]{3}")
# What a spreadsheet would run: "=...", "@NAME(", "+905...=1+1"; a note that begins with a dash is no formula
_FORMULA = re.compile(r"=\S|@\w+\(|[+-][\d(].*[=|!]|[+-]\w+\(", re.DOTALL)


class Outcome(NamedTuple):
    """What a cell came to. `refused`: the code for which the whole row stays out; then nothing else counts."""

    value: Any = None
    raw: str | None = None
    warnings: tuple[str, ...] = ()
    refused: str | None = None

    def __repr__(self) -> str:
        return f"Outcome(warnings={self.warnings!r}, refused={self.refused!r})"


BLANK = Outcome()
Reader = Callable[[Cell], Outcome]
_Parse = Callable[[Cell], tuple[Any, tuple[str, ...]]]


@dataclasses.dataclass(frozen=True, slots=True)
class CellRules:
    """What reading needs beyond the declaration. `decimal` and `dates` as the mapping says them; `today` in `zone`."""

    zone: ZoneInfo
    region: str
    today: dt.date


def column_reader(
    column: Column, rules: CellRules, *, decimal: str | None, dates: str | None, words: Mapping[str, str | None]
) -> Reader:
    """The reader of a canonical column. `words`: folded word -> option value, None where nobody knows the word."""
    if column.kind is Kind.CHOICE:
        return _choice_reader(column, words)
    if column.kind is Kind.BOOLEAN:
        return _boolean_reader(column, words)
    return _guarded(column, _parser(column, rules, decimal, dates))


def _guarded(column: Column, parse: _Parse) -> Reader:
    """`parse` with the column's rule for what cannot be read."""
    # an amount without its currency would be guessed, so such a row stays out whatever the column says
    fatal = column.required or column.on_bad is OnBad.QUARANTINE or column.kind is Kind.CURRENCY
    keeps_raw = has_raw(column)

    def read(cell: Cell) -> Outcome:
        if is_blank(cell):
            return BLANK
        try:
            value, warnings = parse(cell)
        except BadCell as bad:
            if fatal:
                return Outcome(refused=bad.code)
            return Outcome(raw=parse_text(cell) if keeps_raw else None, warnings=(bad.code,))
        return Outcome(value, None, warnings)

    return read


def _parser(column: Column, rules: CellRules, decimal: str | None, dates: str | None) -> _Parse:
    number = NumberFormat(decimal or ",", certain=True, evidence="")
    date = DateFormat(dates or "dmy", has_time=True, certain=True, evidence="")
    parsers: dict[Kind, _Parse] = {
        Kind.ID: lambda cell: (parse_id(cell), ()),
        Kind.TEXT: lambda cell: _with_formula(parse_text(cell)),
        Kind.NAME: lambda cell: _with_formula(parse_name(cell)),
        Kind.CODE: lambda cell: (parse_code(cell), ()),
        Kind.EMAIL: lambda cell: (parse_email(cell), ()),
        Kind.URL: lambda cell: (parse_url(cell), ()),
        Kind.PHONE: lambda cell: _phones(cell, rules.region),
        Kind.MONEY: lambda cell: parse_decimal(cell, number),
        Kind.NUMBER: lambda cell: parse_decimal(cell, number),
        Kind.INTEGER: lambda cell: (parse_integer(cell, number), ()),
        Kind.CURRENCY: lambda cell: (_currency(cell), ()),
        Kind.DATE: lambda cell: _day(parse_date(cell, date), column, rules.today),
        Kind.DATETIME: lambda cell: _moment(cell, date, column, rules),
        Kind.TIME: lambda cell: (parse_time(cell).isoformat("seconds"), ()),
        Kind.FILES: lambda cell: (list(parse_files(cell)), ()),
    }
    if column.name == TOOTH:
        return _tooth
    return _national_id if column.name == NATIONAL_ID else parsers[column.kind]


def _with_formula(text: str) -> tuple[str, tuple[str, ...]]:
    return text, ("formula_text",) if _FORMULA.match(text) else ()


def _tooth(cell: Cell) -> tuple[str, tuple[str, ...]]:
    """Kept as given; one or several teeth of the FDI notation, else reported (AMBIGUITIES 53)."""
    text = parse_id(cell)
    teeth = [tooth for tooth in re.split(r"[\s,;/+]+", text) if tooth]
    return text, () if teeth and all(is_fdi_tooth(tooth) for tooth in teeth) else ("not_fdi_tooth",)


def _national_id(cell: Cell) -> tuple[str, tuple[str, ...]]:
    text = parse_id(cell).replace(" ", "")
    if not is_tc_kimlik(text):
        raise BadCell("bad_national_id")
    return text, ()


def _phones(cell: Cell, region: str) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    parsed = parse_phones(cell, region)
    return [number._asdict() for number in parsed.value], parsed.warnings


def _currency(cell: Cell) -> str:
    text = parse_text(cell).upper().rstrip(".")
    code = _CURRENCIES.get(text, text)
    if not _ISO_CURRENCY.fullmatch(code):
        raise BadCell("bad_currency")
    return code


def _day(day: dt.date | None, column: Column, today: dt.date) -> tuple[dt.date | None, tuple[str, ...]]:
    if day is None or day <= today:
        return day, ()
    if column.future_is_bad:
        return None, ("future_date",)
    return day, ("far_future_date",) if day.year > today.year + _FAR_YEARS else ()


def _moment(
    cell: Cell, fmt: DateFormat, column: Column, rules: CellRules
) -> tuple[dt.datetime | None, tuple[str, ...]]:
    moment, warnings = parse_datetime(cell, fmt, rules.zone)
    if moment is None:
        return None, warnings
    day, more = _day(moment.astimezone(rules.zone).date(), column, rules.today)
    return None if day is None else moment, (*warnings, *more)


def word_key(text: str) -> str:
    """The form in which words are compared; one of signs alone ("???") stands for itself."""
    return fold_key(text) or text


def _choice_reader(column: Column, words: Mapping[str, str | None]) -> Reader:
    fallback = column.values.fallback if column.values is not None else None
    unknown = f"unknown_{column.name}"

    def read(cell: Cell) -> Outcome:
        if is_blank(cell):
            return BLANK
        text = parse_text(cell)
        option = words.get(word_key(text))
        if option is not None:
            return Outcome(option)
        if column.required or column.on_bad is OnBad.QUARANTINE:
            return Outcome(refused=unknown)
        return Outcome(fallback if column.on_bad is OnBad.UNKNOWN else None, text, (unknown,))

    return read


def _boolean_reader(column: Column, words: Mapping[str, str | None]) -> Reader:
    def read(cell: Cell) -> Outcome:
        if is_blank(cell):
            return BLANK
        text = parse_text(cell)
        option = words.get(word_key(text))
        if option is not None:
            return Outcome(option == "true")
        return Outcome(None, text, (f"unknown_{column.name}",))

    return read


def field_reader(field: NewField, rules: CellRules, *, decimal: str | None, dates: str | None) -> Reader:
    """The reader of a question or custom field; what cannot be read stays empty, keeps its text and is reported."""
    number = NumberFormat(decimal or ",", certain=True, evidence="")
    date = DateFormat(dates or "dmy", has_time=True, certain=True, evidence="")
    options = {text: value for value, text in field.options.items()}
    parsers: dict[str, _Parse] = {
        "TEXT": lambda cell: _with_formula(parse_text(cell)),
        "NUMBER": lambda cell: parse_decimal(cell, number),
        "BOOLEAN": lambda cell: (parse_boolean(cell), ()),
        "DATE": lambda cell: (parse_date(cell, date), ()),
        "SELECT": lambda cell: (_option(parse_text(cell), options), ()),
        "MULTI_SELECT": lambda cell: (
            [_option(part, options) for part in split_options(parse_text(cell), field.separator or ";")],
            (),
        ),
    }
    column = Column(field.name, Kind.CODE, ())  # a kind that keeps its raw text; nothing else of it is read
    return _guarded(column, parsers[field.type])


def _option(text: str, options: Mapping[str, str]) -> str:
    """The option of exactly this text, else of the only one that differs in case and blanks alone (AMBIGUITIES 76)."""
    if text in options:
        return options[text]
    same = {value for label, value in options.items() if label.split() == text.split() or _folds(label, text)}
    if len(same) != 1:
        raise BadCell("unknown_option")
    return same.pop()


def _folds(label: str, text: str) -> bool:
    signs = re.compile(r"[+\-]")
    return fold_key(label) == fold_key(text) and signs.findall(label) == signs.findall(text)
