"""Matchers of the contract scenarios: compares an answer with what was recorded.

A plain value is expected literally (`null`, `""`, `[]` and a missing key are four things, as are `true` and `1`).
An object whose keys begin with `$` is a matcher, of which all operators have to hold. `differences` gives one text
for each place that does not match, so that a failed test shows all of them at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

MISSING: Final = object()
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """One text for each place where `actual` does not match `expected`."""
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        for operator, argument in expected.items():
            yield from _OPERATORS[operator](argument, actual, path)
    elif isinstance(expected, dict):
        yield from _subset(expected, actual, path)
        if isinstance(actual, dict):
            for key in actual.keys() - expected.keys():
                yield f"{path}.{key}: not expected, got {shown(actual[key])}"
    elif isinstance(expected, list):
        if not isinstance(actual, list):
            yield f"{path}: expected a list, got {shown(actual)}"
            return
        yield from _same_length(len(expected), actual, path)
        for index, (want, got) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(want, got, f"{path}[{index}]")
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield f"{path}: expected {shown(expected)}, got {shown(actual)}"


def matches(expected: Any, actual: Any) -> bool:
    """Whether there is no difference."""
    return next(differences(expected, actual), None) is None


def shown(value: Any) -> str:
    """A value for a message, cut to a readable length."""
    text = "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 300 else f"{text[:300]}..."


def _is_timestamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text


_TYPES: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "timestamp": lambda value: isinstance(value, str) and _is_timestamp(value),
    "uuid": lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None,
}


def _same_length(expected: int, actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list | str | dict) or len(actual) != expected:
        yield f"{path}: expected {expected} items, got {shown(actual)}"


def _subset(expected: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{path}: expected an object, got {shown(actual)}"
        return
    for key, want in expected.items():
        yield from differences(want, actual.get(key, MISSING), f"{path}.{key}")


def _contains(expected: list[Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield f"{path}: expected a list, got {shown(actual)}"
        return
    left = list(actual)
    for want in expected:
        index = next((i for i, got in enumerate(left) if matches(want, got)), None)
        if index is None:
            yield f"{path}: no item matches {shown(want)} in {shown(actual)}"
        else:
            del left[index]


def _unordered(expected: list[Any], actual: Any, path: str) -> Iterator[str]:
    yield from _same_length(len(expected), actual, path)
    yield from _contains(expected, actual, path)


def _each(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield f"{path}: expected a list, got {shown(actual)}"
        return
    for index, got in enumerate(actual):
        yield from differences(expected, got, f"{path}[{index}]")


def _rule(name: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, str], Iterator[str]]:
    def operator(argument: Any, actual: Any, path: str) -> Iterator[str]:
        if not holds(argument, actual):
            yield f"{path}: expected {name} {shown(argument)}, got {shown(actual)}"

    return operator


_OPERATORS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "$absent": _rule("absent", lambda _, actual: actual is MISSING),
    "$any": _rule("any value", lambda _, actual: actual is not MISSING),
    "$contains": _contains,
    "$each": _each,
    "$len": _same_length,
    "$not": _rule("anything but", lambda unwanted, actual: not matches(unwanted, actual)),
    "$regex": _rule("a text like", lambda rx, actual: isinstance(actual, str) and bool(re.search(rx, actual))),
    "$subset": _subset,
    "$type": _rule("a value of type", lambda name, actual: _TYPES[name](actual)),
    "$unordered": _unordered,
}
