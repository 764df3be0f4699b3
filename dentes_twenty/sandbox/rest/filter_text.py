"""The text grammar of REST filters, parsed into the filter objects of `records.filters`.

    filter := expression { "," expression }                        joined by AND
    expression := "and(" filter ")" | "or(" filter ")" | "not(" expression ")" | path "[" comparator "]:" value

Quirks of Twenty that are kept: brackets and parentheses count inside quotes too; the list of an `in` is split at
every comma, quoted or not, and a blank after a comma belongs to what follows.
"""

from __future__ import annotations

import math
import re
from typing import Any

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.fieldspec import is_composite
from dentes_twenty.sandbox.tables import Table
from dentes_twenty.sandbox.workspace import Workspace

COMPARATORS = (
    *("eq", "neq", "in", "containsAny", "is", "gt", "gte", "lt", "lte"),
    *("startsWith", "endsWith", "like", "ilike"),
)
LISTS = ("in", "containsAny")
DEEPEST = 20

_CONJUNCTION = re.compile(r"(and|or|not)\((.*)\)", re.DOTALL)
_BASE = re.compile(r"([^\[\]:]*)\[([^\[\]]*)\]:(.*)", re.DOTALL)
_NUMBERS = ("NUMBER", "NUMERIC", "POSITION")
_LEADING_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""What JavaScript's parseFloat reads; the rest of the text does not matter to it."""


def parse_filter(workspace: Workspace, table: Table, text: str | None) -> dict[str, Any] | None:
    """The filter object of a `filter` parameter, None without one. Raises Refusal."""
    if text is None:
        return None
    _check_balance(text)
    parser = _Parser(workspace, table)
    parts = _split(text)
    # Twenty puts and(…) around what does not begin with a conjunction, and so calls an empty text.
    return parser.expression(text if len(parts) == 1 and text else f"and({text})", 0)


def _check_balance(text: str) -> None:
    missing = text.count("(") - text.count(")")
    if missing:
        side, count = ("close", missing) if missing > 0 else ("open", -missing)
        plural, verb = ("s", "are") if count > 1 else ("", "is")
        raise Refusal(f"'filter' invalid. {count} {side} bracket{plural} {verb} missing in the query")


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside of quotes, brackets and parentheses."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


class _Parser:
    def __init__(self, workspace: Workspace, table: Table) -> None:
        self.workspace = workspace
        self.table = table

    def expression(self, text: str, depth: int) -> dict[str, Any]:
        """One expression."""
        if depth > DEEPEST:
            raise Refusal("'filter' invalid. It is nested too deeply")
        conjunction = _CONJUNCTION.fullmatch(text)
        if conjunction is None:
            return self._base(text)
        kind, inner = conjunction.groups()
        if not inner:
            raise _invalid(text)
        parts = [self.expression(part, depth + 1) for part in _split(inner)]
        if kind != "not":
            return {kind: parts}
        if len(parts) > 1:
            raise Refusal("'filter' invalid. 'not' conjunction should contain only 1 condition. eg: not(field[eq]:1)")
        return {"not": parts[0]}

    def _base(self, text: str) -> dict[str, Any]:
        base = _BASE.fullmatch(text)
        if base is None or not all(base.groups()):
            raise _invalid(text)
        path, comparator, value = base.groups()
        if comparator not in COMPARATORS:
            raise Refusal(f"'filter' invalid for '{text}', comparator {comparator} not in {', '.join(COMPARATORS)}")
        names = path.split(".")
        condition: dict[str, Any] = {comparator: _value(comparator, value, self._type(names))}
        for name in reversed(names):
            condition = {name: condition}
        return condition

    def _type(self, names: list[str]) -> str:
        """The type of the value at a path, TEXT where there is none: the engine refuses such a path itself."""
        table = self.table
        if names[0] in table.relations and len(names) > 1:
            table = self.workspace.table(table.relations[names[0]].target)
            names = names[1:]
        known = table.fields.get(names[0])
        if known is None:
            return "TEXT"
        if is_composite(known.type):
            return table.sub_types(known.name).get(names[1] if len(names) > 1 else "", "TEXT")
        return known.type


def _invalid(text: str) -> Refusal:
    return Refusal(f"'filter' invalid for '{text}'. eg: price[gte]:10")


def _value(comparator: str, text: str, kind: str) -> Any:
    if comparator == "is":
        return _unquoted(text)
    if comparator in LISTS:
        if not (text.startswith("[") and text.endswith("]")):
            raise Refusal(
                f"'filter' invalid for '{comparator}' operator. Received '{text}' but array value expected "
                f"eg: 'field[{comparator}]:[value_1,value_2]'"
            )
        return [_converted(_unquoted(item), kind) for item in text[1:-1].split(",")]
    return _converted(_unquoted(text), kind)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return text[1:-1]
    return text


def _converted(text: str, kind: str) -> Any:
    if kind in _NUMBERS:
        number = _LEADING_NUMBER.match(text)
        return float(number[0]) if number else math.nan
    if kind == "BOOLEAN" and text in ("true", "false"):
        return text == "true"
    return text
