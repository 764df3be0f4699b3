"""The note "Treatment plan items": a plan's lines as a Markdown table (data-model.md, 6; AMBIGUITIES 70)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dentes_twenty.migration.planning.index import PlanLine
from dentes_twenty.objects.line import PROCEDURE_STATUS

HEADINGS = {
    "en": ("Code", "Procedure", "Tooth", "Surface", "Quantity", "Fee", "Status"),
    "tr": ("Kod", "İşlem", "Diş", "Yüzey", "Adet", "Tutar", "Durum"),
}
NO_LINES = {"en": "This plan has no lines.", "tr": "Bu planda kalem yok."}
TOTAL = {"en": "Total of the lines", "tr": "Kalemlerin toplamı"}


def plan_table(lines: Sequence[PlanLine], currency: str, language: str) -> str:
    """Markdown; amounts are exact decimals with the currency of each line, the sum is given per currency."""
    if not lines:
        return NO_LINES[language]
    headings = HEADINGS[language]
    rows = [f"| {' | '.join(headings)} |", f"|{'|'.join(' --- ' for _ in headings)}|"]
    sums: dict[str, Decimal] = {}
    for line in lines:
        code = line.currency or currency
        if line.fee is not None:
            sums[code] = sums.get(code, Decimal(0)) + line.fee
        cells = (
            line.code,
            line.name,
            line.tooth,
            line.surface,
            None if line.quantity is None else f"{line.quantity.normalize():f}",
            None if line.fee is None else f"{_amount(line.fee)} {code}",
            PROCEDURE_STATUS.label(line.status, language) if line.status else None,
        )
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    total = ", ".join(f"{_amount(amount)} {code}" for code, amount in sums.items())
    return "\n".join(rows) + (f"\n\n{TOTAL[language]}: {total}" if total else "")


def _amount(value: Decimal) -> str:
    """At least two decimals, no more than the value has."""
    exact = value.normalize()
    return f"{exact:.2f}" if exact == exact.quantize(Decimal("0.01")) else f"{exact:f}"


def _cell(text: str | None) -> str:
    return (text or "").replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
