"""What a person is told before anything moves: what stands in the way, what is new, what a migration will cost."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from dentes_twenty.cli import run
from dentes_twenty.commands.output import Exit
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.end_to_end.own_workspace import by_hand


async def another_gender(store: RecordStore) -> None:
    field = {"type": "TEXT", "name": "gender", "label": "Gender", "icon": None, "description": None}
    await metadata.create_field(store.client, store.model.object("person").id, field)


def test_what_stands_in_the_way_is_told_by_the_audit_and_by_the_checklist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        practice = small_practice.confirmed(small_practice.write(tmp_path, server.url))
        named = ["--practice", str(practice.path)]
        monkeypatch.delenv("TWENTY_API_KEY", raising=False)
        assert run(["audit", *named]) == 1
        told = capsys.readouterr()
        assert "TWENTY_API_KEY is not set" in told.err
        assert not list(practice.staging_dir.iterdir())  # said before minutes are spent on reading
        monkeypatch.setenv("TWENTY_API_KEY", server.api_key)

        later = Path(practice.export_location) / "patients.csv"
        lines = later.read_text(encoding="utf-8").splitlines()
        later.write_text("\n".join([f"{lines[0]},Shoe size", *(f"{line},42" for line in lines[1:])]), encoding="utf-8")
        (later.parent / "wishes.csv").write_text("A,B\n1,2\n", encoding="utf-8")
        by_hand(server.url, server.api_key, another_gender)

        assert run(["audit", "--json", *named]) == 1
        document = json.loads(capsys.readouterr().out)
        says = {check["check"]: check["says"] for check in document["checks"] if not check["passed"]}
        assert "person.gender" in says["data_model_fits"]
        assert "1 columns and 1 files are new" in says["coverage"]
        assert document["steps"]["references"]["planned_calls"] > 0

        assert run(["provision", "--checklist", *named]) == 1
        assert "person.gender" in capsys.readouterr().out
        assert run(["audit", *named]) == 1
        told = capsys.readouterr()
        assert "records to write in about" in told.err
        assert "data_model_fits" in told.err


async def a_workflow_at_every_person(store: RecordStore) -> None:
    """As a fresh workspace of 2.19 has one; the other two start at nothing that a migration writes."""
    workflow = str(uuid.uuid4())
    await store.create("workflow", [{"id": workflow, "name": "Create company when adding a new person"}])
    events = [("DATABASE_EVENT", "person.upserted"), ("DATABASE_EVENT", "dashboard.created"), ("CRON", "")]
    triggers = [
        {"id": str(uuid.uuid4()), "type": kind, "settings": {"eventName": event}, "workflowId": workflow}
        for kind, event in events
    ]
    answer = await store.create("workflowAutomatedTrigger", triggers)
    assert not answer.refused


def test_workflows_that_would_start_at_every_record_are_named_by_the_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they make is in no ledger, and no rollback takes it back."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        practice = small_practice.confirmed(small_practice.write(tmp_path, server.url))
        monkeypatch.setenv("TWENTY_API_KEY", server.api_key)
        audit = ["audit", "--json", "--practice", str(practice.path)]

        assert run(audit) == Exit.QUARANTINED
        checks = {check["check"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
        assert checks["no_workflow_starts"]["passed"]

        by_hand(server.url, server.api_key, a_workflow_at_every_person)
        assert run(audit) == Exit.QUARANTINED  # a warning: it may be meant
        checks = {check["check"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
        told = checks["no_workflow_starts"]
        assert not told["passed"] and told["severity"] == "WARN"
        assert "Create company when adding a new person (at person.upserted)" in told["says"]
        assert "dashboard" not in told["says"] and "Deactivate" in told["says"]
