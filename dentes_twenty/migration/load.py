"""Loading: planned records of one source object go into Twenty in batches, verified from the writes' own answers.

Belongs here: the shell that classifies records by what the ledger knows, writes intents before sends and outcomes
after, holds what has no parent, defers relations to its own kind.
Does not belong here: the wire (`twenty.records`), three-way merge of changed records (`migration.update`), which links
there are (`migration.links`).

A run may be killed at any moment: what an intent leaves in doubt is asked of Twenty before anything else is sent.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from dentes_twenty.migration.delta import MARKED
from dentes_twenty.migration.doubts import settle_doubts
from dentes_twenty.migration.ledger import (
    ConflictState,
    Ledger,
    Loss,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)
from dentes_twenty.migration.links import LinkBatch, Links
from dentes_twenty.migration.merge import outstanding
from dentes_twenty.migration.parents import Parents
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.refusals import refused_as_it_is, was_refused
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.update import BY, Updater
from dentes_twenty.migration.verify import Verifier
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.twenty.in_flight import Gate
from dentes_twenty.twenty.records import Record, RecordStore

LOOK_UP = 1_000  # records classified with one ledger query
AHEAD = 1
"""Batches made ready beyond those in flight: an answer is followed by the next request at once."""
LINKS_WAITING = 4
"""Batches of links that may wait for a request to share; where no records are created, they go by themselves."""
Progress = Callable[[Tally], None]


@dataclasses.dataclass(frozen=True, slots=True)
class LoadRun:
    """What every load of one run has in common. `drop` is the ledger's id of the drop that is loaded.

    `restore_deleted`: records that a person deleted, and what a reconciliation has found lost, come back; without it
    they stay deleted and are counted.
    `retry_refused`: rows that Twenty refused as they are go again; without it those with these ids (`chances`) do.
    """

    ledger: Ledger
    store: RecordStore
    run: int
    drop: int | None
    restore_deleted: bool = False
    retry_refused: bool = True
    chances: frozenset[str] = frozenset()


class Loader:
    """Loads one source object. Use once."""

    def __init__(
        self,
        run: LoadRun,
        declaration: SourceObject,
        parents: Parents,
        *,
        adopted: frozenset[str] = frozenset(),
        landed: set[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._run = run
        self._declaration = declaration
        self._object = declaration.target.singular
        self._parents = parents
        self._adopted = adopted
        self._progress = progress
        self.tally = Tally()
        self._verifier = Verifier(declaration, run.store, self.tally)
        self._standing = run.ledger.conflicts_standing()
        self._updater = Updater(run, declaration, self._verifier, self.tally, self._standing, parents)
        self._selves = frozenset(declaration.self_relations)
        self._landed = landed
        self._deferred: list[PlannedRecord] = []
        self._links = Links(
            run.ledger, run.store, run.run, run.drop, declaration, self.tally, restore=run.restore_deleted
        )
        self._places = Gate(run.store.client.flight, AHEAD)

    async def load(self, records: Iterable[PlannedRecord]) -> Tally:
        """Load all records; raises only what stops the whole run (`twenty.errors.Stop`, a ledger that fails)."""
        try:
            await self._load(records)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        self._tell()
        return self.tally

    async def _load(self, records: Iterable[PlannedRecord]) -> None:
        await settle_doubts(self._run, self._object)
        for link in self._declaration.links:
            await settle_doubts(self._run, link.join.singular)
        iterator = iter(records)
        async with asyncio.TaskGroup() as group:
            creates: list[PlannedRecord] = []
            updates: list[tuple[PlannedRecord, RecordState | None]] = []
            while chunk := list(islice(iterator, LOOK_UP)):
                fresh, changed = self._classify(chunk)
                creates += fresh
                updates += changed
                creates = await self._send_full(group, creates, self._create)
                updates = await self._send_full(group, updates, self._update)
                await self._links.remove_old()
                while len(self._links) > LINKS_WAITING * self._run.store.batch_size:
                    await self._start(group, self._links.take(), self._create_links)
                self._tell()
            await self._start(group, creates, self._create)
            await self._start(group, updates, self._update)
        async with asyncio.TaskGroup() as group:
            while links := self._links.take(whole=True):
                await self._start(group, links, self._create_links)
            for batch in _batches(self._deferred, self._run.store.batch_size):
                await self._start(group, batch, self._updater.complete)

    # -- deciding

    def _classify(
        self, chunk: Sequence[PlannedRecord]
    ) -> tuple[list[PlannedRecord], list[tuple[PlannedRecord, RecordState | None]]]:
        """Which records are new, and which stand in Twenty already and differ from what was written."""
        ledger = self._run.ledger
        known = _known(ledger, chunk)
        creates: list[PlannedRecord] = []
        updates: list[tuple[PlannedRecord, RecordState | None]] = []
        seen: list[RecordKey] = []
        standing: list[PlannedRecord] = []
        self.tally.planned += len(chunk)
        for planned in chunk:
            state = known.get(planned.key)
            ready = self._parents.ready(planned)
            if ready is None:
                self.tally.held += 1
                self._parents.hold(planned)
                continue
            if state is not None and self._is_refused(ready, state):
                self.tally.refused += 1
                seen.append(state.key)
                if state.status is Status.REFUSED:
                    self._parents.stay_out(planned)
                else:
                    self._remember(state.record_id)
                    standing.append(ready)
            elif state is None or state.status in (Status.REFUSED, Status.HELD, Status.ROLLED_BACK):
                if planned.key in self._adopted:
                    updates.append((ready, None))
                else:
                    creates.append(ready)
            elif (
                state.status is Status.VANISHED
                or state.reason == MARKED
                or (_is_gone(state) and self._run.restore_deleted)
            ):
                updates.append((ready, state))
            elif _is_gone(state):
                seen.append(state.key)
                self.tally.deleted_by_a_person += 1
            else:
                self._remember(state.record_id)
                standing.append(ready)
                if state.prints is None:  # adopted, and nothing written yet
                    updates.append((ready, None))
                elif (state.reason == Loss.UNLINKED and self._run.restore_deleted) or self._is_changed(ready, state):
                    updates.append((ready, state))
                else:
                    self.tally.unchanged += 1
                    seen.append(state.key)
        if seen and self._run.drop is not None:
            ledger.mark_seen(self._run.drop, seen)
        self._links.look_after(standing)
        return creates, updates

    def _is_refused(self, planned: PlannedRecord, state: RecordState) -> bool:
        """Whether Twenty has refused the row as it is, and nothing speaks for asking again."""
        if self._run.retry_refused or planned.id in self._run.chances or not was_refused(state):
            return False
        values, standing = self._verifier.canonical(planned.values), self._standing.get(state.key, {})
        return refused_as_it_is(self._run.ledger, planned, values, state, standing)

    def _is_changed(self, planned: PlannedRecord, state: RecordState) -> bool:
        """Whether the export has something that is worth reading the record for. Closes conflicts that are none now."""
        ledger = self._run.ledger
        assert state.prints is not None
        canonical = self._verifier.canonical(planned.values)
        standing = self._standing.get(state.key, {})
        if not ledger.changed_fields(state.prints, canonical):
            if standing:
                ledger.conflict_resolve(state.key, ConflictState.CLOSED, by=BY, run=self._run.run)
            return False
        exported = {name: ledger.prints.value(value) for name, value in canonical.items()}
        return bool(outstanding(ledger.field_prints(state.prints), exported, ledger.prints.value(None), standing))

    # -- sending

    async def _send_full(self, group: asyncio.TaskGroup, waiting: list[Any], send: Callable[..., Any]) -> list[Any]:
        """Start a task for each full batch; returns what is left over."""
        size = self._run.store.batch_size
        while len(waiting) >= size:
            await self._start(group, waiting[:size], send)
            waiting = waiting[size:]
        return waiting

    async def _start(self, group: asyncio.TaskGroup, batch: Any, send: Callable[..., Any]) -> None:
        """Run `send` on the batch as soon as one of the places in flight is free."""
        if not batch:
            return
        await self._places.enter()

        async def work() -> None:
            try:
                await send(batch)
            finally:
                await self._places.leave()
            self._tell()

        group.create_task(work())

    async def _update(self, batch: Sequence[tuple[PlannedRecord, RecordState | None]]) -> None:
        destroyed = await self._updater.update(batch)
        if destroyed:
            await self._create(destroyed)

    async def _create(self, batch: Sequence[PlannedRecord]) -> None:
        ledger = self._run.ledger
        sent = [self._without_far_selves(planned) for planned in batch]
        intents = [
            RecordIntent(
                RecordKey(p.source_object, p.source_id),
                p.id,
                p.digest,
                ledger.fingerprints(self._verifier.canonical(p.values)),
                p.position,
            )
            for p in sent
        ]
        intent = ledger.intend(self._run.run, Operation.CREATE, self._object, intents, drop=self._run.drop)
        links = self._links.take()
        parts: list[tuple[str, Sequence[Record]]] = [(self._object, [p.creation() for p in sent])]
        parts += [(links.join, links.records)] if links else []
        answer, *of_links = await self._run.store.create_together(
            parts, selections={self._object: self._verifier.fields}
        )
        if links:
            self._links.settle(links, of_links[0])
        refused = {refusal.id: refusal for refusal in answer.refused}
        outcomes = []
        for whole, planned in zip(batch, sent, strict=True):
            key = RecordKey(planned.source_object, planned.source_id)
            if planned.id in answer.stored:
                self._verifier.check(planned, answer.stored[planned.id])
                outcomes.append(Outcome(key, planned.id, Result.LANDED))
                self._remember(planned.id)
                self._links.add(planned)
                if whole is not planned:
                    self._deferred.append(whole)
                self.tally.created += 1
            else:
                refusal = refused[planned.id]
                outcomes.append(Outcome(key, planned.id, Result.REFUSED, refusal.code))
                self._parents.refuse(planned, refusal.code, refusal.field)
                self.tally.refused += 1
        ledger.settle(intent, outcomes)

    def _remember(self, record_id: str) -> None:
        """Only where records may point at each other: two million ids would take 200 MB."""
        if self._landed is not None:
            self._landed.add(record_id)

    def _without_far_selves(self, planned: PlannedRecord) -> PlannedRecord:
        """Without relations to records of its own kind that are not there yet: they are written afterwards.

        A batch may be cut on the way, and a record of it refused: what stands in the same batch is not there yet.
        """
        there = self._landed or set()
        far = {name for name in self._selves if planned.values[name] and planned.values[name] not in there}
        if not far:
            return planned
        values = {name: None if name in far else value for name, value in planned.values.items()}
        return dataclasses.replace(planned, values=values)

    async def _create_links(self, batch: LinkBatch) -> None:
        self._links.settle(batch, await self._run.store.create(batch.join, batch.records))

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.tally)


def _is_gone(state: RecordState) -> bool:
    """Whether a person has deleted the record."""
    return state.status is Status.DELETED or state.reason == Loss.LOST


def _known(ledger: Ledger, chunk: Sequence[PlannedRecord]) -> dict[str, RecordState]:
    """States by `sourceSystemId`; contacts of one chunk may have two source objects."""
    found: dict[str, RecordState] = {}
    for source_object in {p.source_object for p in chunk}:
        ids = [p.source_id for p in chunk if p.source_object == source_object]
        for source_id, state in ledger.known(source_object, ids).items():
            found[f"{source_object}:{source_id}"] = state
    return found


def _batches(items: Sequence[PlannedRecord], size: int) -> Iterable[Sequence[PlannedRecord]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
