"""A planned row becomes a record: id, wire values, link records.

Belongs here: evaluating a declaration's transforms. Does not belong here: comparing with what was written before
(`migration.load`), sending (`migration.load`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from dentes_twenty.migration import ids
from dentes_twenty.migration.planning.context import PlanContext
from dentes_twenty.objects.fields import Link, Row, SourceObject, instant

CREATOR = {"source": "IMPORT", "name": "dentes_twenty"}
POSITIONS_PER_OBJECT = 10_000_000  # room for the rows of one source object among those that share a destination


@dataclasses.dataclass(frozen=True, slots=True)
class LinkRecord:
    """A join record: `values` hold the join columns by relation name (`task`, `targetPerson`) with their ids."""

    join: str
    id: str
    values: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One record to stand in Twenty.

    `values`: wire name -> wire value, None for empty, exactly the fields of the declaration. `created_at`: the source's
    own moment, where it has one. `digest`: fingerprint (16 bytes) of the source row. `line`: where the row starts
    in its file, 0 for a record that planning made.
    """

    object: str
    source_object: str
    source_id: str
    id: str
    values: dict[str, Any]
    created_at: str | None
    position: int
    digest: bytes
    links: tuple[LinkRecord, ...]
    line: int = 0

    @property
    def key(self) -> str:
        """`sourceSystemId`."""
        return f"{self.source_object}:{self.source_id}"

    def creation(self) -> dict[str, Any]:
        """The record as it is sent when it is new: empty fields left out, with creator, position and moment."""
        sent: dict[str, Any] = {name: value for name, value in self.values.items() if value is not None}
        sent.update(id=self.id, position=self.position, createdBy=CREATOR)
        if self.created_at is not None:
            sent["createdAt"] = self.created_at
        return sent


def build(declaration: SourceObject, row: Row, context: PlanContext) -> PlannedRecord:
    """Evaluate the declaration on one planned row."""
    values = {name: compute(row, context) for name, compute in declaration.computers}
    source_object, _, source_id = str(values["sourceSystemId"]).partition(":")
    record = context.record_id(source_object, source_id)
    created = row.get(declaration.created) if declaration.created else None
    links = tuple(
        made for link in declaration.links if (made := _link(link, declaration, record, row, context)) is not None
    )
    return PlannedRecord(
        object=declaration.target.singular,
        source_object=source_object,
        source_id=source_id,
        id=record,
        values=values,
        created_at=instant(created),
        position=declaration.rank * POSITIONS_PER_OBJECT + int(row["_row"]),
        digest=row.get("_digest") or _digest(values),
        links=links,
        line=int(row["_line"]),
    )


def _digest(values: dict[str, Any]) -> bytes:
    """Rows that planning made have no raw cells: their values are their fingerprint."""
    return hashlib.blake2b(repr(sorted(values.items())).encode(), digest_size=16).digest()


def _link(link: Link, declaration: SourceObject, record: str, row: Row, context: PlanContext) -> LinkRecord | None:
    source_id = row.get(link.column)
    if not source_id:
        return None
    other = context.record_id(link.object, source_id)
    return LinkRecord(
        link.join.singular,
        ids.link_id(context.practice, link.join.singular, declaration.name, record, other),
        {link.source: record, link.to: other},
    )
