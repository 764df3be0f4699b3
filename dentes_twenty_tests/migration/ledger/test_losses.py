"""What a reconciliation found gone is remembered beside what the ledger says of it; and names after a purge."""

from __future__ import annotations

from dentes_twenty.migration.ledger import FileNames, FileRecord, FileState, Ledger, Loss, RunState, Status
from dentes_twenty.migration.ledger.files import PURGED
from dentes_twenty_tests.migration.ledger.conftest import Landing, key


def test_a_loss_stands_beside_a_record_that_keeps_its_status_until_it_is_found_again(
    ledger: Ledger, land: Landing
) -> None:
    land(1, 2)
    assert ledger.note_losses({key("1"): Loss.LOST, key("2"): Loss.UNLINKED}) == 2
    known = ledger.known("patient", ["1", "2"])
    assert [(known[one].status, known[one].reason) for one in "12"] == [
        (Status.LANDED, Loss.LOST),
        (Status.LANDED, Loss.UNLINKED),
    ]
    assert ledger.note_losses({key("1"): None}) == 1
    assert ledger.known("patient", ["1"])["1"].reason is None
    assert [line["outcome"] for line in ledger.audit.lines()][-3:] == [
        "lost_in_twenty",
        "unlinked_in_twenty",
        "found_again",
    ]
    assert ledger.audit.verify() is None


def test_only_records_that_stand_can_be_lost_and_other_reasons_stay(ledger: Ledger, run: int, land: Landing) -> None:
    land(1, 2)
    ledger.set_status(run, [key("1")], Status.DELETED, "deleted_by_a_person")
    ledger.set_status(run, [key("2")], Status.LANDED, "absent_marked")
    assert ledger.note_losses({key("1"): Loss.LOST, key("2"): Loss.LOST, key("never seen"): Loss.LOST}) == 0
    assert {state.reason for state in ledger.known("patient", ["1", "2"]).values()} == {
        "deleted_by_a_person",
        "absent_marked",
    }


def test_what_lands_again_is_lost_no_more(ledger: Ledger, land: Landing) -> None:
    land(1)
    ledger.note_losses({key("1"): Loss.LOST})
    land(1)
    assert ledger.known("patient", ["1"])["1"].reason is None


def test_a_file_that_hangs_can_be_lost(ledger: Ledger, run: int) -> None:
    there, out = (
        FileRecord(key("n1", "note"), name, state)
        for name, state in (("a.png", FileState.ATTACHED), ("b.png", FileState.MISSING))
    )
    ledger.file_set(run, [there, out])
    ledger.note_lost_files([(there, Loss.LOST), (out, Loss.LOST)])
    assert {one.name: one.code for page in ledger.files() for one in page} == {"a.png": Loss.LOST, "b.png": None}
    assert "a.png" not in str(list(ledger.audit.lines()))
    ledger.note_lost_files([(there, None)])
    assert [one.code for page in ledger.files() for one in page] == [None, None]


def test_after_a_purge_a_file_is_known_by_what_stands_for_its_name(ledger: Ledger, run: int) -> None:
    note = key("n1", "note")
    assert FileNames(ledger).kept(note, "Ayşe.png") == "Ayşe.png"
    ledger.file_set(run, [FileRecord(note, "Ayşe.png", FileState.ATTACHED)])
    ledger.purge(run, signed_by="Deniz")
    names = FileNames(ledger)
    found = names.find(note, "Ayşe.png", ledger.files_of([note])[note])
    assert found is not None and found.name == names.kept(note, "Ayşe.png")
    assert names.kept(note, "another.png").startswith(PURGED)
    assert names.find(key("n2", "note"), "Ayşe.png", ledger.files_of([note])[note]) is None


def test_a_purge_of_a_practice_without_files_keeps_later_names_out_too(ledger: Ledger) -> None:
    run = ledger.begin_run("purge")
    ledger.purge(run, signed_by="Deniz")
    assert not ledger.names_are_purged()  # it has not ended yet
    ledger.end_run(run, RunState.DONE, {})
    assert FileNames(ledger).kept(key("n1", "note"), "Ayşe.png").startswith(PURGED)
