"""Paths and query parameters of the REST API."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.jsvalues import to_number
from dentes_twenty.sandbox.metadata.ids import is_uuid
from dentes_twenty.sandbox.model import Object
from dentes_twenty.sandbox.records.order import DIRECTIONS
from dentes_twenty.sandbox.workspace import Workspace

DEFAULT_PAGE = 60
LARGEST_PAGE = 200
_DIRECTED = re.compile(r"([^\[]*)\[([^\]]*)\]")
ACTIONS = ("duplicates", "merge", "groupBy")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: an object, perhaps one record of it, and an action.

    `action` is "" for plain paths, or batch, restore, duplicates, merge, groupBy.
    """

    object: Object
    record_id: str | None = None
    action: str = ""


def parse_path(workspace: Workspace, path: str) -> Target:
    """What a path below /rest/ names. Raises Refusal."""
    parts = [part for part in path.split("/") if part]
    action = ""
    if parts and parts[0] in ("batch", "restore"):
        action, *parts = parts
        longest = 1
    else:
        longest = 2
    if not 1 <= len(parts) <= longest:
        raise Refusal(
            f"Query path '/rest/{path}' invalid. Valid examples: /rest/companies/id or /rest/companies or "
            "/rest/batch/companies"
        )
    record_id = None
    if len(parts) == 2:
        if parts[1] in ACTIONS:
            action = parts[1]
        elif is_uuid(parts[1]):
            record_id = parts[1].lower()
        else:
            raise Refusal(f"'{parts[1]}' is not a valid UUID")
    return Target(_object(workspace, parts[0]), record_id, action)


def _object(workspace: Workspace, name: str) -> Object:
    found = workspace.model.by_plural.get(name)
    if found is not None:
        return found
    singular = workspace.model.by_singular.get(name)
    hint = f"Did you mean '{singular.name_plural}'?" if singular else "eg: companies"
    raise Refusal(f"object '{name}' not found. {hint}")


def parse_limit(text: str | None) -> int:
    """The page size: 60 without one, silently at most 200; a fraction counts as the next whole number."""
    if not text:
        return DEFAULT_PAGE
    number = to_number(text)
    if math.isnan(number) or number < 0:
        raise Refusal(f"limit '{text}' is invalid. Should be an integer")
    return math.ceil(min(number, LARGEST_PAGE))


def parse_depth(text: str | None) -> int:
    """0 for ids only, 1 for related records one level deep."""
    if text not in (None, "", "0", "1"):
        raise Refusal(f"'depth={text}' parameter invalid. Allowed values are 0, 1")
    return int(text or 0)


def parse_order(text: str | None) -> list[dict[str, Any]]:
    """The `orderBy` list of an `order_by` parameter."""
    order = []
    for item in [] if text is None else text.split(","):
        found = _DIRECTED.fullmatch(item)
        path, direction = found.groups() if found else (item, DIRECTIONS[0])
        if direction not in DIRECTIONS:
            allowed = "', '".join(DIRECTIONS)
            raise Refusal(
                f"'order_by' direction '{direction}' invalid. Allowed values are '{allowed}'. "
                "eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
            )
        term: Any = direction
        for name in reversed(path.split(".")):
            term = {name: term}
        order.append(term)
    return order
