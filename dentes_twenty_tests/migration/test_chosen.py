"""What a delta chooses to load: links and files of a row that names somebody else now, everything where it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration import delta_plan
from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import RecordKey, RecordState, Status, new_key
from dentes_twenty.migration.links import is_misplaced
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests import broad_practice
from dentes_twenty_tests.broad_practice import Tables
from dentes_twenty_tests.migrated import Desk, copy_of, make_template

HOLDER = "5e9bcb0c-6f1c-4f4e-8f5d-2a1d5d0c0a02"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NURAY = {"Guardian": "Nuray Tekin", "Guardian_phone": "+90 532 001 70 44"}


def with_guardians() -> Tables:
    """Patient 104 has a guardian; a picture hangs on note 502."""
    tables = Tables()
    tables.extend("patients.csv", "Guardian", "Guardian phone")
    tables.set("patients.csv", "104", **NURAY)
    tables.set("notes.csv", "502", Attachments="film.png")
    return tables


def write(folder: Path, url: str) -> Practice:
    practice = broad_practice.write(folder, url)
    with_guardians().write(folder / "export")
    (folder / "export" / "attachments" / "film.png").write_bytes(PNG)
    return practice


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"), write)


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with copy_of(template, tmp_path) as copied:
        yield copied


@pytest.fixture
def tables() -> Tables:
    return with_guardians()


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


def test_a_link_that_was_left_out_comes_with_the_parent_that_lands_now(desk: Desk, tables: Tables) -> None:
    """Nothing in the patient's row has changed; what stood in its company's way has gone from Twenty."""
    with desk.session() as migration:
        taken = {"id": HOLDER, "sourceSystemId": "practice:K3"}
        migration.wait(migration.store.create("company", [taken]))
    tables.add("practices.csv", "K3", "K2", Website="https://new.example.net", Practice_name="New")
    tables.set("patients.csv", "103", Referring_practice="K3")
    first = delta(desk, tables)
    assert (first.refused, desk.person("patient:103")["companyId"]) == (1, None)
    assert desk.delta().calls <= 3 + 1  # whether it has a chance now
    with desk.session() as migration:
        migration.wait(migration.store.destroy("company", [HOLDER]))
    landed = desk.delta()
    assert (landed.tallies["practice"].created, landed.tallies["patient"].updated) == (1, 1)
    assert desk.person("patient:103")["companyId"] == desk.record("company", "practice:K3")["id"]
    assert agrees(desk)


def test_what_a_killed_rollback_left_in_doubt_is_found_by_the_delta_after_it(
    desk: Desk, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroy = RecordStore.destroy

    async def killed(store: RecordStore, object_: str, ids: Sequence[str]) -> Sequence[str]:
        if object_ == "note":
            raise KeyboardInterrupt
        return await destroy(store, object_, ids)

    with (
        monkeypatch.context() as patched,
        desk.session() as migration,
        pytest.raises(KeyboardInterrupt),
        migration.run("rollback"),
    ):
        patched.setattr(RecordStore, "destroy", killed)
        migration.rollback()
    with desk.session() as migration:
        assert next(migration.ledger.in_doubt())
    result = delta(desk, tables)
    assert result.totals and all(total.ok for total in result.totals)
    assert agrees(desk)


def test_a_new_patient_points_at_a_guardian_who_stands_at_once(desk: Desk, tables: Tables) -> None:
    tables.add("patients.csv", "107", "103", Email="e7@example.org", Mobile="+90 532 001 70 07")
    alone = delta(desk, tables)
    tables.add("patients.csv", "108", "103", Email="e8@example.org", Mobile="+90 532 001 70 08", **NURAY)
    led = delta(desk, tables)
    assert (alone.tallies["patient"].created, led.tallies["patient"].created) == (1, 1)
    assert led.calls == alone.calls
    assert desk.person("patient:108")["guardianId"] == desk.person("patient:104")["guardianId"] is not None
    assert agrees(desk)


def test_a_new_patient_lands_without_a_guardian_whom_somebody_has_destroyed(desk: Desk, tables: Tables) -> None:
    guardian = desk.person("patient:104")["guardianId"]
    with desk.session() as migration:
        migration.wait(migration.store.destroy("person", [guardian]))
        migration.reconcile()
    tables.add("patients.csv", "108", "103", Email="e8@example.org", Mobile="+90 532 001 70 08", **NURAY)
    result = delta(desk, tables)
    assert (result.tallies["patient"].created, desk.person("patient:108")["guardianId"]) == (1, None)
    assert all(total.ok for total in result.totals)


def test_a_file_that_cannot_be_replaced_goes_where_its_note_goes(desk: Desk, tables: Tables) -> None:
    """The earlier one stays, and may not stay with the patient whose note it is no more."""
    (desk.export / "attachments" / "film.png").write_bytes(b"no picture")
    tables.set("notes.csv", "502", Patient_ID="104")
    result = delta(desk, tables)
    assert (result.files.not_replaced, result.files.reasons) == (1, {"refused_file": 1})
    onur = desk.person("patient:104")["id"]
    assert people_of(desk, "502") == ([onur], [onur])
    assert desk.delta().files.not_replaced == 1
    assert people_of(desk, "502") == ([onur], [onur])


def test_two_forms_and_a_swap_of_emails_in_one_delta(
    desk: Desk, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the plan may keep no more than some of the records."""
    tables.set("patients.csv", "101", Email="e2@example.org")
    tables.set("patients.csv", "102", Email="e1@example.org")
    tables.set("anamnesis.csv", "601", Smoker="No")
    tables.add("anamnesis.csv", "605", "602")
    for most in (2, 50_000):
        monkeypatch.setattr(delta_plan, "MOST_CHOSEN", most)
        result = delta(desk, tables)
        assert result.totals and all(total.ok for total in result.totals)
        assert desk.person("patient:101")["emails"]["primaryEmail"] == tables.get("patients.csv", "101", "Email")
        assert desk.person("patient:102")["emails"]["primaryEmail"] == tables.get("patients.csv", "102", "Email")
        assert agrees(desk)
        tables.set("patients.csv", "101", Email="e1@example.org")
        tables.set("patients.csv", "102", Email="e2@example.org")
        tables.set("anamnesis.csv", "602", Smoker="Yes")


@pytest.mark.parametrize(
    ("status", "reason", "there", "misplaced"),
    [
        (None, None, False, True),
        (Status.LANDED, None, True, False),
        (Status.LANDED, None, False, True),
        (Status.ROLLED_BACK, None, True, True),
        (Status.REFUSED, "invalid_value", True, False),
        (Status.REFUSED, "foreign_key", True, True),
        (Status.REFUSED, "duplicate", True, True),
    ],
)
def test_a_link_is_misplaced_unless_it_stands_or_would_be_refused_again(
    desk: Desk, status: Status | None, reason: str | None, there: bool, misplaced: bool
) -> None:
    with desk.session() as migration:
        (note,) = (one for one in migration.declarations("note") if one.name == "note")
        planned = next(iter(migration.planner.records(note, migration.owners())))
    (link,) = planned.links
    key, id_ = RecordKey(link.join, planned.key), link.id if there else HOLDER
    state = RecordState(key, link.join, id_, status, False, reason=reason) if status else None
    assert is_misplaced(planned, link.join, state) is misplaced
