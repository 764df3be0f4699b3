"""Progress as people read it."""

from __future__ import annotations

import pytest

from dentes_twenty.migration.progress import LoadProgress
from dentes_twenty.orchestration.listening import Throttle, duration, sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7500, "2 h 05 min")],
)
def test_a_duration_reads_as_people_say_it(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_log_line_says_rate_time_left_and_calls() -> None:
    line = sentence(LoadProgress("Appointments", 1200, 8000, 310.2, 21.9, 14))
    assert line == "1,200 of 8,000 (Appointments), 310/s, 22 s left, 14 calls so far"


def test_a_total_that_is_not_known_is_not_made_up() -> None:
    assert sentence(LoadProgress("Notes", 5, None, 1.0, None, 1)) == "5 (Notes), 1/s, - left, 1 calls so far"


def test_messages_are_let_through_once_in_a_while() -> None:
    now = [0.0]
    due = Throttle(5, clock=lambda: now[0])
    heard = []
    for now[0] in (1, 4.9, 5, 6, 9.9, 10):
        if due():
            heard.append(now[0])
    assert heard == [5, 10]
