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
from dentes_twenty.twenty.values import canonical, is_lost, normaliser

_MISSING = object()


class Verifier:
    """Compares the records of one declaration; findings go into the tally by field name."""

    def __init__(self, declaration: SourceObject, store: RecordStore, tally: Tally) -> None:
        self._types: dict[str, FieldType] = {f.target.wire_name: f.target.type for f in declaration.fields}
        self._tally = tally
        self.fields = list(self._types)
        self.canonical = normaliser(self._types)
        """Values in Twenty's own spelling, so that equal values have equal fingerprints."""

    def check(self, planned: PlannedRecord, stored: Mapping[str, Any]) -> frozenset[str]:
        """Names of the fields whose stored value is not the one that was sent."""
        return self.check_sent(planned.values, stored)

    def check_sent(self, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> frozenset[str]:
        """The same for some fields of a record; a field that the answer does not show counts as differing."""
        types = self._types
        suspects = [
            name
            for name, value in sent.items()
            if (got := stored.get(name, _MISSING)) is not value and (got != value or type(got) is not type(value))
        ]
        differing = frozenset(
            name for name in suspects if name not in stored or is_lost(types[name], sent[name], stored[name])
        )
        self._tally.verified_values += len(sent)
        if differing:
            self._tally.differing.update(differing)
        return differing

    def current(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What Twenty holds now, in the same spelling; fields that the answer does not show are left out."""
        return {name: canonical(type_, stored[name]) for name, type_ in self._types.items() if name in stored}
