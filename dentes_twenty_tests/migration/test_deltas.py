"""Deltas of a small practice against the sandbox: what they write, what they cost, what they leave to people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dentes_twenty.migration.delta import DropRefused
from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import ConflictState, DropState, Status
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.migrated import Desk, copy_of, make_template

ADA = "patient:9001"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with copy_of(template, tmp_path) as copied:
        yield copied


def rows(result: DeltaResult, name: str) -> tuple[int, int, int, int, int]:
    one = next(one for one in result.objects if one.object == name)
    return one.new, one.changed, one.unchanged, one.vanished, one.returned


def test_a_delta_that_changes_nothing_costs_at_most_three_calls(desk: Desk) -> None:
    desk.delta()
    result = desk.delta()
    assert result.calls <= 3
    assert result.tallies == {}
    assert rows(result, "entry") == (0, 0, 5, 0, 0)


def test_new_changed_and_corrected_rows_land_and_say_which_fields_changed(desk: Desk) -> None:
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    desk.edit("ledger.csv", "5,8888,", "5,9003,")  # the quarantined entry now names a patient whom the file knows
    with (desk.export / "ledger.csv").open("a", encoding="utf-8") as file:
        file.write("7,9002,2024-06-01,Charge,10.00,,,D2,\n")
    result = desk.delta()
    assert rows(result, "patient") == (0, 1, 2, 0, 0)
    assert rows(result, "entry") == (2, 0, 5, 0, 0)
    assert next(one for one in result.objects if one.object == "patient").fields["medicalAlerts"] == 1
    assert all(total.ok for total in result.totals)
    with desk.session() as migration:
        assert migration.status().quarantined == small_practice.QUARANTINED - 1
    again = desk.delta()
    assert again.calls <= 3


def test_a_row_whose_parent_comes_late_lands_by_itself(desk: Desk) -> None:
    with (desk.export / "patients.csv").open("a", encoding="utf-8") as file:
        file.write("8888,Nilay,Örnek,,+90 532 001 77 99,1980-01-01,Female,D1,Active,,0.00,2024-05-01 09:00:00\n")
    result = desk.delta()
    assert (rows(result, "patient"), rows(result, "entry")) == ((1, 0, 3, 0, 0), (1, 0, 5, 0, 0))
    assert all(total.ok for total in result.totals)


def test_three_changed_rows_cost_as_many_calls_as_one(desk: Desk) -> None:
    desk.edit("patients.csv", "latex allergy canary", "a")
    one = desk.delta()
    desk.edit("patients.csv", "Active,a,", "Active,b,")
    desk.edit("patients.csv", "Male,D2,Active,,", "Male,D2,Active,c,")
    desk.edit("patients.csv", "Female,D1,Inactive,,", "Female,D1,Inactive,d,")
    three = desk.delta()
    assert (rows(one, "patient")[1], rows(three, "patient")[1]) == (1, 3)
    assert one.calls == three.calls
    # The data model, the members, the sandbox's mark, one read, one write; the rest are counts and sums.
    assert three.calls - len(three.totals) <= 5


def test_both_sides_changed_is_a_conflict_and_an_open_one_costs_nothing_more(desk: Desk) -> None:
    desk.by_hand("person", ADA, medicalAlerts="asked on the phone: none")
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    assert desk.delta().figures["conflicts_found"] == 1
    assert desk.person(ADA)["medicalAlerts"] == "asked on the phone: none"
    assert desk.delta().calls <= 3


def test_conflicts_show_both_values_and_are_carried_out_as_decided(desk: Desk) -> None:
    desk.by_hand("person", ADA, medicalAlerts="asked on the phone: none")
    desk.by_hand("person", "patient:9002", medicalAlerts="diabetes")
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    desk.edit("patients.csv", "Male,D2,Active,,0.00", "Male,D2,Active,asthma,0.00")
    desk.delta()
    with desk.session() as migration:
        found = {one.conflict.key.source_id: one for one in migration.conflicts()}
        assert (found["9001"].exported, found["9001"].current) == ("penicillin allergy", "asked on the phone: none")
        assert migration.resolve(ADA, ConflictState.OURS, by="Ada", fields=["medicalAlerts"]) == 1
        assert migration.resolve("patient:9002", ConflictState.THEIRS, by="Ada") == 1
        with migration.run("resolve"):
            assert migration.carry_out().updated == 1
        assert migration.conflicts() == ()
    assert desk.person(ADA)["medicalAlerts"] == "penicillin allergy"
    assert desk.person("patient:9002")["medicalAlerts"] == "diabetes"
    assert desk.delta().calls <= 3


def test_a_decision_does_not_hold_for_a_value_that_nobody_has_decided_on(desk: Desk) -> None:
    desk.by_hand("person", ADA, medicalAlerts="asked on the phone: none")
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    desk.delta()
    with desk.session() as migration:
        migration.resolve(None, ConflictState.OURS, by="Ada")
    desk.by_hand("person", ADA, medicalAlerts="bee stings")
    assert desk.delta().figures["conflicts_found"] == 1
    assert desk.person(ADA)["medicalAlerts"] == "bee stings"


def test_what_a_person_deleted_stays_deleted_unless_asked_for(desk: Desk) -> None:
    desk.by_hand("person", ADA)
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    first = desk.delta()
    assert first.tallies["patient"].deleted_by_a_person == 1
    assert desk.person(ADA)["deletedAt"] is not None
    desk.delta(restore_deleted=True)
    assert desk.person(ADA)["deletedAt"] is None
    assert desk.person(ADA)["medicalAlerts"] == "penicillin allergy"


def test_an_export_with_too_few_rows_is_refused_with_the_numbers_unless_allowed(desk: Desk) -> None:
    desk.delta()
    desk.edit("ledger.csv", "6,9003,2024-05-18,Charge,99.99,,,D1,\n", "")
    with pytest.raises(DropRefused, match=r"entry: 4 rows, 5 before \(-20.0 %\)"):
        desk.delta()
    with desk.session() as migration:
        assert migration.ledger.drops()[-1].state is DropState.REFUSED
    result = desk.delta("entry")
    assert rows(result, "entry") == (0, 0, 4, 1, 0)
    assert desk.record("billingLedger", "entry:6")["deletedAt"] is None


def test_an_export_that_lacks_a_report_is_refused_and_when_allowed_leaves_its_rows_alone(desk: Desk) -> None:
    desk.delta()
    (desk.export / "ledger.csv").unlink()
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    with pytest.raises(DropRefused, match="entry: missing, 5 rows are known"):
        desk.delta()
    result = desk.delta("entry")
    assert rows(result, "patient") == (0, 1, 2, 0, 0)
    assert rows(result, "entry") == (0, 0, 5, 0, 0)


def test_policy_delete_takes_vanished_rows_away_but_not_what_a_person_edited_and_brings_back_what_returns(
    desk: Desk,
) -> None:
    desk.policy(vanished="delete", most_rows_lost_percent=60)
    desk.delta()
    whole = (desk.export / "ledger.csv").read_text(encoding="utf-8")
    desk.by_hand("billingLedger", "entry:3", name="checked by Bora")
    desk.edit("ledger.csv", "6,9003,2024-05-18,Charge,99.99,,,D1,\n", "")
    desk.edit("ledger.csv", "3,9002,2024-05-15,Charge,300.10,,,D2,\n", "")
    result = desk.delta()
    assert (result.vanished.deleted, result.vanished.kept["edited"]) == (1, 1)
    assert desk.record("billingLedger", "entry:6")["deletedAt"] is not None
    assert all(total.ok for total in result.totals)
    (desk.export / "ledger.csv").write_text(whole + "8,9002,2024-06-01,Charge,1.00,,,D2,\n", encoding="utf-8")
    back = desk.delta()
    assert rows(back, "entry") == (1, 0, 3, 0, 2)
    assert desk.record("billingLedger", "entry:6")["deletedAt"] is None
    with desk.session() as migration:
        assert migration.ledger.known("entry", ["6"])["6"].status is Status.LANDED


def test_policy_mark_sets_a_field_and_takes_it_back_when_the_row_returns(desk: Desk) -> None:
    desk.policy(vanished="mark", most_rows_lost_percent=60)
    whole = (desk.export / "ledger.csv").read_text(encoding="utf-8")
    desk.edit("ledger.csv", "6,9003,2024-05-18,Charge,99.99,,,D1,\n", "")
    assert desk.delta().vanished.marked == 1
    assert desk.record("billingLedger", "entry:6")["absentFromExport"] is True
    again = desk.delta()
    assert (again.vanished.marked, again.calls <= 3) == (0, True)
    (desk.export / "ledger.csv").write_text(whole + "8,9002,2024-06-01,Charge,1.00,,,D2,\n", encoding="utf-8")
    back = desk.delta()
    assert rows(back, "entry") == (1, 0, 4, 0, 1)
    assert desk.record("billingLedger", "entry:6")["absentFromExport"] is False
    assert all(total.ok for total in back.totals)
