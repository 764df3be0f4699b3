"""What counts as a person's edit, and what an adopted record needs to be as before."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.edits import Written, edited, restoration
from dentes_twenty.migration.ledger.fingerprints import Fingerprinter
from dentes_twenty.twenty.model import FieldInfo, ObjectInfo
from dentes_twenty.twenty.values import canonical

PRINTS = Fingerprinter(b"salt")
TYPES = {
    "id": "UUID",
    "name": "FULL_NAME",
    "jobTitle": "TEXT",
    "amount": "CURRENCY",
    "score": "NUMBER",
    "tags": "MULTI_SELECT",
    "updatedAt": "DATE_TIME",
    "position": "POSITION",
    "createdBy": "ACTOR",
}
GUARDIAN = "0c0b0a09-0807-4605-8403-020100ff0e0d"


def item() -> ObjectInfo:
    fields = {name: FieldInfo(name, name, type_, name) for name, type_ in TYPES.items()}
    fields["vip"] = FieldInfo("vip", "vip", "BOOLEAN", "vip", default=False)
    fields["stage"] = FieldInfo("stage", "stage", "SELECT", "stage", default="'NEW'")
    fields["guardian"] = FieldInfo(
        "guardian",
        "guardian",
        "RELATION",
        "guardian",
        relation_kind="MANY_TO_ONE",
        relation_to=("person",),
        join_column="guardianId",
    )
    return ObjectInfo("o", "person", "people", "Person", "People", fields)


def prints(values: dict[str, Any]) -> dict[str, bytes]:
    columns = item().columns
    return {name: PRINTS.value(canonical(columns[name].type, value)) for name, value in values.items()}


def never(_object: str, _print: bytes) -> bool:
    return False


def removed(_object: str, _print: bytes) -> bool:
    return True


def changed(written: dict[str, Any], record: dict[str, Any], gone: Any = never, before: str = "") -> tuple[str, ...]:
    known = Written([prints(written)], frozenset(before.split(",")))
    return edited(item(), record, known, PRINTS.value, gone)


def test_a_record_that_reads_as_written_is_not_edited() -> None:
    written = {"jobTitle": "Teacher", "amount": None, "tags": ["A"]}
    record = {
        **written,
        "amount": {"amountMicros": None, "currencyCode": "TRY"},
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "position": 7,
        "createdBy": {"source": "IMPORT"},
        "name": {"firstName": "", "lastName": ""},
        "vip": False,
        "stage": "NEW",
    }
    assert changed(written, record) == ()


def test_changed_emptied_and_newly_filled_fields_are_named() -> None:
    written = {"jobTitle": "Teacher", "score": 3}
    record = {"jobTitle": "Nurse", "score": None, "tags": ["B"], "vip": True}
    assert changed(written, record) == ("jobTitle", "score", "tags", "vip")


def test_a_default_in_a_field_that_was_written_empty_is_no_edit() -> None:
    assert changed({"stage": None}, {"stage": "NEW"}) == ()
    assert changed({"stage": "WON"}, {"stage": "NEW"}) == ("stage",)


def test_a_relation_that_twenty_emptied_because_its_target_was_destroyed_is_no_edit() -> None:
    written = {"guardianId": GUARDIAN}
    assert changed(written, {"guardianId": None}, removed) == ()
    assert changed(written, {"guardianId": None}, never) == ("guardianId",)


def test_what_was_found_edited_before_its_target_went_stays_edited() -> None:
    assert changed({"guardianId": GUARDIAN}, {"guardianId": None}, removed, "guardianId") == ("guardianId",)


def test_a_field_that_the_model_no_longer_has_is_passed_over() -> None:
    assert changed({"jobTitle": "Teacher"}, {"score": None}) == ()


def test_a_write_in_doubt_counts_as_ours_too() -> None:
    known = Written([prints({"jobTitle": "Teacher"}), prints({"jobTitle": "Nurse"})])
    assert edited(item(), {"jobTitle": "Nurse"}, known, PRINTS.value, never) == ()


def test_an_adopted_record_gets_its_fields_back_composites_whole() -> None:
    image = {"jobTitle": "Nurse", "amount": {"amountMicros": 5, "currencyCode": "EUR"}, "score": None}
    written = {"jobTitle": "Teacher", "amount": None, "score": 9, "name": {"firstName": "A", "lastName": "B"}}
    found = restoration(item(), dict(written), Written([prints(written)]), image, PRINTS.value)
    assert found.edited == ()
    assert found.changes == {
        "jobTitle": "Nurse",
        "amount": image["amount"],
        "score": None,
        "name": {"firstName": None, "lastName": None},
    }


def test_what_an_adopted_records_owners_did_elsewhere_is_theirs() -> None:
    written = {"jobTitle": "Teacher"}
    found = restoration(item(), {"jobTitle": "Teacher", "score": 5}, Written([prints(written)]), {}, PRINTS.value)
    assert (found.edited, dict(found.changes)) == ((), {"jobTitle": None})


def test_an_adopted_record_is_edited_where_it_reads_neither_as_written_nor_as_before() -> None:
    written = Written([prints({"jobTitle": "Teacher", "score": 3})])
    image = {"jobTitle": "Nurse", "score": 2}
    assert restoration(item(), {"jobTitle": "Nurse", "score": 2}, written, image, PRINTS.value).changes == {}
    assert restoration(item(), {"jobTitle": "Baker", "score": 3}, written, image, PRINTS.value).edited == ("jobTitle",)


VALUES = {
    "jobTitle": st.none() | st.text(max_size=5),
    "score": st.none() | st.integers(-9, 9),
    "tags": st.lists(st.sampled_from("AB"), max_size=2, unique=True),
    "amount": st.none()
    | st.fixed_dictionaries({"amountMicros": st.none() | st.integers(0, 9), "currencyCode": st.just("TRY")}),
}


@given(st.fixed_dictionaries(VALUES), st.fixed_dictionaries(VALUES))
def test_sending_the_changes_makes_the_record_read_as_before(image: dict[str, Any], written: dict[str, Any]) -> None:
    found = restoration(item(), written, Written([prints(written)]), image, PRINTS.value)
    after = {**written, **found.changes}
    columns = item().columns
    assert found.edited == ()
    assert all(canonical(columns[n].type, after[n]) == canonical(columns[n].type, image[n]) for n in image)
