"""The smaller parts: held rows, quarantine, adoptions, provisioning, approvals, conflicts, files, purge."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.errors import LedgerConfiguration, LedgerMisuse
from dentes_twenty.migration.ledger import (
    Adoption,
    Conflict,
    ConflictState,
    Entry,
    FileRecord,
    FileState,
    Held,
    Ledger,
    Operation,
    Part,
    ProvisionState,
    Purged,
    Severity,
    Status,
    new_key,
)
from dentes_twenty_tests.migration.ledger.conftest import Landing, intent_of, key, outcome_of

# -- held rows --------------------------------------------------------------------------------------------------------


def held(ledger: Ledger, source_id: object, parent: object) -> Held:
    record = intent_of(ledger, source_id, "plan").record_id
    return Held(key(source_id, "plan"), "opportunity", record, key(parent), "parent_missing")


def released(ledger: Ledger, page: int = 1_000) -> list[str]:
    return [found.source_id for some in ledger.releasable(page=page) for found in some]


def test_a_held_record_may_go_when_all_its_parents_have_landed(ledger: Ledger, run: int, land: Landing) -> None:
    ledger.hold(run, [held(ledger, "p1", 1), held(ledger, "p1", 2), held(ledger, "p2", 1), held(ledger, "p3", 9)])
    assert released(ledger) == []
    land(1)
    assert released(ledger) == ["p2"]
    land(2)
    assert released(ledger) == ["p1", "p2"]
    assert released(ledger, page=1) == ["p1", "p2"]


def test_holding_twice_holds_once(ledger: Ledger, run: int) -> None:
    rows = [held(ledger, number, 1) for number in range(5)]
    ledger.hold(run, rows)
    ledger.hold(run, rows)
    assert [row for page in ledger.held(page=2) for row in page] == rows
    assert list(ledger.held("recall")) == []
    assert ledger.counts() == {("opportunity", "plan", Status.HELD): 5}


def test_a_record_that_landed_before_stays_landed_while_its_new_row_waits(
    ledger: Ledger, run: int, land: Landing
) -> None:
    (intent,) = land(1)
    ledger.hold(run, [Held(key(1), "person", intent.record_id, key(5, "practice"), "parent_missing")])
    assert ledger.known("patient", ["1"])["1"].status is Status.LANDED
    assert ledger.release([key(1)]) == 0
    assert ledger.known("patient", ["1"])["1"].status is Status.LANDED


def test_a_record_that_was_only_held_is_forgotten_when_it_is_released(ledger: Ledger, run: int) -> None:
    ledger.hold(run, [held(ledger, "p1", 1), held(ledger, "p1", 2), held(ledger, "p2", 1)])
    assert ledger.release([key("p1", "plan")]) == 1
    assert [row.key.source_id for page in ledger.held() for row in page] == ["p2"]
    assert set(ledger.known("plan", ["p1", "p2"])) == {"p2"}


# -- quarantine -------------------------------------------------------------------------------------------------------


def defect(source_id: str | None, code: str = "bad_amount", **more: Any) -> Entry:
    return Entry("quarantine", "ledger", "ledger.csv", code, source_id=source_id, **more)


def open_entries(ledger: Ledger) -> list[tuple[str | None, str, int | None]]:
    return [(one.source_id, one.code, one.line) for page in ledger.quarantine_open(page=2) for one in page]


def test_a_defect_found_again_is_one_entry_at_its_newest_place(ledger: Ledger) -> None:
    first, second = ledger.begin_run("migrate"), ledger.begin_run("migrate")
    ledger.quarantine_add(first, [defect("1", row=4, line=5), defect("2", row=5, line=6)])
    ledger.quarantine_add(second, [defect("1", row=9, line=10)])
    assert open_entries(ledger) == [("1", "bad_amount", 10), ("2", "bad_amount", 6)]


def test_a_corrected_row_leaves_quarantine_by_itself_and_comes_back_when_it_is_bad_again(ledger: Ledger) -> None:
    runs = [ledger.begin_run("migrate") for _ in range(3)]
    ledger.quarantine_add(runs[0], [defect("1"), defect("2"), dataclasses.replace(defect("3"), report="recalls")])
    ledger.quarantine_add(runs[1], [defect("2")])
    assert ledger.quarantine_resolve(runs[1], report="ledger") == 1
    assert [entry[0] for entry in open_entries(ledger)] == ["2", "3"]
    ledger.quarantine_add(runs[2], [defect("1")])
    assert sorted(str(entry[0]) for entry in open_entries(ledger)) == ["1", "2", "3"]


def test_rows_that_share_an_id_or_have_none_are_told_apart_by_their_place(ledger: Ledger, run: int) -> None:
    rows = [
        defect("1", "duplicate_id", row=2),
        defect("1", "duplicate_id", row=3),
        defect(None, "too_few_cells", row=4),
        defect(None, "too_few_cells", row=5),
    ]
    ledger.quarantine_add(run, rows + rows)
    assert len(open_entries(ledger)) == 4


def test_open_entries_are_counted_and_filtered(ledger: Ledger, run: int) -> None:
    warning = dataclasses.replace(defect("1", "shared_email"), severity="warning", report="patients")
    ledger.quarantine_add(run, [defect("1"), defect("2"), warning])
    assert ledger.quarantine_counts() == {
        ("ledger", Severity.QUARANTINE, "bad_amount"): 2,
        ("patients", Severity.WARNING, "shared_email"): 1,
    }
    assert [len(page) for page in ledger.quarantine_open("ledger")] == [2]
    assert [len(page) for page in ledger.quarantine_open(severity=Severity.WARNING)] == [1]


# -- adoptions --------------------------------------------------------------------------------------------------------

THEIRS = str(uuid.uuid4())
IMAGE = {"name": {"firstName": "Zübeyde", "lastName": "Kaplancıoğlu"}, "jobTitle": "", "phones": None}


def adoption(record_id: str = THEIRS, source_id: object = 1) -> Adoption:
    return Adoption("person", record_id, key(source_id), "email")


def test_a_before_image_comes_back_as_it_was(ledger: Ledger, run: int) -> None:
    secret = new_key()
    ledger.adopt(run, [(adoption(), IMAGE)], key=secret)
    assert ledger.before_images("person", [THEIRS, str(uuid.uuid4())], key=secret) == {THEIRS: IMAGE}
    assert ledger.before_images("company", [THEIRS], key=secret) == {}
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.adopted, state.record_id) == (Status.ADOPTED, True, THEIRS)


def test_the_first_before_image_stays(ledger: Ledger, run: int) -> None:
    secret = new_key()
    ledger.adopt(run, [(adoption(), IMAGE)], key=secret)
    ledger.adopt(run, [(adoption(), {"jobTitle": "our own value"})], key=secret)
    assert ledger.before_images("person", [THEIRS], key=secret) == {THEIRS: IMAGE}


def test_another_key_is_refused_before_anything_is_written_under_it(ledger: Ledger, run: int) -> None:
    ledger.adopt(run, [(adoption(), IMAGE)], key=new_key())
    for attempt in (
        lambda: ledger.before_images("person", [THEIRS], key=new_key()),
        lambda: ledger.adopt(run, [(adoption(str(uuid.uuid4()), 2), {})], key=new_key()),
        lambda: ledger.adopt(run, [(adoption(str(uuid.uuid4()), 2), {})], key="short"),
    ):
        with pytest.raises(LedgerConfiguration) as caught:
            attempt()
        assert caught.value.code == "before_image_key"
    assert ledger.known("patient", ["2"]) == {}


def test_a_restored_record_is_no_adoption_any_more(ledger: Ledger, run: int) -> None:
    secret, others = new_key(), [str(uuid.uuid4()) for _ in range(4)]
    ledger.adopt(run, [(adoption(record, number), {}) for number, record in enumerate(others)], key=secret)
    assert ledger.restored(run, "person", others[:2]) == 2
    standing = [one for page in ledger.adoptions(page=1) for one in page]
    assert {one.record_id for one in standing} == set(others[2:])
    assert [len(page) for page in ledger.adoptions("company")] == []
    ledger.adopt(run, [(adoption(others[0], 0), {})], key=secret)  # migrated again after the rollback
    assert len([one for page in ledger.adoptions() for one in page]) == 3


def test_no_name_from_a_before_image_stands_in_the_file(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url, "p") as ledger:
        ledger.adopt(ledger.begin_run("migrate"), [(adoption(), IMAGE)], key=new_key())
    content = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    assert "Kaplancıoğlu".encode() not in content


# -- provisioning, approvals ------------------------------------------------------------------------------------------


def test_what_was_made_in_the_data_model_is_remembered_until_it_is_removed(ledger: Ledger, run: int) -> None:
    thing, option = Part("object", "treatmentProcedure"), Part("option", "opportunity", "stage", "BOOKED")
    ledger.provision_intend(run, [thing, option])
    ledger.provision_settle(run, thing, ProvisionState.MADE, "id-1")
    ledger.provision_intend(run, [thing])
    assert [(one.part, one.twenty_id) for one in ledger.provisioned(ProvisionState.MADE)] == [(thing, "id-1")]
    assert [one.part for one in ledger.provisioned(ProvisionState.INTENDED)] == [option]
    ledger.provision_forget(run, option)
    ledger.provision_settle(run, thing, ProvisionState.REMOVED)
    assert [(one.part, one.state, one.twenty_id) for one in ledger.provisioned()] == [
        (thing, ProvisionState.REMOVED, "id-1")
    ]
    ledger.provision_intend(run, [thing])
    assert [(one.state, one.twenty_id) for one in ledger.provisioned()] == [(ProvisionState.INTENDED, None)]


def test_a_part_that_was_never_intended_cannot_have_been_made(ledger: Ledger, run: int) -> None:
    with pytest.raises(LedgerMisuse):
        ledger.provision_settle(run, Part("object", "x"), ProvisionState.MADE, "id")


def test_a_yes_is_bound_to_its_fingerprint_and_can_be_taken_back(ledger: Ledger) -> None:
    given = ledger.approve("sample", "f1", by="Dr. Ayşe Ün", note="checked 40 rows")
    assert ledger.approval("sample", "f1") == given
    assert ledger.approval("sample", "f2") is None
    assert ledger.approval("mapping", "f1") is None
    assert ledger.withdraw(given.id, by="Dr. Ayşe Ün")
    assert not ledger.withdraw(given.id, by="Dr. Ayşe Ün")
    assert ledger.approval("sample", "f1") is None
    assert [one.withdrawn is not None for one in ledger.approvals("sample")] == [True]
    assert [line["outcome"] for line in ledger.audit.lines()] == ["given", "withdrawn"]


# -- conflicts --------------------------------------------------------------------------------------------------------


def conflict(ledger: Ledger, field: str, ours: str, theirs: str, source_id: object = 1) -> Conflict:
    value = ledger.prints.value
    return Conflict(key(source_id), field, value("before"), value(ours), value(theirs))


def states(ledger: Ledger) -> dict[str, ConflictState]:
    return {one.field: one.state for page in ledger.conflicts(None, page=1) for one in page}


def test_a_decision_holds_while_both_values_stay_the_same(ledger: Ledger, run: int) -> None:
    both = [conflict(ledger, "chair", "1", "2"), conflict(ledger, "jobTitle", "a", "b")]
    ledger.conflict_add(run, both)
    assert ledger.conflict_resolve(key(1), ConflictState.OURS, by="Ayşe", fields=["chair"]) == 1
    ledger.conflict_add(run, both)
    assert states(ledger) == {"chair": ConflictState.OURS, "jobTitle": ConflictState.OPEN}
    standing = ledger.conflicts_standing()
    assert {field: one.state for field, one in standing[key(1)].items()} == {
        "chair": ConflictState.OURS,
        "jobTitle": ConflictState.OPEN,
    }
    ledger.conflict_add(run, [conflict(ledger, "chair", "1", "edited again")])
    assert states(ledger)["chair"] is ConflictState.OPEN


def test_a_closed_conflict_is_no_decision_any_more(ledger: Ledger, run: int) -> None:
    ledger.conflict_add(run, [conflict(ledger, "chair", "1", "2"), conflict(ledger, "chair", "1", "2", 2)])
    assert ledger.conflict_resolve(key(1), ConflictState.THEIRS, by="Ayşe") == 1
    assert ledger.conflict_resolve(key(1), ConflictState.CLOSED, by="delta", run=run) == 1
    assert key(1) not in ledger.conflicts_standing()
    assert [one.key for page in ledger.conflicts() for one in page] == [key(2)]


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_followed_from_upload_to_link(ledger: Ledger, run: int) -> None:
    note = key("n1", "note")
    ledger.file_set(run, [FileRecord(note, "röntgen.png", FileState.UPLOADING, b"s" * 32, 10)])
    ledger.file_set(run, [FileRecord(note, "röntgen.png", FileState.UPLOADED, file_id="f1")])
    ledger.file_set(run, [FileRecord(note, "röntgen.png", FileState.ATTACHED, attachment_ids=("a1", "a2"))])
    ledger.file_set(run, [FileRecord(note, "izin.txt", FileState.MISSING, code="file_missing")])
    whole = FileRecord(note, "röntgen.png", FileState.ATTACHED, b"s" * 32, 10, "f1", ("a1", "a2"))
    missing = FileRecord(note, "izin.txt", FileState.MISSING, code="file_missing")
    assert ledger.files_of([note, key("n2", "note")]) == {note: [missing, whole]}
    assert [one for page in ledger.files(page=1) for one in page] == [missing, whole]
    assert [one for page in ledger.files(FileState.ATTACHED) for one in page] == [whole]
    assert ledger.file_counts() == {FileState.ATTACHED: 1, FileState.MISSING: 1}


def test_the_log_tells_of_a_file_without_its_name(ledger: Ledger, run: int) -> None:
    ledger.file_set(run, [FileRecord(key("n1", "note"), "Ayşe Yılmaz.png", FileState.ATTACHED)])
    assert "Yılmaz" not in str(list(ledger.audit.lines()))


# -- purge ------------------------------------------------------------------------------------------------------------


def test_a_purge_takes_the_personal_data_and_leaves_the_log_and_the_counts(
    ledger: Ledger, run: int, land: Landing
) -> None:
    land(5, name="x")
    secret = new_key()
    ledger.adopt(run, [(adoption(), IMAGE)], key=secret)
    ledger.quarantine_add(run, [defect("secret-id-1", line=3), defect(None, "too_few_cells", row=1)])
    ledger.conflict_add(run, [conflict(ledger, "chair", "1", "2")])
    names = ["Ayşe Yılmaz.png", "Ayşe Yılmaz 2.png"]
    ledger.file_set(run, [FileRecord(key("n1", "note"), name, FileState.ATTACHED) for name in names])
    before = ledger.audit.head()

    assert ledger.purge(run, signed_by="Deniz") == Purged(before_images=1, file_names=2, quarantine_rows=1, conflicts=1)

    assert ledger.before_images("person", [THEIRS], key=secret) == {}
    assert not [one for page in ledger.files() for one in page if "Yılmaz" in one.name]
    assert ledger.file_counts() == {FileState.ATTACHED: 2}
    assert [entry[0] for entry in open_entries(ledger)] == [None, None]
    assert sum(ledger.quarantine_counts().values()) == 2
    assert ledger.known("patient", ["5"])["5"].status is Status.LANDED
    assert ledger.audit.verify(before) is None
    assert ledger.purge(run, signed_by="Deniz") == Purged(0, 0, 0, 0)


def test_nothing_that_was_purged_is_left_in_the_file(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url, "p") as ledger:
        run = ledger.begin_run("migrate")
        ledger.quarantine_add(run, [defect("canary-98765")])
        ledger.file_set(run, [FileRecord(key("n1", "note"), "canary-name.png", FileState.ATTACHED)])
        ledger.purge(run, signed_by="Deniz")
        folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
        assert not [file.name for file in folder.iterdir() if b"canary" in file.read_bytes()]


def test_a_late_parent_lets_its_child_land(ledger: Ledger, run: int, land: Landing) -> None:
    """The way of a row whose parent comes with the next drop."""
    child = intent_of(ledger, "p1", "plan", name="x")
    ledger.hold(run, [Held(child.key, "opportunity", child.record_id, key(1), "parent_missing")])
    land(1)
    ((waiting,),) = ledger.releasable()
    assert waiting == child.key
    ledger.settle(ledger.intend(run, Operation.CREATE, "opportunity", [child]), [outcome_of(child)])
    assert list(ledger.held()) == []
    assert ledger.known("plan", ["p1"])["p1"].status is Status.LANDED


def test_no_representation_shows_a_source_id_or_a_file_name(ledger: Ledger, run: int, land: Landing) -> None:
    (intent,) = land("canary-1")
    shown = [
        intent,
        outcome_of(intent),
        ledger.known("patient", ["canary-1"]),
        held(ledger, "canary-2", "canary-3"),
        defect("canary-4"),
        conflict(ledger, "chair", "1", "2", "canary-5"),
        FileRecord(key("canary-6", "note"), "canary-7.png", FileState.ATTACHED),
        adoption(source_id="canary-8"),
    ]
    assert "canary" not in repr([one if not isinstance(one, dict) else list(one.values()) for one in shown])
