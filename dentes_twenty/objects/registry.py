"""All declarations, and the order in which they are imported.

Companies first, then people, opportunities, tasks and notes, then the custom objects, procedures last (design.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dentes_twenty.objects import (
    appointment,
    claim,
    entry,
    form,
    guardian,
    item,
    line,
    note,
    patient,
    payer,
    plan,
    practice,
    provider,
    recall,
)
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.source import Report
from dentes_twenty.objects.target import TargetField, TargetObject

# Every report that an export may hold, in the order in which they are read: what others refer to comes first.
REPORTS: tuple[Report, ...] = (
    provider.REPORT,
    practice.REPORT,
    payer.REPORT,
    patient.REPORT,
    guardian.REPORT,
    plan.REPORT,
    line.REPORT,
    appointment.REPORT,
    recall.REPORT,
    claim.REPORT,
    entry.REPORT,
    note.REPORT,
    form.WIDE_REPORT,
    form.LONG_REPORT,
    item.REPORT,
)

MEMBERS: SourceObject = provider.DECLARATION

# Declarations that exist for every practice, in import order.
FIXED: tuple[SourceObject, ...] = (
    practice.DECLARATION,
    payer.DECLARATION,
    item.SUPPLIER_DECLARATION,
    guardian.DECLARATION,
    patient.DECLARATION,
    guardian.PATIENT_CONTACT,
    plan.DECLARATION,
    appointment.DECLARATION,
    recall.DECLARATION,
    note.DECLARATION,
    note.PLAN_NOTE,
    claim.DECLARATION,
    entry.DECLARATION,
    item.DECLARATION,
    line.DECLARATION,
)


def report_named(name: str) -> Report:
    """Raises KeyError for a report that nobody declared."""
    for report in REPORTS:
        if report.name == name:
            return report
    raise KeyError(name)


def import_order(forms: Sequence[form.Form] = (), *, further_guardians: bool = False) -> tuple[SourceObject, ...]:
    """The declarations that one export needs, in import order; the objects of its forms stand before the procedures."""
    fixed = [d for d in FIXED if further_guardians or d is not guardian.PATIENT_CONTACT]
    return (*fixed[:-1], *(form.form_declaration(f) for f in forms), fixed[-1])


def merged_targets(declarations: Iterable[SourceObject]) -> tuple[TargetObject, ...]:
    """The Twenty objects that the declarations write, each once, with all fields that any of them needs."""
    merged: dict[str, TargetObject] = {}
    for declaration in declarations:
        target = declaration.target
        known = merged.get(target.singular)
        fields: dict[str, TargetField] = {f.name: f for f in known.fields} if known else {}
        for field in target.fields:
            fields.setdefault(field.name, field)
        merged[target.singular] = TargetObject(
            target.singular,
            target.plural,
            target.label,
            target.label_plural,
            target.standard,
            tuple(fields.values()),
            target.icon,
            target.description,
        )
    return tuple(merged.values())
