"""Ids of objects and fields in requests of the metadata APIs."""

from __future__ import annotations

from typing import Any

from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.scalars import check_uuid


def is_uuid(value: Any) -> bool:
    """Whether a value is the text of a UUID."""
    try:
        return isinstance(value, str) and check_uuid(value, "id") is not None
    except ValueRefused:
        return False
