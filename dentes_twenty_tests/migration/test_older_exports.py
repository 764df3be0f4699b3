"""An export that is older than what stands in Twenty: what refuses it, going back on purpose, what is compared then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dentes_twenty.migration.delta import DropNotNew, DropRefused
from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.ledger import ConflictState, DropState
from dentes_twenty.migration.session import Migration
from dentes_twenty_tests.migrated import Desk, copy_of, make_template

ADA = "patient:9001"
FURTHER = "7,9002,2024-06-01,Charge,10.00,,,D2,\n"


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


def agrees(desk: Desk) -> bool:
    """Whether counts, sums and every field of Twenty are those of the export that is staged."""
    with desk.session() as migration:
        return not any(migration.reconcile().wrong().values()) and all(total.ok for total in migration.totals())


def kill(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def gone_back(desk: Desk) -> Desk:
    """The export's folder is again as it was before the delta that was processed last."""
    desk.delta()
    before = (desk.export / "patients.csv").read_text(encoding="utf-8")
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    desk.delta()
    newer = desk.export.with_name("newer")
    shutil.copytree(desk.export, newer)
    (desk.export / "patients.csv").write_text(before, encoding="utf-8")
    return desk


def take(desk: Desk, export: Path, *allow: str) -> DeltaResult:
    with desk.session() as migration, migration.run("delta"):
        migration.use_drop(str(export))
        return migration.delta(allow)


def test_an_older_export_is_taken_by_nothing_that_writes(gone_back: Desk) -> None:
    """Not by a migration either, which would take the newer values back in silence; nor are its tables staged, which
    `reconcile` would then hold against Twenty."""
    for way in (gone_back.delta, gone_back.migrate):
        with pytest.raises(DropNotNew, match="older") as refused:
            way()
        assert "delta --drop" in refused.value.fix and "--allow older" in refused.value.fix
    assert gone_back.person(ADA)["medicalAlerts"] == "penicillin allergy"
    with gone_back.session() as migration:
        assert not any(migration.reconcile().wrong().values())
        with migration.run("materialize"):  # one object alone, from the tables that stand
            for step in (
                lambda: migration.load("person"), migration.load_files, migration.write_members, migration.sample
            ):  # fmt: skip
                with pytest.raises(DropNotNew):
                    step()


def test_who_goes_back_to_an_older_export_on_purpose_stays_there(gone_back: Desk) -> None:
    """It is then the one that was processed last."""
    assert rows(gone_back.delta("older"), "patient") == (0, 1, 2, 0, 0)
    assert gone_back.person(ADA)["medicalAlerts"] == "latex allergy canary"
    assert gone_back.delta().calls <= 3
    gone_back.migrate()
    gone_back.edit("patients.csv", "latex allergy canary", "pollen allergy")
    assert rows(gone_back.delta(), "patient") == (0, 1, 2, 0, 0)
    with gone_back.session() as migration:
        assert not any(migration.reconcile().wrong().values())


def test_rows_that_only_the_newer_export_had_are_missing_rows_after_going_back(desk: Desk) -> None:
    """They stay in Twenty, as every missing row does, and the sums say so."""
    desk.delta()
    newer = desk.export.with_name("newer")
    shutil.copytree(desk.export, newer)
    with (newer / "ledger.csv").open("a", encoding="utf-8") as file:
        file.write(FURTHER)
    desk.policy(most_rows_lost_percent=60)
    assert rows(take(desk, newer), "entry") == (1, 0, 5, 0, 0)
    back = take(desk, desk.export, "older")
    assert rows(back, "entry") == (0, 0, 5, 1, 0)
    assert agrees(desk)
    desk.edit("ledger.csv", "99.99", "100.00")  # a further export without the row
    assert rows(desk.delta(), "entry") == (0, 1, 4, 0, 0)
    assert agrees(desk)
    with desk.session() as migration:
        assert [drop.state for drop in migration.ledger.drops()] == [DropState.DONE] * 4


def test_who_went_back_takes_the_newer_export_again_only_on_purpose(gone_back: Desk) -> None:
    """The drop folder still holds it, and nobody wants a sensor to undo the decision."""
    newer = gone_back.export.with_name("newer")
    gone_back.delta("older")
    with pytest.raises(DropNotNew, match="processed before") as refused:
        take(gone_back, newer)
    assert "delta --drop DIR --allow older" in refused.value.fix
    take(gone_back, newer, "older")
    assert gone_back.person(ADA)["medicalAlerts"] == "penicillin allergy"
    assert agrees(gone_back)


@pytest.mark.parametrize("way", ["delta", "migrate"])
def test_a_newer_export_that_has_begun_to_land_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    older = desk.export.with_name("older")
    shutil.copytree(desk.export, older)
    (older / "ledger.csv").write_text((older / "ledger.csv").read_text(encoding="utf-8") + FURTHER, encoding="utf-8")
    for file in older.glob("*.csv"):
        os.utime(file, (1_000, 1_000))
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Migration, "load_files", kill)
        getattr(desk, way)()
    with pytest.raises(DropNotNew):
        take(desk, older)
    assert rows(desk.delta(), "patient") == (0, 0, 3, 0, 0)
    assert agrees(desk)


def test_an_older_export_that_was_refused_once_is_not_taken_by_a_migration(desk: Desk) -> None:
    whole = (desk.export / "ledger.csv").read_text(encoding="utf-8")
    short = whole.replace("6,9003,2024-05-18,Charge,99.99,,,D1,\n", "")
    (desk.export / "ledger.csv").write_text(short, encoding="utf-8")
    with pytest.raises(DropRefused):
        desk.delta()
    (desk.export / "ledger.csv").write_text(whole + FURTHER, encoding="utf-8")
    desk.delta()
    (desk.export / "ledger.csv").write_text(short, encoding="utf-8")
    for file in desk.export.glob("*.csv"):
        os.utime(file, (1_000, 1_000))
    with pytest.raises(DropNotNew):
        desk.migrate()


def test_after_a_rollback_any_export_may_be_migrated_and_goes_on_where_it_was_killed(
    gone_back: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gone_back.session() as migration, migration.run("rollback"):
        migration.rollback()
        assert {drop.state for drop in migration.ledger.drops()} == {DropState.UNDONE}
    with gone_back.session() as migration, migration.run("sample"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        migration.provision()
        migration.sample()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Migration, "load_files", kill)
        gone_back.migrate()
    gone_back.migrate()
    assert gone_back.person(ADA)["medicalAlerts"] == "latex allergy canary"
    assert agrees(gone_back)
    newer = gone_back.export.with_name("newer")
    os.utime(newer / "patients.csv")
    take(gone_back, newer)  # undone, and newer than what stands now
    assert gone_back.person(ADA)["medicalAlerts"] == "penicillin allergy"
    assert agrees(gone_back)


def test_after_a_delta_with_an_export_of_its_own_everything_is_compared_with_that_one(
    desk: Desk, tmp_path: Path
) -> None:
    """The practice file still names the first one; the delta's no longer shows a row that moves money."""
    later = tmp_path / "later"
    shutil.copytree(desk.export, later)
    ledger = later / "ledger.csv"
    lines = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    ledger.write_text("".join(lines[:-1]), encoding="utf-8")
    patients = later / "patients.csv"
    patients.write_text(
        patients.read_text(encoding="utf-8").replace("latex allergy canary", "pollen"), encoding="utf-8"
    )
    desk.policy(most_rows_lost_percent=90)
    desk.by_hand("person", ADA, medicalAlerts="asked on the phone: none")
    result = take(desk, later)
    assert rows(result, "entry")[3] == 1 and all(total.ok for total in result.totals)
    with desk.session() as migration:
        migration.resolve(ADA, ConflictState.OURS, by="Ada")
        with migration.run("resolve"):
            assert migration.carry_out().updated == 1
        assert migration.staged_origin.location == str(later)
        assert [drop.state for drop in migration.ledger.drops()] == [DropState.DONE, DropState.DONE]
    assert desk.person(ADA)["medicalAlerts"] == "pollen"
    assert agrees(desk)
