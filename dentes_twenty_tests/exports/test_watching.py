"""How far the reading of a table is."""

from __future__ import annotations

from pathlib import Path

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.tables import tables
from dentes_twenty.exports.watching import EVERY, watched


def test_a_long_file_tells_now_and_then_how_many_rows_it_has_and_at_last_exactly(tmp_path: Path) -> None:
    rows = 3 * EVERY + 10
    lines = "".join(f"{number},First {number},Last\n" for number in range(10_000, 10_000 + rows))
    (tmp_path / "patients.csv").write_text(f"Patient ID,First name,Last name\n{lines}", encoding="utf-8")
    (table,) = tables(open_drop(str(tmp_path)))
    heard: list[tuple[str, int, int | None]] = []
    assert table.share is None
    assert sum(1 for _ in watched(table, lambda *told: heard.append(told))) == rows
    assert heard.pop(0) == ("patients.csv", 0, None)
    assert [(name, done) for name, done, _ in heard] == [
        *(("patients.csv", times * EVERY) for times in (1, 2, 3)),
        ("patients.csv", rows),
    ]
    guesses = [total for _, _, total in heard]
    assert guesses[-1] == rows
    assert all(total is not None and done <= total < 1.3 * rows for _, done, total in heard)
