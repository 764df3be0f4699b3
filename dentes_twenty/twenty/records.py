"""The records of one workspace: the one door through which the migration reads and writes.

Belongs here: the public interface, put together from reading, writing and members. Does not belong here: how
each of them works. Objects go by singular name (`person`), fields by their name or join column (`companyId`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Self

from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.members import Member, list_members
from dentes_twenty.twenty.metadata import read_model
from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.outcomes import Aggregates, BatchOutcome, Group, Record, Refusal
from dentes_twenty.twenty.reading import Reader
from dentes_twenty.twenty.writing import Writer

__all__ = ["Aggregates", "BatchOutcome", "Group", "Record", "RecordStore", "Refusal"]


class RecordStore:
    """Reads and writes records. All calls share the client's connections, its limiter and the learnt batch size."""

    def __init__(self, client: TwentyClient, model: WorkspaceModel) -> None:
        self.client = client
        self._use(model)

    def _use(self, model: WorkspaceModel) -> None:
        self.model = model
        self._reader = Reader(self.client, model)
        self._writer = Writer(self.client, model, self._reader)

    @classmethod
    async def open(cls, client: TwentyClient) -> Self:
        """A store that knows the workspace's present data model."""
        return cls(client, await read_model(client))

    async def refresh(self) -> WorkspaceModel:
        """Read the data model again, after it was changed."""
        size = self.batch_size
        self._use(await read_model(self.client))
        self._writer.batch_size = size
        return self.model

    @property
    def batch_size(self) -> int:
        """Records that go into one call: 200 until the server says less."""
        return self._writer.batch_size

    def field_types(self, object_: str) -> dict[str, str]:
        """Field type by the key in a record (`companyId`: RELATION)."""
        return {key: field.type for key, field in self.model.object(object_).columns.items()}

    def link_values(self, link: str, values: Mapping[str, str]) -> dict[str, str]:
        """Values of a link record by relation name (`task`, `targetPerson`) -> by this workspace's join columns
        (`targetPersonId` in 2.x, `personId` in 1.x). Raises ModelMismatch."""
        columns = self.model.object(link).columns
        found: dict[str, str] = {}
        for name, value in values.items():
            column = f"{name}Id"
            if column not in columns:
                target = name.removeprefix("target")
                column = self.model.link_column(link, target[:1].lower() + target[1:])
            found[column] = value
        return found

    # -- reading

    async def read(
        self,
        object_: str,
        ids: Sequence[str],
        selection: Sequence[str] | None = None,
        *,
        with_deleted: bool = False,
        blocknote: bool = False,
    ) -> dict[str, Record]:
        """Records by id; all fields when no selection is given. One call for 200 ids."""
        return await self._reader.read(object_, ids, selection, with_deleted=with_deleted, blocknote=blocknote)

    def find(
        self,
        object_: str,
        condition: Mapping[str, Any] | None = None,
        selection: Sequence[str] | None = None,
        *,
        with_deleted: bool = False,
        blocknote: bool = False,
    ) -> AsyncIterator[list[Record]]:
        """Pages of 200 records that fit the condition, in the order of ids."""
        return self._reader.find(object_, condition, selection, with_deleted=with_deleted, blocknote=blocknote)

    async def count(
        self, object_: str, condition: Mapping[str, Any] | None = None, *, with_deleted: bool = False
    ) -> int:
        """How many records fit the condition."""
        return await self._reader.count(object_, condition, with_deleted=with_deleted)

    async def aggregate(
        self, object_: str, condition: Mapping[str, Any] | None = None, *, sum_micros: Sequence[str] = ()
    ) -> Aggregates:
        """Number of records, and sums of CURRENCY fields in micros, in one call."""
        return await self._reader.aggregate(object_, condition, sum_micros=sum_micros)

    async def group_by(
        self,
        object_: str,
        dimensions: Sequence[str],
        condition: Mapping[str, Any] | None = None,
        *,
        sum_micros: Sequence[str] = (),
    ) -> list[Group]:
        """The same figures by groups of fields, parts (`amount.currencyCode`) or join columns."""
        return await self._reader.group_by(object_, dimensions, condition, sum_micros=sum_micros)

    async def existing(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        """Which ids exist, by object, soft-deleted ones included; one request for all objects."""
        return await self._reader.existing(wanted)

    async def taken(self, object_: str, records: Sequence[Record]) -> set[str]:
        """Ids of the records that cannot be created, because a unique value or the id is taken; one read."""
        return await self._writer.taken(object_, records)

    async def without_target(self, object_: str, records: Sequence[Record]) -> set[str]:
        """Ids of the records that cannot be created, because they point at something that is not there; one read."""
        return await self._writer.without_target(object_, records)

    async def members(self) -> list[Member]:
        """The workspace's members."""
        return await list_members(self._reader, self.model)

    # -- writing

    async def create(
        self,
        object_: str,
        records: Iterable[Record],
        *,
        upsert: bool = False,
        selection: Sequence[str] | None = None,
    ) -> BatchOutcome:
        """Create records (or upsert them by id and unique values); see `Writer.create`."""
        return await self._writer.create(object_, records, upsert=upsert, selection=selection)

    async def create_together(
        self,
        parts: Sequence[tuple[str, Iterable[Record]]],
        *,
        upsert: bool = False,
        selections: Mapping[str, Sequence[str]] | None = None,
    ) -> list[BatchOutcome]:
        """Create batches of different objects, none pointing at another, with one request where they fit into it."""
        return await self._writer.create_together(parts, upsert=upsert, selections=selections)

    async def update(
        self, object_: str, id_: str, changes: Mapping[str, Any], selection: Sequence[str] | None = None
    ) -> Record:
        """Change one record; the changed fields as stored. Raises RecordRefused or NotFound."""
        return await self._writer.update(object_, id_, changes, selection)

    async def update_each(self, object_: str, records: Sequence[Record]) -> BatchOutcome:
        """Change records one call each (workspace members take no upsert)."""
        return await self._writer.update_each(object_, records)

    async def update_ids(self, object_: str, ids: Sequence[str], changes: Mapping[str, Any]) -> list[str]:
        """The same change to several records; the ids that were changed."""
        return await self._writer.update_ids(object_, ids, changes)

    async def destroy(self, object_: str, ids: Sequence[str]) -> list[str]:
        """Remove records for good, soft-deleted ones too; the ids that were there."""
        return await self._writer.remove(object_, "destroy", ids)

    async def soft_delete(self, object_: str, ids: Sequence[str]) -> list[str]:
        """Hide records; they keep their unique values."""
        return await self._writer.remove(object_, "delete", ids)

    async def restore(self, object_: str, ids: Sequence[str]) -> list[str]:
        """Bring soft-deleted records back."""
        return await self._writer.remove(object_, "restore", ids)
