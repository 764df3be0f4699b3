"""The rules for names of objects and fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from dentes_twenty.sandbox.casing import camel_case
from dentes_twenty.sandbox.fieldspec import COMPOSITES, column_name
from dentes_twenty.sandbox.model import Object

Cause = dict[str, Any]

LONGEST = 63
INVALID_NAME = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"
RESERVED = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'

_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_LETTERS = str.maketrans(
    {"ı": "i", "İ": "I", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "đ": "d", "ł": "l", "Ł": "L"}
)

_BOTH_NUMBERS = [
    "approvedAccessDomain",
    "appToken",
    "billingCustomer",
    "billingEntitlement",
    "billingMeter",
    "billingProduct",
    "billingSubscription",
    "billingSubscriptionItem",
    "featureFlag",
    "job",
    "keyValuePair",
    "pageLayout",
    "pageLayoutTab",
    "pageLayoutWidget",
    "twoFactorMethod",
    "user",
    "userWorkspace",
    "workspace",
    "role",
    "userWorkspaceRole",
    "plan",
    "event",
    "field",
    "link",
    "type",
    "object",
    "relation",
]
RESERVED_NAMES = frozenset(
    [
        *_BOTH_NUMBERS,
        *(name + "s" for name in _BOTH_NUMBERS),
        "currency",
        "currencies",
        "fullNames",
        "address",
        "addresses",
        "index",
        "aggregate",
        "search",
        "searches",
    ]
)
"""Names that Twenty keeps for itself, for objects and for fields."""


def cause(code: str, message: str, value: Any = None) -> Cause:
    """One entry of a validation error."""
    entry: Cause = {"code": code, "message": message, "userFriendlyMessage": message}
    return entry if value is None else {**entry, "value": value}


def name_causes(name: str, code: str) -> list[Cause]:
    """What is wrong with a name by itself."""
    causes = []
    if not name:
        causes.append(cause(code, "Name is too short", name))
    if len(name) > LONGEST:
        causes.append(cause(code, "Name is too long", name))
    if not _NAME.fullmatch(name):
        causes.append(cause(code, INVALID_NAME, name))
    if name in RESERVED_NAMES:
        causes.append(cause(code, RESERVED, name))
    return causes


def taken_causes(name: str, item: Object) -> list[Cause]:
    """Whether an object has a field, a join column or a part of a composite field of that name."""
    if name in item.fields:
        return [_not_available(name, "field")]
    if name in (each.join_column for each in item.fields.values()):
        return [_not_available(name, "join column name")]
    if name in composite_columns(item):
        return [cause("RESERVED_KEYWORD", f'Name "{name}" is reserved composite field name', name)]
    return []


def _not_available(name: str, user: str) -> Cause:
    return cause("NOT_AVAILABLE", f'Name "{name}" is not available as it is already used by another {user}', name)


def composite_columns(item: Object) -> Iterable[str]:
    """The column names of all composite fields of an object."""
    return {
        column_name(each.name, part.name) for each in item.fields.values() for part in COMPOSITES.get(each.type, ())
    }


def name_of_label(label: str) -> str:
    """The name that follows from a label: without accents, in camel case (`Friend visits` -> `friendVisits`)."""
    prefixed = f"n{label}" if label[:1].isdigit() else label
    plain = unicodedata.normalize("NFKD", prefixed.translate(_LETTERS))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    name = camel_case(_OTHER.sub("_", letters).lower())
    return f"{name}Custom" if name in RESERVED_NAMES else name
