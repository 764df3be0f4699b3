"""A staging that was cut off between two reports: nothing is planned from a part of an export."""

from __future__ import annotations

from pathlib import Path

import pytest

from dentes_twenty.exports.errors import NotStaged
from dentes_twenty.migration.session import Migration
from dentes_twenty_tests import small_practice

NOWHERE = "http://127.0.0.1:9"


def test_a_part_of_an_export_is_not_planned_from(tmp_path: Path) -> None:
    """Without the staff, every appointment and task would have gone to the fallback owner."""
    practice = small_practice.confirmed(small_practice.write(tmp_path, NOWHERE))
    with Migration(practice, api_key="none") as migration:
        migration.stage("patient")
        migration.stage("entry")
        with pytest.raises(NotStaged, match="provider") as refused:
            _ = migration.planner
        assert "audit" in refused.value.fix
        migration.stage("provider")
        assert [declaration.name for declaration in migration.planner.declarations]


def test_a_report_that_the_export_lacks_is_not_waited_for(tmp_path: Path) -> None:
    """`delta --allow` takes an export without it."""
    practice = small_practice.confirmed(small_practice.write(tmp_path, NOWHERE))
    (tmp_path / "export" / "ledger.csv").unlink()
    with Migration(practice, api_key="none") as migration:
        migration.stage("patient")
        migration.stage("provider")
        assert not migration.planner.staged.has("entry")
