"""Workspace members: who works with this workspace. An API key can list and change them, not make or invite them.

Belongs here: reading them. Does not belong here: which provider is which member (`migration.owners`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.reading import Reader

OBJECT = "workspaceMember"
_FIELDS = ("name", "userEmail", "jobTitle")


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One workspace member. `email` is lower case; `job_title` is "" where it is empty or the version has none."""

    id: str
    email: str
    first_name: str
    last_name: str
    job_title: str

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def __repr__(self) -> str:
        return f"Member({self.id})"


async def list_members(reader: Reader, model: WorkspaceModel) -> list[Member]:
    """All members in the order of ids; those removed from the workspace do not appear."""
    names = [name for name in _FIELDS if name in model.object(OBJECT).fields]
    return [parse_member(record) async for page in reader.find(OBJECT, None, names) for record in page]


def parse_member(record: Record | Mapping[str, Any]) -> Member:
    """A member from its record."""
    name = record.get("name") or {}
    return Member(
        id=record["id"],
        email=str(record.get("userEmail") or "").lower(),
        first_name=str(name.get("firstName") or ""),
        last_name=str(name.get("lastName") or ""),
        job_title=str(record.get("jobTitle") or ""),
    )
