"""Filters over GraphQL and REST: the same records either way, and nothing in a value is ever SQL or a pattern."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty_tests.sandbox.api import Api

PEOPLE = [
    {"jobTitle": "plain", "city": "Ankara", "score": 1, "name": {"firstName": "Ay", "lastName": "Demir"}},
    {"jobTitle": "it's", "city": "İzmir", "score": 2, "emails": {"primaryEmail": "ay@example.com"}},
    {"jobTitle": "50%_off", "city": "ankara", "score": 3, "colour": "RED"},
    {"jobTitle": '"quoted", (and) [more]', "score": -4, "colour": "BLUE", "tags": ["A", "B"]},
    {"jobTitle": "back\\slash", "score": 5.5, "isActive": True, "tags": ["B"]},
    {"jobTitle": "'; DROP TABLE x; --", "born": "1980-02-29", "seen": "2024-05-01T10:00:00Z"},
    {"jobTitle": "", "born": "2000-01-01", "seen": "2024-05-01T10:00:00.001Z"},
]
COLOURS = [
    {"value": value, "label": value.title(), "color": "red", "position": i} for i, value in enumerate(["RED", "BLUE"])
]
TAGS = [{"value": value, "label": value, "color": "red", "position": i} for i, value in enumerate("ABC")]


@pytest.fixture(scope="module")
def people(api: Api) -> Api:
    person = api.object("person")["id"]
    api.make_field(person, "city")
    api.make_field(person, "score", "NUMBER", settings={"dataType": "float", "decimals": 2})
    api.make_field(person, "colour", "SELECT", options=COLOURS)
    api.make_field(person, "tags", "MULTI_SELECT", options=TAGS)
    api.make_field(person, "isActive", "BOOLEAN", defaultValue=False)
    api.make_field(person, "born", "DATE")
    api.make_field(person, "seen", "DATE_TIME")
    api.create("people", *(person | {"position": number} for number, person in enumerate(PEOPLE)))
    return api


def _found(api: Api, filter_: Any) -> list[int]:
    query = "query F($filter: PersonFilterInput) { people(filter: $filter) { edges { node { position } } } }"
    edges = api.data(query, {"filter": filter_})["people"]["edges"]
    return sorted(edge["node"]["position"] for edge in edges)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"jobTitle": {"eq": "it's"}}, [1]),
        ({"jobTitle": {"eq": "'; DROP TABLE x; --"}}, [5]),
        ({"jobTitle": {"eq": '"quoted", (and) [more]'}}, [3]),
        ({"jobTitle": {"like": "50\\%\\_%"}}, [2]),
        ({"jobTitle": {"like": "%a%"}}, [0, 3, 4]),
        ({"jobTitle": {"ilike": "%DROP%"}}, [5]),
        ({"jobTitle": {"startsWith": "back"}}, [4]),
        ({"jobTitle": {"in": ["plain", "it's", "nobody"]}}, [0, 1]),
        ({"jobTitle": {"is": "NULL"}}, [6]),
        ({"city": {"ilike": "ankara"}}, [0, 2]),
        ({"city": {"neq": "Ankara"}}, [1, 2]),
        ({"score": {"gt": 1}}, [1, 2, 4]),
        ({"score": {"lte": -4}}, [3]),
        ({"score": {"in": [1, 5.5]}}, [0, 4]),
        ({"colour": {"eq": "RED"}}, [2]),
        ({"colour": {"in": ["RED", "BLUE"]}}, [2, 3]),
        ({"tags": {"containsAny": ["A"]}}, [3]),
        ({"tags": {"containsAny": ["B", "C"]}}, [3, 4]),
        ({"isActive": {"eq": True}}, [4]),
        ({"born": {"gte": "1980-02-29"}}, [5, 6]),
        ({"seen": {"lt": "2024-05-01T10:00:00.001Z"}}, [5]),
        ({"name": {"lastName": {"eq": "Demir"}}}, [0]),
        ({"emails": {"primaryEmail": {"ilike": "AY@%"}}}, [1]),
        ({"or": [{"score": {"eq": 1}}, {"score": {"eq": 2}}], "city": {"like": "A%"}}, [0]),
        ({"not": {"score": {"gt": 0}}}, [3]),
        ({"and": []}, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_filter_finds(people: Api, filter_: Any, expected: list[int]) -> None:
    assert _found(people, filter_) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('jobTitle[eq]:"it\'s"', [1]),
        ('jobTitle[in]:["plain","it\'s"]', [0, 1]),
        ("score[gt]:1,score[lt]:3", [1]),
        ("or(score[eq]:1,score[eq]:2)", [0, 1]),
        ("and(or(score[eq]:1,score[eq]:2),city[eq]:Ankara)", [0]),
        ("not(score[gt]:0)", [3]),
        ("jobTitle[is]:NULL", [6]),
        ("emails.primaryEmail[ilike]:ay%", [1]),
        ("seen[lt]:2024-05-01T10:00:00.001Z", [5]),
    ],
)
def test_the_text_of_a_rest_filter_finds(people: Api, text: str, expected: list[int]) -> None:
    answer = people.rest("GET", "people", filter=text)
    assert sorted(person["position"] for person in answer.json()["data"]["people"]) == expected


@pytest.mark.parametrize(
    "filter_",
    [
        {"nope": {"eq": 1}},
        {"score": {"nope": 1}},
        {"colour": {"eq": "GREEN"}},
        {"id": {"eq": "x"}},
        {"score": {"eq": "x"}},
    ],
)
def test_what_no_field_or_operator_allows_is_refused(people: Api, filter_: Any) -> None:
    query = "query F($filter: PersonFilterInput) { people(filter: $filter) { totalCount } }"
    assert people.refusal(query, {"filter": filter_})


ATOMS = st.sampled_from(
    [
        {"score": {"gt": 1}},
        {"score": {"in": [1, -4]}},
        {"city": {"ilike": "ankara"}},
        {"jobTitle": {"is": "NULL"}},
        {"tags": {"containsAny": ["B"]}},
        {"isActive": {"eq": True}},
        {"name": {"firstName": {"eq": "Ay"}}},
    ]
)
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=st.lists(FILTERS, min_size=1, max_size=3))
def test_and_is_the_intersection_and_or_the_union(people: Api, filters: list[Any]) -> None:
    found = [set(_found(people, each)) for each in filters]
    assert set(_found(people, {"and": filters})) == set.intersection(*found)
    assert set(_found(people, {"or": filters})) == set.union(*found)


def test_a_filter_may_follow_a_relation(people: Api) -> None:
    [company] = people.create("companies", {"name": "Diş"})
    people.create("people", {"jobTitle": "member", "companyId": company["id"], "position": 100})
    assert _found(people, {"company": {"name": {"eq": "Diş"}}}) == [100]
    assert _found(people, {"companyId": {"eq": company["id"].upper()}}) == [100]
    people.rest("DELETE", "people", filter="jobTitle[eq]:member")
