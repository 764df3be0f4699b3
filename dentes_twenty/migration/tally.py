"""Tallies of one load: counts only, so that they may go into logs, events and reports."""

from __future__ import annotations

import dataclasses
from collections import Counter


@dataclasses.dataclass(slots=True)
class Tally:
    """What became of the planned records of one source object.

    planned = created + adopted + updated + unchanged + conflicting + held + refused + deleted_by_a_person, where
    `conflicting` counts changed records of which no field could be written. `differing`: field -> records whose stored
    value is not the one that was sent. `completed`: relations to the object's own kind that were written afterwards.
    """

    planned: int = 0
    created: int = 0
    adopted: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicting: int = 0
    held: int = 0
    refused: int = 0
    deleted_by_a_person: int = 0
    links: int = 0
    links_refused: int = 0
    completed: int = 0
    conflicts: int = 0
    verified_values: int = 0
    differing: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def landed(self) -> int:
        """Records that stand in Twenty."""
        return self.created + self.adopted + self.updated + self.unchanged + self.conflicting

    @property
    def done(self) -> int:
        """Records that have found their place, whatever it is."""
        return self.landed + self.held + self.refused + self.deleted_by_a_person

    @property
    def written(self) -> int:
        """Records that a write was sent for."""
        return self.created + self.adopted + self.updated + self.links + self.completed
