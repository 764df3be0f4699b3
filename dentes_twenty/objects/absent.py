"""The mark of a record whose row a later export no longer shows; made only under the policy `vanished: mark`.

Belongs here: the field. Does not belong here: when it is set (`migration.vanished`) or taken back.
"""

from __future__ import annotations

from dentes_twenty.objects.target import FieldType, TargetField

ABSENT = TargetField(
    "absentFromExport",
    FieldType.BOOLEAN,
    "Absent from export",
    description="The practice's last export no longer shows this row.",
    icon="IconFileOff",
)
