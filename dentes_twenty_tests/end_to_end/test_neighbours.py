"""What stands in the workspace before us, by policy; and what one refused record means for the rows that need it."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from dentes_twenty.migration.ledger import new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.harness import (
    MEMBERS,
    check_workspace,
    make_drop,
    make_practice,
    migrate,
    needs_generator,
)

pytestmark = needs_generator
T = TypeVar("T")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        yield server


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    return make_drop(tmp_path, seed=61, dialect="utf8-en", defects="none", patients=30)


def by_hand(sandbox: SandboxServer, work: Callable[[RecordStore], Awaitable[T]]) -> T:
    """What a person does in Twenty."""

    async def run() -> T:
        async with TwentyClient(sandbox.url, sandbox.api_key) as client:
            return await work(await RecordStore.open(client))

    return asyncio.run(run())


def first_email(practice: Practice, api_key: str) -> tuple[str, str]:
    """Source key and e-mail of the first patient who holds one."""
    with Migration(practice, api_key=api_key) as migration:
        for report in migration.reports:
            migration.stage(report)
        value, key = next(
            (v, k) for v, k in migration.planner.index.emails.wanted().items() if k.startswith("patient:")
        )
        return key, value


async def person(store: RecordStore, source_id: str) -> dict[str, Any]:
    async for page in store.find("person", {"sourceSystemId": {"eq": source_id}}):
        return dict(page[0])
    return {}


def test_a_person_who_is_there_already_is_adopted_and_nothing_of_theirs_is_overwritten(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    practice = make_practice(tmp_path, drop, sandbox.url)
    key, email = first_email(practice, sandbox.api_key)
    theirs = {"id": "7b1c2f0e-3d4a-4f5b-8c6d-1e2f3a4b5c6d", "jobTitle": "Astronaut", "emails": {"primaryEmail": email}}
    by_hand(sandbox, lambda store: store.create("person", [theirs]))
    tallies = migrate(practice, sandbox.api_key)
    found = by_hand(sandbox, lambda store: person(store, key))
    assert tallies["patient"].adopted == 1
    assert found["id"] == theirs["id"]
    assert found["jobTitle"] == "Astronaut"
    assert found["patientStatus"]
    assert by_hand(sandbox, lambda store: store.count("taskTarget", {"targetPersonId": {"eq": found["id"]}})) > 0
    assert sum(t.written for t in migrate(practice, sandbox.api_key).values()) == 0


def test_a_person_is_kept_apart_when_the_practice_says_so(tmp_path: Path, drop: Path, sandbox: SandboxServer) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url, policies={"existing_records": "separate"})
    key, email = first_email(practice, sandbox.api_key)
    theirs = {"id": "7b1c2f0e-3d4a-4f5b-8c6d-1e2f3a4b5c6d", "emails": {"primaryEmail": email}}
    by_hand(sandbox, lambda store: store.create("person", [theirs]))
    tallies = migrate(practice, sandbox.api_key)
    found = by_hand(sandbox, lambda store: person(store, key))
    assert (tallies["patient"].adopted, tallies["patient"].refused) == (0, 0)
    assert found["id"] != theirs["id"]
    assert found["sharedEmail"] == email
    assert not found["emails"]["primaryEmail"]


def test_one_refused_patient_is_named_and_their_rows_wait_until_the_patient_lands(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    intruder = {"id": "0f0e0d0c-0b0a-4a0b-8c0d-0e0f0a0b0c0d", "sourceSystemId": "patient:10002"}

    def intrude(object_: str) -> None:
        if object_ == "person":
            by_hand(sandbox, lambda store: store.create("person", [intruder]))

    with pytest.raises(AssertionError):  # the totals show the intruder, who carries one of our ids
        migrate(practice, sandbox.api_key, hook=intrude)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        refused = [e for page in migration.ledger.quarantine_open("patient") for e in page if "refused" in e.code]
        assert [(entry.source_id, entry.code) for entry in refused] == [("10002", "refused_duplicate")]
        held = sum(count for (_, _, status), count in migration.ledger.counts().items() if status == "held")
        assert held > 0
    by_hand(sandbox, lambda store: store.destroy("person", [intruder["id"]]))
    migrate(practice, sandbox.api_key)
    status, said = check_workspace(tmp_path, sandbox.url, sandbox.api_key, drop)
    assert status == 0, said


def test_a_note_that_belongs_to_somebody_else_now_shows_with_them_alone(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    migrate(practice, sandbox.api_key)
    path = drop / "notes.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    owner, files, key = (header.index(name) for name in ("Patient ID", "Attachments", "Note ID"))
    moved = next((row for row in rows if row[files]), rows[0])
    moved[owner] = "10001" if moved[owner] != "10001" else "10002"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    migrate(practice, sandbox.api_key)

    async def look(store: RecordStore) -> tuple[list[str], list[str], str]:
        async for note, *_ in store.find("note", {"sourceSystemId": {"eq": f"note:{moved[key]}"}}, ["id"]):
            links = [t async for page in store.find("noteTarget", {"noteId": {"eq": note["id"]}}) for t in page]
            kept = [a async for page in store.find("attachment", {"targetNoteId": {"eq": note["id"]}}) for a in page]
            new = (await person(store, f"patient:{moved[owner]}"))["id"]
            return [t["targetPersonId"] for t in links], [a["targetPersonId"] for a in kept], new
        raise AssertionError("the note is gone")

    links, attachments, new = by_hand(sandbox, look)
    assert links == [new]
    assert set(attachments) <= {new}
