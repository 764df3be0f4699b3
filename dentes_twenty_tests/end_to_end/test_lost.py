"""What people remove in Twenty by hand is found, stays removed, and comes back when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.ledger import FileState, Loss
from dentes_twenty.migration.ledger.files import PURGED
from dentes_twenty.migration.reconcile import FileTrouble, Reconciliation
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import FilesTally
from dentes_twenty.migration.steps.context import Again
from dentes_twenty.migration.tally import Tally
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.own_workspace import by_hand

pytestmark = [needs_generator, pytest.mark.slow]


@dataclass
class Moved:
    """A practice that has moved into a sandbox, which keeps its files in a folder."""

    practice: Practice
    server: SandboxServer
    stored: Path

    def session(self) -> Migration:
        return Migration(self.practice, api_key=self.server.api_key)

    def reconcile(self, **options: Any) -> Reconciliation:
        with self.session() as migration:
            return migration.reconcile(**options)

    def migrate(self, *, restore: bool = False) -> tuple[dict[str, Tally], FilesTally]:
        tallies: dict[str, Tally] = {}
        again = Again(restore_deleted=restore, retry_refused=True)
        with self.session() as migration, migration.run("migrate"):
            for object_ in migration.objects:
                tallies |= migration.load(object_, again=again)
            return tallies, migration.load_files(again=again)

    def by_hand(self, work: Any) -> Any:
        return by_hand(self.server.url, self.server.api_key, work)

    def files(self) -> list[str]:
        """Attachments of the migration, as the ledger has them."""
        with self.session() as migration:
            return [one.attachment_ids[0] for page in migration.ledger.files(FileState.ATTACHED) for one in page]

    def purge(self) -> None:
        with self.session() as migration, migration.run("purge"):
            migration.purge("Dr. Ada Kaya")
        with self.session() as migration, migration.run("audit"):
            for report in migration.reports:
                migration.stage(report)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """Each test leaves it in order, but for the last one."""
    folder = tmp_path_factory.mktemp("moved")
    drop = make_drop(folder, seed=21, dialect="utf8-en", defects="none", patients=12)
    state = folder / "workspace.db"
    with SandboxServer(SandboxOptions(state=str(state), members=MEMBERS)) as server:
        practice = make_practice(folder, drop, server.url)
        migrate(practice, server.api_key)
        yield Moved(practice, server, Path(f"{state}.files"))


async def first(store: RecordStore, object_: str, filled: str) -> Record:
    """A record of the object that has something in this column."""
    async for page in store.find(object_, None):
        for record in page:
            if record[filled]:
                return record
    raise AssertionError(object_)


async def tasks(store: RecordStore, start: str) -> list[str]:
    """Tasks of one source object."""
    pages = store.find("task", {"sourceSystemId": {"startsWith": start}}, ["id"])
    return [record["id"] async for page in pages for record in page]


def written(tallies: dict[str, Tally]) -> int:
    return sum(tally.written for tally in tallies.values())


def test_every_kind_of_loss_is_named_stays_lost_and_comes_back_when_it_is_asked_for(moved: Moved) -> None:
    attachments = moved.files()
    assert len(attachments) == 5

    async def spoil(store: RecordStore) -> None:
        await store.destroy("attachment", attachments[:2])
        await store.soft_delete("attachment", attachments[2:3])
        await store.update("attachment", attachments[3], {store.model.link_column("attachment", "person"): None})
        await store.destroy("noteTarget", [(await first(store, "noteTarget", "targetPersonId"))["id"]])
        link = await first(store, "taskTarget", "targetPersonId")
        await store.soft_delete("taskTarget", [link["id"]])
        await store.destroy("company", [(await first(store, "insuranceClaim", "payerId"))["payerId"]])
        await store.destroy("supplyItem", [(await first(store, "supplyItem", "sourceSystemId"))["id"]])
        (recall, *_) = await tasks(store, "recall:")
        await store.soft_delete("task", [recall])

    moved.by_hand(spoil)
    found = moved.reconcile()
    assert found.files is not None
    assert found.files.troubles == {FileTrouble.DESTROYED: 2, FileTrouble.DELETED: 1, FileTrouble.ASTRAY: 1}
    assert (found.files.landed, found.files.found) == (5, 2)
    assert found.wrong("attachment") == {"files_missing": 2, "files_changed": 1}
    assert found.notable("attachment") == {"files_deleted": 1}
    assert {"missing", "orphans"} <= found.wrong().keys() and found.notable()["deleted"] == 1
    orphans = {(one.object, one.what) for one in found.orphans}
    assert orphans == {("note", "noteTarget"), ("appointment", "taskTarget"), ("claim", "Payer")}

    tallies, files = moved.migrate()
    assert written(tallies) == 0
    assert (files.attached, files.removed) == (0, 4)
    assert sum(tally.deleted_by_a_person for tally in tallies.values()) == 3
    assert moved.reconcile().wrong() == found.wrong()  # looking again does not make it right

    tallies, files = moved.migrate(restore=True)
    assert (files.attached, files.removed) == (4, 0)
    assert sum(tally.links for tally in tallies.values()) == 2
    assert sum(tally.refused + tally.links_refused for tally in tallies.values()) == 0
    after = moved.reconcile()
    assert (after.wrong(), after.notable().get("deleted")) == ({}, None)
    for restore in (False, True):
        tallies, files = moved.migrate(restore=restore)
        assert (written(tallies), files.attached, files.removed) == (0, 0, 0)


def test_what_is_put_back_from_the_trash_is_no_longer_lost_and_bytes_are_compared_on_request(moved: Moved) -> None:
    (attachment, *_) = moved.files()
    with moved.session() as migration:
        (state,) = next(migration.ledger.iterate(source_object="recall", page=1))

    def marks() -> set[str | None]:
        with moved.session() as migration:
            recall = migration.ledger.known("recall", [state.key.source_id])[state.key.source_id]
            return {recall.reason, *(one.code for page in migration.ledger.files() for one in page)}

    async def hide(store: RecordStore) -> None:
        await store.soft_delete("task", [state.record_id])
        await store.soft_delete("attachment", [attachment])

    async def put_back(store: RecordStore) -> None:
        await store.restore("task", [state.record_id])
        await store.restore("attachment", [attachment])

    moved.by_hand(hide)
    moved.reconcile()
    assert marks() == {Loss.LOST, None}
    moved.by_hand(put_back)
    assert moved.reconcile().wrong() == {}
    assert marks() == {None}

    with moved.session() as migration:
        known = [one for page in migration.ledger.files(FileState.ATTACHED) for one in page]
    file = moved.stored / str(known[0].file_id)
    content = file.read_bytes()
    file.write_bytes(content + b"\n")
    assert moved.reconcile().wrong() == {}
    found = moved.reconcile(contents=True)
    assert found.wrong() == {"files_content": 1}
    assert found.files is not None and found.files.verified == 5
    assert [one.what for one in found.file_notices] == [FileTrouble.CONTENT]
    file.write_bytes(content)


def test_after_a_purge_no_file_goes_up_again_and_no_name_comes_back(moved: Moved) -> None:
    moved.purge()
    tallies, files = moved.migrate()
    assert (written(tallies), files.attached, files.unchanged) == (0, 0, 5)
    (attachment, *_) = moved.files()
    moved.by_hand(lambda store: store.destroy("attachment", [attachment]))
    assert moved.reconcile().wrong() == {"files_missing": 1}
    _, files = moved.migrate(restore=True)
    assert files.attached == 1
    assert moved.reconcile(contents=True).wrong() == {}
    with moved.session() as migration:
        names = [one.name for page in migration.ledger.files() for one in page]
        assert len(names) == 5 and all(name.startswith(PURGED) for name in names)
        with migration.run("rollback"):
            assert migration.rollback().complete
    assert moved.by_hand(lambda store: store.count("attachment", with_deleted=True)) == 0
