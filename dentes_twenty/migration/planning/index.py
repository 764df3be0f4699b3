"""First pass: what rows of different reports have to do with each other, for one staged drop.

Belongs here: who lands, who is whom, who holds an e-mail or a site, which lines a plan has, what the ledger sums to.
Does not belong here: decisions about single rows (`rows`), the decisions themselves (`contacts`, `holders`).
Memory grows with patients, plans, lines and claims, not with ledger entries.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from dentes_twenty.exports.stage import Staged
from dentes_twenty.migration.planning import contacts
from dentes_twenty.migration.planning.contacts import Contacts, Mention
from dentes_twenty.migration.planning.holders import Holders, website
from dentes_twenty.migration.planning.references import References, Verdict
from dentes_twenty.objects.fields import RAW, Row
from dentes_twenty.objects.folding import fold_name

NUMBERS = ("mobile", "home_phone", "work_phone")
KNOWN_BY = ("patient_id", "full_name", "first_name", "last_name", *NUMBERS, "email")
REFERENCED = ("provider", "practice", "payer", "patient", "plan", "claim")


@dataclasses.dataclass(slots=True)
class PatientFacts:
    """What other rows need to know of a patient."""

    place: int
    company: str | None
    provider: str | None
    balance: Decimal | None


@dataclasses.dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of a plan, as its note shows it."""

    code: str | None
    name: str | None
    tooth: str | None
    surface: str | None
    quantity: Decimal | None
    fee: Decimal | None
    currency: str | None
    status: str | None


LINE = tuple(field.name for field in dataclasses.fields(PlanLine))


def _mentions(row: Row, patient: str, guardians_filed: set[str]) -> Iterator[Mention]:
    """The contacts that a patient's row names: guardian, then emergency contact."""
    if row.get("guardian_name"):
        yield Mention(
            "guardian",
            # a guardian file may use the same number for somebody else
            f"patient-{patient}" if patient in guardians_filed else patient,
            contacts.GUARDIAN,
            patient,
            row["guardian_name"],
            tuple(row.get("guardian_phone") or ()),
            row.get("guardian_email"),
            row.get("guardian_relation"),
            row.get("guardian_phone" + RAW),
            relation_raw=row.get("guardian_relation" + RAW),
        )
    if row.get("emergency_name"):
        yield Mention(
            "emergency",
            patient,
            contacts.EMERGENCY_CONTACT,
            patient,
            row["emergency_name"],
            tuple(row.get("emergency_phone") or ()),
            None,
            None,
            row.get("emergency_phone" + RAW),
        )


def _called(row: Row) -> str:
    """How other reports may call an office or a member of staff instead of its id."""
    name = row.get("name") or f"{row.get('first_name') or ''} {row.get('last_name') or ''}"
    return str(name).strip()


def _claim(holders: Holders, wanted: Mapping[str, str | None]) -> None:
    """In source order."""
    holders.settle(wanted)
    for key, value in wanted.items():
        if value:
            holders.claim(value, key)


class Index:
    """Built once for a staged drop; read-only afterwards.

    `issues` are the findings between patients' contacts; `emails` and `sites` hold the unique values.
    """

    def __init__(
        self,
        staged: Staged,
        *,
        earlier_emails: Mapping[str, str] | None = None,
        earlier_sites: Mapping[str, str] | None = None,
        known_contacts: frozenset[str] = frozenset(),
        spell: Callable[[str], str] = lambda value: value,
    ) -> None:
        self.staged = staged
        self.references: dict[str, References] = {name: References() for name in REFERENCED}
        self.patients: dict[str, PatientFacts] = {}
        self.emails = Holders(earlier_emails, spell)
        self.sites = Holders(earlier_sites, spell)
        self.suppliers: dict[str, str] = {}
        self.company_names: dict[str, str] = {}
        self.plan_lines: dict[str, list[PlanLine]] = defaultdict(list)
        self._one_of_each: dict[tuple[type, str], Any] = {}
        mentions: list[Mention] = []
        for name in REFERENCED:
            self.references[name].quarantine(
                issue.source_id for issue in staged.issues(name) if issue.severity == "quarantine" and issue.source_id
            )
        self._offices()
        emails = self._read_patients(mentions)
        self._read_guardians(mentions)
        self.contacts: Contacts = contacts.resolve(
            mentions, self._mentioned(mentions), {p: facts.place for p, facts in self.patients.items()}, known_contacts
        )
        emails |= {person.key: person.emails[0] if person.emails else None for person in self.contacts.people}
        _claim(self.emails, emails)
        self._read_dependents()
        self._one_of_each.clear()
        self._read_suppliers()

    @property
    def further_guardians(self) -> bool:
        """Whether some patient has more than one guardian."""
        return any(links.further for links in self.contacts.links.values())

    # -- first the rows that everything refers to

    def _offices(self) -> None:
        sites: dict[str, str | None] = {}
        for name in ("provider", "practice", "payer"):
            key = {"provider": "provider_id", "practice": "practice_id", "payer": "payer_id"}[name]
            for row in self.staged.rows(name):
                self.references[name].land(row[key], _called(row))
                if name == "provider":
                    continue
                record = f"{name}:{row[key]}"
                sites[record] = website(row["website"]) if row.get("website") else None
                if row.get("name"):
                    self.company_names.setdefault(fold_name(row["name"]), record)
        _claim(self.sites, sites)

    def _shared(self, value: Any) -> Any:
        """The same object for all spellings alike: codes, names and fees of a hundred thousand lines are a few hundred.

        By spelling and not by value: 1 and 1.0 are equal, and are shown differently.
        """
        return value if value is None else self._one_of_each.setdefault((type(value), str(value)), value)

    def _read_patients(self, mentions: list[Mention]) -> dict[str, str | None]:
        """Also adds the contacts that their rows name; gives the e-mail that each patient wants."""
        guardians_filed = {row["guardian_id"] for row in self.staged.rows("guardian")}
        emails: dict[str, str | None] = {}
        for place, row in enumerate(self.staged.rows("patient")):
            patient = row["patient_id"]
            self.references["patient"].land(patient)
            self.patients[patient] = PatientFacts(
                place,
                self._shared(self.link(row, "referring_practice_id", "practice")),
                self._shared(self.link(row, "default_provider_id", "provider")),
                self._shared(row.get("balance")),
            )
            emails[f"patient:{patient}"] = row.get("email") or None
            mentions += _mentions(row, patient, guardians_filed)
        return emails

    def _mentioned(self, mentions: list[Mention]) -> dict[contacts.MatchKey, list[str]]:
        """The patients whom some contact may be, by what both are known by. A second look at their names: the keys of
        all patients would take more memory than all the rest."""
        wanted = {key for mention in mentions for key in mention.keys}
        found: dict[contacts.MatchKey, list[str]] = defaultdict(list)
        for row in self.staged.rows("patient", columns=KNOWN_BY) if wanted else ():
            name = row.get("full_name") or f"{row.get('first_name') or ''} {row.get('last_name') or ''}"
            numbers = [n for c in NUMBERS for n in row.get(c) or ()]
            for key in contacts.match_keys(name, numbers, (row.get("email"),)):
                if key in wanted:
                    found[key].append(row["patient_id"])
        return found

    def _read_guardians(self, mentions: list[Mention]) -> None:
        for row in self.staged.rows("guardian"):
            if row["patient_id"] in self.references["patient"].landing:
                mentions.append(
                    Mention(
                        "guardian",
                        row["guardian_id"],
                        contacts.GUARDIAN,
                        row["patient_id"],
                        row["name"],
                        tuple(row.get("phone") or ()),
                        row.get("email"),
                        row.get("relation"),
                        row.get("phone" + RAW),
                        row.get("email" + RAW),
                        row.get("relation" + RAW),
                        report="guardian",
                    )
                )

    def _read_dependents(self) -> None:
        patients = self.references["patient"].landing
        for name, key in (("plan", "plan_id"), ("claim", "claim_id")):
            references = self.references[name]
            for row in self.staged.rows(name):
                if row["patient_id"] in patients:
                    references.land(row[key])
                else:
                    references.quarantine([row[key]])
        for row in self.staged.rows("line"):
            if row["patient_id"] in patients and row.get("plan_id") in self.references["plan"].landing:
                self.plan_lines[row["plan_id"]].append(PlanLine(*(self._shared(row.get(c)) for c in LINE)))

    def _read_suppliers(self) -> None:
        for row in self.staged.rows("item"):
            key = self.supplier(row)
            if key and key.startswith("supplier:"):
                shown = " ".join((row.get("supplier_name") or row.get("supplier_id") or "").split())
                self.suppliers.setdefault(key.partition(":")[2], shown)

    # -- what the second pass asks

    def supplier(self, row: Row) -> str | None:
        """Key of an item's supplier: an id decides; a name may be a company that is there already (AMBIGUITIES 65)."""
        if row.get("supplier_id"):
            return f"supplier:{row['supplier_id']}"
        folded = fold_name(row.get("supplier_name") or "")
        return (self.company_names.get(folded) or f"supplier:{folded}") if folded else None

    def link(self, row: Row, column: str, to: str) -> str | None:
        """The id that a reference column means, None when it means nothing that lands."""
        value = row.get(column)
        if not value:
            return None
        verdict, source_id = self.references[to].resolve(value, by_name=True)
        return source_id if verdict is Verdict.LANDS else None
