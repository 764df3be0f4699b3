"""Totals and groups, against the same sums in Python."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from dentes_twenty_tests.sandbox.api import Api

STAGES = ["NEW", "SCREENING", "MEETING"]


@pytest.fixture(scope="module")
def deals(api: Api) -> list[dict[str, Any]]:
    dice = random.Random(11)
    records: list[dict[str, Any]] = []
    for number in range(60):
        amount = dice.choice([None, dice.randrange(10**15), 3])
        records.append(
            {
                "name": f"deal {number}",
                "stage": dice.choice(STAGES),
                "closeDate": f"2024-0{dice.randrange(1, 4)}-15T12:00:00Z",
                "amount": None if amount is None else {"amountMicros": amount, "currencyCode": "TRY"},
            }
        )
    api.create("opportunities", *records)
    return records


def _micros(deals: list[dict[str, Any]]) -> list[int]:
    return [deal["amount"]["amountMicros"] for deal in deals if deal["amount"]]


def test_totals_are_those_of_the_records_found(api: Api, deals: list[dict[str, Any]]) -> None:
    found = api.data(
        """{ opportunities(first: 1, filter: {stage: {eq: "NEW"}}) {
            totalCount sumAmountAmountMicros minAmountAmountMicros maxAmountAmountMicros avgAmountAmountMicros
            minCloseDate countUniqueValuesStage } }"""
    )["opportunities"]
    new = [deal for deal in deals if deal["stage"] == "NEW"]
    micros = _micros(new)
    assert found["totalCount"] == len(new)
    assert found["sumAmountAmountMicros"] == sum(micros)
    assert found["minAmountAmountMicros"] == min(micros)
    assert found["maxAmountAmountMicros"] == max(micros)
    assert found["avgAmountAmountMicros"] == pytest.approx(sum(micros) / len(micros))
    assert found["minCloseDate"] == min(deal["closeDate"] for deal in new).replace("Z", ".000Z")
    assert found["countUniqueValuesStage"] == 1


def test_groups_hold_every_record_once(api: Api, deals: list[dict[str, Any]]) -> None:
    groups = api.data(
        "{ opportunitiesGroupBy(groupBy: [{stage: true}]) { groupByDimensionValues totalCount sumAmountAmountMicros } }"
    )["opportunitiesGroupBy"]
    by_stage = {group["groupByDimensionValues"][0]: group for group in groups}
    assert {stage: group["totalCount"] for stage, group in by_stage.items()} == Counter(d["stage"] for d in deals)
    for stage, group in by_stage.items():
        assert group["sumAmountAmountMicros"] == sum(_micros([deal for deal in deals if deal["stage"] == stage]))


def test_groups_of_months(api: Api, deals: list[dict[str, Any]]) -> None:
    groups = api.data(
        """{ opportunitiesGroupBy(
            groupBy: [{closeDate: {granularity: MONTH, timeZone: "Europe/Istanbul"}}, {stage: true}]
        ) { groupByDimensionValues totalCount } }"""
    )["opportunitiesGroupBy"]
    counted = {
        (group["groupByDimensionValues"][0][:7], group["groupByDimensionValues"][1]): group["totalCount"]
        for group in groups
    }
    assert counted == Counter((deal["closeDate"][:7], deal["stage"]) for deal in deals)


def test_an_aggregate_that_the_field_cannot_have_is_answered_as_null(api: Api) -> None:
    assert api.data("{ opportunities { sumName } }") == {"opportunities": {"sumName": None}}
