"""Checks of single values that plain fields and the parts of composite fields share, with Twenty's messages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from dentes_twenty.sandbox.jsvalues import as_double, inspect, number_text, to_number
from dentes_twenty.sandbox.refused import ValueRefused, database_refused

Normaliser = Callable[[Any], dict[str, Any]]
"""Takes a sent JSON value, gives the columns to set, raises ValueRefused."""

ACTOR_SOURCES = (
    "EMAIL", "CALENDAR", "WORKFLOW", "AGENT", "API", "IMPORT", "MANUAL", "SYSTEM", "WEBHOOK", "APPLICATION",
)  # fmt: skip

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def json_text(value: Any) -> str:
    """A JSON document as it is stored."""
    return orjson.dumps(value).decode()


def storable(text: str) -> str:
    """The text itself; PostgreSQL cannot keep a NUL character, and the real server only learns it from there."""
    if "\0" in text:
        raise database_refused()
    return text


def check_text(value: Any, name: str) -> str | None:
    """A text as stored; the empty one is NULL."""
    if isinstance(value, str):
        return storable(value) or None
    if value is None:
        return None
    raise ValueRefused(f'Invalid string value {inspect(value)} for text field "{name}"')


def check_number(value: Any, name: str) -> float:
    """A finite JSON number as a double."""
    if type(value) is int or type(value) is float:
        number = as_double(value)
        if math.isfinite(number):
            return number
    raise ValueRefused(f'Invalid number value {inspect(value)} for field "{name}"')


def check_numeric(value: Any, name: str) -> float | None:
    """A number or a text with one, as JavaScript converts it; the empty text is 0."""
    if value is None:
        return None
    number = to_number(value)
    if not math.isfinite(number):
        raise ValueRefused(f'Invalid number value {number_text(number)} for field "{name}"')
    return number


def check_uuid(value: Any, name: str) -> str | None:
    """A UUID of version 1 to 5, in lower case as PostgreSQL keeps it."""
    if value is None:
        return None
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value.lower()
    raise ValueRefused(f'Invalid UUID value {inspect(value)} for field "{name}"')


def check_option(value: Any, name: str, options: Sequence[str]) -> str | None:
    """One of the options, spelt exactly."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueRefused(f'Invalid string value {inspect(value)} for text field "{name}"')
    if value not in options:
        raise ValueRefused(f'Invalid value "{value}" for field "{name}". Valid values are: {", ".join(options)}')
    return value


def check_json(value: Any, name: str) -> str | None:
    """An object, a list or JSON text as stored; `{}` and `[]` are NULL."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            parsed = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueRefused(f'Invalid object value {inspect(value)} for field "{name}"') from None
        return None if parsed is None else _storable_json(parsed)
    check_object(value, name)
    return _storable_json(value) if value else None


def _storable_json(value: Any) -> str:
    text = json_text(value)
    if "\\u0000" in text:
        raise database_refused()
    return text


def check_object(value: Any, name: str) -> None:
    """Refuse what is neither an object nor a list."""
    if not isinstance(value, dict | list):
        raise ValueRefused(f'Invalid object value {inspect(value)} for field "{name}"')
