"""What the steps that write have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.load import LoadRun
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.records import RecordStore


@dataclasses.dataclass(frozen=True, slots=True)
class Again:
    """What is done although it was settled before. `restore_deleted`: what a person deleted in Twenty, and what a
    reconciliation has found lost, comes back.
    `retry_refused`: what Twenty has refused is sent again as it is; without it those with these ids (`chances`) are."""

    restore_deleted: bool = False
    retry_refused: bool = False
    chances: frozenset[str] = frozenset()


MIGRATING = Again(retry_refused=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """What is loaded instead of all records. `records`: those of a declaration, None where all of it is.

    `others_compared`: the others are known to stand as they should. Where nothing is known of them, what concerns all
    records (values that change hands, rows that wait no more) is left alone. `standing`: ids of the others, of objects
    whose records may point at each other."""

    records: Callable[[SourceObject], Sequence[PlannedRecord] | None]
    others_compared: bool = False
    standing: Collection[str] = ()


ALL = Chosen(lambda _: None, others_compared=True)


@dataclasses.dataclass(frozen=True, slots=True)
class StepContext:
    """`run` and `drop` are the ledger's ids."""

    planner: Planner
    owners: Owners
    store: RecordStore
    client: TwentyClient
    ledger: Ledger
    run: int
    drop: int
    again: Again = MIGRATING

    @property
    def load_run(self) -> LoadRun:
        """As the loader wants it."""
        return LoadRun(self.ledger, self.store, self.run, self.drop, **dataclasses.asdict(self.again))
