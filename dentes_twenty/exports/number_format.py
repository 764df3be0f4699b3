"""Numbers as text: which character is the decimal point of a column, and what each cell is worth exactly.

Belongs here: grouping, decimal point, signs, currency marks. A cell alone does not show whether "1.250" is 1250 or
1.25; the column does (AMBIGUITIES 23, 24, 28). Never through binary floating point.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from dentes_twenty.exports.parsed import LONGEST, BadCell, Parsed
from dentes_twenty.exports.records import Cell

_MICRO = Decimal("0.000001")
# decimal128(24, 6): eighteen digits before the point
_LIMIT = Decimal(10) ** 18
_CURRENCY = r"(?:TL|TRY|YTL|EUR|EURO|USD|GBP|CHF|₺|€|\$|£)"
_CORE = r"\d[\d.,'’ \u00a0\u202f]*|[.,]\d+"
_NUMBER = re.compile(
    rf"(?:{_CURRENCY}\s*)?(?P<open>\()?(?P<sign>[-+−–])?\s*(?:{_CURRENCY}\s*)?"
    rf"(?P<core>{_CORE})(?P<after>-)?(?P<close>\))?\s*{_CURRENCY}?",
    re.IGNORECASE,
)
_BLANKS = re.compile("(?<=\\d)[ \u00a0\u202f'’](?=\\d{3}(?!\\d))")
_PLAIN = re.compile(r"-?\d+(?:[.,]\d{1,2})?")
_BODY = {
    decimal: re.compile(
        rf"(?P<whole>\d+|[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+)?(?:{re.escape(decimal)}(?P<part>\d*))?"
    )
    for decimal, group in ((",", "."), (".", ","))
}


@dataclasses.dataclass(frozen=True, slots=True)
class NumberFormat:
    """`decimal`: "," or "."; the other one groups thousands. `certain` is False where the column allows both readings.

    `numbers` counts the cells that are numbers in this format, `others` those that are not.
    """

    decimal: str
    certain: bool
    evidence: str
    numbers: int = 0
    others: int = 0


class NumberDetector:
    """Accumulates a column while it streams by; constant memory."""

    def __init__(self) -> None:
        self._only = {",": 0, ".": 0}  # cells that are numbers with this decimal point and not with the other
        self._both = 0  # cells that are numbers either way and worth the same
        self._open = {",": 0, ".": 0}  # numbers either way, but of another value; by the mark that stands in them
        self._neither = 0
        self._typed = 0

    def add(self, cell: Cell) -> None:
        """Count one cell in; blank ones do not matter."""
        if cell is None:
            return
        if not isinstance(cell, str):
            if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
                self._typed += 1
            else:
                self._neither += 1
            return
        text = cell.replace("\0", "").strip()
        if not text:
            return
        comma, point = (_value(text, decimal) for decimal in (",", "."))
        if comma is None and point is None:
            self._neither += 1
        elif point is None:
            self._only[","] += 1
        elif comma is None:
            self._only["."] += 1
        elif comma == point:
            self._both += 1
        else:
            self._open["," if "," in text else "."] += 1

    def result(self, prior: NumberFormat | None = None) -> NumberFormat:
        """The format; `prior` (another column of the file) decides where this column allows both readings.

        Where nothing decides, a lone mark before three digits groups thousands, because amounts with exactly three
        decimals are rarer; `certain` is then False.
        """
        comma, point = self._only[","], self._only["."]
        undecided = self._open[","] + self._open["."]
        others = self._neither + min(comma, point)
        numbers = comma + point + self._both + undecided + self._typed - min(comma, point)
        if comma or point:
            decimal = "," if comma >= point else "."
            certain = min(comma, point) <= 0.02 * max(comma, point)
            said = f"{max(comma, point)} cells need {decimal!r} as the decimal point, {min(comma, point)} the other"
        elif not undecided:
            decimal = prior.decimal if prior else ","
            certain = True
            said = f"{self._typed} number cells" if self._typed else "no cell has a decimal point or a grouping mark"
        elif prior and prior.certain:
            decimal, certain = prior.decimal, True
            said = f"{undecided} cells allow both readings; decided by another column of the file"
        else:
            decimal = "." if self._open[","] > self._open["."] else ","
            certain = False
            said = f"{undecided} cells allow both readings (a mark before three digits) and none decides"
        return NumberFormat(decimal, certain, said, numbers, others)


def detect_number(samples: Iterable[Cell]) -> NumberFormat:
    """The format of a column, blank cells ignored."""
    detector = NumberDetector()
    for cell in samples:
        detector.add(cell)
    return detector.result()


def parse_number(cell: Cell, fmt: NumberFormat) -> Decimal:
    """The exact amount, without its currency mark (TL, TRY, ₺, EUR, ...). Raises BadCell("bad_number")."""
    return parse_decimal(cell, fmt).value


def parse_decimal(cell: Cell, fmt: NumberFormat) -> Parsed[Decimal]:
    """As parse_number, with the warning `rounded` where more than six decimals were rounded half to even."""
    value: Decimal | None
    if isinstance(cell, str):
        value = _value(cell.replace("\0", "").strip(), fmt.decimal)
    elif isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        value = None
    else:
        # a binary float is worth what a spreadsheet shows of it: 15 significant digits
        value = Decimal(format(cell, ".15g")) if isinstance(cell, float) else Decimal(cell)
    if value is None or not value.is_finite() or abs(value) >= _LIMIT:
        raise BadCell("bad_number")
    exponent = value.as_tuple().exponent
    rounded = value.quantize(_MICRO, ROUND_HALF_EVEN) if isinstance(exponent, int) and exponent < -6 else value
    if abs(rounded) == _LIMIT:  # a fraction of nothing but nines
        raise BadCell("bad_number")
    return Parsed(rounded, ("rounded",) if rounded != value else ())


def parse_integer(cell: Cell, fmt: NumberFormat) -> int:
    """A whole number ("30", "30,00"). Raises BadCell("bad_number") or BadCell("not_whole")."""
    value = parse_number(cell, fmt)
    if value != value.to_integral_value():
        raise BadCell("not_whole")
    return int(value)


def _value(text: str, decimal: str) -> Decimal | None:
    """The worth of trimmed text with this decimal point; None when it is no such number."""
    if len(text) > LONGEST:
        return None
    if _PLAIN.fullmatch(text) and (decimal in text or text.lstrip("-").isdigit()):
        return Decimal(text.replace(",", "."))
    match = _NUMBER.fullmatch(text)
    if not match or bool(match["open"]) != bool(match["close"]):
        return None
    if sum(map(bool, (match["open"], match["sign"], match["after"]))) > 1:
        return None
    core = _BLANKS.sub("", match["core"].strip())
    body = _BODY[decimal].fullmatch(core)
    if not body or not (body["whole"] or body["part"]):
        return None
    whole = re.sub(r"\D", "", body["whole"] or "0")
    value = Decimal(f"{whole}.{body['part']}" if body["part"] else whole)
    return -value if match["open"] or match["after"] or match["sign"] not in (None, "+") else value
