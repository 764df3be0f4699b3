"""What a person is told before anything moves: what stands in the way, what is new, what a migration will cost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.cli import run
from dentes_twenty.commands.output import Exit
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty import metadata
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.end_to_end.own_workspace import by_hand


async def another_gender(store: RecordStore) -> None:
    field = {"type": "TEXT", "name": "gender", "label": "Gender", "icon": None, "description": None}
    await metadata.create_field(store.client, store.model.object("person").id, field)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A workspace, whose key stands in the environment."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as made:
        monkeypatch.setenv("TWENTY_API_KEY", made.api_key)
        yield made


@pytest.fixture
def practice(tmp_path: Path, server: SandboxServer) -> Practice:
    """One whose mapping is confirmed, and of which nothing was read yet."""
    return small_practice.confirmed(small_practice.write(tmp_path, server.url))


def test_what_stands_in_the_way_is_told_by_the_audit_and_by_the_checklist(
    practice: Practice, server: SandboxServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ["--practice", str(practice.path)]
    with monkeypatch.context() as without:
        without.delenv("TWENTY_API_KEY")
        assert run(["audit", *named]) == 1
        told = capsys.readouterr()
        assert "TWENTY_API_KEY is not set" in told.err
        assert not list(practice.staging_dir.iterdir())  # said before minutes are spent on reading

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


async def workflows(store: RecordStore) -> None:
    """The first is that of a fresh 2.19 workspace; the last two start at nothing that a migration writes."""
    names = {
        "Create company when adding a new person": ("DATABASE_EVENT", "person.upserted"),
        "File what was attached": ("DATABASE_EVENT", "attachment.created"),
        "Look at dashboards": ("DATABASE_EVENT", "dashboard.created"),
        "Each morning": ("CRON", ""),
    }
    for name, (kind, event) in names.items():
        workflow = str(uuid.uuid4())
        trigger = {"id": str(uuid.uuid4()), "type": kind, "settings": {"eventName": event}, "workflowId": workflow}
        for object_, record in (("workflow", {"id": workflow, "name": name}), ("workflowAutomatedTrigger", trigger)):
            assert not (await store.create(object_, [record])).refused


def test_workflows_that_would_start_at_every_record_are_named_by_the_audit(
    practice: Practice, server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What they make is in no ledger, and no rollback takes it back."""

    def told() -> dict[str, Any]:
        assert run(["audit", "--json", "--practice", str(practice.path)]) == Exit.QUARANTINED  # it may be meant
        checks = json.loads(capsys.readouterr().out)["checks"]
        (found,) = (check for check in checks if check["check"] == "no_workflow_starts")
        return dict(found)

    assert told()["passed"]
    by_hand(server.url, server.api_key, workflows)
    found = told()
    assert not found["passed"] and found["severity"] == "WARN"
    assert "Create company when adding a new person (at person.upserted)" in found["says"]
    assert "File what was attached (at attachment.created)" in found["says"]
    assert "dashboard" not in found["says"] and "Deactivate" in found["says"]
    assert run(["audit", "--practice", str(practice.path)]) == Exit.QUARANTINED
    warned = [line for line in capsys.readouterr().err.splitlines() if "no_workflow_starts warns" in line]
    assert len(warned) == 1 and "Create company when adding a new person" in warned[0]


def test_an_older_export_is_refused_once_and_not_by_each_report(
    practice: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--practice", str(practice.path)]
    assert run(["migrate", *named]) == Exit.QUARANTINED
    patients = Path(practice.export_location) / "patients.csv"
    before = patients.read_text(encoding="utf-8")
    patients.write_text(before.replace("Male", "Female"), encoding="utf-8")
    assert run(["delta", *named]) == Exit.QUARANTINED
    patients.write_text(before, encoding="utf-8")
    capsys.readouterr()
    assert run(["migrate", *named]) == Exit.FAILED
    told = capsys.readouterr().err
    assert told.count("DROP_NOT_NEW") == 1 and "--allow older" in told
