"""Progress as a terminal shows it."""

from __future__ import annotations

from rich.progress import Progress

from dentes_twenty.commands.progress import Bars
from dentes_twenty.migration.progress import LoadProgress


def test_a_step_of_several_objects_has_one_bar_that_names_the_present_one_and_ends_full() -> None:
    progress = Progress(disable=True)
    bars = Bars(progress)
    bars.started("reconciliation")
    bars.progressed("reconciliation", LoadProgress("person", 400, 2_000, 80.0, 20.0, 5))
    (task,) = progress.tasks
    assert (task.completed, task.total) == (400, 2_000)
    assert task.fields["detail"] == "80/s, 20 s left, 5 calls, person"
    bars.finished("reconciliation", {"different": 0})
    assert (task.completed, task.total) == (2_000, 2_000)


def test_work_that_makes_no_calls_says_nothing_of_them() -> None:
    progress = Progress(disable=True)
    bars = Bars(progress)
    bars.started("ledger.csv")
    bars.progressed("ledger.csv", LoadProgress("ledger.csv", 5_000, None, 900.0, None, None))
    (task,) = progress.tasks
    assert (task.total, task.fields["detail"]) == (None, "900/s, - left")
