"""Reading records from the sandbox: walks, figures, and which columns link records have."""

from __future__ import annotations

import pytest

from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import ModelMismatch
from dentes_twenty.twenty.model import parse_model
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty import workspaces
from dentes_twenty_tests.twenty.people import CallsOf, People

pytestmark = pytest.mark.anyio


async def test_a_walk_in_pages_sees_every_record_once(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(450))
    with CallsOf(store) as calls:
        pages = [page async for page in store.find("person", people.mine, ["position"])]
    assert calls.made == 3
    assert sorted(r["position"] for page in pages for r in page) == list(range(450))


async def test_counts_and_money_come_from_aggregates(store: RecordStore, people: People) -> None:
    company = {"id": people.id("c"), "name": people.run}
    await store.create("company", [company])
    deals = [
        {
            "id": people.id(f"o{n}"),
            "name": people.run,
            "stage": "NEW" if n % 2 else "PROPOSAL",
            "amount": {"amountMicros": n * 1_000_001, "currencyCode": "TRY"},
            "companyId": company["id"],
        }
        for n in range(10)
    ]
    await store.create("opportunity", deals)
    mine = {"name": {"eq": people.run}}
    with CallsOf(store) as calls:
        figures = await store.aggregate("opportunity", mine, sum_micros=["amount"])
        groups = await store.group_by("opportunity", ["stage", "amount.currencyCode"], mine, sum_micros=["amount"])
        by_company = await store.group_by("opportunity", ["companyId"], mine)
    assert calls.made == 3
    assert (figures.count, figures.sums) == (10, {"amount": 45_000_045})
    assert {g.values: (g.count, g.sums["amount"]) for g in groups} == {
        ("NEW", "TRY"): (5, 25_000_025),
        ("PROPOSAL", "TRY"): (5, 20_000_020),
    }
    assert [(g.values, g.count) for g in by_company] == [((company["id"],), 10)]
    assert (await store.aggregate("opportunity", {"name": {"eq": "nobody"}}, sum_micros=["amount"])).sums["amount"] == 0
    with pytest.raises(ModelMismatch):
        await store.aggregate("opportunity", mine, sum_micros=["name"])


async def test_what_exists_of_several_objects_is_asked_with_one_call(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(2))
    await store.soft_delete("person", [people.id(1)])
    with CallsOf(store) as calls:
        found = await store.existing({"person": [people.id(n) for n in range(3)], "company": [people.id("c")]})
    assert calls.made == 1
    assert found == {"person": {people.id(0), people.id(1)}, "company": set()}


def test_link_records_get_the_columns_of_this_workspace() -> None:
    client = TwentyClient("http://localhost:1", "key")
    values = {"task": "t", "targetPerson": "p"}
    assert RecordStore(client, workspaces.model()).link_values("taskTarget", values) == {
        "taskId": "t",
        "targetPersonId": "p",
    }
    older = RecordStore(client, parse_model(workspaces.twenty_1()))
    assert older.link_values("taskTarget", values) == {"taskId": "t", "personId": "p"}
