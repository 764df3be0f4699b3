"""Where a rollback has to be careful: things of others, adopted records, fields in use, a lost key; and the purge."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from dentes_twenty.cli import run
from dentes_twenty.migration.errors import RunInProgress
from dentes_twenty.migration.ledger import Status, new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps.rolling_back import RollbackKeyMissing
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.reports.rolled_back import write_rollback
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.files import Attachment, FileStore, LocalFile
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, furnish, own_id, snapshot, wanted
from dentes_twenty_tests.end_to_end.test_rollback import roll_back

pytestmark = needs_generator
EMAIL = "somebody.else@own.example"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        monkeypatch.setenv("DENTES_TWENTY_TEST_API_KEY", server.api_key)
        yield server


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_drop(tmp_path_factory.mktemp("drop"), seed=64, dialect="utf8-en", defects="some", patients=15)


def landed(practice: Practice, api_key: str, object_: str, source: str) -> list[str]:
    """Ids in Twenty of what we made."""
    with Migration(practice, api_key=api_key) as migration:
        pages = migration.ledger.iterate(object_, source_object=source, status=Status.LANDED)
        return [state.record_id for page in pages for state in page]


def test_what_others_have_hung_on_a_migrated_record_keeps_it(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    migrate(practice, sandbox.api_key)
    with_file, with_note, gone, *_ = landed(practice, sandbox.api_key, "person", "patient")
    (line, *_) = landed(practice, sandbox.api_key, "treatmentProcedure", "line")

    async def work(store: RecordStore) -> None:
        async with FileStore(store) as files:
            file = await files.upload(LocalFile("scan.txt", 5, lambda: io.BytesIO(b"seen\n")))
            await files.attach([Attachment(own_id("file"), "scan.txt", file, {"person": with_file})])
        await store.create("note", [{"id": own_id("note"), "title": "Called back"}])
        link = store.link_values("noteTarget", {"note": own_id("note"), "targetPerson": with_note})
        await store.create("noteTarget", [{"id": own_id("link"), **link}])
        link = store.link_values("noteTarget", {"note": own_id("note"), "targetTreatmentProcedure": line})
        await store.create("noteTarget", [{"id": own_id("link-2"), **link}])
        await store.destroy("person", [gone])

    by_hand(sandbox.url, sandbox.api_key, work)
    done = roll_back(practice, sandbox.api_key)
    assert {one.record_id: one.fields for one in done.kept} == {
        with_file: ("attachments",),
        with_note: ("noteTargets",),
        line: ("noteTargets",),
    }
    assert next(one.gone for one in done.objects if one.object == "person") == 1
    left = by_hand(sandbox.url, sandbox.api_key, lambda store: store.read("attachment", [own_id("file")]))
    assert list(left) == [own_id("file")]
    assert roll_back(practice, sandbox.api_key, force=True).complete


def test_an_adopted_record_that_was_edited_or_deleted_stays_as_its_owners_left_it(
    tmp_path: Path, drop: Path, sandbox: SandboxServer
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=12, companies=5)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    migrate(practice, sandbox.api_key)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        states = next(migration.ledger.iterate("person", status=Status.ADOPTED))
    edited, deleted, elsewhere, *rest = [state.record_id for state in states]
    assert rest

    async def work(store: RecordStore) -> None:
        await store.update("person", edited, {"patientStatus": "DECEASED"})
        await store.update("person", elsewhere, {"favouriteTea": "Oolong"})
        await store.soft_delete("person", [deleted])

    by_hand(sandbox.url, sandbox.api_key, work)
    done = roll_back(practice, sandbox.api_key)
    assert {one.record_id: one.fields for one in done.kept} == {
        edited: ("patientStatus",),
        deleted: ("deletedAt",),
    }
    people = by_hand(sandbox.url, sandbox.api_key, lambda store: store.read("person", [edited, elsewhere, rest[0]]))
    assert people[edited]["patientStatus"] == "DECEASED"
    assert people[elsewhere]["favouriteTea"] == "Oolong"
    assert people[elsewhere]["sourceSystemId"] == ""
    forced = roll_back(practice, sandbox.api_key, force=True)
    assert forced.complete
    assert forced.comparison is not None
    assert [(one.object, one.changed) for one in forced.comparison.differences] == [("person", (elsewhere,))]
    assert not forced.ok  # somebody's tea is no longer what it was, and that is for a person to look at

    async def tea(store: RecordStore) -> None:
        await store.update("person", elsewhere, {"favouriteTea": before["person"][2][elsewhere].get("favouriteTea")})

    by_hand(sandbox.url, sandbox.api_key, tea)
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before


def test_nothing_is_touched_without_the_key_for_before_images(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    furnish(sandbox.url, sandbox.api_key, wanted(practice, sandbox.api_key), people=12, companies=5)
    migrate(practice, sandbox.api_key)
    before = by_hand(sandbox.url, sandbox.api_key, snapshot)
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(RollbackKeyMissing):
        roll_back(practice, sandbox.api_key)
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    with pytest.raises(Exception, match="before_image_key"):
        roll_back(practice, sandbox.api_key)
    assert by_hand(sandbox.url, sandbox.api_key, snapshot) == before


def test_parts_of_the_data_model_that_others_use_stay(tmp_path: Path, drop: Path, sandbox: SandboxServer) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    migrate(practice, sandbox.api_key)

    async def work(store: RecordStore) -> None:
        own = {"id": own_id("p"), "emails": {"primaryEmail": EMAIL}, "patientStatus": "ACTIVE"}
        await store.create("person", [own])
        await store.create("opportunity", [{"id": own_id("o"), "name": "Own", "stage": "BOOKED"}])
        field = {"type": "TEXT", "name": "shelf", "label": "Shelf", "icon": None, "description": None}
        await metadata.create_field(store.client, store.model.object("supplyItem").id, field)

    by_hand(sandbox.url, sandbox.api_key, work)
    done = roll_back(practice, sandbox.api_key)
    stays = {(one.part.object, one.part.field, one.part.option): one.reason for one in done.parts.kept}
    assert stays == {
        ("person", "patientStatus", ""): "in_use",
        ("opportunity", "stage", "BOOKED"): "in_use",
        ("supplyItem", "", ""): "fields_added",
    }
    own = by_hand(sandbox.url, sandbox.api_key, lambda store: store.read("person", [own_id("p")]))
    assert own[own_id("p")]["patientStatus"] == "ACTIVE"
    assert (done.complete, done.ok, done.kept) == (False, False, ())  # records were added that are not ours


def test_a_purge_leaves_the_log_and_the_counts_and_nobodys_data(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    clashes = wanted(practice, sandbox.api_key)
    furnish(sandbox.url, sandbox.api_key, clashes, people=12, companies=5)
    migrate(practice, sandbox.api_key)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        write_rollback(practice.reports_dir, migration.rollback(dry_run=True))
        counts = migration.ledger.counts()
        with (
            migration.run("migrate"),
            Migration(practice, api_key=sandbox.api_key) as other,
            pytest.raises(RunInProgress),
            other.run("purge"),
        ):
            pass
    left_by_a_killed_trial = practice.private_dir / "trial-0a1b2c3d" / "reports"
    left_by_a_killed_trial.mkdir(parents=True)
    (left_by_a_killed_trial / "sample.html").write_text(clashes.emails[0], encoding="utf-8")
    assert stat.S_IMODE((practice.reports_dir / "rollback.csv").stat().st_mode) == 0o600
    assert personal(practice.private_dir, clashes.emails)
    named = ["--practice", str(practice.path)]
    assert run(["purge", "--json", "--yes", *named]) == 2  # nobody has signed
    assert run(["purge", "--json", "--yes", "--signed-by", " ", *named]) == 2
    named += ["--signed-by", "Deniz"]
    assert run(["purge", "--json", *named]) == 2  # a script has to say that it is meant
    assert run(["purge", "--json", "--yes", *named]) == 0
    capsys.readouterr()
    assert run(["purge", "--json", "--yes", *named]) == 0
    assert set(json.loads(capsys.readouterr().out)["purged"].values()) == {0}
    assert personal(practice.private_dir, clashes.emails) == []
    assert [*practice.staging_dir.iterdir(), *practice.reports_dir.iterdir()] == []
    assert not left_by_a_killed_trial.parent.exists()
    with Migration(practice, api_key=sandbox.api_key) as migration:
        assert migration.ledger.audit.verify() is None
        assert migration.ledger.counts() == counts
        promised = migration.rollback(dry_run=True)
    assert {one.reason for one in promised.failed} == {"before_image_missing"}


def personal(folder: Path, emails: tuple[str, ...]) -> list[Path]:
    """Files in which a name or an address of the export stands."""
    needles = [*(email.encode() for email in emails), b"Own 1", b"second-1@own.example"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(needle in path.read_bytes() for needle in needles)]


def test_an_altered_or_missing_line_of_the_audit_log_is_named(
    tmp_path: Path, drop: Path, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    practice = make_practice(tmp_path, drop, sandbox.url)
    with Migration(practice, api_key=sandbox.api_key) as migration, migration.run("migrate"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        migration.provision()
    named = ["--practice", str(practice.path)]
    assert run(["audit-log", "verify", "--json", *named]) == 0
    head = json.loads(capsys.readouterr().out)["head"]
    for form in ("csv", "jsonl"):
        out = tmp_path / f"log.{form}"
        assert run(["audit-log", "export", "--format", form, "--out", str(out), *named]) == 0
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert run(["audit-log", "export", "--format", form, "--out", str(out), *named]) == 2
    exported = (tmp_path / "log.jsonl").read_text().splitlines()
    assert f"{len(exported)}:{json.loads(exported[-1])['hash']}" == head
    ledger = make_url(practice.ledger_url).database or ""
    for line, statement in ((12, "UPDATE ledger_audit SET outcome = 'x' WHERE seq = 12"),
                            (7, "DELETE FROM ledger_audit WHERE seq = 7")):  # fmt: skip
        with sqlite3.connect(ledger) as connection:
            connection.execute(statement)
        capsys.readouterr()
        assert run(["audit-log", "verify", "--json", *named]) == 1
        told = json.loads(capsys.readouterr().out)
        assert (told["whole"], told["problem"]["line"]) == (False, line)
    assert run(["audit-log", "verify", "--head", "nonsense", *named]) == 2
