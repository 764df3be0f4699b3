"""The planner: the declarations that one staged export needs, and their rows and records as streams.

Belongs here: putting declarations, staged tables, practice settings and the ledger's memory (adopted records, holders
of unique values) together. Does not belong here: the rules (`planning`), anything that talks to Twenty.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from zoneinfo import ZoneInfo

from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.stage import Staged
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.ledger.types import IN_TWENTY
from dentes_twenty.migration.owners import Owners, Provider
from dentes_twenty.migration.planning.context import PlanContext
from dentes_twenty.migration.planning.index import Index
from dentes_twenty.migration.planning.records import PlannedRecord, build
from dentes_twenty.migration.planning.rows import PlannedRow, RowSource
from dentes_twenty.objects.absent import ABSENT
from dentes_twenty.objects.fields import Field, SourceObject, extended
from dentes_twenty.objects.form import Form
from dentes_twenty.objects.registry import MEMBERS, import_order, merged_targets
from dentes_twenty.objects.target import TargetObject
from dentes_twenty.practice import Practice

PROVIDER = "provider"


class Planner:
    """Read-only; made anew when the staged tables or the ledger's memory change."""

    def __init__(self, staged: Staged, practice: Practice, ledger: Ledger) -> None:
        self.staged = staged
        self.practice = practice
        self._ledger = ledger

    @cached_property
    def index(self) -> Index:
        """First pass over the staged tables."""
        ledger = self._ledger
        return Index(
            self.staged,
            earlier_emails=ledger.holders("email"),
            earlier_sites=ledger.holders("website"),
            known_contacts=self._known_contacts(),
            spell=ledger.pseudonym,
        )

    def _known_contacts(self) -> frozenset[str]:
        """Keys under which contacts stand in Twenty: a person keeps theirs, whoever names them first."""
        return frozenset(
            f"{state.key.source_object}:{state.key.source_id}"
            for kind in ("guardian", "emergency")
            for page in self._ledger.iterate(source_object=kind, status=IN_TWENTY)
            for state in page
        )

    @cached_property
    def declarations(self) -> tuple[SourceObject, ...]:
        """In import order, with the practice's custom fields; without national ids unless the practice opted in."""
        found = import_order(self.staged.forms, further_guardians=self.index.further_guardians)
        move_ids = self.practice.policies.national_id == "move"
        return tuple(adapted(one, self.staged.custom_fields(one.report.name), move_ids) for one in found)

    @cached_property
    def targets(self) -> tuple[TargetObject, ...]:
        """What the workspace's data model must hold."""
        found = merged_targets((*self.declarations, MEMBERS))
        if self.practice.policies.vanished != "mark":
            return found
        members = MEMBERS.target.singular
        return tuple(
            one if one.singular == members else dataclasses.replace(one, fields=(*one.fields, ABSENT)) for one in found
        )

    def form_of(self, declaration: SourceObject) -> Form | None:
        """The form behind a form's declaration."""
        return next((form for form in self.staged.forms if form.object == declaration.target.singular), None)

    def rows(self, declaration: SourceObject, issues: list[Issue] | None = None) -> Iterator[PlannedRow]:
        """Rows that become records, with facts; findings go into `issues`."""
        source = RowSource(self.index, self.practice.currency, self.practice.labels, issues)
        return source.rows(declaration, self.form_of(declaration))

    def context(self, owners: Owners) -> PlanContext:
        """What transforms may ask."""
        adopted = {
            (one.key.source_object, one.key.source_id): one.record_id
            for page in self._ledger.adoptions()
            for one in page
        }
        practice = self.practice
        zone = ZoneInfo(practice.timezone)
        return PlanContext(practice.key, zone, practice.currency, practice.labels, owners.members, adopted)

    def records(self, declaration: SourceObject, owners: Owners) -> Iterator[PlannedRecord]:
        """Records of one source object, in source order."""
        context = self.context(owners)
        return (build(declaration, row, context) for row in self.rows(declaration))

    def expected_records(self, declaration: SourceObject) -> int:
        """About how many records there will be: rows staged, made rows counted; what stays out is not deducted."""
        index = self.index
        made = {
            "guardian": len(index.contacts.people),
            "contact": sum(len(links.further) for links in index.contacts.links.values()),
            "supplier": len(index.suppliers),
            "plan-note": len(index.references["plan"].landing),
        }
        if declaration.name in made:
            return made[declaration.name]
        form = self.form_of(declaration)
        if form is not None:
            return self.staged.form_count(form)
        return self.staged.count(declaration.report.name)

    # -- owners

    def providers(self) -> list[Provider]:
        """The staff of the export, with how many rows each owns."""
        owned = self._owned()
        return [
            Provider(
                row["provider_id"],
                f"{row.get('first_name') or ''} {row.get('last_name') or ''}".strip(),
                row.get("email"),
                owned[row["provider_id"]],
            )
            for row in self.staged.rows(PROVIDER)
        ]

    def _owned(self) -> Counter[str]:
        """Rows by provider, over the columns that become a link to a member."""
        owned: Counter[str] = Counter()
        references = self.index.references[PROVIDER]
        for report, columns in self._owner_columns():
            for row in self.staged.rows(report, columns=columns):
                for column in columns:
                    if row.get(column):
                        _, provider = references.resolve(row[column], by_name=True)
                        owned[provider or ""] += 1
        return owned

    def _owner_columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for declaration in self.declarations:
            columns = tuple(
                c.name
                for c in declaration.report.columns
                if c.reference is not None
                and c.reference.to == PROVIDER
                and any(c.name in f.transform.columns for f in declaration.fields)
            )
            if columns and self.staged.has(declaration.report.name):
                yield declaration.report.name, columns


def adapted(declaration: SourceObject, custom: Sequence[Field], national_ids: bool) -> SourceObject:
    """With the fields that a practice wants for columns of its own; without national ids unless they are to move."""
    whole = extended(declaration, custom)
    if national_ids:
        return whole
    fields = tuple(f for f in whole.fields if "national_id" not in f.transform.columns)
    target = dataclasses.replace(whole.target, fields=tuple(f.target for f in fields))
    return dataclasses.replace(whole, fields=fields, target=target)
