"""The text grammar of REST filters, parsed into the filter objects of `records.filters`.

    filter := expression { "," expression }                        joined by AND
    expression := "and(" filter ")" | "or(" filter ")" | "not(" expression ")" | path "[" comparator "]:" value

Quirks of Twenty that are kept: brackets and parentheses count inside quotes too; the list of an `in` is split at
every comma, quoted or not, and a blank after a comma belongs to what follows.
"""

from __future__ import annotations

import re
from typing import Any

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.fieldspec import is_composite
from dentes_twenty.sandbox.jsvalues import to_number
from dentes_twenty.sandbox.tables import Table
from dentes_twenty.sandbox.workspace import Workspace

COMPARATORS = [
    "eq",
    "neq",
    "in",
    "containsAny",
    "containsIlike",
    "is",
    "isEmptyArray",
    "gt",
    "gte",
    "lt",
    "lte",
    "startsWith",
    "endsWith",
    "like",
    "ilike",
]
LISTS = ("in", "containsAny")
DEEPEST = 20

_CONJUNCTION = re.compile(r"(and|or|not)\((.*)\)", re.DOTALL)
_BASE = re.compile(r"([^\[\]:]*)\[([^\[\]]*)\]:(.*)", re.DOTALL)
_NUMBERS = ("NUMBER", "NUMERIC", "POSITION")


def parse_filter(workspace: Workspace, table: Table, text: str | None) -> dict[str, Any] | None:
    """The filter object of a `filter` parameter, None without one. Raises Refusal."""
    if not text:
        return None
    _check_balance(text)
    parser = _Parser(workspace, table)
    items = [parser.expression(part, 0) for part in _split(text)]
    return items[0] if len(items) == 1 else {"and": items}


def _check_balance(text: str) -> None:
    for opening, closing, name in (("(", ")", "bracket"), ("[", "]", "square bracket")):
        missing = text.count(opening) - text.count(closing)
        if missing:
            side, count = ("close", missing) if missing > 0 else ("open", -missing)
            verb = "are" if count > 1 else "is"
            raise Refusal(
                f"'filter' invalid. {count} {side} {name}{'s' if count > 1 else ''} {verb} missing in the query"
            )


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
        if kind == "not":
            return {"not": self.expression(inner, depth + 1)}
        return {kind: [self.expression(part, depth + 1) for part in _split(inner)]}

    def _base(self, text: str) -> dict[str, Any]:
        base = _BASE.fullmatch(text)
        if base is None or not base[1]:
            raise Refusal(f"'filter' invalid for '{text}'. eg: price[gte]:10")
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


def _value(comparator: str, text: str, kind: str) -> Any:
    if comparator == "is":
        return _unquoted(text)
    if comparator in LISTS:
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        return [_converted(_unquoted(item), kind) for item in inner.split(",")] if inner else []
    return _converted(_unquoted(text), kind)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return text[1:-1]
    return text


def _converted(text: str, kind: str) -> Any:
    if kind in _NUMBERS:
        return to_number(text)
    if kind == "BOOLEAN" and text in ("true", "false"):
        return text == "true"
    return text
