"""Money of patients and plans: against Twenty, and against what the export itself says.

Belongs here: sums by patient, the export's balance column, plan totals. Does not belong here: totals of a field over
all records (`migration.totals`). To the smallest coin, in micros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.context import PlanContext
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.reconcile import LEDGER, Reconciliation, Sums, title_of
from dentes_twenty.objects.fields import SourceObject, micros
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.records import RecordStore

PATIENTS_AT_ONCE = 200
ONE_CALL = 5_000
"""With more accounts than this the groups are asked for by patients, because Twenty gives 10,000 groups at most."""

Account = tuple[str, str]  # the patient's record id, currency


class PatientAccounts:
    """What the ledger comes to by patient: in the export, of what landed, and in Twenty."""

    def __init__(self, planner: Planner, context: PlanContext) -> None:
        self._planner = planner
        self._patients = {context.record_id("patient", patient): patient for patient in planner.index.patients}
        self._accepted: Counter[Account] = Counter()
        self._expected: Counter[Account] = Counter()
        self._found: Counter[Account] = Counter()
        self._read = False

    def expect(self, planned: PlannedRecord, *, landed: bool) -> None:
        """One row of the ledger."""
        _add(self._accepted, planned.values)
        if landed:
            _add(self._expected, planned.values)

    def found_in(self, stored: Mapping[str, Record]) -> None:
        """Entries as Twenty holds them."""
        self._read = True
        for record in stored.values():
            _add(self._found, record)

    def add_vanished(self, stored: Mapping[str, Record]) -> None:
        """Entries whose row the export no longer shows are expected as they are."""
        for record in stored.values():
            _add(self._expected, record)
            if self._read:
                _add(self._found, record)

    async def close(self, store: RecordStore, result: Reconciliation) -> None:
        """Compare the accounts."""
        if not self._read:
            self._found = await self._ask(store)
        accounts = sorted(self._expected.keys() | self._found.keys())
        differing = [account for account in accounts if self._expected[account] != self._found[account]]
        result.patients_compared = len(accounts)
        result.patients = await self._sums(store, differing, self._expected, self._found)
        stated = self._stated()
        contradicting = [account for account, balance in stated.items() if balance != self._accepted[account]]
        result.balances_compared = len(stated)
        result.balances = await self._sums(store, contradicting, self._accepted, stated)

    def _stated(self) -> Counter[Account]:
        """The export's own balances, where it has them."""
        index, currency = self._planner.index, self._planner.practice.currency
        balances = ((record, index.patients[patient].balance) for record, patient in self._patients.items())
        return Counter({(record, currency): micros(balance) for record, balance in balances if balance is not None})

    async def _ask(self, store: RecordStore) -> Counter[Account]:
        """Twenty's own sums by patient and currency."""
        mine: dict[str, object] = {"sourceSystemId": {"startsWith": f"{LEDGER.source}:"}}
        conditions = [mine]
        ids = list(self._patients)
        if len(ids) > ONE_CALL:
            parts = [ids[start : start + PATIENTS_AT_ONCE] for start in range(0, len(ids), PATIENTS_AT_ONCE)]
            conditions = [{"and": [mine, {LEDGER.patient: {"in": part}}]} for part in parts]
        found: Counter[Account] = Counter()
        dimensions = (LEDGER.patient, f"{LEDGER.amount}.currencyCode")
        for condition in conditions:
            for group in await store.group_by(LEDGER.target, dimensions, condition, sum_micros=(LEDGER.amount,)):
                patient, currency = group.values
                if patient and currency:
                    found[patient, currency] += group.sums[LEDGER.amount]
        return found

    async def _sums(
        self, store: RecordStore, accounts: Iterable[Account], expected: Counter[Account], found: Counter[Account]
    ) -> list[Sums]:
        wanted = list(accounts)
        names = await store.read("person", [record for record, _ in wanted], ["name"]) if wanted else {}
        return [
            Sums(
                "patient",
                self._patients.get(record, ""),
                title_of(names.get(record, {})),
                currency,
                expected[record, currency],
                found[record, currency],
            )
            for record, currency in wanted
        ]


def _add(sums: Counter[Account], values: Mapping[str, object]) -> None:
    amount, patient = values.get(LEDGER.amount), values.get(LEDGER.patient)
    if isinstance(amount, Mapping) and amount.get("amountMicros") is not None:
        sums[str(patient or ""), str(amount["currencyCode"])] += int(amount["amountMicros"])


def plan_totals(planner: Planner, declaration: SourceObject, result: Reconciliation) -> None:
    """Plans whose total is not the sum of their lines in the plan's currency. Reported, never repaired."""
    index, usual = planner.index, planner.practice.currency
    for row in planner.rows(declaration):
        total = row.get("total")
        if total is None:
            continue
        currency = row.get("currency") or usual
        lines = index.plan_lines.get(row["plan_id"], ())
        fees = [line.fee for line in lines if line.fee is not None and (line.currency or usual) == currency]
        result.plans_compared += 1
        if total != sum(fees):
            sums = Sums("plan", row["plan_id"], row.get("title") or "", currency, micros(total), sum(map(micros, fees)))
            result.plans.append(sums)
