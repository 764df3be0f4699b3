"""Per-record state: what is known, what changed, what vanished."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty.migration.ledger import Ledger, Operation, RecordKey, Result, Status
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE, Landing, intent_of, key, outcome_of


def test_a_landed_record_is_known_by_its_source_and_by_its_id(ledger: Ledger, land: Landing) -> None:
    (intent,) = land(7, name="x")
    state = ledger.known("patient", ["7", "8"])["7"]
    assert state.key == RecordKey("patient", "7")
    assert (state.object, state.status, state.adopted) == ("person", Status.LANDED, False)
    assert (state.row_print, state.prints) == (intent.row_print, intent.prints)
    assert (state.pending, state.pending_row, state.prior) == (None, None, None)
    assert ledger.known_by_record_id([intent.record_id, str(uuid.uuid4())]) == {intent.record_id: [state]}


def test_looking_up_more_ids_than_a_page_finds_all_of_them(ledger: Ledger, land: Landing) -> None:
    intents = land(*range(2_300))
    assert len(ledger.known("patient", (str(number) for number in range(2_500)))) == 2_300
    assert len(ledger.known_by_record_id(intent.record_id for intent in intents)) == 2_300


def test_ids_with_strange_characters_are_ids_like_any_other(ledger: Ledger, land: Landing) -> None:
    strange = ["0010", "10", "İı-ş/ğ", "a'b\"c", "%_\\", "=1+1", "😀", " ", "[1]", "10.0"]
    land(*strange)
    assert set(ledger.known("patient", strange)) == set(strange)
    assert ledger.known("patient", ["010", "0", "1"]) == {}


def test_only_the_changed_fields_are_named(ledger: Ledger, land: Landing) -> None:
    land(7, jobTitle="Öğretmen", phones={"primaryPhoneNumber": "5"}, birthDate=None)
    prints = ledger.known("patient", ["7"])["7"].prints
    assert prints is not None
    same: dict[str, Any] = {"birthDate": None, "phones": {"primaryPhoneNumber": "5"}, "jobTitle": "Öğretmen"}
    assert ledger.changed_fields(prints, same) == set()
    assert ledger.changed_fields(prints, {**same, "jobTitle": "Mühendis"}) == {"jobTitle"}
    assert ledger.changed_fields(prints, {**same, "chair": "1"}) == {"chair"}
    assert ledger.changed_fields(prints, {"jobTitle": "Öğretmen"}) == {"birthDate", "phones"}


def test_the_fingerprints_are_understood_by_the_next_program(ledger: Ledger, url: str, land: Landing) -> None:
    land(7, name="x", chair="1")
    with Ledger.open(url, PRACTICE) as later:
        prints = later.known("patient", ["7"])["7"].prints
        assert prints is not None
        assert later.changed_fields(prints, {"name": "x", "chair": "2"}) == {"chair"}
        assert later.fingerprints({"chair": "1", "name": "x"}) == prints


def test_an_update_of_some_fields_keeps_the_fingerprints_of_the_others(ledger: Ledger) -> None:
    base = ledger.fingerprints({"a": 1, "b": 2})
    merged = ledger.merged_fingerprints(base, {"b": 3, "c": 4})
    assert ledger.changed_fields(merged, {"a": 1, "b": 3, "c": 4}) == set()
    assert ledger.field_prints(merged)["b"] == ledger.prints.value(3)
    assert ledger.merged_fingerprints(None, {"a": 1}) == ledger.fingerprints({"a": 1})


def test_a_drop_shows_which_rows_vanished(ledger: Ledger, land: Landing) -> None:
    first = ledger.register_drop("first", "drop").id
    land(1, 2, 3, drop=first)
    second = ledger.register_drop("second", "drop-2").id
    assert ledger.mark_seen(second, [key(1)]) == 1
    assert ledger.mark_seen(second, [key(1), key(99)]) == 0  # costs no write
    land(2, operation=Operation.UPDATE, drop=second)
    assert [[state.key.source_id for state in page] for page in ledger.vanished(second, ["patient"])] == [["3"]]
    assert list(ledger.vanished(second, ["recall"])) == []
    assert list(ledger.vanished(first, ["patient"])) == []


def test_a_record_that_a_rollback_destroyed_has_not_vanished(ledger: Ledger, land: Landing) -> None:
    first = ledger.register_drop("first", "drop").id
    land(1, drop=first)
    land(1, operation=Operation.DESTROY)
    second = ledger.register_drop("second", "drop-2").id
    assert list(ledger.vanished(second, ["patient"])) == []


@pytest.mark.parametrize("page", [1, 2, 3, 10])
def test_a_walk_shows_every_record_once_whatever_the_page(ledger: Ledger, run: int, land: Landing, page: int) -> None:
    land("1", "10", "2", "ç", "z")
    tasks = [intent_of(ledger, number, "recall") for number in ("1", "2")]
    ledger.settle(ledger.intend(run, Operation.CREATE, "task", tasks), [outcome_of(task) for task in tasks])

    def walked(**filters: Any) -> list[tuple[str, str]]:
        pages = list(ledger.iterate(**filters, page=page))
        assert all(0 < len(states) <= page for states in pages)
        return [tuple(state.key) for states in pages for state in states]

    people = [("patient", name) for name in ("1", "10", "2", "z", "ç")]
    recalls = [("recall", "1"), ("recall", "2")]
    assert walked() == people + recalls
    assert walked(object="person") == people
    assert walked(source_object="recall") == recalls
    assert walked(status=Status.LANDED) == people + recalls
    assert walked(status=[Status.HELD, Status.REFUSED]) == []


def test_records_are_counted_by_object_source_and_status(ledger: Ledger, run: int, land: Landing) -> None:
    land(1, 2)
    refused = intent_of(ledger, 3)
    ledger.settle(ledger.intend(run, Operation.CREATE, "person", [refused]), [outcome_of(refused, Result.REFUSED, "x")])
    assert ledger.counts() == {
        ("person", "patient", Status.LANDED): 2,
        ("person", "patient", Status.REFUSED): 1,
    }


def test_a_decision_sets_the_status_with_its_reason_and_a_line_in_the_log(
    ledger: Ledger, run: int, land: Landing
) -> None:
    (intent, _) = land(1, 2)
    assert ledger.set_status(run, [key(1), key(99)], Status.KEPT, "edited") == 1
    state = ledger.known("patient", ["1"])["1"]
    assert (state.status, state.reason) == (Status.KEPT, "edited")
    line = list(ledger.audit.lines())[-1]
    assert (line["operation"], line["subject"], line["outcome"]) == ("mark", intent.record_id, "kept")
    assert line["detail"] == {"reason": "edited"}


def test_practices_in_one_database_do_not_see_each_other(ledger: Ledger, url: str, land: Landing) -> None:
    (intent,) = land(1)
    with Ledger.open(url, "clean-en") as other:
        assert other.known("patient", ["1"]) == {}
        assert other.known_by_record_id([intent.record_id]) == {}
        assert other.counts() == {}
        assert list(other.iterate()) == []
        assert other.runs() == []
        assert other.audit.head().seq == 0
        assert other.register_drop("first", "x").id != ledger.register_drop("first", "x").id


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1, max_size=6), st.integers(), max_size=6), st.data())
def test_changed_fields_are_exactly_those_that_were_changed(
    ledger: Ledger, values: dict[str, int], data: st.DataObject
) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()
    changed = {name: value + (name in names) for name, value in values.items()}
    assert ledger.changed_fields(ledger.fingerprints(values), changed) == names
