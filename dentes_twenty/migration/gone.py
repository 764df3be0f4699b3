"""Which records that others pointed at are no longer there.

Belongs here: finding the record behind a fingerprint of its id, and asking Twenty whether it still stands. Does not
belong here: what follows from it (`migration.edits`): a relation that Twenty emptied because its target was destroyed,
by a rollback or by a person, was edited by nobody.
"""

from __future__ import annotations

from collections import defaultdict

from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.twenty.records import RecordStore

Target = tuple[str, bytes]
"""Object, and the fingerprint of a record's id."""


class GoneTargets:
    """Call it with a target; what it does not know yet is noted, and `learn` asks for all of it at once."""

    def __init__(self, ledger: Ledger, store: RecordStore) -> None:
        self._ledger = ledger
        self._store = store
        self._ids: dict[str, dict[bytes, str]] = {}
        self._gone: dict[Target, bool] = {}
        self._asked: set[Target] = set()

    def __call__(self, object_: str, print_: bytes) -> bool:
        """Whether the target is known to be gone."""
        known = self._gone.get((object_, print_))
        if known is None:
            self._asked.add((object_, print_))
        return bool(known)

    async def learn(self) -> bool:
        """Ask for what was noted, one call for 200 targets; True when something new was learnt."""
        asked, self._asked = self._asked, set()
        wanted: dict[str, dict[bytes, str]] = defaultdict(dict)
        for object_, print_ in asked:
            record = self._records(object_).get(print_)
            self._gone[object_, print_] = False
            if record is not None:
                wanted[object_][print_] = record
        for object_, records in wanted.items():
            there = await self._store.read(object_, list(records.values()), ["id"], with_deleted=True)
            for print_, record in records.items():
                self._gone[object_, print_] = record not in there
        return bool(asked)

    def _records(self, object_: str) -> dict[bytes, str]:
        """Every record of the object that the ledger knows, by the fingerprint of its id."""
        if object_ not in self._ids:
            value = self._ledger.prints.value
            pages = self._ledger.iterate(object_)
            self._ids[object_] = {value(state.record_id): state.record_id for page in pages for state in page}
        return self._ids[object_]
