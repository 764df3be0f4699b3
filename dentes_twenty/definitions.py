"""The one module that Dagster loads. It assembles; whatever a run needs is opened when the run begins.

The practice file is named by DENTES_TWENTY_PRACTICE in the environment of the code location: as many locations as there
are practices load this module, each in an environment of its own (docs/scale.md).
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from dentes_twenty.orchestration.assets_export import export_assets
from dentes_twenty.orchestration.assets_load import load_assets
from dentes_twenty.orchestration.assets_workspace import workspace_assets
from dentes_twenty.orchestration.checks import standalone_checks
from dentes_twenty.orchestration.cutover import cutover_assets, cutover_jobs
from dentes_twenty.orchestration.jobs import migration_jobs
from dentes_twenty.orchestration.listening import Listener
from dentes_twenty.orchestration.reconciling import reconciliation_check, reconciliation_jobs
from dentes_twenty.orchestration.resources import KEY, practice_of_the_environment, session_resource
from dentes_twenty.orchestration.rolling_back import rollback_assets, rollback_checks, rollback_jobs
from dentes_twenty.orchestration.sensors import drop_sensor
from dentes_twenty.orchestration.trust import trust_assets, trust_jobs


def build_defs(
    *,
    practice_file: Path | None = None,
    api_key: str | None = None,
    listener: Listener | None = None,
    queue: str | None = None,
) -> dg.Definitions:
    """The definitions of one practice. `practice_file` and `api_key` replace the environment's; `listener` is told how
    each step goes; `queue` is the key of the practice, whose runs wait for each other in Dagster's queue."""
    return dg.Definitions(
        assets=[
            *export_assets(),
            *workspace_assets(),
            *trust_assets(),
            *load_assets(),
            *cutover_assets(),
            *rollback_assets(),
        ],
        asset_checks=[*standalone_checks(), reconciliation_check(), *rollback_checks()],
        jobs=[
            *migration_jobs(queue),
            *trust_jobs(queue),
            *cutover_jobs(queue),
            *reconciliation_jobs(),
            *rollback_jobs(queue),
        ],
        sensors=[drop_sensor(practice_file)],
        resources={KEY: session_resource(practice_file, api_key=api_key, listener=listener)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What a code location serves; Dagster calls it when it loads the location."""
    return build_defs(queue=practice_of_the_environment())
