"""Later exports against the sandbox: unique values change hands, files are replaced, refused rows cost little."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import ConflictState, FileState, RecordKey, Severity
from dentes_twenty.migration.progress import LoadProgress
from dentes_twenty.objects.registry import FIXED
from dentes_twenty_tests import broad_practice
from dentes_twenty_tests.broad_practice import Tables
from dentes_twenty_tests.migrated import Desk, copy_of, make_template

PELIN, RIZA = "patient:105", "patient:106"  # both have e5@example.org, which Pelin holds


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


def delta(desk: Desk, tables: Tables, **asked: bool) -> DeltaResult:
    tables.write(desk.export)
    return desk.delta(**asked)


def emails(desk: Desk, key: str) -> tuple[str, str | None]:
    person = desk.person(key)
    return person["emails"]["primaryEmail"], person["sharedEmail"] or None


def nothing_to_do(desk: Desk) -> bool:
    return desk.delta().calls <= 3


# -- unique values


def test_an_email_that_its_holder_gives_up_goes_to_the_next_who_has_it_in_the_same_delta(
    desk: Desk, tables: Tables
) -> None:
    tables.set("patients.csv", "105", Email="pelin@example.org")
    result = delta(desk, tables)
    assert (emails(desk, PELIN), emails(desk, RIZA)) == (("pelin@example.org", None), ("e5@example.org", None))
    tally = result.tallies["patient"]
    assert (tally.updated, tally.refused, tally.planned) == (2, 0, tally.landed)
    assert nothing_to_do(desk)


def test_two_people_swap_their_emails_and_two_companies_their_sites(desk: Desk, tables: Tables) -> None:
    tables.set("patients.csv", "101", Email="e2@example.org")
    tables.set("patients.csv", "102", Email="e1@example.org")
    tables.set("practices.csv", "K1", Website="https://konak.example.net")
    tables.set("practices.csv", "K2", Website="https://ege.example.net")
    result = delta(desk, tables)
    assert emails(desk, "patient:101") == ("e2@example.org", None)
    assert emails(desk, "patient:102") == ("e1@example.org", None)
    sites = [desk.record("company", f"practice:{key}")["domainName"]["primaryLinkUrl"] for key in ("K1", "K2")]
    assert sites == ["https://konak.example.net", "https://ege.example.net"]
    assert (result.tallies["patient"].updated, result.tallies["practice"].updated) == (2, 2)
    assert all(total.ok for total in result.totals)
    assert nothing_to_do(desk)


def test_emails_move_along_a_chain_that_ends_with_a_new_patient(desk: Desk, tables: Tables) -> None:
    tables.set("patients.csv", "101", Email="fresh@example.org")
    tables.set("patients.csv", "102", Email="e1@example.org")
    tables.add("patients.csv", "107", "103", Email="e2@example.org", First_name="Yeni")
    result = delta(desk, tables)
    found = [emails(desk, f"patient:{number}")[0] for number in (101, 102, 107)]
    assert found == ["fresh@example.org", "e1@example.org", "e2@example.org"]
    assert (result.tallies["patient"].created, result.tallies["patient"].updated) == (1, 2)
    assert nothing_to_do(desk)


def test_an_email_that_a_person_keeps_in_twenty_is_handed_over_only_when_the_conflict_is_decided(
    desk: Desk, tables: Tables
) -> None:
    kept = {"primaryEmail": "e5@example.org", "additionalEmails": ["work@example.org"]}
    desk.by_hand("person", PELIN, emails=kept)
    tables.set("patients.csv", "105", Email="pelin@example.org")
    result = delta(desk, tables)
    assert result.figures["conflicts_open"] == 1
    assert (emails(desk, PELIN), emails(desk, RIZA)) == (("e5@example.org", None), ("", "e5@example.org"))
    assert nothing_to_do(desk)
    with desk.session() as migration, migration.run("resolve"):
        migration.resolve(PELIN, ConflictState.OURS, by="Ada")
        assert migration.carry_out().updated == 1
    desk.delta()
    assert (emails(desk, PELIN), emails(desk, RIZA)) == (("pelin@example.org", None), ("e5@example.org", None))


def test_the_email_of_somebody_whom_a_person_deleted_or_gave_it_to_by_hand_is_not_taken(
    desk: Desk, tables: Tables
) -> None:
    desk.by_hand("person", PELIN)
    typed = {"primaryEmail": "typed@example.org", "additionalEmails": []}
    desk.by_hand("person", "patient:103", emails=typed)
    tables.set("patients.csv", "105", Email="pelin@example.org")
    tables.set("patients.csv", "104", Email="typed@example.org")
    result = delta(desk, tables)
    assert result.tallies["patient"].refused == 0
    assert emails(desk, RIZA) == ("", "e5@example.org")
    assert emails(desk, "patient:104") == ("", "typed@example.org")
    assert emails(desk, "patient:103")[0] == "typed@example.org"
    assert nothing_to_do(desk)


def test_a_delta_that_is_killed_between_giving_and_taking_is_finished_by_the_next(desk: Desk, tables: Tables) -> None:
    tables.set("patients.csv", "101", Email="e2@example.org")
    tables.set("patients.csv", "102", Email="e1@example.org")
    tables.write(desk.export)

    loading = {declaration.label for declaration in FIXED}

    def stop(progress: LoadProgress) -> None:
        if progress.object in loading:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        desk.session() as migration,
        migration.run("delta"),
    ):
        migration.delta(progress=stop)
    assert [emails(desk, key)[0] for key in ("patient:101", "patient:102")] == ["", ""]
    desk.delta()
    assert emails(desk, "patient:101") == ("e2@example.org", None)
    assert emails(desk, "patient:102") == ("e1@example.org", None)


# -- files


def files_of_note(desk: Desk, note: str) -> list[tuple[str, Any]]:
    """(file, deletedAt) of what hangs on a note in Twenty."""
    with desk.session() as migration:
        record = migration.ledger.known("note", [note])[note].record_id

        store = migration.store

        async def find() -> list[tuple[str, Any]]:
            found = []
            async for page in store.find("attachment", {"targetNoteId": {"eq": record}}, with_deleted=True):
                found += [(one["file"][0]["fileId"], one["deletedAt"]) for one in page]
            return found

        return migration.wait(find())


def known_files(desk: Desk) -> dict[str, tuple[str | None, FileState, tuple[str, ...]]]:
    with desk.session() as migration:
        files = migration.ledger.files_of([RecordKey("note", "501"), RecordKey("note", "502")])
        return {one.name: (one.file_id, one.state, one.attachment_ids) for listed in files.values() for one in listed}


def replace(desk: Desk, text: str, name: str = "first.txt") -> None:
    (desk.export / "attachments" / name).write_text(text, encoding="utf-8")


def test_a_file_that_was_replaced_under_its_name_takes_the_place_of_the_old_one(desk: Desk, tables: Tables) -> None:
    before = known_files(desk)
    replace(desk, "x-ray of tooth 12")  # as long as the one before
    result = delta(desk, tables)
    assert (result.files.attached, result.files.replaced, result.files.unchanged) == (1, 1, 1)
    after = known_files(desk)
    assert after["second.txt"] == before["second.txt"]
    assert after["first.txt"][0] != before["first.txt"][0]
    assert files_of_note(desk, "501") == [(after["first.txt"][0], None)]
    assert nothing_to_do(desk)
    replace(desk, "x-ray of tooth 11")  # and back
    assert delta(desk, tables).files.replaced == 1
    assert len(files_of_note(desk, "501")) == 1
    os.utime(desk.export / "attachments" / "first.txt")  # the same file, copied anew
    assert nothing_to_do(desk)


def test_an_old_file_that_a_person_renamed_stays_beside_the_new_one_and_one_that_they_removed_stays_removed(
    desk: Desk, tables: Tables
) -> None:
    ids = known_files(desk)
    with desk.session() as migration:
        migration.wait(migration.store.update("attachment", ids["first.txt"][2][0], {"name": "Before the crown.txt"}))
        migration.wait(migration.store.soft_delete("attachment", [ids["second.txt"][2][0]]))
    replace(desk, "another x-ray")
    replace(desk, "another x-ray", "second.txt")
    result = delta(desk, tables)
    assert result.files.reasons == {"old_file_kept": 1, "file_removed_in_twenty": 1}
    assert len(files_of_note(desk, "501")) == 2
    assert [deleted is not None for _, deleted in files_of_note(desk, "502")] == [True]
    assert nothing_to_do(desk)
    replace(desk, "a third x-ray", "second.txt")
    assert delta(desk, tables, restore_deleted=True).files.attached == 1
    assert sorted(deleted is not None for _, deleted in files_of_note(desk, "502")) == [False, True]


# -- refused rows


def test_a_refused_row_costs_one_call_and_lands_when_what_stood_in_its_way_has_gone(desk: Desk, tables: Tables) -> None:
    with desk.session() as migration:
        taken = {"id": "5e9bcb0c-6f1c-4f4e-8f5d-2a1d5d0c0a01", "sourceSystemId": "patient:108"}
        migration.wait(migration.store.create("person", [taken]))
    tables.add("patients.csv", "108", "103", Email="e8@example.org", First_name="Yeni")
    tables.add("notes.csv", "505", "503", Patient_ID="108")
    first = delta(desk, tables)
    assert (first.refused, first.held, first.quarantined) == (1, 1, 1)
    again = desk.delta()
    assert (again.refused, again.held, again.quarantined) == (1, 1, 1)
    assert again.tallies == {}
    assert again.calls <= 3 + 1
    tables.set("patients.csv", "101", Alerts="changed")  # another row of the same object is written
    other = delta(desk, tables)
    assert (other.refused, other.held, other.quarantined) == (1, 1, 1)
    with desk.session() as migration:
        migration.wait(migration.store.destroy("person", [taken["id"]]))
    landed = desk.delta()
    assert (landed.refused, landed.held, landed.quarantined) == (0, 0, 0)
    assert (landed.tallies["patient"].created, landed.tallies["note"].created) == (1, 1)
    assert nothing_to_do(desk)


def test_a_value_that_twenty_refuses_is_sent_again_when_it_changes_or_somebody_asks(desk: Desk, tables: Tables) -> None:
    """A host with an underscore is no address to Twenty."""
    tables.add("practices.csv", "K3", "K2", Website="https://new_office.example.net", Practice_name="New")
    tables.set("practices.csv", "K1", Website="https://ege_dental.example.net", Practice_name="Ege Dental Clinic")
    first = delta(desk, tables)
    assert (first.refused, first.quarantined) == (2, 1)
    assert desk.record("company", "practice:K1")["domainName"]["primaryLinkUrl"] == "https://ege.example.net"
    again = desk.delta()
    assert (again.refused, again.quarantined, again.calls <= 3) == (2, 1, True)
    asked = desk.delta(retry_refused=True)
    assert asked.refused == 2
    tables.set("practices.csv", "K3", Website="https://new.example.net")
    tables.set("practices.csv", "K1", Website="https://ege.example.net")
    corrected = delta(desk, tables)
    assert (corrected.refused, corrected.quarantined) == (0, 0)
    assert corrected.tallies["practice"].created == 1
    assert desk.record("company", "practice:K1")["name"] == "Ege Dental Clinic"
    with desk.session() as migration:
        left = migration.ledger.quarantine_counts()
    assert not [code for _, severity, code in left if code.startswith("refused") or severity is Severity.QUARANTINE]
    shutil.rmtree(desk.export / "attachments")
    assert nothing_to_do(desk)
