"""How tallies, declarations and totals become checks, lineage and figures."""

from __future__ import annotations

from collections import Counter

import dagster as dg
import pytest

from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration.steps import FilesTally
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects import guardian, item, patient
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_load import files_check, load_checks
from dentes_twenty.orchestration.checks import shown


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0.00"),
        (16_099_377_870_000, "16,099,377.87"),
        (-250_000_000, "-250.00"),
        (1, "0.000001"),
        (1_234_567, "1.234567"),
        (1_500_000, "1.50"),
    ],
)
def test_money_is_shown_exactly(micros: int, text: str) -> None:
    assert shown(micros, 6) == text


def checks(tally: Tally) -> dict[str, tuple[bool, dg.AssetCheckSeverity]]:
    return {check.check_name or "": (check.passed, check.severity) for check in load_checks({"plan": tally})}


def test_a_load_without_defects_passes_all_its_checks() -> None:
    assert all(passed for passed, _ in checks(Tally(planned=3, created=3, verified_values=9)).values())


@pytest.mark.parametrize("tally", [Tally(refused=1), Tally(links_refused=1)])
def test_a_refused_record_or_link_is_a_warning_like_any_row_that_stays_out(tally: Tally) -> None:
    assert checks(tally)["accepted"] == (False, dg.AssetCheckSeverity.WARN)


def test_a_value_that_is_not_the_one_sent_is_an_error_by_field() -> None:
    tally = Tally(created=2, verified_values=8, differing=Counter({"amount": 2}))
    assert checks(tally)["stored_as_sent"] == (False, dg.AssetCheckSeverity.ERROR)


def test_a_record_that_waits_is_a_warning() -> None:
    assert checks(Tally(held=4))["nothing_held"] == (False, dg.AssetCheckSeverity.WARN)


def test_files_that_the_export_lacks_are_a_warning_with_reasons() -> None:
    check = files_check(FilesTally(planned=2, attached=1, missing=1, reasons=Counter(file_missing=1)))
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "reasons" in check.metadata


def test_figures_of_several_source_objects_add_up() -> None:
    figures = md.tally_figures([Tally(planned=2, created=2), Tally(planned=3, unchanged=2, held=1)])
    assert (figures["planned"], figures["landed"], figures["held"]) == (5, 4, 1)


def columns(lineage: dg.TableColumnLineage, field: str) -> set[tuple[str, str]]:
    return {(dep.asset_key.to_user_string(), dep.column_name) for dep in lineage.deps_by_column[field]}


def test_a_field_comes_from_the_columns_that_its_transform_reads() -> None:
    lineage = md.lineage([patient.DECLARATION])
    assert columns(lineage, "homeAddress") >= {("staged_patient", "address"), ("staged_patient", "city")}


def test_a_guardian_comes_from_both_places_where_an_export_may_name_one() -> None:
    lineage = md.lineage([guardian.DECLARATION])
    assert columns(lineage, "name") == {("staged_guardian", "name"), ("staged_patient", "guardian_name")}


def test_a_supplier_comes_from_the_supply_items() -> None:
    assert columns(md.lineage([item.SUPPLIER_DECLARATION]), "name") == {("staged_item", "supplier_name")}


def test_findings_are_counted_and_twenty_of_them_located() -> None:
    issues = [Issue("entry", "ledger.csv", n, n + 1, f"id-{n}", "date", "bad_date", "quarantine") for n in range(50)]
    counts, tables = md.issue_tables(issues)
    assert counts == {("quarantine", "bad_date"): 50}
    records = tables["first_lines"].records
    assert len(records) == 20
    assert set(records[0].data) == {"line", "column", "code", "severity"}
