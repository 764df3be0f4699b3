"""Rate and time left from a growing count."""

from __future__ import annotations

from dentes_twenty.migration.progress import EVERY, LoadProgress, Meter, told_by


class Clock:
    """Ten seconds pass between two looks at it."""

    def __init__(self) -> None:
        self.now = -10.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


def test_rate_and_time_left_follow_from_what_is_done_and_what_there_is() -> None:
    heard: list[LoadProgress] = []
    meter = Meter("person", 300, heard.append, lambda: 7, clock=Clock())
    meter.at(100)
    assert heard == [LoadProgress("person", 100, 300, 10.0, 20.0, 7)]


def test_more_than_was_expected_leaves_nothing_to_wait_for() -> None:
    heard: list[LoadProgress] = []
    Meter("person", 50, heard.append, clock=Clock()).at(100)
    assert (heard[0].seconds_left, heard[0].calls) == (0, None)


def test_streams_that_follow_each_other_are_counted_together() -> None:
    heard: list[LoadProgress] = []
    meter = Meter("", 3 * EVERY, heard.append, clock=Clock())
    assert sum(1 for _ in meter.of(range(EVERY + 3), "person")) == EVERY + 3
    assert sum(1 for _ in meter.of(range(4), "task")) == 4
    assert [(one.object, one.done) for one in heard] == [("person", EVERY), ("person", EVERY + 3), ("task", EVERY + 7)]


def test_work_that_tells_names_and_totals_has_a_meter_for_each_name() -> None:
    heard: list[LoadProgress] = []
    told = told_by(heard.append)
    told("patients.csv", 10, 40)
    told("ledger.csv", 5, None)
    told("patients.csv", 40, 40)
    assert [(one.object, one.done, one.total) for one in heard] == [
        ("patients.csv", 10, 40),
        ("ledger.csv", 5, None),
        ("patients.csv", 40, 40),
    ]
