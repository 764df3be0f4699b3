"""What the graph consists of, derived from the declarations: names, groups, and what follows what.

Belongs here: plain values that assets, checks, jobs and the command line share; it imports no Dagster, so that
a command may ask for names without waiting for it. Does not belong here: how a step is executed.
"""

from __future__ import annotations

import dataclasses
import re
from itertools import groupby

from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT
from dentes_twenty.objects.registry import FIXED, REPORTS, merged_targets
from dentes_twenty.objects.target import FieldType, TargetObject

EXPORT_GROUP, WORKSPACE_GROUP, TWENTY_GROUP, TRUST_GROUP = "export", "workspace", "twenty", "trust"
CUTOVER_GROUP = "cutover"

DROP = "export_drop"
REFERENCES = "references"
OWNERS = "owners"
DATA_MODEL = "workspace_data_model"
MEMBERS = "workspace_members"
EXISTING = "existing_records"
ATTACHMENTS = "attachments"
FORM_RESPONSES = "form_responses"
SUMMARY = "migration_summary"
SAMPLE = "sample_diff"
APPROVAL = "approval"
RECONCILIATION = "reconciliation"  # a step of checks
RECONCILED_CHECK = "reconciled"
DELTA = "cutover_delta"

PRACTICE_VARIABLE = "DENTES_TWENTY_PRACTICE"


def staged(report: str) -> str:
    """Name of the asset of a staged report."""
    return f"staged_{report}"


@dataclasses.dataclass(frozen=True, slots=True)
class LoadStep:
    """One asset of the group "twenty".

    `object` is the Twenty object (singular); None stands for the objects of the practice's forms, which only the
    export can tell. `target` holds all fields that the declarations write. `after` is the step before this one.
    """

    name: str
    object: str | None
    declarations: tuple[SourceObject, ...]
    target: TargetObject | None
    reports: tuple[str, ...]
    after: str | None

    @property
    def has_money(self) -> bool:
        """Whether sums can be compared; a form has no amounts."""
        return self.target is not None and any(f.type is FieldType.CURRENCY for f in self.target.fields)

    @property
    def description(self) -> str:
        """For the graph: what comes from where."""
        if self.target is None:
            return (
                "Responses to the practice's own forms: one custom object for each form, one field for each question."
            )
        sources = ", ".join(declaration.label.lower() for declaration in self.declarations)
        kind = "Twenty's own object" if self.target.standard else "custom object"
        meaning = f" {self.target.description}" if self.target.description else ""
        return f"{self.target.label_plural} in Twenty ({kind} `{self.target.singular}`), from: {sources}.{meaning}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _load_steps() -> tuple[LoadStep, ...]:
    """Import order: the objects of forms come before the last one, the procedures (registry.import_order)."""
    steps: list[LoadStep] = []
    groups = [(key, tuple(group)) for key, group in groupby(FIXED, key=lambda d: d.target.singular)]
    for index, (singular, declarations) in enumerate(groups):
        after = steps[-1].name if steps else None
        if index == len(groups) - 1:
            forms = (WIDE_REPORT.name, LONG_REPORT.name)
            steps.append(LoadStep(FORM_RESPONSES, None, (), None, forms, after))
            after = FORM_RESPONSES
        (target,) = merged_targets(declarations)
        reports = tuple(dict.fromkeys(report for d in declarations for report in d.sources))
        steps.append(LoadStep(_snake(target.plural), singular, declarations, target, reports, after))
    return tuple(steps)


LOAD_STEPS: tuple[LoadStep, ...] = _load_steps()
REPORT_NAMES: tuple[str, ...] = tuple(report.name for report in REPORTS)
NOTES = next(step.name for step in LOAD_STEPS if step.object == "note")
LAST = LOAD_STEPS[-1].name
RECONCILED: tuple[str, ...] = (MEMBERS, *(step.name for step in LOAD_STEPS), ATTACHMENTS)
"""Assets that a reconciliation checks."""


def is_form(object_: str) -> bool:
    """Whether a Twenty object was made for a form: no declaration of ours names it."""
    return all(step.object != object_ for step in LOAD_STEPS)
