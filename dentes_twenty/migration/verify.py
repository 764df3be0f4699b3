"""Verification of single records: what Twenty stored against what was sent, field by field.

Belongs here: the comparison of one record, from a write's own answer or a later read. Does not belong here: Twenty's
normal forms (`twenty.values`), totals (`migration.totals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import FieldType
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical, is_lost


class Verifier:
    """Compares the records of one declaration; findings go into the tally by field name."""

    def __init__(self, declaration: SourceObject, store: RecordStore, tally: Tally) -> None:
        self._types: dict[str, FieldType] = {f.target.wire_name: f.target.type for f in declaration.fields}
        self._tally = tally
        self.fields = list(self._types)

    def canonical(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values in Twenty's own spelling, so that equal values have equal fingerprints."""
        types = self._types
        return {name: canonical(types[name], value) for name, value in values.items()}

    def check(self, planned: PlannedRecord, stored: Mapping[str, Any]) -> frozenset[str]:
        """Names of the fields whose stored value is not the one that was sent."""
        return self.check_sent(planned.values, stored)

    def check_sent(self, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> frozenset[str]:
        """The same for some fields of a record; a field that the answer does not show counts as differing."""
        differing = frozenset(
            name
            for name, value in sent.items()
            if name not in stored or is_lost(self._types[name], value, stored[name])
        )
        self._tally.verified_values += len(sent)
        self._tally.differing.update(differing)
        return differing

    def current(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What Twenty holds now, in the same spelling; fields that the answer does not show are left out."""
        return {name: canonical(type_, stored[name]) for name, type_ in self._types.items() if name in stored}
