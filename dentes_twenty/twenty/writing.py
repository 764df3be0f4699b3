"""Writing records: batches that land, bad rows that are named, lost answers that are asked for.

Belongs here: what happens to one call's records until each of them is stored or refused. Does not belong here:
finding the guilty rows (`isolate`), how many batches go side by side (`in_flight`), intents and outcomes (the ledger,
above).

Facts behind it (recorded): a plain batch is atomic and its error names no row; an upsert commits its updates one by one
before one INSERT, answers updated rows first, and keeps the id of what it matched by a unique value.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from dentes_twenty.twenty import documents
from dentes_twenty.twenty.client import TwentyClient, pause
from dentes_twenty.twenty.errors import (
    BatchTooLarge,
    NotFound,
    OutcomeUnknown,
    RecordRefused,
    ServerTrouble,
    TryAgain,
)
from dentes_twenty.twenty.isolate import Diagnosis, Isolator, unique_value
from dentes_twenty.twenty.model import ObjectInfo, WorkspaceModel
from dentes_twenty.twenty.outcomes import BatchOutcome, Record, Refusal
from dentes_twenty.twenty.reading import Reader
from dentes_twenty.twenty.rows import MOST_BYTES, Row, batches, dumps, encode, halves

FIRST_BATCH = 200
"""What 1.12 to 2.31 take; the documentation says 60. Less is learnt from the refusal and remembered."""
FULL = 100
"""Rows from which on a batch tells how long batches take."""
ATTEMPTS = 3
"""Times that a batch is sent through failures of the server before it is halved; a lone row is then refused."""


@dataclasses.dataclass(slots=True)
class Pending:
    """Rows still to be sent, and what has gone wrong with them so far."""

    rows: list[Row]
    troubles: int = 0
    since: float | None = None


class Writer:
    """Writes records of one workspace. One writer serves many calls at a time; `batch_size` is learnt by all."""

    def __init__(self, client: TwentyClient, model: WorkspaceModel, reader: Reader) -> None:
        self._client = client
        self._model = model
        self._reader = reader
        self.batch_size = FIRST_BATCH

    async def create(
        self,
        object_: str,
        records: Iterable[Record],
        *,
        upsert: bool = False,
        selection: Sequence[str] | None = None,
    ) -> BatchOutcome:
        """Create the records, or with `upsert` change those that an id or a unique value finds.

        Every record has its own id. `selection`: fields to answer with, by default those that are sent. An upsert
        restores a soft-deleted record that it finds. Raises what stops everything (`Stop`) and what outlasts the
        client's patience (`TryAgain`); records in doubt then are those of no outcome.
        """
        rows, refused = encode(records)
        names = list(selection) if selection is not None else sent_names(rows)
        work = _Work(self, self._model.object(object_), names, upsert=upsert)
        work.refused += refused
        await self._in_batches(work, rows)
        return work.outcome()

    async def _in_batches(self, work: _Work, rows: list[Row]) -> None:
        while rows:
            batch = next(batches(rows, self.batch_size))  # the size may be learnt while these are sent
            rows = rows[len(batch) :]
            await work.send(Pending(batch))

    async def taken(self, object_: str, records: Sequence[Record]) -> set[str]:
        """Ids of the records of which Twenty holds the id (soft-deleted) or a unique value already."""
        rows, refused = encode(records)
        found = await self._isolator(object_).duplicates(rows) if rows else Diagnosis()
        return {one.id for one in (*refused, *found.refused)}

    async def without_target(self, object_: str, records: Sequence[Record]) -> set[str]:
        """Ids of the records that point at something which Twenty does not hold."""
        rows, refused = encode(records)
        found = await self._isolator(object_).missing_targets(rows) if rows else Diagnosis()
        return {one.id for one in (*refused, *found.refused)}

    def _isolator(self, object_: str) -> Isolator:
        return Isolator(self._reader, self._model.object(object_), ["id"], upsert=False)

    async def create_together(
        self,
        parts: Sequence[tuple[str, Iterable[Record]]],
        *,
        upsert: bool = False,
        selections: Mapping[str, Sequence[str]] | None = None,
    ) -> list[BatchOutcome]:
        """Create batches of different objects with one request; an outcome for each, in the order given.

        `selections`: fields to answer with by object, by default those that are sent.

        Twenty 2.19 charges such a request one token, however many root fields it has. They run side by side, so no
        part may point at another. A part that fails is sent again by itself, which is also what happens to all parts
        when they do not fit into one request.
        """
        works: list[tuple[_Work, list[Row]]] = []
        for object_, records in parts:
            rows, refused = encode(records)
            names = (selections or {}).get(object_) or sent_names(rows)
            work = _Work(self, self._model.object(object_), list(names), upsert=upsert)
            work.refused += refused
            works.append((work, rows))
        answers = await self._one_request([(work, rows) for work, rows in works if rows], upsert=upsert)
        for work, rows in works:
            answer = answers.get(work.root)
            if answer is None:
                await self._in_batches(work, rows)
            else:
                for pending in await work.settle(Pending(rows), answer):
                    await work.send(pending)
        return [work.outcome() for work, _ in works]

    async def _one_request(
        self, parts: Sequence[tuple[_Work, list[Row]]], *, upsert: bool
    ) -> Mapping[str, list[Record]]:
        """What each root field answered; those that failed are left out, and all of them if the request did."""
        fits = all(len(rows) <= self.batch_size for _, rows in parts) and len(parts) <= documents.MOST_ROOT_FIELDS
        size = sum(len(row.json) for _, rows in parts for row in rows)
        if len({work.root for work, _ in parts}) < max(2, len(parts)) or not fits or size > MOST_BYTES:
            return {}
        document = documents.together([work.document for work, _ in parts])
        variables = {f"data{n}": [row.fragment for row in rows] for n, (_, rows) in enumerate(parts)}
        try:
            answer = await self._client.execute(
                document,
                variables,
                write=True,
                repeatable=upsert,
                root_fields=len(parts),
                kind=kind_of([(work.root, len(rows)) for work, rows in parts], upsert=upsert),
            )
        except (BatchTooLarge, OutcomeUnknown, RecordRefused, ServerTrouble):
            return {}
        return {
            root: list(data) for root, data in answer.data.items() if root not in answer.errors and data is not None
        }

    async def update(
        self, object_: str, id_: str, changes: Mapping[str, Any], selection: Sequence[str] | None = None
    ) -> Record:
        """Change one record; the fields that were changed, as stored. Raises RecordRefused or NotFound."""
        item = self._model.object(object_)
        documents.ids_filter([id_])
        selected = documents.selection(item, list(changes) if selection is None else selection)
        variables = {"id": id_, "data": orjson.Fragment(dumps(changes))}
        data = await self._client.graphql(documents.update_one(item, selected), variables, write=True, repeatable=True)
        return dict(data[f"update{documents.type_name(item)}"])

    async def update_each(self, object_: str, records: Sequence[Record]) -> BatchOutcome:
        """Change records one call each, for objects that take no upsert (workspace members). `id` and changes."""

        async def one(record: Record) -> tuple[str, Record | Refusal]:
            changes = {name: value for name, value in record.items() if name != "id"}
            try:
                return record["id"], await self.update(object_, record["id"], changes)
            except RecordRefused as error:
                return record["id"], Refusal(record["id"], error.reason, error.field)
            except NotFound as error:
                return record["id"], Refusal(record["id"], error.code)

        done = await asyncio.gather(*(one(record) for record in records))
        stored = {id_: answer for id_, answer in done if isinstance(answer, dict)}
        return BatchOutcome(stored, tuple(answer for _, answer in done if isinstance(answer, Refusal)))

    async def update_ids(self, object_: str, ids: Sequence[str], changes: Mapping[str, Any]) -> list[str]:
        """The same change to several records; the ids that were changed. One call for 200 ids."""
        item = self._model.object(object_)
        document = documents.update_by_ids(item, "id")
        return await self._by_ids(item, "update", document, ids, {"data": dict(changes)})

    async def remove(self, object_: str, verb: str, ids: Sequence[str]) -> list[str]:
        """`destroy` (for good), `delete` (soft) or `restore` records by ids; the ids that were there."""
        item = self._model.object(object_)
        return await self._by_ids(item, verb, documents.by_ids(item, verb), ids, {})

    async def _by_ids(
        self, item: ObjectInfo, verb: str, document: str, ids: Sequence[str], more: Mapping[str, Any]
    ) -> list[str]:
        done: list[str] = []
        unique, size = list(dict.fromkeys(ids)), documents.MOST_IDS
        while unique:
            page = unique[:size]
            variables = {"filter": documents.ids_filter(page), **more}
            try:
                data = await self._client.graphql(document, variables, write=True, repeatable=True)
            except BatchTooLarge as error:
                size = smaller(size, error)
                continue
            done += [record["id"] for record in data[f"{verb}{documents.plural_name(item)}"]]
            unique = unique[size:]
        return done

    def learn(self, sent: int, error: BatchTooLarge) -> None:
        """Remember that so many records were too many."""
        if error.limit is not None:
            self.batch_size = min(self.batch_size, smaller(sent, error))


def smaller(sent: int, error: BatchTooLarge) -> int:
    """The size to try after so many were too many: what the server told, else half."""
    if error.limit is not None and 0 < error.limit < sent:
        return error.limit
    return max(1, sent // 2)


def kind_of(parts: Sequence[tuple[str, int]], *, upsert: bool) -> str | None:
    """Which batches take about the same time as one of so many rows by root field. None for small ones, which say
    nothing of full ones."""
    if max(rows for _, rows in parts) < FULL:
        return None
    return "+".join(root for root, rows in parts if rows >= FULL) + (" upsert" if upsert else "")


def sent_names(rows: Sequence[Row]) -> list[str]:
    """Every field that some row sends."""
    return list(dict.fromkeys(name for row in rows for name in row.record))


class _Work:
    """The records of one `create`, until each of them is stored or refused."""

    def __init__(self, writer: Writer, item: ObjectInfo, selection: Sequence[str], *, upsert: bool) -> None:
        self._writer = writer
        self._client = writer._client
        self._reader = writer._reader
        self._item = item
        self._upsert = upsert
        self._selection = list(dict.fromkeys([*selection, *(f.name for f in item.unique_fields if upsert)]))
        self._isolator = Isolator(writer._reader, item, self._selection, upsert=upsert)
        self.root = documents.create_name(item)
        self.document = documents.create_many(item, documents.selection(item, self._selection), upsert=upsert)
        self.stored: dict[str, Record] = {}
        self.refused: list[Refusal] = []
        self.adopted: dict[str, str] = {}
        self.already: set[str] = set()

    def outcome(self) -> BatchOutcome:
        return BatchOutcome(self.stored, tuple(self.refused), self.adopted, frozenset(self.already))

    async def send(self, first: Pending) -> None:
        """Send a batch and whatever becomes of it, part by part."""
        waiting = [first]
        while waiting:
            pending = waiting.pop()
            try:
                answer = await self._call(pending.rows)
            except BatchTooLarge as error:
                waiting += self._cut(pending, error)
            except RecordRefused as error:
                found = await self._isolator.diagnose(pending.rows, error)
                self.refused += found.refused
                self._stands(found.standing)
                waiting += [Pending(rows) for rows in found.again]
            except (OutcomeUnknown, ServerTrouble) as error:
                waiting += await self._resolve(pending, error)
            else:
                waiting += await self.settle(pending, answer)

    async def _call(self, rows: Sequence[Row]) -> list[Record]:
        variables = {"data": [row.fragment for row in rows]}
        kind = kind_of([(self.root, len(rows))], upsert=self._upsert)
        done = await self._client.execute(
            self.document, variables, write=True, repeatable=self._upsert, root_fields=1, kind=kind
        )
        answer = done.data[self.root]
        return list(answer) if isinstance(answer, list) else []

    def _cut(self, pending: Pending, error: BatchTooLarge) -> list[Pending]:
        self._writer.learn(len(pending.rows), error)
        if len(pending.rows) == 1:
            self.refused.append(Refusal(pending.rows[0].id, "too_large"))
            return []
        size = smaller(len(pending.rows), error)
        return [Pending(batch) for batch in batches(pending.rows, size)][::-1]

    async def settle(self, pending: Pending, answer: Sequence[Record]) -> list[Pending]:
        """Join answer and rows by id, never by position; what has another id was found by a unique value."""
        records = {record["id"]: record for record in answer}
        self.stored.update(records)
        missing = [row for row in pending.rows if row.id not in records]
        if missing and self._upsert:
            missing = self._adopt(missing, records, {row.id for row in pending.rows})
        if not missing:
            return []
        short = ServerTrouble("short_answer", "Twenty answered a write with fewer records than were sent.")
        return await self._resolve(Pending(missing, pending.troubles, pending.since), short)

    def _adopt(self, rows: list[Row], records: Mapping[str, Record], sent: set[str]) -> list[Row]:
        """Rows that became another record: two rows may even have become the same one."""
        by_value: dict[tuple[str, str], str] = {}
        for field in self._item.unique_fields:
            for record in records.values():
                path, value = unique_value(field, record)
                if value is not None:
                    by_value[path, value] = record["id"]
        left = []
        for row in rows:
            keys = (unique_value(field, row.record) for field in self._item.unique_fields)
            kept = next((by_value[k, v] for k, v in keys if v is not None and (k, v) in by_value), None)
            if kept is None:
                left.append(row)
            else:
                self.adopted[row.id] = kept
        return left

    async def _resolve(self, pending: Pending, error: OutcomeUnknown | ServerTrouble) -> list[Pending]:
        """After a lost answer: what stands in Twenty is stored, what is missing is sent again.

        An outage is sat out for the client's patience, then raised; a failure that Twenty answers from within (a
        deadlock, a slow query) is given three attempts, then the batch is halved, and a lone row is refused.
        An upsert has been repeated by the client already, and a record that is there may still lack its changes.
        """
        if self._upsert and outage(error):
            raise error
        now = time.monotonic()
        since = pending.since or now
        if not self._upsert or error.code == "short_answer":
            await asyncio.sleep(pause(pending.troubles + 1))
            await self._read_back(pending)
        if not pending.rows:
            return []
        troubles = pending.troubles + 1
        if outage(error):
            if now - since > self._client.patience:
                raise error
            return [Pending(pending.rows, troubles, since)]
        if troubles < ATTEMPTS and not self._upsert:
            return [Pending(pending.rows, troubles, since)]
        if len(pending.rows) == 1:
            self.refused.append(Refusal(pending.rows[0].id, "server_error"))
            return []
        return [Pending(half, ATTEMPTS - 1) for half in halves(pending.rows)]

    async def _read_back(self, pending: Pending) -> None:
        """Take the rows that stand in Twenty out of what is pending."""
        ids = [row.id for row in pending.rows]
        found = await self._reader.read(self._item.singular, ids, self._selection, with_deleted=True)
        self._stands({i: r for i, r in found.items() if not r.get("deletedAt")})
        self.refused += [Refusal(i, "soft_deleted", "id", i) for i, r in found.items() if r.get("deletedAt")]
        pending.rows = [row for row in pending.rows if row.id not in found]

    def _stands(self, records: Mapping[str, Record]) -> None:
        self.stored.update(records)
        self.already |= records.keys()


def outage(error: TryAgain | OutcomeUnknown) -> bool:
    """True for what befalls the whole server or the way to it, false for what may be the batch's own doing.

    GraphQL answers even its failures with HTTP 200, so an HTTP error comes from the server or a proxy as a whole.
    """
    return isinstance(error, OutcomeUnknown) or error.code.startswith(("http_", "connection", "unreadable"))
