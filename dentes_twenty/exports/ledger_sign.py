"""The sign convention of the ledger: what no single row shows, and the column as a whole does (AMBIGUITIES 21).

Belongs here: counting signs by type of entry, and the decision with its evidence. Does not belong here: applying the
sign (`objects.entry`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from decimal import Decimal

from dentes_twenty.objects.entry import LedgerSign

_ENOUGH = 5  # receipts; with fewer a person is asked
_CLEARLY = 0.9
_RECEIPTS = ("PAYMENT", "INSURANCE_PAYMENT")


@dataclasses.dataclass(frozen=True, slots=True)
class SignEvidence:
    """`sign` None: the evidence is thin and a person has to say; `evidence` gives the counts."""

    sign: LedgerSign | None
    confidence: float
    evidence: str


class SignDetector:
    """Accumulates (type, amount) while the ledger streams by; constant memory."""

    def __init__(self) -> None:
        self._signs: Counter[tuple[str, int]] = Counter()

    def add(self, type_: str | None, amount: Decimal | None) -> None:
        """One row's mapped type and its amount; rows without either do not matter."""
        if type_ is not None and amount:
            self._signs[type_, 1 if amount > 0 else -1] += 1

    def result(self, *, two_columns: bool) -> SignEvidence:
        """The convention; `two_columns`: the ledger has a debit and a credit column."""
        if two_columns:
            return SignEvidence(LedgerSign.DEBIT_CREDIT, 1.0, "a debit and a credit column")
        plus, minus = self._count(1), self._count(-1)
        refunds_plus, refunds_minus = self._signs["REFUND", 1], self._signs["REFUND", -1]
        said = (
            f"payments: {plus} positive, {minus} negative; refunds: {refunds_plus} positive, {refunds_minus} negative; "
            f"charges: {self._signs['CHARGE', 1]} positive, {self._signs['CHARGE', -1]} negative"
        )
        total, refunds = plus + minus, refunds_plus + refunds_minus
        if total < _ENOUGH:
            return SignEvidence(None, 0.0, f"too few payments to tell ({said})")
        if minus >= _CLEARLY * total and refunds_minus <= refunds_plus:
            return SignEvidence(LedgerSign.DEBT_SIGN, round(minus / total, 2), said)
        if plus >= _CLEARLY * total and refunds_plus <= (1 - _CLEARLY) * refunds:
            return SignEvidence(LedgerSign.BY_TYPE, round(plus / total, 2), said)
        return SignEvidence(None, 0.0, f"the signs follow no known convention ({said})")

    def _count(self, sign: int) -> int:
        return sum(self._signs[type_, sign] for type_ in _RECEIPTS)
