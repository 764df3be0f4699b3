"""Values as JavaScript sees and prints them.

Twenty's messages show values in the notation of Node's `util.inspect` and its numbers follow JavaScript's
rules (all numbers are doubles, `Number(" 7 ")` is 7). `Undefined` stands for a variable that a request left out.
Belongs here: those notations and conversions only.
"""

from __future__ import annotations

import math
import re
from typing import Any

from graphql import Undefined

MAX_SAFE_INTEGER = 2**53
_LINE_WIDTH = 72
_MAX_DEPTH = 2
_MAX_ITEMS = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*")
_JS_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}


def inspect(value: Any) -> str:
    """A JSON value in the notation of Node's `util.inspect`: `'text'`, `[ 1, { a: true } ]`, `null`."""
    return _inspect(value, 0)


def _inspect(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if value is Undefined:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if depth > _MAX_DEPTH:
        return "[Array]" if isinstance(value, list) else "[Object]"
    if isinstance(value, list):
        parts = [_inspect(item, depth + 1) for item in value[:_MAX_ITEMS]]
        if len(value) > _MAX_ITEMS:
            parts.append(f"... {len(value) - _MAX_ITEMS} more items")
        return _bracketed(parts, "[", "]", depth)
    parts = [f"{_key(key)}: {_inspect(item, depth + 1)}" for key, item in value.items()]
    return _bracketed(parts, "{", "}", depth)


def _bracketed(parts: list[str], start: str, end: str, depth: int) -> str:
    if not parts:
        return start + end
    line = f"{start} {', '.join(parts)} {end}"
    if len(line) <= _LINE_WIDTH + len(parts) and "\n" not in line:
        return line
    indent = "  " * (depth + 1)
    return f"{start}\n{indent}" + f",\n{indent}".join(parts) + "\n" + "  " * depth + end


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    quote = "'"
    if "'" in text:
        quote = '"' if '"' not in text else "`" if "`" not in text and "${" not in text else "'"
    escaped = "".join(_ESCAPES.get(char, char) for char in text)
    return quote + (escaped.replace("'", "\\'") if quote == "'" else escaped) + quote


def number_text(value: float) -> str:
    """A number as JavaScript prints it: `5` for 5.0, `1e+21`, `1e-7`, `NaN`."""
    if isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER:
        return str(value)
    number = as_double(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number) and abs(number) < 1e21:
        # The shortest digits that give the same double, filled up with zeros; not the exact integer.
        return f"{_integer_digits(number)}"
    mantissa, _, exponent = repr(number).partition("e")
    if exponent and -7 < int(exponent) < 0:
        return f"{number:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - int(exponent)}f}"
    sign = "+" if exponent and int(exponent) > 0 else ""
    return f"{mantissa.removesuffix('.0')}e{sign}{int(exponent)}" if exponent else mantissa


def _integer_digits(number: float) -> int:
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return int(number)
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction + "0" * (int(exponent) - len(fraction)))


def as_double(value: float) -> float:
    """A JSON number as a double, infinite when it is out of range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_number(value: Any) -> float:
    """JavaScript's `Number(value)` for a JSON value; NaN where it is none."""
    if value is None or value == "":
        return 0.0
    if isinstance(value, bool | int | float):
        return as_double(value)
    if isinstance(value, list):
        return to_number(_element_text(value)) if len(value) <= 1 else math.nan
    if not isinstance(value, str):
        return math.nan
    text = value.strip()
    if not text:
        return 0.0
    if _JS_NUMBER.fullmatch(text):
        return float(text)
    if text.lstrip("+-") == "Infinity" and len(text) <= len("+Infinity"):
        return -math.inf if text[0] == "-" else math.inf
    if text[:2].lower() in ("0x", "0o", "0b"):
        try:
            return as_double(int(text, 0))
        except ValueError:
            return math.nan
    return math.nan


def _element_text(items: list[Any]) -> str:
    """`String(items)` of a list with at most one element."""
    if not items or items[0] is None:
        return ""
    item = items[0]
    if isinstance(item, str):
        return item
    if isinstance(item, bool) or not isinstance(item, int | float):
        return "NaN"
    return number_text(item)


def to_json_number(stored: float | None) -> float | int | None:
    """A stored double as it is answered: without a fraction where it has none."""
    if stored is None:
        return None
    if isinstance(stored, float) and stored.is_integer() and abs(stored) < 2.0**63:
        return int(stored)
    return stored
