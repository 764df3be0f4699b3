"""Totals: what the accepted rows come to, and what Twenty says it holds. Counts, and money to the smallest coin.

Belongs here: expected figures of one declaration, and the aggregate queries that check them. Does not belong here: the
comparison of single values (`migration.verify`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from dentes_twenty.migration.ledger import Ledger, Status
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.target import FieldType
from dentes_twenty.twenty.records import RecordStore

PAGE = 1_000
RECORDS = "records"
STANDING = (Status.LANDED, Status.ADOPTED)


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """One figure: `name` is RECORDS, or a money field with its currency; money is in micros.

    `edited`: by how much people are known to have changed it in Twenty (`migration.explaining`).
    """

    object: str
    source_object: str
    name: str
    expected: int
    found: int
    edited: int = 0

    @property
    def ok(self) -> bool:
        """To the smallest coin."""
        return self.expected + self.edited == self.found


@dataclasses.dataclass(slots=True)
class Expected:
    """What the landed records of one source object come to: their number, and micros by field and currency."""

    records: int = 0
    money: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)

    def add(self, other: Expected) -> None:
        """Count what other records come to in. An amount of 0 stays: it is asked for."""
        self.records += other.records
        self.money.update(other.money)


def money_fields(declaration: SourceObject) -> tuple[str, ...]:
    """The CURRENCY fields of a declaration."""
    return tuple(f.target.name for f in declaration.fields if f.target.type is FieldType.CURRENCY)


def figures_only(declaration: SourceObject) -> SourceObject:
    """The declaration with nothing but what its figures need: planning a record for its amounts costs a third."""
    names = {"sourceSystemId", *money_fields(declaration)}
    fields = tuple(field for field in declaration.fields if field.target.name in names)
    return dataclasses.replace(declaration, fields=fields, links=())


def expected(ledger: Ledger, declaration: SourceObject, records: Iterable[PlannedRecord]) -> dict[str, Expected]:
    """By source object: contacts of one declaration may be guardians or emergency contacts."""
    fields = money_fields(declaration)
    found: dict[str, Expected] = {}
    iterator = iter(records)
    while chunk := list(islice(iterator, PAGE)):
        for source_object in {planned.source_object for planned in chunk}:
            mine = [planned for planned in chunk if planned.source_object == source_object]
            known = ledger.known(source_object, [planned.source_id for planned in mine])
            sums = found.setdefault(source_object, Expected())
            for planned in mine:
                state = known.get(planned.source_id)
                if state is not None and state.status in STANDING:
                    add_values(sums, fields, planned.values)
    return found


def add_values(sums: Expected, fields: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Count one record and its amounts in."""
    sums.records += 1
    for name in fields:
        amount = values.get(name)
        if amount is not None:
            sums.money[name, amount["currencyCode"]] += amount["amountMicros"]


async def add_vanished(
    ledger: Ledger, store: RecordStore, drop: int, declaration: SourceObject, figures: dict[str, Expected]
) -> None:
    """Rows that this export no longer shows stay in Twenty (AMBIGUITIES 79): their figures are read, 200 in a call."""
    fields, object_ = money_fields(declaration), declaration.target.singular
    names = set(figures) | {declaration.name}
    for page in ledger.vanished(drop, names):
        found = await store.read(object_, [state.record_id for state in page], fields)
        for state in page:
            if state.record_id in found:
                sums = figures.setdefault(state.key.source_object, Expected())
                add_values(sums, fields, {name: amount_of(found[state.record_id].get(name)) for name in fields})


def amount_of(amount: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An amount as read or planned; an empty one is read as an object of nulls."""
    if not amount or amount.get("amountMicros") is None:
        return None
    return {"amountMicros": int(amount["amountMicros"]), "currencyCode": amount["currencyCode"]}


async def compare_totals(
    store: RecordStore, declaration: SourceObject, figures: Mapping[str, Expected]
) -> tuple[Total, ...]:
    """Ask Twenty: one aggregate query for each source object, and one more for each further currency."""
    object_, fields = declaration.target.singular, money_fields(declaration)
    totals: list[Total] = []
    for source_object, sums in figures.items():
        mine = {"sourceSystemId": {"startsWith": f"{source_object}:"}}
        currencies = sorted({code for _, code in sums.money})
        answer = await store.aggregate(object_, mine, sum_micros=fields if len(currencies) == 1 else ())
        totals.append(Total(object_, source_object, RECORDS, sums.records, answer.count))
        for code in currencies:
            for name in fields:
                if (name, code) not in sums.money:
                    continue
                if len(currencies) == 1:
                    found = answer.sums[name]
                else:
                    both = {"and": [mine, {name: {"currencyCode": {"eq": code}}}]}
                    found = (await store.aggregate(object_, both, sum_micros=(name,))).sums[name]
                totals.append(Total(object_, source_object, f"{name} {code}", sums.money[name, code], found))
    return tuple(totals)
