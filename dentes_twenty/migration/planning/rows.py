"""Second pass: the rows of each source object in import order, with the facts that planning adds, and their fate.

Belongs here: which rows become records (references, cascades), and the facts of `objects` (names that begin with @).
Does not belong here: values of fields (`records`), what Twenty holds (package `migration`).
Codes of quarantine made here: `unknown_patient`, `patient_quarantined`, `missing_amount`. Warnings: `unknown_<to>`,
`ambiguous_<to>`, `<to>_quarantined`, `shared_email`, `shared_website`, `contact_without_name`, `email_without_name`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from dentes_twenty.exports.issues import Issue, Severity
from dentes_twenty.exports.richtext import to_markdown
from dentes_twenty.migration.planning.contacts import unnamed_phones
from dentes_twenty.migration.planning.holders import website
from dentes_twenty.migration.planning.index import Index
from dentes_twenty.migration.planning.plan_note import plan_table
from dentes_twenty.migration.planning.references import Verdict
from dentes_twenty.objects import company, entry, guardian, item, note, person, plan, recall
from dentes_twenty.objects.fields import RAW, SourceObject
from dentes_twenty.objects.form import Form
from dentes_twenty.objects.source import Report

PlannedRow = dict[str, Any]


@dataclasses.dataclass(slots=True)
class RowSource:
    """Streams planned rows; findings go into `issues` as they are made, and nowhere when it is None."""

    index: Index
    currency: str
    language: str = "en"
    issues: list[Issue] | None = None

    def rows(self, declaration: SourceObject, form: Form | None = None) -> Iterator[PlannedRow]:
        """The rows that become records, in source order. A form's rows come from its own table."""
        made = self._made(declaration)
        if made is not None:
            yield from made
            return
        staged, report = self.index.staged, declaration.report
        source = staged.rows(report.name)
        if form is not None:  # both layouts of a form have one declaration; findings name the file that was read
            source, report = staged.form_rows(form), dataclasses.replace(report, name=staged.form_report(form))
        used = _used_columns(declaration)
        enrich = self._enrichers(used).get(declaration.name)
        for row in source:
            if self._refer(report, row, used) and (enrich is None or enrich(row)):
                yield row

    def _made(self, declaration: SourceObject) -> Iterator[PlannedRow] | None:
        makers: dict[str, Callable[[], Iterator[PlannedRow]]] = {
            "guardian": self._contact_people,
            "contact": self._further_guardians,
            "supplier": self._suppliers,
            "plan-note": self._plan_notes,
        }
        maker = makers.get(declaration.name)
        return maker() if maker else None

    def _enrichers(self, used: frozenset[str]) -> dict[str, Callable[[PlannedRow], bool]]:
        formatted = {"note": self._note} if "body" in used else {}  # HTML and RTF take a millisecond a note
        return {
            **formatted,
            "practice": self._office,
            "payer": self._office,
            "patient": self._patient,
            "plan": self._plan,
            "recall": self._recall,
            "entry": self._entry,
            "item": self._item,
        }

    # -- references

    def _refer(self, report: Report, row: PlannedRow, used: frozenset[str]) -> bool:
        """Resolve the row's references in place; False when the row stays out.

        An optional reference that becomes nothing in Twenty is left alone: two million rows may name somebody unknown.
        """
        for column in report.columns:
            reference = column.reference
            if reference is None or not (reference.required or column.name in used):
                continue
            value = row.get(column.name)
            if not value:
                continue
            verdict, source_id = self.index.references[reference.to].resolve(value, by_name=reference.by_name)
            if verdict is Verdict.LANDS:
                row[column.name] = source_id
                continue
            code = (
                f"{reference.to}_quarantined" if verdict is Verdict.QUARANTINED else f"{verdict.value}_{reference.to}"
            )
            self._tell(report, row, column.name, code, "quarantine" if reference.required else "warning")
            if reference.required:
                return False
            row[column.name] = None
        return True

    def _tell(self, report: Report, row: PlannedRow, column: str | None, code: str, severity: Severity) -> None:
        if self.issues is not None:
            file = self._file(report.name)
            self.issues.append(
                Issue(report.name, file, row["_row"], row["_line"], row.get(report.key), column, code, severity)
            )

    def _file(self, report: str) -> str:
        return self.index.staged.report(report).file if self.index.staged.has(report) else ""

    # -- facts of single objects

    def _office(self, row: PlannedRow) -> bool:
        if row.get("website"):
            site = website(row["website"])
            key = f"practice:{row['practice_id']}" if "practice_id" in row else f"payer:{row['payer_id']}"
            own = self.index.sites.claim(site, key)
            row[company.WEBSITE_OWN if own else company.WEBSITE_SHARED] = site
            if not own:
                self._tell_row(row, "website", "shared_website")
        return True

    def _patient(self, row: PlannedRow) -> bool:
        key = f"patient:{row['patient_id']}"
        self._hold_email(row, key, row.get("email"))
        links = self.index.contacts.links.get(row["patient_id"])
        row[person.ROLES] = ["PATIENT", *self.index.contacts.patient_roles.get(row["patient_id"], ())]
        row[person.GUARDIAN] = links.guardian if links else None
        row[person.EMERGENCY] = links.emergency if links else None
        first = links.first if links else None
        row["guardian_relation"] = first.relation if first else None
        row["guardian_relation" + RAW] = first.relation_raw if first else None
        row[person.RELATIVE_PHONES] = unnamed_phones(row)
        if row[person.RELATIVE_PHONES]:
            self._tell_row(row, None, "contact_without_name")
        if row.get("guardian_email") and not row.get("guardian_name"):
            row["guardian_email" + RAW] = row["guardian_email"]
            self._tell_row(row, "guardian_email", "email_without_name")
        for target, phone in ((row[person.GUARDIAN], "guardian_phone"), (row[person.EMERGENCY], "emergency_phone")):
            if target and not target.startswith("patient:"):
                row.pop(phone + RAW, None)  # it stands with the contact
        return True

    def _plan(self, row: PlannedRow) -> bool:
        referred_by = self.index.patients[row["patient_id"]].company
        row[plan.PATIENT_COMPANY] = f"practice:{referred_by}" if referred_by else None
        return True

    def _recall(self, row: PlannedRow) -> bool:
        row[recall.PATIENT_PROVIDER] = self.index.patients[row["patient_id"]].provider
        return True

    def _entry(self, row: PlannedRow) -> bool:
        row[entry.SIGN] = self.index.staged.ledger_sign
        if entry.debt(row) is None:
            self._tell(entry.REPORT, row, "amount", "missing_amount", "quarantine")
            return False
        return True

    def _note(self, row: PlannedRow) -> bool:
        row[note.BODY_MARKDOWN] = to_markdown(row["body"]) if row.get("body") else None
        return True

    def _item(self, row: PlannedRow) -> bool:
        row[item.SUPPLIER] = self.index.supplier(row)
        return True

    def _hold_email(self, row: PlannedRow, key: str, email: str | None) -> None:
        own = bool(email) and self.index.emails.claim(str(email), key)
        row[person.EMAIL_OWN] = email if own else None
        row[person.EMAIL_SHARED] = email if email and not own else None
        if email and not own:
            self._tell_row(row, "email", "shared_email")

    def _tell_row(self, row: PlannedRow, column: str | None, code: str) -> None:
        keys = {"patient": "patient_id", "practice": "practice_id", "payer": "payer_id", "guardian": "guardian_id"}
        for name, key in keys.items():
            if key in row and self.issues is not None:
                self.issues.append(
                    Issue(name, self._file(name), row["_row"], row["_line"], row[key], column, code, "warning")
                )
                return

    # -- rows that no report holds

    def _contact_people(self) -> Iterator[PlannedRow]:
        for filed in self.index.staged.rows(guardian.REPORT.name):
            self._refer(guardian.REPORT, filed, frozenset())  # the index has left them out; here they are told of
        for place, contact in enumerate(self.index.contacts.people, 1):
            row: PlannedRow = {
                "_row": place,
                "_line": 0,
                guardian.CONTACT_OBJECT: contact.object,
                "guardian_id": contact.source_id,
                "name": contact.name,
                "phone": contact.phones,
                "phone" + RAW: "\n".join(contact.unparsed) or None,
                "email" + RAW: "\n".join(contact.unparsed_emails) or None,
                person.ROLES: contact.roles,
            }
            self._hold_email(row, contact.key, contact.emails[0] if contact.emails else None)
            row[person.EMAIL_MORE] = contact.emails[1:]
            yield row

    def _further_guardians(self) -> Iterator[PlannedRow]:
        place = 0
        for links in self.index.contacts.links.values():
            for mention, target in links.further:
                place += 1
                yield {
                    "_row": place,
                    "_line": 0,
                    "guardian_id": mention.source_id,
                    "patient_id": mention.patient_id,
                    "name": mention.name,
                    "relation": mention.relation,
                    "relation" + RAW: mention.relation_raw,
                    guardian.CONTACT_KEY: target,
                }

    def _suppliers(self) -> Iterator[PlannedRow]:
        for place, (key, shown) in enumerate(self.index.suppliers.items(), 1):
            yield {"_row": place, "_line": 0, "supplier_key": key, "supplier_name": shown}

    def _plan_notes(self) -> Iterator[PlannedRow]:
        landing = self.index.references["plan"].landing
        for row in self.index.staged.rows("plan"):
            if row["plan_id"] in landing:
                lines = self.index.plan_lines.get(row["plan_id"], [])
                yield {
                    "_row": row["_row"],
                    "_line": row["_line"],
                    "plan_id": row["plan_id"],
                    note.BODY_MARKDOWN: plan_table(lines, row.get("currency") or self.currency, self.language),
                }


def _used_columns(declaration: SourceObject) -> frozenset[str]:
    """The columns that a field or a link of the declaration reads."""
    fields = {column for field in declaration.fields for column in field.transform.columns}
    return frozenset(fields | {link.column for link in declaration.links})
