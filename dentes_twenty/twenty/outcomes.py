"""What became of records that were sent or asked for: value types only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

Record = dict[str, Any]
"""A record as Twenty takes and gives it: wire name -> wire value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """A record that Twenty will not store. `id` is the one that was sent.

    `code`: duplicate, foreign_key, invalid_value, missing_value, ambiguous_match, soft_deleted (a deleted record has
    this id), too_large, server_error, not_found (update of nothing), file or refused. `field`: dotted path if known.
    `holder`: id of the record that has the duplicate value, if known.
    """

    id: str
    code: str
    field: str | None = None
    holder: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of every record of a call: each sent id is in `stored`, in `adopted` or in `refused`.

    `stored`: by id in Twenty, with the selected fields. `adopted`: sent id -> the id that an upsert kept instead.
    `already`: sent ids that stood in Twenty before this call (or landed by a write whose answer was lost); what
    `stored` shows of them was read, not written now.
    """

    stored: Mapping[str, Record]
    refused: tuple[Refusal, ...] = ()
    adopted: Mapping[str, str] = dataclasses.field(default_factory=dict)
    already: frozenset[str] = frozenset()

    def of(self, sent_id: str) -> Record | None:
        """What is stored for a sent id, under whatever id."""
        return self.stored.get(self.adopted.get(sent_id, sent_id))


def merged(outcomes: Iterable[BatchOutcome]) -> BatchOutcome:
    """One outcome for several."""
    stored: dict[str, Record] = {}
    adopted: dict[str, str] = {}
    refused: list[Refusal] = []
    already: set[str] = set()
    for outcome in outcomes:
        stored.update(outcome.stored)
        adopted.update(outcome.adopted)
        refused += outcome.refused
        already |= outcome.already
    return BatchOutcome(stored, tuple(refused), adopted, frozenset(already))


@dataclasses.dataclass(frozen=True, slots=True)
class Aggregates:
    """Figures over a filter: number of records, and sums of CURRENCY fields in micros (0 where there is nothing)."""

    count: int
    sums: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Figures of one group; `values` in the order of the dimensions."""

    values: tuple[Any, ...]
    count: int
    sums: Mapping[str, int]
