"""Whole runs of a small practice against the embedded workspace, as the command line and the UI start them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import httpx
import pytest

from dentes_twenty.definitions import build_defs
from dentes_twenty.migration.ledger import Ledger, RunState
from dentes_twenty.orchestration.execute import QUIET, SETTINGS, open_instance, prepare_home, run_job
from dentes_twenty.orchestration.outcome import JobOutcome
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice

pytestmark = pytest.mark.slow


@dataclasses.dataclass
class Moved:
    """A small practice after its first migration, recorded in an instance on disk."""

    practice: Practice
    server: SandboxServer
    home: Path
    instance: dg.DagsterInstance
    outcome: JobOutcome

    def run(self, job: str) -> JobOutcome:
        return run_job(job, self.instance, self.practice.path, api_key=self.server.api_key)

    def get(self, path: str) -> dict[str, object]:
        answer = httpx.get(f"{self.server.url}{path}", headers={"Authorization": f"Bearer {self.server.api_key}"})
        found: dict[str, object] = answer.raise_for_status().json()
        return found


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("practice")
    home = tmp_path_factory.mktemp("dagster")
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server, open_instance(home) as instance:
        practice = small_practice.confirmed(small_practice.write(folder, server.url))
        outcome = run_job("migrate", instance, practice.path, api_key=server.api_key)
        yield Moved(practice, server, home, instance, outcome)


def test_everything_that_can_land_has_landed(moved: Moved) -> None:
    assert moved.outcome.ok, (moved.outcome.failed, moved.outcome.errors)
    for asset, rows in small_practice.LANDING.items():
        assert moved.outcome.steps[asset]["created"] == rows
    assert moved.outcome.steps["references"]["quarantined"] == small_practice.QUARANTINED


def test_the_summary_accounts_for_every_row_and_leads_to_the_other_pages(moved: Moved) -> None:
    folder = moved.practice.reports_dir
    told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    figures = {one["object"]: one for one in told["report"]["objects"]}
    entry = figures["entry"]
    assert (entry["in_export"], entry["landed"], entry["in_twenty"], entry["quarantined"]) == (6, 5, 5, 1)
    assert (figures["patient"]["in_export"], figures["patient"]["quarantined"]) == (4, 1)
    assert [(m["field"], m["expected"], m["found"]) for m in told["report"]["money"] if m["object"] == "entry"]
    stages = {stage["key"]: stage["state"] for stage in told["report"]["stages"]}
    assert (stages["mapping"], stages["load"], stages["reconciliation"]) == ("good", "attention", None)
    assert told["state"] == "attention"
    assert [key for key, _ in told["report"]["links"]] == ["quarantine", "owners"]
    assert {(reason["code"], reason["count"]) for reason in told["report"]["reasons"]} >= {("duplicate_id", 1)}
    events = [
        moved.instance.get_latest_materialization_event(dg.AssetKey(name)) for name in ("migration_summary", "owners")
    ]
    for event in events:
        assert event is not None and event.asset_materialization is not None
        path = event.asset_materialization.metadata["page"].value
        assert isinstance(path, str) and Path(path).parent == folder


def test_every_check_of_the_job_was_evaluated(moved: Moved) -> None:
    job = build_defs(practice_file=moved.practice.path).resolve_job_def("migrate")
    wanted = {(key.asset_key.to_user_string(), key.name) for key in job.asset_layer.asset_graph.asset_check_keys}
    assert ("approval", "approved") in wanted and ("people", "reconciled") not in wanted
    assert {(check.asset, check.name) for check in moved.outcome.checks} == wanted


def test_rows_that_stay_out_are_a_warning_with_line_column_and_code(moved: Moved) -> None:
    check = next(c for c in moved.outcome.checks if (c.asset, c.name) == ("staged_patient", "schema"))
    assert (check.passed, check.severity) == (False, "WARN")
    assert [(row["line"], row["code"]) for row in check.tables["first_lines"]] == [(5, "duplicate_id")]


def test_a_report_that_the_export_lacks_is_told_as_such(moved: Moved) -> None:
    event = moved.instance.get_latest_materialization_event(dg.AssetKey("staged_appointment"))
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert (metadata["dagster/row_count"].value, metadata["in_export"].value) == (0, False)


def test_a_field_in_twenty_shows_the_column_that_it_comes_from(moved: Moved) -> None:
    event = moved.instance.get_latest_materialization_event(dg.AssetKey("people"))
    assert event is not None and event.asset_materialization is not None
    lineage = event.asset_materialization.metadata["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    columns = {(dep.asset_key.to_user_string(), dep.column_name) for dep in lineage.deps_by_column["birthDate"]}
    assert columns == {("staged_patient", "birth_date")}


def test_the_run_is_tagged_with_its_practice(moved: Moved) -> None:
    run = moved.instance.get_run_by_id(moved.outcome.run_id)
    assert run is not None
    assert run.tags["dentes_twenty/practice"] == moved.practice.key
    assert run.tags["dentes_twenty/job"] == "migrate"


def test_the_ledger_knows_the_run_as_done(moved: Moved) -> None:
    with Ledger.open(moved.practice.ledger_url, moved.practice.key) as ledger:
        newest = ledger.runs()[0]
    assert (newest.kind, newest.state) == ("migrate", RunState.DONE)


def test_nothing_of_a_patient_is_kept_by_dagster(moved: Moved) -> None:
    """Also spelt as JSON spells it, because events are kept as JSON."""
    needles = {spelt for secret in small_practice.SECRETS for spelt in (secret, json.dumps(secret)[1:-1])}
    files = [path for path in moved.home.rglob("*") if path.is_file()]
    assert files
    found = {(path.name, needle) for path in files for needle in needles if needle.encode() in path.read_bytes()}
    assert not found


def test_no_output_of_an_asset_is_stored(moved: Moved) -> None:
    assert not (moved.home / "storage").exists() or not any((moved.home / "storage").iterdir())


def test_the_instance_keeps_no_compute_logs_and_sends_no_telemetry(moved: Moved) -> None:
    assert not moved.instance.telemetry_enabled
    assert type(moved.instance.compute_log_manager).__name__ == "NoOpComputeLogManager"


def test_settings_of_an_instance_that_a_person_has_made_stay(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text("telemetry:\n  enabled: false\n")
    assert (prepare_home(tmp_path) / SETTINGS).read_text() == "telemetry:\n  enabled: false\n"


def test_a_second_run_writes_nothing(moved: Moved) -> None:
    again = moved.run("migrate")
    assert again.ok
    for asset, figures in again.steps.items():
        written = {name: figures[name] for name in ("created", "adopted", "updated", "links") if figures.get(name)}
        assert not written, asset
    assert again.steps["people"]["unchanged"] == small_practice.LANDING["people"]
    model = again.steps["workspace_data_model"]
    assert (model["objects_created"], model["fields_created"], model["options_created"]) == (0, 0, 0)


def test_a_check_can_be_run_alone_and_finds_what_a_person_has_changed(moved: Moved) -> None:
    entries = moved.get("/rest/billingLedgers?limit=60")["data"]["billingLedgers"]  # type: ignore[index]
    entry = next(e for e in entries if e["sourceSystemId"] == "entry:1")
    assert check_money(moved)
    patched = httpx.patch(
        f"{moved.server.url}/rest/billingLedgers/{entry['id']}",
        json={"amount": {"amountMicros": entry["amount"]["amountMicros"] + 10_000, "currencyCode": "TRY"}},
        headers={"Authorization": f"Bearer {moved.server.api_key}"},
    )
    patched.raise_for_status()
    assert not check_money(moved)


def check_money(moved: Moved) -> bool:
    """Run the one check, as an operator does in the UI."""
    asset = dg.AssetKey("billing_ledgers")
    checks = dg.AssetSelection.checks(dg.AssetCheckKey(asset, "counts"), dg.AssetCheckKey(asset, "money"))
    defs = dg.Definitions.merge(
        build_defs(practice_file=moved.practice.path, api_key=moved.server.api_key),
        dg.Definitions(jobs=[dg.define_asset_job("only_checks", selection=checks)]),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("only_checks").execute_in_process(instance=instance, run_config=QUIET)
    return all(found.passed for found in result.get_asset_check_evaluations())


def test_an_owner_without_a_member_blocks_everything_that_writes(
    moved: Moved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    practice = small_practice.confirmed(small_practice.write(tmp_path, moved.server.url, fallback=None))
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = run_job("migrate", instance, practice.path, api_key=moved.server.api_key)
    assert not outcome.ok
    assert [(check.asset, check.name) for check in outcome.errors] == [("owners", "every_owner_has_a_member")]
    assert "workspace_data_model" not in outcome.steps and "people" not in outcome.steps
    with Ledger.open(practice.ledger_url, practice.key) as ledger:
        assert ledger.runs()[0].state is RunState.FAILED


def test_an_unconfirmed_mapping_stops_the_first_step_with_what_to_do(moved: Moved, tmp_path: Path) -> None:
    practice = small_practice.write(tmp_path, moved.server.url)
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = run_job("audit", instance, practice.path, api_key=moved.server.api_key)
    assert not outcome.finished
    (failed,) = outcome.failed
    assert failed.step == "export_drop" and "propose-mapping" in failed.failure.fix


def test_a_file_that_was_cut_off_is_an_error_of_its_schema_check(moved: Moved, tmp_path: Path) -> None:
    practice = small_practice.confirmed(small_practice.write(tmp_path, moved.server.url))
    ledger = Path(practice.export_location) / "ledger.csv"
    ledger.write_bytes(ledger.read_bytes()[:-30] + b'"never closed')
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = run_job("audit", instance, practice.path, api_key=moved.server.api_key)
    assert ("staged_entry", "schema") in {(check.asset, check.name) for check in outcome.errors}
    assert [failed.step for failed in outcome.failed] == ["staged_entry"]
    assert "references" not in outcome.steps
