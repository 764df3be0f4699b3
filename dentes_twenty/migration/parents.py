"""Parents that did not land: who waits for them, who lands without the link.

Belongs here: the records of this practice that stand refused or held, and what that means for a record that points at
one. A required parent holds the record until it lands; an optional one is left out and comes with a later run, because
money must not vanish with a link. Does not belong here: rows that point at rows which stay out of the migration
altogether (`planning.rows` decides those).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from dentes_twenty.exports.issues import Issue, Severity
from dentes_twenty.migration.ledger import Held, Ledger, RecordKey, Status
from dentes_twenty.migration.planning.records import POSITIONS_PER_OBJECT, PlannedRecord
from dentes_twenty.migration.refusals import REFUSED_CODE
from dentes_twenty.objects.fields import SourceObject

CODE = "parent_not_landed"


def required_relations(declaration: SourceObject) -> frozenset[str]:
    """Wire names of the relations whose source column refers to a required row."""
    required = {c.name for c in declaration.report.columns if c.reference is not None and c.reference.required}
    return frozenset(
        field.target.wire_name
        for field in declaration.fields
        if field.target.relation is not None and required.intersection(field.transform.columns[:1])
    )


class Parents:
    """The absent parents, for the declarations of one run. Built from the ledger, kept current by the loader.

    `files`: report -> file, for the quarantine entries of refused records.
    """

    def __init__(self, ledger: Ledger, run: int, drop: int | None, files: Mapping[str, str] | None = None) -> None:
        self._ledger = ledger
        self._files = files or {}
        self._run = run
        self._drop = drop
        self._required: frozenset[str] = frozenset()
        self._relations: tuple[str, ...] = ()
        self._declaration: SourceObject | None = None
        self._absent: dict[str, RecordKey] = {
            state.record_id: state.key
            for page in ledger.iterate(status=(Status.REFUSED, Status.HELD))
            for state in page
        }
        self._waiting: list[Held] = []
        self.issues: list[Issue] = []

    def expect(self, declaration: SourceObject) -> None:
        """What follows are records of this declaration."""
        self._declaration = declaration
        self._required = required_relations(declaration)
        self._relations = tuple(f.target.wire_name for f in declaration.fields if f.target.relation is not None)

    def ready(self, planned: PlannedRecord) -> PlannedRecord | None:
        """The record as it may be sent now; None when a required parent is absent."""
        if not self._absent:
            return planned
        self._absent.pop(planned.id, None)
        missing = [name for name in self._relations if planned.values[name] in self._absent]
        if any(name in self._required for name in missing) or self._missing_link(planned):
            return None
        if not missing:
            return planned
        return dataclasses.replace(planned, values={**planned.values, **dict.fromkeys(missing)})

    def stay_out(self, planned: PlannedRecord) -> None:
        """Remember that the record does not land for now; others may have to wait for it."""
        self._absent[planned.id] = RecordKey(planned.source_object, planned.source_id)

    def may_land(self, planned: PlannedRecord) -> None:
        """Remember that the record is sent: nobody has to wait for it."""
        self._absent.pop(planned.id, None)

    def hold(self, planned: PlannedRecord) -> None:
        """Remember that the record waits, and that others may have to wait for it."""
        key = RecordKey(planned.source_object, planned.source_id)
        parents = [self._absent[v] for n in self._required if (v := planned.values[n]) in self._absent]
        parents += [self._absent[v] for link in planned.links for v in link.values.values() if v in self._absent]
        self._waiting += [Held(key, planned.object, planned.id, parent, CODE) for parent in dict.fromkeys(parents)]
        self.stay_out(planned)

    def refuse(self, planned: PlannedRecord, code: str, field: str | None) -> None:
        """Remember that Twenty will not have this record: a quarantine entry, and an absent parent."""
        self.stay_out(planned)
        self.report(planned, code, field, "quarantine")

    def report(self, planned: PlannedRecord, code: str, field: str | None, severity: Severity) -> None:
        """A finding. `warning`: the record stands, and Twenty will not have its change."""
        assert self._declaration is not None
        report = self._declaration.report.name
        self.issues.append(
            Issue(
                report,
                self._files.get(report, ""),
                planned.position % POSITIONS_PER_OBJECT,
                planned.line,
                planned.source_id,
                field,
                f"{REFUSED_CODE}{code}",
                severity,
            )
        )

    def store(self) -> int:
        """Write who waits into the ledger; returns how many lines."""
        waiting, self._waiting = self._waiting, []
        return self._ledger.hold(self._run, waiting, drop=self._drop) if waiting else 0

    def _missing_link(self, planned: PlannedRecord) -> bool:
        return any(value in self._absent for link in planned.links for value in link.values.values())
