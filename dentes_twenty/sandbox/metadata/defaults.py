"""Whether a default value has the form that the database of Twenty takes.

Twenty does not check most defaults; a bad one fails in the database, and the answer is a 500 in plain text. So this
only says whether it would fail.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from dentes_twenty.sandbox.dates import parse_date, parse_date_time
from dentes_twenty.sandbox.fieldspec import COMPOSITES
from dentes_twenty.sandbox.standard.build import ACTOR_DEFAULT

_QUOTED = re.compile(r"'.*'", re.DOTALL)


def automatic_default(field_type: str) -> Any:
    """The default that a field gets when none is sent."""
    return dict(ACTOR_DEFAULT) if field_type == "ACTOR" else None


def kept_default(field_type: str, value: Any) -> Any:
    """The default as it is kept: of a composite the known parts that are not empty, null when none is left."""
    if value is None:
        return automatic_default(field_type)
    if field_type not in COMPOSITES:
        return copy.deepcopy(value)
    if not isinstance(value, Mapping):
        return None
    parts = {part.name: value[part.name] for part in COMPOSITES[field_type] if part.name in value}
    kept = {name: None if part == "''" else copy.deepcopy(part) for name, part in parts.items()}
    return kept if any(part is not None for part in kept.values()) or field_type == "CURRENCY" else None


def default_fails(field_type: str, value: Any) -> bool:
    """Whether the database would refuse the default."""
    if value is None:
        return False
    if field_type in COMPOSITES:
        return not isinstance(value, Mapping) or any(
            _part_fails(part.type, value.get(part.name)) for part in COMPOSITES[field_type]
        )
    return _part_fails(field_type, value)


def _part_fails(field_type: str, value: Any) -> bool:
    if value is None:
        return False
    if field_type == "BOOLEAN":
        return not isinstance(value, bool)
    if field_type in ("NUMBER", "NUMERIC", "POSITION"):
        return isinstance(value, bool) or not isinstance(value, int | float)
    if field_type in ("RAW_JSON", "FILES", "ARRAY", "MULTI_SELECT"):
        return not isinstance(value, list | dict)
    if field_type == "UUID":
        return value != "uuid" and not _is_quoted(value)
    if field_type in ("DATE", "DATE_TIME"):
        parse = parse_date if field_type == "DATE" else parse_date_time
        return value != "now" and not (_is_quoted(value) and parse(value[1:-1]))
    return not _is_quoted(value)


def _is_quoted(value: Any) -> bool:
    return isinstance(value, str) and _QUOTED.fullmatch(value) is not None
