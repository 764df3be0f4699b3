"""The note of a plan: a table that Markdown readers show, with exact amounts."""

from __future__ import annotations

from decimal import Decimal

from dentes_twenty.migration.planning.index import PlanLine
from dentes_twenty.migration.planning.plan_note import plan_table


def line(name: str, fee: str, currency: str | None = None) -> PlanLine:
    return PlanLine("1-1", name, "21", None, Decimal("1.000000"), Decimal(fee), currency, "PLANNED")


def test_a_table_has_a_row_for_each_line_and_the_exact_sum() -> None:
    text = plan_table([line("Dolgu", "1250.000000"), line("Kron", "99.99")], "TRY", "en")
    assert text.splitlines()[2] == "| 1-1 | Dolgu | 21 |  | 1 | 1250.00 TRY | Planned |"
    assert text.endswith("Total of the lines: 1349.99 TRY")


def test_a_pipe_in_a_name_does_not_break_the_table() -> None:
    assert "Kanal \\| dolgu" in plan_table([line("Kanal | dolgu", "1")], "TRY", "tr")


def test_currencies_are_summed_apart() -> None:
    assert plan_table([line("A", "1"), line("B", "2", "EUR")], "TRY", "en").endswith("1.00 TRY, 2.00 EUR")


def test_a_plan_without_lines_says_so() -> None:
    assert plan_table([], "TRY", "tr") == "Bu planda kalem yok."
