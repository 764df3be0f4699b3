"""Trust: a practice sees a sample before it agrees, and can check afterwards what Twenty holds."""

from __future__ import annotations

import asyncio
import datetime as dt
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.approval import ApprovalMissing, Standing
from dentes_twenty.migration.ledger.adoptions import new_key
from dentes_twenty.migration.reconcile import Kind, Reconciliation
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import SampleResult
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.reports import field_diff, write_report
from dentes_twenty.reports.model import DiffReport, FieldVerdict, Heading
from dentes_twenty.reports.reconciled import reconciliation_report, rendered
from dentes_twenty.reports.sampled import Surroundings, diff_report, verdict_counts
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.trial import trial
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.end_to_end.harness import (
    MEMBERS,
    answer_key,
    make_drop,
    make_practice,
    migrate,
    needs_generator,
)
from dentes_twenty_tests.unmarked import unmarked_workspace

pytestmark = [needs_generator, pytest.mark.slow]


@dataclass
class Moved:
    """A practice that has moved into a sandbox."""

    practice: Practice
    server: SandboxServer
    drop: Path

    def reconcile(self, **options: Any) -> Reconciliation:
        with Migration(self.practice, api_key=self.server.api_key) as migration:
            return migration.reconcile(**options)

    def by_hand(self, work: Any) -> Any:
        """Run `work(store)` as somebody who uses the API beside the migration."""

        async def connected() -> Any:
            async with TwentyClient(self.server.url, self.server.api_key) as client:
                return await work(await RecordStore.open(client))

        return asyncio.run(connected())


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("moved")
    drop = make_drop(folder, seed=12, dialect="utf8-en", defects="many", patients=30)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        practice = make_practice(folder, drop, server.url)
        migrate(practice, server.api_key)
        yield Moved(practice, server, drop)


def staged(migration: Migration) -> None:
    for report in migration.reports:
        migration.stage(report)
    migration.check_references()


def page_of(migration: Migration, result: SampleResult) -> DiffReport:
    heading = Heading("Ege", dt.datetime.now(dt.UTC), "sandbox")
    around = Surroundings(heading, migration.mapping, migration.planner.declarations, migration.owners())
    return diff_report(result, around)


# ---
# Sample, diff, approval
# ---


def test_a_sample_lands_whole_and_the_full_migration_finds_it_unchanged(tmp_path: Path) -> None:
    drop = make_drop(tmp_path, seed=11, dialect="excel-tr", defects="many", patients=30)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        practice = make_practice(tmp_path, drop, server.url)
        with Migration(practice, api_key=server.api_key) as migration, migration.run("sample"):
            staged(migration)
            migration.provision()
            migration.adopt()
            result = migration.sample(200)
            report = page_of(migration, result)
        tallies = migrate(practice, server.api_key)
    written = sum(tally.created for tally in result.tallies.values())
    assert written == len([one for one in result.records if one.source.planned.object != "workspaceMember"])
    assert {field.verdict for record in report.records for field in record.fields} <= {
        FieldVerdict.SAME,
        FieldVerdict.NORMALISED,
        FieldVerdict.NOT_MIGRATED,
    }
    assert all(field.transformation for record in report.records for field in record.fields if not record.why)
    assert verdict_counts(report)["same"] > 2_000
    cells = [cell for record in report.records if not record.why for field in record.fields for cell in field.sources]
    assert sum(cell.text is not None for cell in cells) > 2_000
    assert {type(cell.text) for cell in cells if cell.value is not None} == {str}
    assert any(field.field == "attachments" for record in report.records for field in record.fields)
    for name in tallies.keys() - {"response", "provider"}:  # of several forms the last one's tally is left
        sampled = sum(tally.created for scope, tally in result.tallies.items() if scope.endswith(f"/{name}"))
        assert tallies[name].unchanged == sampled
    paths = [write_report(practice.reports_dir, "sample", field_diff(report))]
    paths += [paths[0].with_suffix(".json"), paths[0].with_suffix(".csv")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600] * 3


def test_a_workspace_that_is_no_sandbox_takes_no_record_without_an_approval(tmp_path: Path) -> None:
    drop = make_drop(tmp_path, seed=12, dialect="utf8-en", patients=30)
    with unmarked_workspace(MEMBERS) as workspace:
        practice = make_practice(tmp_path, drop, workspace.url)
        with Migration(practice, api_key=workspace.api_key) as migration, migration.run("migrate"):
            staged(migration)
            migration.provision()
            for write in (migration.write_members, migration.load_files, lambda: migration.load("company")):
                with pytest.raises(ApprovalMissing, match="No sample"):
                    write()
            assert migration.wait(migration.store.count("person")) == 0
            with trial(migration) as other, other.run("sample"):
                other.provision()
                other.adopt()
                counts = verdict_counts(page_of(other, other.sample(100)))
            migration.show_sample(counts, "sandbox")
            assert migration.approval().standing is Standing.NOT_GIVEN
            migration.approve("Dr. Ada Kaya")
            assert migration.approval().standing is Standing.VALID
            assert migration.load("company")["practice"].created > 0
        assert not list(practice.private_dir.glob("trial-*"))

        changed = make_practice(tmp_path, drop, workspace.url, region="DE")
        with Migration(changed, api_key=workspace.api_key) as migration, migration.run("migrate"):
            staged(migration)
            with pytest.raises(ApprovalMissing, match="the practice file"):
                migration.load("person")


# ---
# Reconciliation
# ---


def test_a_fresh_migration_reconciles_to_the_smallest_coin_as_the_answer_key_says(moved: Moved) -> None:
    for quick in (False, True):
        found = moved.reconcile(quick=quick)
        assert found.wrong() == {}
        key = answer_key(moved.drop)["reports"]
        assert {f"patient:{one.source_id}" for one in found.balances} == {
            one["id"] for one in key["balanceDifferences"]
        }
        assert {f"plan:{one.source_id}" for one in found.plans} == {one["id"] for one in key["planTotalDifferences"]}
        assert found.patients_compared > 20
        assert (sum(rows.values for rows in found.rows) > 5_000) is not quick


def test_one_object_can_be_reconciled_alone(moved: Moved) -> None:
    found = moved.reconcile(objects=["insuranceClaim"])
    assert [rows.target for rows in found.rows] == ["insuranceClaim"]
    assert found.wrong() == {} and found.rows[0].verified == found.rows[0].landed > 0


def test_people_who_were_in_twenty_before_keep_their_values_and_the_sample_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    drop = make_drop(tmp_path, seed=12, dialect="utf8-en", patients=30)
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        practice = make_practice(tmp_path, drop, server.url)
        with Migration(practice, api_key=server.api_key) as migration, migration.run("sample"):
            staged(migration)
            emails = list(migration.planner.index.emails.wanted())[:5]
            own = {"jobTitle": "astronaut", "createdBy": {"source": "MANUAL", "name": "Ada"}}
            people = [{"id": str(uuid.uuid4()), "emails": {"primaryEmail": email}, **own} for email in emails]
            migration.wait(migration.store.create("person", people))
            migration.provision()
            assert migration.adopt().adopted["person"] == len(emails)
            result = migration.sample(100)
            report = page_of(migration, result)
        tallies = migrate(practice, server.api_key)
        with Migration(practice, api_key=server.api_key) as migration:
            found = migration.reconcile()
    adopted = [one for one in result.records if ("case", "already_in_twenty") in one.source.features]
    kept = [field for record in report.records for field in record.fields if field.why == "kept_in_twenty"]
    assert adopted and "jobTitle" in {field.field for field in kept}
    assert verdict_counts(report).get("lost", 0) == 0
    assert tallies["patient"].adopted + tallies["guardian"].adopted + len(adopted) >= len(emails)
    assert found.wrong() == {}
    assert sum(rows.kinds[Kind.KEPT] for rows in found.rows) >= 1


def test_what_somebody_did_by_hand_is_found_and_named(moved: Moved) -> None:
    """The last one: it spoils the workspace that the others share."""

    async def meddle(store: RecordStore) -> dict[str, str]:
        found: dict[str, str] = {}

        async def first(object_: str, start: str, fields: list[str]) -> dict[str, Any]:
            async for page in store.find(object_, {"sourceSystemId": {"startsWith": start}}, fields):
                return page[0]
            raise AssertionError

        patient = await first("person", "patient:", ["sourceSystemId", "medicalAlerts"])
        await store.update("person", patient["id"], {"medicalAlerts": "changed by hand"})
        entry = await first("billingLedger", "entry:", ["sourceSystemId", "amount", "patientId"])
        amount = {**entry["amount"], "amountMicros": int(entry["amount"]["amountMicros"]) + 10_000}
        await store.update("billingLedger", entry["id"], {"amount": amount})
        item = await first("supplyItem", "item:", ["sourceSystemId"])
        await store.destroy("supplyItem", [item["id"]])
        recall = await first("task", "recall:", ["sourceSystemId"])
        await store.soft_delete("task", [recall["id"]])
        claim = await first("insuranceClaim", "claim:", ["sourceSystemId", "payerId"])
        await store.destroy("company", [claim["payerId"]])
        async for page in store.find("noteTarget", None, ["noteId", "targetPersonId"]):
            link = next(record for record in page if record["targetPersonId"])
            await store.destroy("noteTarget", [link["id"]])
            break
        stray = {"id": "5b1f2f0e-0c55-4d3c-9f6e-2f3a4b5c6d7e", "sourceSystemId": "plan:no-such-plan"}
        await store.create("opportunity", [{**stray, "name": "copied"}])
        found["patient"] = patient["sourceSystemId"].partition(":")[2]
        found["entry"] = entry["sourceSystemId"].partition(":")[2]
        found["account"] = entry["patientId"]
        return found

    known = moved.by_hand(meddle)
    quick = moved.reconcile(quick=True)
    assert {"missing", "money", "patients"} <= quick.wrong().keys()
    assert [one.found - one.expected for one in quick.patients] == [10_000]
    assert quick.notable()["strays"] == 1

    found = moved.reconcile()
    by_field = {(one.object, one.source_id, one.field): one for one in found.differences}
    alerts = by_field["patient", known["patient"], "medicalAlerts"]
    assert (alerts.stored, alerts.kind) == ("changed by hand", Kind.CHANGED)
    assert ("entry", known["entry"], "amount") in by_field
    assert [one.found - one.expected for one in found.patients] == [10_000]
    assert {(one.object, one.what) for one in found.gone} >= {
        ("item", "destroyed"),
        ("recall", "deleted"),
        ("payer", "destroyed"),
    }
    assert [(one.object, one.source_id) for one in found.strays] == [("plan", "no-such-plan")]
    whats = {(one.object, one.what) for one in found.orphans}
    assert ("claim", "Payer") in whats and ("note", "noteTarget") in whats
    assert {"changed", "missing", "orphans", "money", "patients"} <= found.wrong().keys()

    again = moved.reconcile()
    assert again.previous == found.at
    assert again.drift == [] and len(again.differences) == len(found.differences)

    heading = Heading("Ege", found.at, "sandbox")
    report = reconciliation_report(heading, found, ())
    page = rendered(report, found)
    assert "changed by hand" in page.html and "medicalAlerts" in page.tables["values"]
    assert report.state == "failed"
