"""Matching the staff of the export with the members of the workspace."""

from __future__ import annotations

from collections.abc import Sequence

from dentes_twenty.migration.owners import Member, Owners, match_owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.practice import Practice
from dentes_twenty.twenty.members import Member as WorkspaceMember


def match(planner: Planner, practice: Practice, members: Sequence[WorkspaceMember]) -> Owners:
    """Raises OwnerNotAMember when the practice file names somebody who is no member."""
    known = [Member(member.id, member.email) for member in members]
    return match_owners(planner.providers(), known, practice.owners.overrides, practice.owners.fallback)
