"""The ledger's memory of the workspace as it was, and what a rollback corrects in it."""

from __future__ import annotations

from dentes_twenty.migration.ids import record_id
from dentes_twenty.migration.ledger import (
    Adoption,
    Ledger,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    Result,
    Status,
    new_key,
)
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE

KEY = RecordKey("patient", "1")
ID = record_id(PRACTICE, "patient", "1")


def land(ledger: Ledger, run: int, **values: object) -> None:
    prints = ledger.fingerprints(values)
    intent = ledger.intend(run, Operation.CREATE, "person", [RecordIntent(KEY, ID, b"r" * 16, prints)])
    ledger.settle(intent, [Outcome(KEY, ID, Result.LANDED)])


def test_a_fingerprint_stands_once_it_is_finished_and_until_it_is_closed(ledger: Ledger) -> None:
    run = ledger.begin_run("migrate")
    assert ledger.fingerprint() is None
    broken_off = ledger.fingerprint_begin(run)
    ledger.fingerprint_add(broken_off, "person", {ID: b"x" * 16})
    assert ledger.fingerprint() is None
    number = ledger.fingerprint_begin(run)
    ledger.fingerprint_add(number, "person", {ID: b"p" * 16})
    ledger.fingerprint_finish(run, number, {"models": {}, "objects": {}}, "digest")
    stands = ledger.fingerprint()
    assert stands is not None
    assert (stands.id, stands.run, stands.document) == (number, run, {"models": {}, "objects": {}})
    assert ledger.fingerprint_records(number, "person") == {ID: b"p" * 16}
    ledger.fingerprint_close(run, number)
    assert ledger.fingerprint() is None
    assert ledger.fingerprint_records(number, "person") == {}
    assert ledger.audit.verify() is None


def test_a_kept_record_is_taken_up_again_and_what_was_cut_off_is_ours_to_fill(ledger: Ledger) -> None:
    run = ledger.begin_run("rollback")
    land(ledger, run, companyId=ID, name="A")
    ledger.set_status(run, [KEY], Status.KEPT, "name")
    (state,) = ledger.known("patient", ["1"]).values()
    assert state.prints is not None
    ledger.reprint(run, [(KEY, ledger.merged_fingerprints(state.prints, {"companyId": None}))])
    assert ledger.take_up_kept(run) == 1
    (state,) = ledger.known("patient", ["1"]).values()
    assert (state.status, state.reason) == (Status.LANDED, None)
    assert state.prints is not None
    assert ledger.changed_fields(state.prints, {"companyId": ID, "name": "A"}) == {"companyId"}
    assert ledger.take_up_kept(run) == 0


def test_unique_values_are_free_again_but_for_those_of_records_that_stay(ledger: Ledger) -> None:
    ledger.hold_values("email", {"a@x.example": "patient:1", "b@x.example": "patient:2", "c@x.example": "existing:9"})
    assert ledger.forget_holders(keep={"patient:2"}) == 2
    assert list(ledger.holders("email").values()) == ["patient:2"]
    assert ledger.forget_holders(keep={"patient:2"}) == 0


def test_a_restored_record_can_be_adopted_again_with_a_new_image(ledger: Ledger) -> None:
    run, key = ledger.begin_run("migrate"), new_key()
    adoption = Adoption("person", ID, KEY, "emails")
    ledger.adopt(run, [(adoption, {"jobTitle": "old"})], key=key)
    intent = ledger.intend(run, Operation.RESTORE, "person", [RecordIntent(KEY, ID)])
    ledger.settle(intent, [Outcome(KEY, ID, Result.LANDED)])
    assert ledger.restored(run, "person", [ID]) == 1
    assert ledger.before_images("person", [ID], key=key) == {}
    ledger.adopt(run, [(adoption, {"jobTitle": "new"})], key=key)
    assert ledger.before_images("person", [ID], key=key) == {ID: {"jobTitle": "new"}}
    assert [one.record_id for page in ledger.adoptions("person") for one in page] == [ID]
