"""The jobs that people start. A selection, an executor, a description; nothing else belongs here.

All run in one process: a step costs 12-50 ms there and seconds in a process of its own, and the steps of a run share
one rate limiter, one connection pool and one ledger run.
"""

from __future__ import annotations

import dagster as dg

from dentes_twenty.orchestration.layout import (
    APPROVAL,
    EXPORT_GROUP,
    OWNERS,
    RECONCILED,
    RECONCILED_CHECK,
    TWENTY_GROUP,
    WORKSPACE_GROUP,
)
from dentes_twenty.orchestration.resources import PRACTICE_TAG

AUDIT, MIGRATE = "audit", "migrate"
TAG = "dentes_twenty/job"


def job_tags(job: str, practice: str | None = None) -> dict[str, str]:
    """Tags of a job's runs. `practice` goes to jobs that open a run of the ledger, which has one at a time for each
    practice: Dagster's queue (`tag_concurrency_limits` in dagster.yaml) then keeps the second run waiting."""
    return {TAG: job, PRACTICE_TAG: practice} if practice else {TAG: job}


def migration_jobs(practice: str | None = None) -> list[dg.UnresolvedAssetJobDefinition]:
    """`audit` reads only; `migrate` does everything."""
    readable = dg.AssetSelection.groups(EXPORT_GROUP) | dg.AssetSelection.assets(OWNERS)
    return [
        dg.define_asset_job(
            AUDIT,
            selection=readable,
            executor_def=dg.in_process_executor,
            tags=job_tags(AUDIT, practice),
            description="Read the export, plan every row, match owners. Writes nothing into Twenty.",
        ),
        dg.define_asset_job(
            MIGRATE,
            selection=_everything_that_moves(),
            executor_def=dg.in_process_executor,
            tags=job_tags(MIGRATE, practice),
            description="Move the practice into Twenty and verify it. May be stopped and started again at any moment.",
        ),
    ]


def _everything_that_moves() -> dg.AssetSelection:
    """Without the sample, and without reading everything back: each write is verified from its own answer."""
    moving = dg.AssetSelection.groups(EXPORT_GROUP, WORKSPACE_GROUP, TWENTY_GROUP)
    return (moving | dg.AssetSelection.assets(APPROVAL)) - reconciled_checks()


def reconciled_checks() -> dg.AssetSelection:
    """The checks of the reconciliation, of every object."""
    return dg.AssetSelection.checks(*(dg.AssetCheckKey(dg.AssetKey(name), RECONCILED_CHECK) for name in RECONCILED))
