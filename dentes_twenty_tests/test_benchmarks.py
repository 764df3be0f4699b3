"""What benchmarks leave behind: the results, the page that is made of them, and the rules that judge a figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.page import pages, shown
from benchmarks.quota import floor
from benchmarks.registry import MODULES, NAMES
from benchmarks.results import FOLDER, Chart, Column, Measured, Result, Side, Table, Target, read, write
from dentes_twenty_tests.soak import results as soak

ROOT = Path(__file__).resolve().parent.parent


def a_result() -> Result:
    table = Table(
        "Rates",
        (Column("who", "who"), Column("rate", "rate", "records/s"), Column("seconds", "time", "s")),
        ({"who": "ours", "rate": 5200, "seconds": 1.25}, {"who": "theirs", "rate": None, "seconds": 0.5}),
        chart=Chart("Rates", ("who",), ("rate",)),
    )
    targets = (Target("time", "at most", 3, 2.5, "%"), Target("rows lost", "exactly", 0, 2, why="they were tired"))
    measured = Measured("quota", "The quota", "About it.", {"full": False}, (table,), targets)
    machine = {"cpu": "a", "cores": 2, "memory_gib": 8.0, "system": "Linux", "python": "3.11"}
    taken = {"date": "2026-01-02T00:00:00+00:00", "version": "1", "commit": "abc", "changed": False, "load_before": 0.5,
             "seconds": 9.0}  # fmt: skip
    return Result(measured, machine, taken)


def test_the_page_is_the_one_that_the_committed_results_make() -> None:
    command = [sys.executable, "-m", "benchmarks.page", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_committed_result_belongs_to_a_benchmark_and_says_where_it_comes_from() -> None:
    for path in set(FOLDER.glob("*.json")) - {soak.RESULTS}:
        result = read(path)
        assert path.stem == result.measured.name
        assert path.stem in NAMES
        assert result.taken["commit"] and result.machine["cores"]


def test_the_table_of_faults_is_the_one_that_the_committed_soak_makes() -> None:
    found = json.loads(soak.RESULTS.read_text(encoding="utf-8"))
    assert found["wrong"] == 0 and found["struck"] >= 500
    before, after = soak.MARKS
    page = soak.PAGE.read_text(encoding="utf-8")
    assert page.split(before)[1].split(after)[0].strip() == soak.table(found)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result = a_result()
    assert read(write(result, tmp_path)) == result


def test_the_page_shows_each_figure_beside_its_target_with_the_reason_of_a_miss() -> None:
    made = {path.name: text for path, text in pages([a_result()]).items()}
    page = made["benchmarks.md"]
    assert "| time | at most 3 % | 2.5 % | yes |" in page
    assert "| rows lost | exactly 0 | 2 | **no**: they were tired |" in page
    assert "| ours | 5,200 | 1.25 |" in page
    assert "1 of 2 targets are met" in page
    assert "(benchmarks/quota-1.svg)" in page
    assert made["quota-1.svg"].startswith("<svg") and "5,200 records/s" in made["quota-1.svg"]


@pytest.mark.parametrize(
    ("side", "value", "met"),
    [
        ("at most", 3.0, True),
        ("at most", 3.1, False),
        ("at least", 3.0, True),
        ("at least", 2.9, False),
        ("exactly", 3.0, True),
        ("exactly", 2.0, False),
    ],
)
def test_a_target_is_met_on_its_own_side_only(side: Side, value: float, met: bool) -> None:
    assert Target("", side, 3.0, value).met is met


def test_the_floor_is_the_refill_of_the_calls_beyond_the_burst() -> None:
    assert floor(100, 100) == 0
    assert floor(300, 100) == pytest.approx(120)
    assert floor(300, 50) == pytest.approx(300)


def test_figures_keep_their_digits() -> None:
    assert [shown(value) for value in (1234567, 0.0312, 12.5, 1234.5, True, None)] == [
        "1,234,567", "0.0312", "12.5", "1,234", "yes", "",
    ]  # fmt: skip


def test_every_benchmark_has_its_program() -> None:
    for module in MODULES.values():
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
