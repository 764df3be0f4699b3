"""The commands of the cutover as a person uses them, on a practice that was migrated."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dentes_twenty.cli import run
from dentes_twenty.orchestration.layout import DELTA
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice
from dentes_twenty_tests.migrated import Desk, make_desk

ADA = "patient:9001"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with (
        SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("TWENTY_API_KEY", server.api_key)
        environment.delenv("DAGSTER_HOME", raising=False)
        yield make_desk(tmp_path_factory.mktemp("desk"), server)


def call(capsys: pytest.CaptureFixture[str], desk: Desk, *arguments: str) -> tuple[int, str]:
    code = run([*arguments, "--practice", str(desk.practice.path)])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_a_delta_tells_its_figures_writes_its_page_and_shows_nobodys_data(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.by_hand("person", ADA, medicalAlerts="asked on the phone: none")
    desk.edit("patients.csv", "latex allergy canary", "penicillin allergy canary")
    desk.edit("patients.csv", "tugrulhan.s@example.org", "tugrulhan.new@example.org")
    code, said = call(capsys, desk, "delta", "--json")
    assert code == 3, said  # a conflict and the rows in quarantine wait for somebody
    told: dict[str, Any] = json.loads(said[said.index("{") : said.rindex("}") + 1])
    figures = told["steps"][DELTA]
    assert told["pages"] == {"quarantine": str(desk.practice.reports_dir / "quarantine.html")}
    assert "unknown_patient" in (desk.practice.reports_dir / "quarantine.csv").read_text(encoding="utf-8")
    assert (figures["changed"], figures["updated"], figures["conflicts_open"]) == (2, 1, 1)
    page = (desk.practice.reports_dir / "cutover.html").read_text(encoding="utf-8")
    assert "penicillin allergy canary" in page
    assert "asked on the phone: none" in page
    assert not [secret for secret in (*small_practice.SECRETS, "penicillin", "tugrulhan.new") if secret in said]


def test_conflicts_are_listed_and_resolved(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = call(capsys, desk, "conflicts")
    assert code == 3
    assert "medicalAlerts" in said
    code, said = call(capsys, desk, "resolve", ADA, "--ours", "--by", "Ada")
    assert (code, said) == (0, "Decided: 1 fields. Written: 1 records.\n")
    assert desk.person(ADA)["medicalAlerts"] == "penicillin allergy canary"
    assert call(capsys, desk, "conflicts")[0] == 0
    assert "NO_SUCH_CONFLICT" in call(capsys, desk, "resolve", "all", "--theirs", "--by", "Ada")[1]


def test_a_short_export_is_refused_with_the_numbers(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.edit("ledger.csv", "6,9003,2024-05-18,Charge,99.99,,,D1,\n", "")
    code, said = call(capsys, desk, "delta")
    assert code == 1
    assert "4 rows, 5 before" in said
    assert call(capsys, desk, "delta", "--allow", "entry")[0] == 3


def test_watch_takes_what_stands_still_and_ends_with_the_window(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with (desk.export / "ledger.csv").open("a", encoding="utf-8") as file:
        file.write("7,9003,2024-06-18,Charge,9.99,,,D1,\n")
    (desk.export / "_SUCCESS").touch()
    # An hour's window of which some seconds are left: long enough for one delta, which it does not interrupt.
    start = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=6, hours=-1)).isoformat()
    text = desk.practice.path.read_text(encoding="utf-8")
    desk.practice.path.write_text(f"{text}cutover:\n  from: {start}\n  hours: 1\n", encoding="utf-8")
    code, said = call(capsys, desk, "watch", "--every", "1")
    assert code == 0
    assert "complete and new" in said
    assert "window ended" in said
    assert (desk.practice.reports_dir / "cutover-closing.html").exists()
