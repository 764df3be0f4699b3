"""What a difference between the export and Twenty means."""

from __future__ import annotations

import datetime as dt

import pytest

from dentes_twenty.migration.reconcile import (
    NEXT_STEPS,
    Files,
    FileTrouble,
    Kind,
    Notice,
    Reconciliation,
    Rows,
    Sums,
    edited_by_a_person,
    kind_of,
)
from dentes_twenty.migration.totals import Total

OLD, NEW, OTHER = b"o", b"n", b"x"


@pytest.mark.parametrize(
    ("written", "planned", "stored", "edited", "waits", "kind"),
    [
        (NEW, NEW, OTHER, False, False, Kind.CHANGED),
        (NEW, NEW, OTHER, True, False, Kind.EDITED),
        (OLD, NEW, OLD, False, False, Kind.NOT_LOADED),
        (OLD, NEW, OLD, True, False, Kind.NOT_LOADED),
        (OLD, NEW, OTHER, True, False, Kind.KEPT),  # a conflict: both sides changed
        (None, NEW, OTHER, False, False, Kind.KEPT),  # an adopted record keeps what it held
        (OLD, NEW, OLD, False, True, Kind.WAITS),
    ],
)
def test_a_difference_means_one_thing(
    written: bytes | None, planned: bytes, stored: bytes, edited: bool, waits: bool, kind: Kind
) -> None:
    assert kind_of(written, planned, stored, edited=edited, waits=waits) is kind


@pytest.mark.parametrize(
    ("actor", "person"),
    [
        ({"source": "MANUAL", "workspaceMemberId": "20202020-0000-4000-8000-000000000001", "name": "Ada"}, True),
        ({"source": "MANUAL", "workspaceMemberId": None}, True),
        ({"source": "API", "workspaceMemberId": None, "name": "migration"}, False),
        (None, False),
    ],
)
def test_a_member_of_the_workspace_is_told_from_an_api_key(actor: object, person: bool) -> None:
    assert edited_by_a_person(actor) is person


def found(**rows: int) -> Reconciliation:
    one = Rows("item", "supplyItem", "", **{"in_export": 10, "landed": 10, "found": 10, **rows})  # type: ignore[arg-type]
    return Reconciliation(quick=False, whole=True, at=dt.datetime.now(dt.UTC), rows=[one])


def test_books_that_agree_have_nothing_wrong() -> None:
    assert found().wrong() == found().notable() == {}


def test_every_row_must_have_become_something() -> None:
    assert found(in_export=11).wrong() == {"unexplained": 1}
    assert found(in_export=15, quarantined=1, held=1, refused=1, identical=1, deleted=1).wrong() == {}
    assert found(in_export=None, landed=3, found=3).wrong() == {}  # type: ignore[arg-type]


def test_what_is_missing_is_wrong_and_what_a_person_deleted_is_to_look_at() -> None:
    assert found(found=9).wrong() == {"missing": 1}
    assert found(landed=9, found=9, deleted=1).notable() == {"deleted": 1}


def test_only_differences_that_nobody_wanted_are_wrong() -> None:
    result = found()
    result.rows[0].kinds.update({Kind.CHANGED: 2, Kind.EDITED: 3, Kind.KEPT: 4, Kind.WAITS: 5, Kind.NOT_LOADED: 1})
    assert result.wrong() == {"changed": 2, "not_loaded": 1}
    assert result.notable() == {"edited": 3}


def test_money_that_differs_belongs_to_its_object() -> None:
    result = found()
    result.totals.append(Total("billingLedger", "entry", "amount TRY", 10, 11))
    result.patients.append(Sums("patient", "1", "A B", "TRY", 10, 11))
    assert result.wrong("supplyItem") == {}
    assert result.wrong("billingLedger") == result.wrong() == {"money": 1, "patients": 1}


def test_there_is_something_to_do_about_everything() -> None:
    result = found(found=9, in_export=12, held=1, refused=1, quarantined=1, deleted=1, strays=1, orphans=1)
    result.rows[0].kinds.update(Kind)
    result.totals.append(Total("supplyItem", "item", "unitPrice TRY", 1, 2))
    result.patients = result.balances = result.plans = [Sums("patient", "1", "A B", "TRY", 10, 11)]
    result.files = Files(out=1)
    result.files.troubles.update(FileTrouble)
    codes = {**result.wrong(), **result.notable()}
    assert codes.keys() == NEXT_STEPS.keys()


def test_files_that_people_removed_are_to_look_at_and_all_other_troubles_are_wrong() -> None:
    result = found()
    result.files = Files(in_export=9, landed=8, found=6, out=1)
    result.files.troubles.update({FileTrouble.DELETED: 1, FileTrouble.DESTROYED: 1, FileTrouble.RENAMED: 2})
    assert result.wrong() == result.wrong("attachment") == {"files_missing": 1, "files_changed": 2}
    assert result.notable("attachment") == {"files_deleted": 1, "files_out": 1}
    assert result.wrong("supplyItem") == result.notable("supplyItem") == {}


def test_nobodys_data_shows_in_a_representation() -> None:
    result = found()
    result.gone.append(Notice("patient", "person", "9001", "id", "Zübeyde Kara", "deleted"))
    assert "Zübeyde" not in repr(result) and "9001" not in repr(result.gone)
