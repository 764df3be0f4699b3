"""The job `rollback` as Dagster shows it: counts and a check, and nobody's id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dentes_twenty.cli import run
from dentes_twenty.commands.jobs import dagster_home
from dentes_twenty.definitions import build_defs
from dentes_twenty.migration.ledger import Status, new_key
from dentes_twenty.migration.session import Migration
from dentes_twenty.orchestration.execute import open_instance
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.harness import MEMBERS, make_drop, make_practice, migrate, needs_generator
from dentes_twenty_tests.end_to_end.own_workspace import by_hand

pytestmark = needs_generator


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    with SandboxServer(SandboxOptions(members=MEMBERS)) as server:
        monkeypatch.setenv("DENTES_TWENTY_TEST_API_KEY", server.api_key)
        yield server


def test_a_rollback_says_what_it_kept_by_count_and_checks_the_workspace(
    tmp_path: Path, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    drop = make_drop(tmp_path, seed=64, dialect="utf8-en", defects="none", patients=10)
    practice = make_practice(tmp_path, drop, sandbox.url)
    migrate(practice, sandbox.api_key)
    with Migration(practice, api_key=sandbox.api_key) as migration:
        kept = next(migration.ledger.iterate("task", status=Status.LANDED))[0].record_id
    by_hand(sandbox.url, sandbox.api_key, lambda store: store.update("task", kept, {"title": "Called"}))
    instance = dg.DagsterInstance.ephemeral()

    def job(**config: bool) -> dg.ExecuteInProcessResult:
        found = build_defs(practice_file=practice.path).resolve_job_def("rollback")
        return found.execute_in_process(instance=instance, run_config={"ops": {"roll_back": {"config": config}}})

    tried = job(dry_run=True)
    assert tried.success
    assert not [event for event in tried.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    done = job()
    assert done.success
    (check,) = [e for e in done.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    evaluation = check.asset_check_evaluation_data
    assert (evaluation.check_name, evaluation.passed) == ("workspace_as_before", True)
    assert "task" in (evaluation.description or "")
    told = " ".join(str(event) for event in done.all_events)
    assert kept not in told
    assert kept in (practice.reports_dir / "rollback.csv").read_text(encoding="utf-8")
    capsys.readouterr()
    assert run(["rollback", "--json", "--practice", str(practice.path)]) == 2  # a script has to say that it is meant
    capsys.readouterr()
    assert run(["rollback", "--dry-run", "--practice", str(practice.path)]) == 3  # the edited task would stay
    assert "What would happen" in capsys.readouterr().out
    assert run(["rollback", "--force", "--yes", "--json", "--practice", str(practice.path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert kept not in str(document)
    assert document["comparison"]["same"]
    assert (document["comparison"]["records"], document["counts"]["kept"]) == (4, 0)
    assert document["last_comparison"] is None
    # Whoever has lost that output sees it again: the fingerprint is closed, what was found is in the log.
    assert run(["rollback", "--yes", "--json", "--practice", str(practice.path)]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["comparison"] is None
    assert again["last_comparison"].pop("at")
    assert again["last_comparison"] == document["comparison"]
    assert run(["rollback", "--yes", "--practice", str(practice.path)]) == 0
    assert "The workspace is as before the migration: 4 records" in capsys.readouterr().out
    last = job()
    (check,) = [e for e in last.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    assert check.asset_check_evaluation_data.passed
    assert "Compared at 20" in (check.asset_check_evaluation_data.description or "")
    with open_instance(dagster_home(practice)) as own:  # the command's runs show in the UI
        assert [one.job_name for one in own.get_runs()] == ["rollback"] * 4
