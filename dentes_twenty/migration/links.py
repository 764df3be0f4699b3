"""Link records of one source object: a task's and a note's targets, one batch behind what they link.

Belongs here: which links are missing or hold no longer, their intents and outcomes. Does not belong here: when they are
sent (`migration.load`: a full batch of links shares the request of a batch of records, and costs no call of its own).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dentes_twenty.migration.ledger import (
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
from dentes_twenty.migration.planning.records import LinkRecord, PlannedRecord
from dentes_twenty.migration.refusals import LIES_IN_THE_ROW
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.twenty.records import BatchOutcome, RecordStore


@dataclasses.dataclass(frozen=True, slots=True)
class LinkBatch:
    """Links of one kind whose intent is written. `records`: as they are sent."""

    join: str
    intent: int
    keys: tuple[tuple[RecordKey, str], ...]
    records: tuple[dict[str, Any], ...]


def is_misplaced(planned: PlannedRecord, join: str, state: RecordState | None) -> bool:
    """Whether a standing record's link is missing, or goes to somebody whom the row does not name any more. One that
    Twenty has refused counts as refused, not as misplaced, where the answer would be the same."""
    wanted = next((link.id for link in planned.links if link.join == join), None)
    if state is None or state.status is Status.ROLLED_BACK:
        return wanted is not None
    if state.status is Status.REFUSED and state.reason not in LIES_IN_THE_ROW:
        return wanted is not None
    return wanted != state.record_id if wanted is not None else state.status is Status.LANDED


class Links:
    """The links that one load has yet to make or to remove. `run`, `drop`: the ledger's ids; `restore`: links that a
    reconciliation has found lost are made again."""

    def __init__(
        self,
        ledger: Ledger,
        store: RecordStore,
        run: int,
        drop: int | None,
        declaration: SourceObject,
        tally: Tally,
        *,
        restore: bool = False,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._run = run
        self._drop = drop
        self._restore = restore
        self._declared = [link.join.singular for link in declaration.links]
        self._tally = tally
        self._waiting: list[tuple[RecordKey, LinkRecord]] = []
        self._old: dict[str, list[RecordState]] = {}
        self._again: list[tuple[RecordKey, LinkRecord]] = []

    def __len__(self) -> int:
        """Links that wait to be made."""
        return len(self._waiting)

    def add(self, planned: PlannedRecord) -> None:
        """The links of a record that has just landed."""
        self._waiting += [(RecordKey(link.join, planned.key), link) for link in planned.links]

    def look_after(self, standing: Sequence[PlannedRecord]) -> None:
        """Links of records that stand already: a crash may have come between a record and its links, and a corrected
        row may belong to somebody else now: then the old link goes, or a note would show with both patients."""
        for join in self._declared:
            known = self._ledger.known(join, [planned.key for planned in standing])
            for planned in standing:
                wanted = next((link for link in planned.links if link.join == join), None)
                state = known.get(planned.key)
                landed = state is not None and state.status is Status.LANDED
                if state is not None and landed and (wanted is None or state.record_id != wanted.id):
                    self._old.setdefault(join, []).append(state)
                if wanted is not None and not (state is not None and landed and state.record_id == wanted.id):
                    self._waiting.append((RecordKey(join, planned.key), wanted))
                elif wanted is not None and state is not None and state.reason == Loss.LOST and self._restore:
                    self._old.setdefault(join, []).append(state)
                    self._again.append((RecordKey(join, planned.key), wanted))

    async def remove_old(self) -> None:
        """Links that no longer hold are destroyed before the new ones are made; so is what may be left (in Twenty's
        trash, or with one end) of a lost one, whose successor has the same id and waits for that."""
        size = self._store.batch_size
        for join, states in self._old.items():
            for start in range(0, len(states), size):
                batch = states[start : start + size]
                intents = [RecordIntent(state.key, state.record_id) for state in batch]
                intent = self._ledger.intend(self._run, Operation.DESTROY, join, intents, drop=self._drop)
                await self._store.destroy(join, [state.record_id for state in batch])
                outcomes = [Outcome(state.key, state.record_id, Result.LANDED) for state in batch]
                self._ledger.settle(intent, outcomes)
        self._old.clear()
        self._waiting += self._again
        self._again.clear()

    def take(self, *, whole: bool = False) -> LinkBatch | None:
        """The next full batch with its intent, or with `whole` what there is. None where there is none."""
        size = self._store.batch_size
        if not self._waiting or (len(self._waiting) < size and not whole):
            return None
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        join = batch[0][1].join
        values = {link.id: self._store.link_values(join, link.values) for _, link in batch}
        intents = [RecordIntent(key, link.id, None, self._ledger.fingerprints(values[link.id])) for key, link in batch]
        intent = self._ledger.intend(self._run, Operation.CREATE, join, intents, drop=self._drop)
        records = tuple({"id": id_, **sent} for id_, sent in values.items())
        return LinkBatch(join, intent, tuple((key, link.id) for key, link in batch), records)

    def settle(self, batch: LinkBatch, answer: BatchOutcome) -> None:
        """What became of a batch goes into the ledger."""
        refused = {refusal.id: refusal for refusal in answer.refused}
        self._ledger.settle(
            batch.intent,
            [
                Outcome(key, id_, Result.LANDED)
                if id_ in answer.stored
                else Outcome(key, id_, Result.REFUSED, refused[id_].code)
                for key, id_ in batch.keys
            ],
        )
        self._tally.links += len(answer.stored)
        self._tally.links_refused += len(refused)
