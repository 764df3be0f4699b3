"""The phases of a migration as one can be asked for them alone: each a function of the session.

Belongs here: what a phase does, pages included, as the jobs do it. Does not belong here: what goes wrong meanwhile.
`at(part)` encloses what a fault may hit: `stage`, `phase` or `report`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.session import Migration
from dentes_twenty.reports import field_diff, write_report
from dentes_twenty.reports.deltas import write_delta_report
from dentes_twenty.reports.model import Heading
from dentes_twenty.reports.reconciled import reconciliation_report, rendered
from dentes_twenty.reports.rolled_back import write_rollback
from dentes_twenty.reports.sampled import Surroundings, diff_report, verdict_counts

At = Callable[[str], AbstractContextManager[None]]
Flow = Callable[[Migration, At, str], None]


class NotClean(MigrationError):
    """An undisturbed phase ended with something left over."""

    default_code = "soak_not_clean"


def _heading(migration: Migration) -> Heading:
    return Heading(migration.practice.name, dt.datetime.now(dt.UTC), "sandbox")


def stage(migration: Migration, at: At, _later: str) -> None:
    with at("stage"):
        for report in migration.reports:
            migration.stage(report)
    migration.check_references()


def provision(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        migration.provision()
        migration.adopt()


def sample(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        result = migration.sample(100)
    around = Surroundings(_heading(migration), migration.mapping, migration.planner.declarations, migration.owners())
    page = diff_report(result, around)
    with at("report"):
        write_report(migration.practice.reports_dir, "sample", field_diff(page))
    migration.show_sample(verdict_counts(page))


def load(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        migration.write_members()
        for object_ in migration.objects:
            migration.load(object_)


def files(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        migration.load_files()


def verify(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        wrong = [total for total in migration.totals() if not total.ok]
        found = migration.reconcile()
    with at("report"):
        page = rendered(reconciliation_report(_heading(migration), found, ()), found)
        write_report(migration.practice.reports_dir, "reconciliation", page)
    if wrong or found.wrong():
        raise NotClean(f"{len(wrong)} totals and {dict(found.wrong())} are wrong.", "Look at the page.")


def delta(migration: Migration, at: At, later: str) -> None:
    migration.use_drop(later)
    with at("phase"):
        result = migration.delta()
    with at("report"):
        write_delta_report(migration, result)
    if any(not total.ok for total in result.totals):
        raise NotClean("Totals are wrong after the delta.", "Look at the page.")


def rollback(migration: Migration, at: At, _later: str) -> None:
    with at("phase"):
        summary = migration.rollback()
    with at("report"):
        write_rollback(migration.practice.reports_dir, summary)
    if not (summary.ok and summary.complete):
        raise NotClean(f"{len(summary.failed)} failed, {len(summary.kept)} kept.", "Look at the page.")


FLOWS: dict[str, Flow] = {
    flow.__name__: flow for flow in (stage, provision, sample, load, files, verify, delta, rollback)
}
KINDS = {"delta": "delta", "rollback": "rollback", "sample": "sample"}
"""Kind of the ledger's run for a flow; the others belong to `migrate`."""
