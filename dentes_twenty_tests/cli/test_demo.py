"""The demo as `make demo` runs it: the export that comes with the project lands, and what is broken in it stays out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dentes_twenty.cli import run

pytestmark = pytest.mark.slow

# What the generator of the demo's export says that it holds (see data/demo/README.md).
LANDED = {
    "companies": 26, "people": 581, "opportunities": 275, "tasks": 1796, "notes": 617, "insurance_claims": 116,
    "billing_ledgers": 2471, "supply_items": 48, "form_responses": 249, "treatment_procedures": 521, "attachments": 40,
}  # fmt: skip
LEDGER_TOTAL = "1,338,016.75"
QUARANTINED = 22


def test_the_demo_lands_whole_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    code = run(["demo", "--keep", str(tmp_path / "demo"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0 and told["ok"]
    assert {name: told["steps"][name]["landed"] for name in LANDED} == LANDED
    assert sum(sum(report["quarantined"].values()) for report in told["reports"]) == QUARANTINED
    money = {(line["object"], line["figure"]): line for line in told["money"]}
    assert money["billing_ledgers", "amount TRY"]["found"] == LEDGER_TOTAL
    assert all(line["same"] for line in told["money"])


def test_a_demo_of_another_export_that_has_no_patients_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = tmp_path / "export"
    drop.mkdir()
    (drop / "staff.csv").write_text("Staff ID,First name,Last name\nD1,Ada,Kaya\n", encoding="utf-8")
    code = run(["demo", "--keep", str(tmp_path / "demo"), "--drop", str(drop)])
    assert code == 1
    assert "'patient'" in capsys.readouterr().err
