"""Batches: what stands in the ledger before, between and after, for every operation and outcome."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty.migration.errors import LedgerMisuse
from dentes_twenty.migration.ledger import (
    Adoption,
    Held,
    Ledger,
    Operation,
    Outcome,
    Result,
    Status,
    new_key,
)
from dentes_twenty_tests.migration.ledger.conftest import Landing, intent_of, key, outcome_of


def statuses(ledger: Ledger) -> dict[str, Status]:
    return {state.key.source_id: state.status for page in ledger.iterate() for state in page}


def doubts(ledger: Ledger, object: str | None = None) -> list[tuple[str, Operation | None]]:
    return [(state.key.source_id, state.operation) for page in ledger.in_doubt(object) for state in page]


def test_an_intended_record_is_in_doubt_until_it_is_settled(ledger: Ledger, run: int) -> None:
    intents = [intent_of(ledger, number, name=number) for number in (1, 2)]
    batch = ledger.intend(run, Operation.CREATE, "person", intents)
    assert statuses(ledger) == {"1": Status.SENDING, "2": Status.SENDING}
    state = ledger.known("patient", ["1"])["1"]
    assert (state.prints, state.pending, state.pending_row) == (None, intents[0].prints, intents[0].row_print)
    assert doubts(ledger) == [("1", Operation.CREATE), ("2", Operation.CREATE)]
    assert doubts(ledger, "task") == []
    ledger.settle(batch, [outcome_of(intents[0])])
    assert doubts(ledger) == [("2", Operation.CREATE)]
    ledger.settle(batch, [outcome_of(intents[1])])
    assert doubts(ledger) == []


def test_a_create_that_never_happened_leaves_no_record(ledger: Ledger, run: int) -> None:
    intent = intent_of(ledger, 1)
    batch = ledger.intend(run, Operation.CREATE, "person", [intent])
    ledger.settle(batch, [outcome_of(intent, Result.ABSENT)])
    assert statuses(ledger) == {}
    assert doubts(ledger) == []


@pytest.mark.parametrize("result", [Result.REFUSED, Result.ABSENT])
def test_an_update_that_did_not_happen_leaves_the_record_and_its_fingerprints(
    ledger: Ledger, run: int, land: Landing, result: Result
) -> None:
    (before,) = land(1, name="old")
    after = intent_of(ledger, 1, name="new")
    batch = ledger.intend(run, Operation.UPDATE, "person", [after])
    assert ledger.known("patient", ["1"])["1"].prior is Status.LANDED
    ledger.settle(batch, [outcome_of(after, result, "code")])
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.prints, state.row_print) == (Status.LANDED, before.prints, before.row_print)
    # What was refused is known, so that the same change is not sent again for nothing.
    tried = (after.prints, after.row_print) if result is Result.REFUSED else (None, None)
    assert (state.pending, state.pending_row, state.prior) == (*tried, None)


def test_a_refused_create_is_remembered_with_its_code_and_may_be_tried_again(ledger: Ledger, run: int) -> None:
    intent = intent_of(ledger, 1)
    ledger.settle(
        ledger.intend(run, Operation.CREATE, "person", [intent]), [outcome_of(intent, Result.REFUSED, "too_long")]
    )
    assert ledger.known("patient", ["1"])["1"].reason == "too_long"
    ledger.settle(ledger.intend(run, Operation.CREATE, "person", [intent]), [outcome_of(intent)])
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.reason) == (Status.LANDED, None)


def test_a_record_that_twenty_had_already_keeps_the_id_it_has_there(ledger: Ledger, run: int) -> None:
    intent, theirs = intent_of(ledger, 1), str(uuid.uuid4())
    batch = ledger.intend(run, Operation.UPSERT, "person", [intent])
    ledger.settle(batch, [Outcome(intent.key, theirs, Result.ADOPTED)])
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.adopted, state.record_id) == (Status.ADOPTED, True, theirs)
    assert list(ledger.audit.lines())[-1]["subject"] == theirs


def test_an_adopted_record_stays_adopted_when_it_is_written(ledger: Ledger, run: int) -> None:
    theirs = str(uuid.uuid4())
    ledger.adopt(run, [(Adoption("person", theirs, key(1), "email"), {"jobTitle": ""})], key=new_key())
    intent = dataclasses.replace(intent_of(ledger, 1, jobTitle="x"), record_id=theirs)
    ledger.settle(ledger.intend(run, Operation.UPDATE, "person", [intent]), [outcome_of(intent)])
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.adopted, state.prints) == (Status.ADOPTED, True, intent.prints)


def test_a_destroyed_record_may_be_made_again_and_is_then_ours(ledger: Ledger, run: int, land: Landing) -> None:
    land(1, name="x")
    land(1, operation=Operation.DESTROY)
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.prints, state.row_print) == (Status.ROLLED_BACK, None, None)
    land(1, name="y")
    assert statuses(ledger) == {"1": Status.LANDED}


def test_the_form_of_a_value_that_twenty_keeps_replaces_the_one_that_was_sent(ledger: Ledger, run: int) -> None:
    intent = intent_of(ledger, 1, phone="0532")
    stored = ledger.fingerprints({"phone": "532"})
    batch = ledger.intend(run, Operation.CREATE, "person", [intent])
    ledger.settle(batch, [Outcome(intent.key, intent.record_id, Result.LANDED, prints=stored)])
    assert ledger.known("patient", ["1"])["1"].prints == stored


def test_a_record_sent_again_after_a_crash_is_in_doubt_once_and_remembers_where_it_stood(
    ledger: Ledger, run: int, land: Landing
) -> None:
    land(1, 2)
    intents = [intent_of(ledger, number, name="new") for number in (1, 2)]
    ledger.intend(run, Operation.UPDATE, "person", intents)
    again = ledger.intend(run, Operation.UPDATE, "person", intents)
    assert doubts(ledger) == [("1", Operation.UPDATE), ("2", Operation.UPDATE)]
    ledger.settle(again, [outcome_of(intent, Result.REFUSED, "x") for intent in intents])
    assert statuses(ledger) == {"1": Status.LANDED, "2": Status.LANDED}
    assert doubts(ledger) == []


@pytest.mark.parametrize("wrong", ["twice", "stranger", "no such batch"])
def test_outcomes_that_do_not_fit_their_batch_write_nothing(ledger: Ledger, run: int, wrong: str) -> None:
    intents = [intent_of(ledger, number) for number in (1, 2)]
    batch = ledger.intend(run, Operation.CREATE, "person", intents)
    outcomes = [outcome_of(intents[0])]
    if wrong == "twice":
        ledger.settle(batch, outcomes)
    head = ledger.audit.head()
    before = statuses(ledger)
    if wrong == "stranger":
        outcomes.append(outcome_of(intent_of(ledger, 3)))
    with pytest.raises(LedgerMisuse):
        ledger.settle(batch + (wrong == "no such batch"), outcomes)
    assert statuses(ledger) == before
    assert ledger.audit.head() == head


def test_a_batch_with_a_record_twice_is_refused(ledger: Ledger, run: int) -> None:
    intent = intent_of(ledger, 1)
    with pytest.raises(LedgerMisuse):
        ledger.intend(run, Operation.CREATE, "person", [intent, intent])
    with pytest.raises(LedgerMisuse):
        ledger.intend(run, Operation.CREATE, "person", [])
    assert statuses(ledger) == {}


def test_a_record_that_is_sent_is_no_longer_held(ledger: Ledger, run: int) -> None:
    ledger.hold(run, [Held(key(1), "person", intent_of(ledger, 1).record_id, key(5, "practice"), "parent_missing")])
    assert statuses(ledger) == {"1": Status.HELD}
    ledger.intend(run, Operation.CREATE, "person", [intent_of(ledger, 1)])
    assert list(ledger.held()) == []
    assert statuses(ledger) == {"1": Status.SENDING}


def test_every_record_of_a_batch_has_its_line_in_the_log(ledger: Ledger, run: int) -> None:
    intents = [intent_of(ledger, number) for number in range(3)]
    batch = ledger.intend(run, Operation.CREATE, "person", intents)
    ledger.settle(batch, [outcome_of(intents[0]), outcome_of(intents[1]), outcome_of(intents[2], Result.REFUSED, "x")])
    lines = [(line["operation"], line["object"], line["subject"], line["outcome"]) for line in ledger.audit.lines()]
    assert lines[1:] == [
        ("create", "person", f"batch:{batch}", "intended"),
        ("create", "person", intents[0].record_id, "landed"),
        ("create", "person", intents[1].record_id, "landed"),
        ("create", "person", intents[2].record_id, "refused"),
    ]


STANDS = {Status.LANDED, Status.VANISHED, Status.ROLLED_BACK}
AFTER = {
    Operation.CREATE: Status.LANDED,
    Operation.UPSERT: Status.LANDED,
    Operation.UPDATE: Status.LANDED,
    Operation.DELETE: Status.VANISHED,
    Operation.DESTROY: Status.ROLLED_BACK,
    Operation.RESTORE: Status.ROLLED_BACK,
}


def expected(status: Status | None, operation: Operation, result: Result) -> Status | None:
    """The model: what a record of ours is after an outcome."""
    if result is Result.LANDED:
        return AFTER[operation]
    if result is Result.ABSENT:
        return status
    return status if status in STANDS else Status.REFUSED


steps = st.lists(
    st.tuples(
        st.sampled_from(list(Operation)),
        st.sampled_from([Result.LANDED, Result.REFUSED, Result.ABSENT]),
        st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_sequence_of_batches_leaves_what_the_model_says(
    ledger: Ledger, run: int, sequence: list[tuple[Operation, Result, bool]]
) -> None:
    name = uuid.uuid4().hex
    status: Status | None = None
    for number, (operation, result, crashed_before) in enumerate(sequence):
        intent = intent_of(ledger, name, value=number)
        if crashed_before:
            ledger.intend(run, operation, "person", [intent])
        batch = ledger.intend(run, operation, "person", [intent])
        ledger.settle(batch, [outcome_of(intent, result, "code" if result is Result.REFUSED else None)])
        status = expected(status, operation, result)
        found = ledger.known("patient", [name]).get(name)
        assert (found.status if found else None) == status
    assert doubts(ledger) == []
    assert ledger.audit.verify() is None
