"""Going back: a practice's own workspace is as it was, edits stay, a killed rollback ends the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.ledger import Status, new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import RollbackSummary
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, furnish, snapshot, wanted

pytestmark = needs_generator


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, new_key())


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        yield server


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drop(tmp_path_factory.mktemp("drop"), seed=64, dialect="utf8-en", defects="some", patients=15)


def roll_back(practice: Practice, api_key: str, **options: Any) -> RollbackSummary:
    with Migration(practice, api_key=api_key) as migration, migration.run("rollback"):
        return migration.rollback(**options)


@pytest.mark.parametrize("policy", ["adopt", "separate"])
def test_a_workspace_of_the_practices_own_is_as_before_after_migrating_and_rolling_back(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, policy: str
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url, policies={"existing_records": policy})
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key))
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    tallies = migrate(practice, sandbox.api_key)
    assert sum(tally.adopted for tally in tallies.values()) > (8 if policy == "adopt" else 0)
    assert tallies["provider"].adopted > 0
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) != before
    with Migration(practice, api_key=sandbox.api_key) as migration:
        promised = migration.rollback(dry_run=True)
    done = roll_back(practice, sandbox.api_key)
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before
    assert done.comparison is not None
    assert done.comparison.same
    assert done.comparison.before == done.comparison.after
    assert (done.ok, done.complete) == (True, True)
    assert [(one.object, one.reversed) for one in promised.objects] == [
        (one.object, one.reversed) for one in done.objects
    ]
    assert set(promised.parts.removed) == set(done.parts.removed)


def test_a_practice_that_has_gone_back_can_migrate_again(tmp_path: Path, drop: Path, sandbox: SandboxServer) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=30, companies=10)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    first = migrate(practice, sandbox.api_key)
    assert roll_back(practice, sandbox.api_key).complete
    again = migrate(practice, sandbox.api_key)
    assert {n: (t.created, t.adopted) for n, t in again.items()} == {
        n: (t.created, t.adopted) for n, t in first.items()
    }
    assert roll_back(practice, sandbox.api_key).complete
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before


EDITS = {
    "person": (7, {"patientStatus": "ARCHIVED"}, "patientStatus"),
    "task": (5, {"title": "Moved by phone"}, "title"),
    "note": (3, {"bodyV2": {"markdown": "Rewritten"}}, "bodyV2"),
    "opportunity": (3, {"name": "Talked over"}, "name"),
    "billingLedger": (2, {"invoiceNumber": "X-1"}, "invoiceNumber"),
}


def edit(practice: Practice, sandbox: SandboxServer) -> dict[str, set[str]]:
    """A person edits twenty migrated records; their ids by object. Among the people are guardians of others."""
    with Migration(practice, api_key=sandbox.api_key) as migration:
        chosen = {
            name: {state.record_id for state in next(migration.ledger.iterate(name, status=Status.LANDED))[:count]}
            for name, (count, _, _) in EDITS.items()
        }

    async def change(store: RecordStore) -> None:
        for name, ids in chosen.items():
            await store.update_ids(name, sorted(ids), EDITS[name][1])

    by_hand(sandbox.url, sandbox.api_key, change)
    return chosen


def test_twenty_edited_records_are_kept_and_named_and_the_rest_is_reversed(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    migrate(practice, sandbox.api_key)
    edited = edit(practice, sandbox)
    done = roll_back(practice, sandbox.api_key)
    assert len(done.kept) == 20
    assert {(one.object, one.record_id): one.fields for one in done.kept} == {
        (name, record): (EDITS[name][2],) for name, ids in edited.items() for record in ids
    }
    after = by_hand(sandbox.url, sandbox.api_key, snapshot)
    assert {name: set(records) for name, (_, _, records) in after.items() if records} == edited
    assert (done.ok, done.complete, done.failed) == (True, False, ())
    assert done.comparison is not None
    assert not done.comparison.same
    assert "person.patientStatus" in {f"{one.part.object}.{one.part.field}" for one in done.parts.kept}

    again = roll_back(practice, sandbox.api_key)  # the same question has the same answer
    assert [(one.record_id, one.fields) for one in again.kept] == [(one.record_id, one.fields) for one in done.kept]
    assert again.reversed == 0

    tallies = migrate(practice, sandbox.api_key)  # what was kept is taken up again, and points where it should
    assert sum(tally.refused + tally.conflicts for tally in tallies.values()) == 0
    plans = by_hand(
        sandbox.url, sandbox.api_key, lambda store: store.read("opportunity", sorted(edited["opportunity"]))
    )
    assert all(plan["pointOfContactId"] for plan in plans.values())
    assert roll_back(practice, sandbox.api_key, force=True).complete
    assert by_hand(sandbox.url, sandbox.api_key, lambda store: store.count("person")) == 0
