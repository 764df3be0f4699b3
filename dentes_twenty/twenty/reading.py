"""Reading records: by ids, by filter in pages, and as figures.

Belongs here: the fewest calls that answer a question. Does not belong here: writing (`writing`).
A page is 200 records; the order is that of ids, so a walk by cursor sees every record once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dentes_twenty.twenty import documents
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import ModelMismatch
from dentes_twenty.twenty.model import ObjectInfo, WorkspaceModel, capital
from dentes_twenty.twenty.outcomes import Aggregates, Group, Record

PAGE = documents.MOST_IDS
MOST_GROUPS = 10_000
"""Asked for explicitly: Twenty gives 50 groups unless told otherwise."""


class Reader:
    """Reads records of one workspace. Objects go by singular name, selections by field name or join column."""

    def __init__(self, client: TwentyClient, model: WorkspaceModel) -> None:
        self._client = client
        self._model = model

    async def read(
        self,
        object_: str,
        ids: Sequence[str],
        selection: Sequence[str] | None = None,
        *,
        with_deleted: bool = False,
        blocknote: bool = False,
    ) -> dict[str, Record]:
        """The records with these ids, by id; all fields when no selection is given. One call for 200 ids.

        Soft-deleted ones are missing unless asked for, and then show `deletedAt`.
        """
        item = self._model.object(object_)
        selected = self._selected(item, selection, with_deleted=with_deleted, blocknote=blocknote)
        unique = list(dict.fromkeys(ids))
        pages = [unique[start : start + PAGE] for start in range(0, len(unique), PAGE)]
        answers = await asyncio.gather(*(self._by_ids(item, page, selected, with_deleted) for page in pages))
        return {record["id"]: record for answer in answers for record in answer}

    async def _by_ids(self, item: ObjectInfo, ids: Sequence[str], selected: str, with_deleted: bool) -> list[Record]:
        condition: dict[str, Any] = {"id": {"in": list(ids)}}
        condition = documents.with_deleted(condition) if with_deleted else condition
        records, _ = await self._page(item, condition, selected, None, len(ids))
        return records

    async def find(
        self,
        object_: str,
        condition: Mapping[str, Any] | None = None,
        selection: Sequence[str] | None = None,
        *,
        with_deleted: bool = False,
        blocknote: bool = False,
    ) -> AsyncIterator[list[Record]]:
        """Pages of the records that fit the condition (all of them for None), in the order of ids."""
        item = self._model.object(object_)
        selected = self._selected(item, selection, with_deleted=with_deleted, blocknote=blocknote)
        wanted = documents.with_deleted(condition or {}) if with_deleted else dict(condition or {})
        cursor: str | None = None
        while True:
            records, cursor = await self._page(item, wanted, selected, cursor, PAGE)
            if records:
                yield records
            if cursor is None:
                return

    async def _page(
        self, item: ObjectInfo, condition: Mapping[str, Any], selected: str, cursor: str | None, first: int
    ) -> tuple[list[Record], str | None]:
        data = await self._client.graphql(
            documents.page(item, selected), {"filter": condition, "first": first, "after": cursor}, write=False
        )
        answer = data[documents.list_name(item)]
        records = [edge["node"] for edge in answer["edges"]]
        info = answer["pageInfo"]
        return records, info["endCursor"] if info["hasNextPage"] and records else None

    async def count(
        self, object_: str, condition: Mapping[str, Any] | None = None, *, with_deleted: bool = False
    ) -> int:
        """How many records fit the condition."""
        wanted = documents.with_deleted(condition or {}) if with_deleted else condition
        return (await self.aggregate(object_, wanted)).count

    async def aggregate(
        self, object_: str, condition: Mapping[str, Any] | None = None, *, sum_micros: Sequence[str] = ()
    ) -> Aggregates:
        """Number of records, and sums of CURRENCY fields in micros, in one call."""
        item = self._model.object(object_)
        names = sum_names(item, sum_micros)
        document = documents.aggregate(item, ["totalCount", *names.values()])
        data = await self._client.graphql(document, {"filter": condition or {}}, write=False)
        return _figures(data[documents.list_name(item)], names)

    async def group_by(
        self,
        object_: str,
        dimensions: Sequence[str],
        condition: Mapping[str, Any] | None = None,
        *,
        sum_micros: Sequence[str] = (),
        limit: int = MOST_GROUPS,
    ) -> list[Group]:
        """The same figures by groups. A dimension is a field, a part (`amount.currencyCode`) or a join column."""
        item = self._model.object(object_)
        names = sum_names(item, sum_micros)
        document = documents.group_by(item, dimensions, ["totalCount", *names.values()], limit)
        data = await self._client.graphql(document, {"filter": condition or {}}, write=False)
        groups = []
        for entry in data[documents.group_by_name(item)]:
            figures = _figures(entry, names)
            groups.append(Group(tuple(entry["groupByDimensionValues"]), figures.count, figures.sums))
        return groups

    async def existing(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        """Which of these ids exist, by object, soft-deleted ones included (they can still be pointed at).

        One request for all objects: different root fields share it.
        """
        parts, declared, plurals = [], [], {}
        variables: dict[str, Any] = {}
        for number, (object_, ids) in enumerate(wanted.items()):
            item = self._model.object(object_)
            declared.append(f"$f{number}:{documents.type_name(item)}FilterInput,$n{number}:Int")
            parts.append(f"{documents.list_name(item)}(filter:$f{number},first:$n{number}){{edges{{node{{id}}}}}}")
            variables[f"f{number}"] = documents.with_deleted({"id": {"in": list(ids)}})
            variables[f"n{number}"] = len(ids)
            plurals[object_] = documents.list_name(item)
        if not parts:
            return {}
        document = f"query({','.join(declared)}){{{' '.join(parts)}}}"
        answer = await self._client.execute(document, variables, write=False, root_fields=len(parts))
        for error in answer.errors.values():
            raise error
        return {o: {edge["node"]["id"] for edge in answer.data[plural]["edges"]} for o, plural in plurals.items()}

    def _selected(self, item: ObjectInfo, names: Sequence[str] | None, *, with_deleted: bool, blocknote: bool) -> str:
        if names is not None and with_deleted and "deletedAt" not in names:
            names = [*names, "deletedAt"]
        return documents.selection(item, names, blocknote=blocknote)


def sum_names(item: ObjectInfo, fields: Sequence[str]) -> dict[str, str]:
    """Field -> name of its aggregate (`amount` -> `sumAmountAmountMicros`). Raises ModelMismatch for other types."""
    for name in fields:
        if item.field(name).type != "CURRENCY":
            raise ModelMismatch(f"Field {item.singular}.{name}", "is no amount")
    return {name: f"sum{capital(name)}AmountMicros" for name in fields}


def _figures(entry: Mapping[str, Any], names: Mapping[str, str]) -> Aggregates:
    sums = {field: int(Decimal(str(entry[name] or 0))) for field, name in names.items()}
    return Aggregates(int(entry["totalCount"] or 0), sums)
