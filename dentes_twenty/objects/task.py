"""The destination that appointments and recalls share: Twenty's task, linked to the patient by a task target."""

from __future__ import annotations

from collections.abc import Mapping

from dentes_twenty.objects.choices import Choice, Choices
from dentes_twenty.objects.fields import Context, Field, Link, Row, Transform, constant, field
from dentes_twenty.objects.target import TASK_TARGET, FieldType, TargetObject

TASK_TYPE = Choices(
    Choice("APPOINTMENT", "Appointment", "Randevu", (), "blue"), Choice("RECALL", "Recall", "Kontrol", (), "orange")
)
TASK_STATUS = Choices(
    Choice("TODO", "To do", "Yapılacak"),
    Choice("IN_PROGRESS", "In progress", "Sürüyor"),
    Choice("DONE", "Done", "Bitti"),
)
PATIENT_LINK = Link(TASK_TARGET, source="task", to="targetPerson", object="patient", column="patient_id")


def task_target(fields: tuple[Field, ...]) -> TargetObject:
    """Twenty's task with the fields that one source object writes."""
    return TargetObject("task", "tasks", "Task", "Tasks", True, tuple(f.target for f in fields))


def type_field(value: str) -> Field:
    """Which of the two kinds of task this is."""
    return field("taskType", FieldType.SELECT, "Task type", constant(value, f"always {value}"), options=TASK_TYPE)


def status_field(column: str, meaning: Mapping[str, str]) -> Field:
    """Twenty's own task status, from the source's status; what `meaning` does not name is TODO."""

    def compute(row: Row, ctx: Context) -> str:
        return meaning.get(row.get(column) or "", "TODO")

    return field(
        "status",
        FieldType.SELECT,
        "Status",
        Transform((column,), "done, in progress or to do", compute),
        standard=True,
        options=TASK_STATUS,
    )
