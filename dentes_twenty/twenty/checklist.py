"""The field creation checklist: what a person makes by hand in Twenty where the program may not.

Belongs here: a provisioning plan as Markdown. Does not belong here: the plan (`provision`).
"""

from __future__ import annotations

from collections.abc import Iterable

from dentes_twenty.objects.target import FieldType, TargetField
from dentes_twenty.twenty.provision import Activate, AddOptions, CreateField, CreateObject, ProvisionPlan

TYPE_NAMES = {
    FieldType.TEXT: "Text",
    FieldType.NUMBER: "Number",
    FieldType.BOOLEAN: "True/False",
    FieldType.DATE: "Date",
    FieldType.DATE_TIME: "Date and Time",
    FieldType.SELECT: "Select",
    FieldType.MULTI_SELECT: "Multi-select",
    FieldType.CURRENCY: "Currency",
    FieldType.PHONES: "Phones",
    FieldType.EMAILS: "Emails",
    FieldType.LINKS: "Links",
    FieldType.ADDRESS: "Address",
    FieldType.FULL_NAME: "Full Name",
    FieldType.RICH_TEXT: "Rich Text",
    FieldType.RELATION: "Relation",
    FieldType.FILES: "Files",
}
"""What Twenty's settings call the field types."""


def checklist(plan: ProvisionPlan) -> str:
    """The plan as Markdown with a box to tick for each thing to make; empty objects and fields are left out."""
    if plan.empty:
        return "The workspace has every object, field and option that is needed.\n"
    parts = [
        *_section("In the way (change these first)", (f"- [ ] {_cell(str(c))}" for c in plan.conflicts)),
        *_section("Activate (Settings > Data model)", _activations(plan)),
        *_section("Objects to make (Settings > Data model > Add object)", _objects(plan)),
        *_section("Fields to make (Settings > Data model > the object > Add field)", _fields(plan)),
        *_section("Options to add (keep the existing ones)", _options(plan)),
    ]
    return "\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"## {title}", "", *found, ""] if found else []


def _objects(plan: ProvisionPlan) -> list[str]:
    found = [step.target for step in plan.steps if isinstance(step, CreateObject)]
    if not found:
        return []
    rows = [f"| [ ] | {_cell(t.label)} | {_cell(t.label_plural)} | `{t.singular}` | `{t.plural}` |" for t in found]
    return ["| | Singular | Plural | API name | API name, plural |", "|---|---|---|---|---|", *rows]


def _fields(plan: ProvisionPlan) -> list[str]:
    found = [step for step in plan.steps if isinstance(step, CreateField)]
    if not found:
        return []
    rows = [
        f"| [ ] | {step.object} | {_cell(step.field.label)} | `{step.field.name}` | {TYPE_NAMES[step.field.type]} "
        f"| {'yes' if step.field.unique else ''} | {_details(step.field, step.labels)} |"
        for step in found
    ]
    return [
        "| | Object | Label | API name | Type | Unique | Options or relation |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def _details(field: TargetField, labels: Iterable[str]) -> str:
    if field.relation is not None:
        return f"belongs to one {field.relation.object}; field there: {_cell(field.relation.inverse_label)}"
    pairs = zip(field.options, labels, strict=True)
    return ", ".join(f"`{option.value}` {_cell(label)}" for option, label in pairs)


def _options(plan: ProvisionPlan) -> list[str]:
    rows = [
        f"| [ ] | {step.object} | `{step.field}` | `{option.value}` | {_cell(label)} |"
        for step in plan.steps
        if isinstance(step, AddOptions)
        for option, label in zip(step.options, step.labels, strict=True)
    ]
    return ["| | Object | Field | Value | Label |", "|---|---|---|---|---|", *rows] if rows else []


def _activations(plan: ProvisionPlan) -> list[str]:
    steps = [step for step in plan.steps if isinstance(step, Activate)]
    return [f"- [ ] {step.object}{'.' + step.field if step.field else ''}" for step in steps]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
