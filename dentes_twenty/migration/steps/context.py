"""What the steps that write have in common."""

from __future__ import annotations

import dataclasses

from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.load import LoadRun
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.records import RecordStore


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
    restore_deleted: bool = False
    retry_refused: bool = True
    chances: frozenset[str] = frozenset()

    @property
    def load_run(self) -> LoadRun:
        """As the loader wants it."""
        return LoadRun(
            self.ledger,
            self.store,
            self.run,
            self.drop,
            self.restore_deleted,
            self.retry_refused,
            self.chances,
        )
