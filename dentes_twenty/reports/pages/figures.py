"""What several pages make of `ObjectFigures` and `MoneyTotal`: charts, sums, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dentes_twenty.reports.charts import Chart, Series, bars, shares
from dentes_twenty.reports.figures import MoneyTotal, ObjectFigures
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.words import Words

_OBJECT_HEADER = (
    "object",
    "in_export",
    "landed",
    "quarantined",
    "held",
    "refused",
    "identical",
    "deleted",
    "in_twenty",
    "verified",
    "differing",
    "unexplained",
    "missing",
)


def shares_chart(objects: Sequence[ObjectFigures], w: Words) -> Chart | None:
    """How the rows of each object divide into arrived, set aside, waiting and refused."""
    shown = [f for f in objects if f.in_export]
    if not shown:
        return None
    series = (
        Series(w("reconciliation.landed"), "good", tuple(f.landed + f.identical + f.deleted for f in shown)),
        Series(w("reconciliation.quarantined"), "warn", tuple(f.quarantined for f in shown)),
        Series(w("reconciliation.held"), "info", tuple(f.held for f in shown)),
        Series(w("reconciliation.refused"), "bad", tuple(f.refused + max(0, f.unexplained) for f in shown)),
    )
    labels = [w.object(f.object, f.label) for f in shown]
    return shares(w("reconciliation.rows"), labels, series, lambda value: w.percent(round(value), 100))


def money_chart(money: Sequence[MoneyTotal], w: Words) -> Chart | None:
    """Both sums of each line, for the currency that most lines have."""
    if not money:
        return None
    currencies = [total.currency for total in money]
    currency = max(dict.fromkeys(currencies), key=currencies.count)
    shown = [total for total in money if total.currency == currency]
    series = (
        Series(w("reconciliation.expected"), "mute", tuple(float(abs(total.expected)) for total in shown)),
        Series(w("reconciliation.found"), "good", tuple(float(abs(total.found)) for total in shown)),
    )
    labels = [f"{w.object(total.object)}: {total.field}" for total in shown]
    title = f"{w('reconciliation.money')} ({currency})"
    return bars(title, labels, series, w.short)


def objects_table(objects: Sequence[ObjectFigures], w: Words) -> str:
    """CSV of the figures by object."""
    rows = (
        (
            w.object(f.object, f.label),
            f.in_export,
            f.landed,
            f.quarantined,
            f.held,
            f.refused,
            f.identical,
            f.deleted,
            f.in_twenty,
            f.verified,
            f.differing,
            f.unexplained,
            f.missing,
        )
        for f in objects
    )
    return table(_OBJECT_HEADER, rows, w.language)


def money_table(money: Sequence[MoneyTotal], w: Words) -> str:
    """CSV of the sums of money."""
    header = ("object", "field", "currency", "expected", "found", "difference")
    rows = ((w.object(t.object), t.field, t.currency, t.expected, t.found, t.difference) for t in money)
    return table(header, rows, w.language)


def money_difference(money: Sequence[MoneyTotal], w: Words) -> str:
    """All differences together, by currency; a difference up and one down do not hide each other."""
    sums: dict[str, Decimal] = {}
    for total in money:
        sums[total.currency] = sums.get(total.currency, Decimal(0)) + abs(total.difference)
    return " + ".join(w.money(amount, currency) for currency, amount in sums.items() if amount) or next(
        (w.money(Decimal(0), currency) for currency in sums), w.number(0)
    )
