"""What a delta chooses to load: links and files of a row that names somebody else now, everything where it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration import delta_plan
from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty_tests import broad_practice
from dentes_twenty_tests.broad_practice import Tables
from dentes_twenty_tests.migrated import Desk, copy_of, make_template

HOLDER = "5e9bcb0c-6f1c-4f4e-8f5d-2a1d5d0c0a02"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"), broad_practice.write)


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with copy_of(template, tmp_path) as copied:
        yield copied


@pytest.fixture
def tables() -> Tables:
    return Tables()


def delta(desk: Desk, tables: Tables) -> DeltaResult:
    tables.write(desk.export)
    return desk.delta()


def people_of(desk: Desk, note: str) -> tuple[list[str], list[str]]:
    """The people with whom a note shows in Twenty, and those with whom its files do."""
    with desk.session() as migration:
        record = migration.ledger.known("note", [note])[note].record_id
        return _people(migration, "noteTarget", {"noteId": {"eq": record}}), _people(
            migration, "attachment", {"targetNoteId": {"eq": record}}
        )


def _people(migration: Migration, object_: str, condition: dict[str, Any]) -> list[str]:
    store = migration.store

    async def find() -> list[str]:
        return [one["targetPersonId"] async for page in store.find(object_, condition) for one in page]

    return migration.wait(find())


def agrees(desk: Desk) -> bool:
    """Whether every field, link and file of Twenty is that of the export, and a further delta finds nothing to do."""
    with desk.session() as migration:
        return not any(migration.reconcile(contents=True).wrong().values()) and desk.delta().calls <= 3


@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another change"])
def test_a_note_that_belongs_to_somebody_else_now_moves_with_its_files(desk: Desk, tables: Tables, other: bool) -> None:
    """None of the note's own fields says whose it is."""
    tables.set("notes.csv", "501", Patient_ID="105")
    if other:
        tables.set("notes.csv", "503", Title="Gums")
    result = delta(desk, tables)
    (notes,) = (one for one in result.objects if one.object == "note")
    assert (notes.changed, notes.unchanged, notes.fields["noteTarget"]) == (1 + other, 3 - other, 1)
    pelin = desk.person("patient:105")["id"]
    assert people_of(desk, "501") == ([pelin], [pelin])
    assert people_of(desk, "503") == ([desk.person("patient:104")["id"]], [])
    assert agrees(desk)


def test_files_follow_their_note_when_the_run_that_moved_it_was_killed_before(
    desk: Desk, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    tables.set("notes.csv", "501", Patient_ID="105")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Migration, "load_files", killed)
        delta(desk, tables)
    onur, pelin = desk.person("patient:104")["id"], desk.person("patient:105")["id"]
    assert people_of(desk, "501") == ([pelin], [onur])
    desk.delta()
    assert people_of(desk, "501") == ([pelin], [pelin])
    assert agrees(desk)


@pytest.mark.parametrize("most", [0, 1, 3, 50_000])
def test_however_many_records_a_plan_may_keep_the_same_is_written(
    desk: Desk, tables: Tables, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(delta_plan, "MOST_CHOSEN", most)
    tables.set("patients.csv", "101", Alerts="pollen")
    tables.set("patients.csv", "103", Email="e5@example.org")
    tables.set("patients.csv", "105", Email="pelin@example.org")
    tables.add("patients.csv", "108", "103", Email="e8@example.org", First_name="Yeni")
    tables.set("plans.csv", "301", Total_fee="1100.00")
    tables.add("plans.csv", "303", "302", Patient_ID="108")
    tables.add("notes.csv", "505", "503", Patient_ID="108")
    result = delta(desk, tables)
    written = {name: (one.created, one.updated) for name, one in result.tallies.items() if one.written}
    assert written["patient"] == (1, 3)
    assert (written["plan"], written["note"]) == ((1, 1), (1, 0))
    assert result.totals and all(total.ok for total in result.totals)
    assert desk.person("patient:103")["emails"]["primaryEmail"] == "e5@example.org"
    assert agrees(desk)


def test_who_was_typed_into_twenty_meanwhile_is_who_new_rows_point_at(
    desk: Desk, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows were planned before anybody knew that the patient is there already."""
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    typed = {"id": HOLDER, "emails": {"primaryEmail": "e8@example.org", "additionalEmails": []}}
    with desk.session() as migration:
        migration.wait(migration.store.create("person", [typed]))
    tables.add("patients.csv", "108", "103", Email="e8@example.org", First_name="Yeni")
    tables.add("plans.csv", "303", "302", Patient_ID="108")
    tables.add("notes.csv", "505", "503", Patient_ID="108")
    result = delta(desk, tables)
    assert (result.tallies["patient"].adopted, result.refused, result.held) == (1, 0, 0)
    assert all(total.ok for total in result.totals)
    assert people_of(desk, "505") == ([HOLDER], [])
    assert desk.record("opportunity", "plan:303")["pointOfContactId"] == HOLDER
    assert agrees(desk)


def test_what_a_rollback_has_kept_counts_in_the_delta_after_it(desk: Desk, tables: Tables) -> None:
    """It is ours again with the first write, and none of its fields has changed in the export."""
    desk.by_hand("person", "patient:103", medicalAlerts="asked on the phone: none")
    desk.by_hand("opportunity", "plan:301", name="Crowns, discussed")
    with desk.session() as migration, migration.run("rollback"):
        summary = migration.rollback()
        assert sum(len(one.kept) for one in summary.objects) == 2
    result = delta(desk, tables)
    assert result.totals and all(total.ok for total in result.totals)
    assert desk.person("patient:103")["medicalAlerts"] == "asked on the phone: none"
