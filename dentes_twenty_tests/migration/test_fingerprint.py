"""The workspace's fingerprint: what it sees, what it does not, and how a difference is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from dentes_twenty.migration.fingerprint import Comparison, Difference, WorkspacePrint, compare, take
from dentes_twenty.migration.ledger.fingerprints import Fingerprinter
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, own_id

PRINTS = Fingerprinter(b"salt").row
ANNE, BERT, CARL, DORA = (own_id(name) for name in ("anne", "bert", "carl", "dora"))


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


class Memory:
    """What the ledger does for a fingerprint."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, bytes]] = {}
        self.taken: WorkspacePrint | None = None

    def keep(self, object_: str, page: Mapping[str, bytes]) -> None:
        self.records.setdefault(object_, {}).update(page)

    async def take(self, store: RecordStore, most: int = 1_000) -> None:
        await store.create("person", [{"id": one, "jobTitle": "Nurse"} for one in (ANNE, BERT, CARL)])
        self.taken = WorkspacePrint.from_document((await take(store, PRINTS, self.keep, most)).as_document())

    async def compare(self, store: RecordStore, most: int = 1_000) -> Comparison:
        def ours(ids: Iterable[str]) -> int:
            return sum(one == DORA for one in ids)

        assert self.taken is not None
        return await compare(store, PRINTS, self.taken, lambda name: dict(self.records.get(name, {})), ours, most)


def test_records_that_were_added_removed_changed_or_hidden_are_named(sandbox: SandboxServer) -> None:
    memory = Memory()

    async def work(store: RecordStore) -> Comparison:
        await memory.take(store)
        await store.update("person", ANNE, {"jobTitle": "Doctor"})
        await store.destroy("person", [BERT])
        await store.soft_delete("person", [CARL])
        await store.create("person", [{"id": DORA}])
        return await memory.compare(store)

    found = by_hand(sandbox.url, sandbox.api_key, work)
    (person,) = found.differences
    assert (person.object, person.model) == ("person", False)
    assert (person.added, person.missing, set(person.changed)) == ((DORA,), (BERT,), {ANNE, CARL})
    assert (person.ours, person.unexplained) == (1, True)
    assert found.before != found.after


def test_what_is_put_back_in_another_spelling_makes_no_difference(sandbox: SandboxServer) -> None:
    memory = Memory()

    async def work(store: RecordStore) -> Comparison:
        await memory.take(store)
        await store.update("person", ANNE, {"jobTitle": "Doctor", "position": 99})
        empty = {"primaryLinkUrl": "", "primaryLinkLabel": "", "secondaryLinks": []}
        await store.update("person", ANNE, {"jobTitle": "Nurse", "linkedinLink": empty})
        field = {"type": "TEXT", "name": "hobby", "label": "Hobby", "icon": None, "description": None}
        number = await metadata.create_field(store.client, store.model.object("person").id, field)
        with_field = await memory.compare(await RecordStore.open(store.client))
        assert [(one.object, one.model, one.changed) for one in with_field.differences] == [("person", True, ())]
        await metadata.delete_field(store.client, number)
        return await memory.compare(await RecordStore.open(store.client))

    found = by_hand(sandbox.url, sandbox.api_key, work)
    assert found.same
    assert found.before == found.after


def test_an_object_with_too_many_records_is_counted_and_the_comparison_says_so(sandbox: SandboxServer) -> None:
    memory = Memory()

    async def work(store: RecordStore) -> tuple[Comparison, Comparison]:
        await memory.take(store, most=2)
        assert "person" not in memory.records
        await store.update("person", ANNE, {"jobTitle": "Doctor"})
        edited = await memory.compare(store, most=2)
        await store.destroy("person", [BERT])
        return edited, await memory.compare(store, most=2)

    edited, destroyed = by_hand(sandbox.url, sandbox.api_key, work)
    assert (edited.counted, edited.differences) == (("person",), ())
    assert [(one.object, one.counts) for one in destroyed.differences] == [("person", (3, 2))]


def test_a_difference_holds_ids_that_its_representation_does_not_show() -> None:
    assert ANNE not in repr(Difference("person", added=(ANNE,), missing=(BERT,), changed=(CARL,)))
