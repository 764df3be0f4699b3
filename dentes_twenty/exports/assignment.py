"""The best one-to-one assignment: which of many pairings of rows and columns has the greatest total score.

Belongs here: the algorithm (Kuhn-Munkres with potentials, O(n^2 m)), because the only library that offers it is a
hundred times the size of this page. Does not belong here: what the scores mean.
"""

from __future__ import annotations

from collections.abc import Sequence


def best_assignment(scores: Sequence[Sequence[float]]) -> dict[int, int]:
    """Row -> column of the assignment with the greatest sum; pairs that score 0 or less are left out.

    Rows and columns may differ in number. Equal sums are resolved the same way on every run.
    """
    rows = len(scores)
    columns = len(scores[0]) if rows else 0
    if not rows or not columns:
        return {}
    if rows > columns:
        turned = best_assignment([[scores[r][c] for r in range(rows)] for c in range(columns)])
        return {row: column for column, row in sorted(turned.items(), key=lambda pair: pair[1])}
    costs = [[-max(score, 0.0) for score in line] for line in scores]
    owner = _owners(costs, rows, columns)
    chosen = {owner[column] - 1: column - 1 for column in range(1, columns + 1) if owner[column]}
    return {row: column for row, column in sorted(chosen.items()) if scores[row][column] > 0}


def _owners(costs: list[list[float]], rows: int, columns: int) -> list[int]:
    """Column (from 1) -> its row (from 1, 0 = none) with the least sum of costs; `rows` is at most `columns`."""
    row_potential = [0.0] * (rows + 1)
    column_potential = [0.0] * (columns + 1)
    owner = [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        column = 0
        slack = [float("inf")] * (columns + 1)
        before = [0] * (columns + 1)
        visited = [False] * (columns + 1)
        while owner[column]:
            visited[column] = True
            current, delta, following = owner[column], float("inf"), 0
            for other in range(1, columns + 1):
                if visited[other]:
                    continue
                reduced = costs[current - 1][other - 1] - row_potential[current] - column_potential[other]
                if reduced < slack[other]:
                    slack[other], before[other] = reduced, column
                if slack[other] < delta:
                    delta, following = slack[other], other
            for other in range(columns + 1):
                if visited[other]:
                    row_potential[owner[other]] += delta
                    column_potential[other] -= delta
                else:
                    slack[other] -= delta
            column = following
        while column:
            owner[column] = owner[before[column]]
            column = before[column]
    return owner
