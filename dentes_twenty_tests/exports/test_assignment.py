"""The assignment is the best there is: compared with trying every pairing."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from dentes_twenty.exports.assignment import best_assignment

SCORES = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


def best_total(scores: list[list[float]]) -> float:
    rows, columns = len(scores), len(scores[0])
    if rows > columns:
        return best_total([list(line) for line in zip(*scores, strict=True)])
    return max(sum(scores[r][c] for r, c in enumerate(order)) for order in permutations(range(columns), rows))


@settings(max_examples=150, deadline=None)
@given(SCORES)
def test_no_other_pairing_has_a_greater_sum(scores: list[list[float]]) -> None:
    chosen = best_assignment(scores)
    assert len(set(chosen.values())) == len(chosen)
    assert abs(sum(scores[row][column] for row, column in chosen.items()) - best_total(scores)) < 1e-9


def test_pairs_without_a_score_are_left_out() -> None:
    assert best_assignment([[0.0, 0.0], [0.0, 0.7]]) == {1: 1}
    assert best_assignment([]) == {}
