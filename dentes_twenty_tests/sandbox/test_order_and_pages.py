"""Pages by cursor: every record once, in one order, forwards and backwards, whatever the values."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dentes_twenty_tests.sandbox.api import Api

QUERY = """query P($orderBy: [CompanyOrderByInput], $first: Int, $last: Int, $after: String, $before: String) {
  companies(orderBy: $orderBy, first: $first, last: $last, after: $after, before: $before) {
    edges { node { id name employees annualRevenue { amountMicros } } cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"""
DIRECTIONS = ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"]


@pytest.fixture(scope="module")
def companies(api: Api) -> Api:
    dice = random.Random(4)
    api.make_field(api.object("company")["id"], "employees", "NUMBER")
    records: list[dict[str, Any]] = []
    for _ in range(40):
        amount = dice.choice([None, 1_000_000, 2_000_000])
        records.append(
            {
                "name": dice.choice(["a", "A", "ç", "Z", "z", "10", "9"]),
                "employees": dice.choice([None, 1, 2]),
                "annualRevenue": {"amountMicros": amount, "currencyCode": "TRY"} if amount else None,
            }
        )
    api.create("companies", *records)
    return api


def _page(api: Api, **variables: Any) -> dict[str, Any]:
    return dict(api.data(QUERY, variables)["companies"])


def _ids(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in page["edges"]]


def _forwards(api: Api, size: int, order: Any) -> list[str]:
    page = _page(api, orderBy=order, first=size)
    ids = _ids(page)
    while page["pageInfo"]["hasNextPage"]:
        page = _page(api, orderBy=order, first=size, after=page["pageInfo"]["endCursor"])
        assert page["totalCount"] == 40
        ids += _ids(page)
    return ids


def _backwards(api: Api, size: int, order: Any, cursor: str) -> list[str]:
    ids: list[str] = []
    while True:
        page = _page(api, orderBy=order, last=size, before=cursor)
        ids = _ids(page) + ids
        if not page["pageInfo"]["hasPreviousPage"]:
            return ids
        cursor = page["pageInfo"]["startCursor"]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("field", ["name", "createdAt", "position"])
def test_pages_in_an_order_without_empty_values_give_every_record_once(
    companies: Api, field: str, direction: str
) -> None:
    order = [{field: direction}]
    page = _page(companies, orderBy=order, first=200)
    assert len(set(_ids(page))) == 40
    for size in (1, 7, 40):
        assert _forwards(companies, size, order) == _ids(page)
        assert _backwards(companies, size, order, page["pageInfo"]["endCursor"]) == _ids(page)[:-1]


@pytest.mark.parametrize("direction", ["AscNullsLast", "DescNullsLast"])
def test_pages_in_an_order_with_empty_values_lose_what_stands_behind_the_first_page_that_ends_on_one(
    companies: Api, direction: str
) -> None:
    order = [{"employees": direction}]
    whole = _page(companies, orderBy=order, first=200)["edges"]
    filled = sum(edge["node"]["employees"] is not None for edge in whole)
    assert 0 < filled < 39
    assert _forwards(companies, 1, order) == [edge["node"]["id"] for edge in whole][:filled]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_empty_values_stand_where_the_order_says(companies: Api, direction: str) -> None:
    page = _page(companies, orderBy=[{"employees": direction}], first=200)
    values = [edge["node"]["employees"] for edge in page["edges"]]
    filled = [value for value in values if value is not None]
    empty = [None] * (40 - len(filled))
    assert filled == sorted(filled, reverse=direction.startswith("Desc"))
    assert values == (empty + filled if direction.endswith("First") else filled + empty)


def test_records_made_between_two_pages_do_not_shift_the_second(companies: Api) -> None:
    order = [{"name": "AscNullsFirst"}]
    whole = _ids(_page(companies, orderBy=order, first=200))
    first = _page(companies, orderBy=order, first=10)
    [made] = companies.create("companies", {"name": "a"})
    second = _page(companies, orderBy=order, first=10, after=first["pageInfo"]["endCursor"])
    companies.data("mutation D($id: UUID!) { destroyCompany(id: $id) { id } }", {"id": made["id"]})
    assert _ids(second) == [each for each in whole[10:21] if each != made["id"]][:10]


def test_both_directions_at_once_and_foreign_cursors_are_refused(companies: Api) -> None:
    assert "first and last" in companies.refusal("{ companies(first: 1, last: 1) { totalCount } }")
    assert companies.refusal('{ companies(after: "nonsense") { edges { node { id } } } }')
    assert companies.refusal("{ companies(first: -1) { edges { node { id } } } }")


def test_rest_pages_meet_graphql_pages(companies: Api) -> None:
    order = {"order_by": "name[DescNullsLast],position"}
    first = companies.rest("GET", "companies", limit="15", **order).json()
    cursor = first["pageInfo"]["endCursor"]
    rest = companies.rest("GET", "companies", limit="60", starting_after=cursor, **order).json()["data"]["companies"]
    by_graphql = [{"name": "DescNullsLast"}, {"position": "AscNullsFirst"}]
    whole = _ids(_page(companies, orderBy=by_graphql, first=200))
    assert [company["id"] for company in rest] == whole[15:]


@pytest.mark.parametrize("arguments", ["first: 1e19", "last: 99999999999999999999", "offset: -1", "offset: 1e30"])
def test_a_page_that_postgresql_cannot_count_to_is_refused(companies: Api, arguments: str) -> None:
    assert companies.refusal(f"{{ companies({arguments}) {{ totalCount }} }}") == "Data validation error."
