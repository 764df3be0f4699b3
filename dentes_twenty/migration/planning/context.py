"""What a transform may ask beside its row: the practice's settings, ids of other records, members of providers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from dentes_twenty.migration import ids


@dataclasses.dataclass(frozen=True, slots=True)
class PlanContext:
    """Implements `objects.fields.Context`.

    `adopted` maps (source object, source id) to the id of a record that was in the workspace before us; `members` maps
    a provider's id to a workspace member, override and fallback included.
    """

    practice: str
    zone: ZoneInfo
    currency: str
    language: str
    members: Mapping[str, str]
    adopted: Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def record_id(self, source_object: str, source_id: str) -> str:
        """The adopted record's id, else the one computed from the source."""
        return self.adopted.get((source_object, source_id)) or ids.record_id(self.practice, source_object, source_id)

    def member_id(self, provider_id: str) -> str | None:
        """None when nobody stands for the provider."""
        return self.members.get(provider_id)
