"""The steps of a migration, one module each. `Migration` calls them; each is safe to repeat.

Belongs here: gluing planner, ledger and wire together for one step. Does not belong here: the rules of planning, the
life of a batch (`migration.load`), printing.
"""

from dentes_twenty.migration.steps.adopting import AdoptionSummary, adopt
from dentes_twenty.migration.steps.approving import approval_state, approve, remember_shown
from dentes_twenty.migration.steps.automations import Automation, automations
from dentes_twenty.migration.steps.context import ALL, Chosen, StepContext
from dentes_twenty.migration.steps.filed import Export, FiledCell, FiledCells, stage_settings
from dentes_twenty.migration.steps.files import FilesTally, load_files
from dentes_twenty.migration.steps.loading import Known, load, nothing_known, totals, write_members
from dentes_twenty.migration.steps.owning import match
from dentes_twenty.migration.steps.provisioning import ProvisionSummary, provision, provision_plan
from dentes_twenty.migration.steps.purging import PurgeSummary, purge
from dentes_twenty.migration.steps.reconciling import reconcile
from dentes_twenty.migration.steps.references import ReferenceSummary, check_references
from dentes_twenty.migration.steps.rolling_back import (
    RollbackStep,
    RollbackSummary,
    compare_workspace,
    counts_of,
    kept_by_fields,
    last_comparison,
    part_name,
    remember_workspace,
    roll_back,
)
from dentes_twenty.migration.steps.sampling import SampledRecord, SampleResult, sample
from dentes_twenty.migration.steps.telling import (
    CALLS,
    CallPlan,
    Forecast,
    StatusReport,
    forecast,
    noted,
    plan_calls,
    run_counts,
    status,
)
from dentes_twenty.twenty.provision import ProvisionPlan

__all__ = [
    "ALL",
    "CALLS",
    "AdoptionSummary",
    "Automation",
    "CallPlan",
    "Chosen",
    "Export",
    "FiledCell",
    "FiledCells",
    "FilesTally",
    "Forecast",
    "Known",
    "ProvisionPlan",
    "ProvisionSummary",
    "PurgeSummary",
    "ReferenceSummary",
    "RollbackStep",
    "RollbackSummary",
    "SampleResult",
    "SampledRecord",
    "StatusReport",
    "StepContext",
    "adopt",
    "approval_state",
    "approve",
    "automations",
    "check_references",
    "compare_workspace",
    "counts_of",
    "forecast",
    "kept_by_fields",
    "last_comparison",
    "load",
    "load_files",
    "match",
    "noted",
    "nothing_known",
    "part_name",
    "plan_calls",
    "provision",
    "provision_plan",
    "purge",
    "reconcile",
    "remember_shown",
    "remember_workspace",
    "roll_back",
    "run_counts",
    "sample",
    "stage_settings",
    "status",
    "totals",
    "write_members",
]
