"""With many defects, exactly the rows that must stay out are quarantined, with their place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from dentes_twenty.migration.session import Migration
from dentes_twenty_tests.end_to_end.harness import answer_key, make_drop, make_practice, needs_generator

pytestmark = needs_generator

REASONS = {  # what the answer key calls it -> what we call it
    "mojibake": "wrong_encoding",
    "unescaped_quote": "broken_quotes",
    "few_columns": "too_few_cells",
    "many_columns": "too_many_cells",
    "bad_amount": "bad_number",
    "code_as_date": "code_became_date",
}


@pytest.mark.parametrize(("dialect", "seed"), [("excel-tr", 201), ("utf8-en", 202), ("vem", 203), ("xlsx", 204)])
def test_exactly_the_rows_of_the_answer_key_are_quarantined(tmp_path: Path, dialect: str, seed: int) -> None:
    drop = make_drop(tmp_path, seed=seed, dialect=dialect, defects="many", patients=100)
    practice = make_practice(tmp_path, drop, "http://127.0.0.1:9")
    with Migration(practice, api_key="unused") as migration, migration.run("audit"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        found: dict[tuple[str, int | None], set[str]] = {}
        for page in migration.ledger.quarantine_open():
            for entry in page:
                if entry.severity == "quarantine":
                    assert entry.file
                    found.setdefault((entry.report, entry.row), set()).add(entry.code)
    expected = {
        (report, entry["row"]): REASONS.get(entry["kind"], entry["kind"])
        for report, source in answer_key(drop)["source"].items()
        for entry in source["quarantine"]
    }
    assert found.keys() == expected.keys()
    assert [place for place, reason in expected.items() if reason not in found[place]] == []
