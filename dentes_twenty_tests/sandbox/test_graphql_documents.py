"""Documents as clients write them: aliases, fragments, directives, several operations, introspection."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, parse, validate

from dentes_twenty_tests.sandbox.api import Api


@pytest.fixture(scope="module", autouse=True)
def company(api: Api) -> dict[str, Any]:
    [made] = api.create("companies", {"name": "Clinic", "address": {"addressCity": "Bursa"}})
    api.create("people", {"jobTitle": "dentist", "companyId": made["id"]})
    return made


def test_aliases_rename_at_every_level(api: Api) -> None:
    query = "{ all: companies { rows: edges { row: node { title: name place: address { town: addressCity } } } } }"
    row = {"title": "Clinic", "place": {"town": "Bursa"}}
    assert api.data(query) == {"all": {"rows": [{"row": row}]}}


def test_fragments_and_inline_fragments_are_put_in_place(api: Api) -> None:
    query = """query { people { edges { node { ...who ... on Person { company { ...named } } } } } }
      fragment who on Person { jobTitle } fragment named on Company { name address { ...town } }
      fragment town on Address { addressCity }"""
    [edge] = api.data(query)["people"]["edges"]
    assert edge["node"] == {
        "jobTitle": "dentist",
        "company": {"name": "Clinic", "address": {"addressCity": "Bursa"}},
    }


@pytest.mark.parametrize("wanted", [True, False])
def test_include_and_skip_follow_their_condition(api: Api, wanted: bool) -> None:
    query = f"{{ companies {{ edges {{ node {{ id @skip(if: true) name @include(if: {str(wanted).lower()}) }} }} }} }}"
    [edge] = api.data(query)["companies"]["edges"]
    assert edge["node"] == ({"name": "Clinic"} if wanted else {})


def test_a_variable_left_out_is_undefined_whatever_its_default(api: Api) -> None:
    """As Twenty's direct execution has it: an argument or a field without a value is as if it were not there."""
    query = 'query Q($name: String = "Clinic") { companies(filter: {name: {eq: $name}}) { totalCount } }'
    assert api.data(query) == {"companies": {"totalCount": 0}}
    assert api.data(query, {"name": "Clinic"}) == {"companies": {"totalCount": 1}}
    assert api.data("query Q($first: Int = 0) { companies(first: $first) { edges { node { name } } } }") == {
        "companies": {"edges": [{"node": {"name": "Clinic"}}]}
    }
    create = "mutation C($x: String) { createNote(data: {title: $x, bodyV2: $x, position: $x}) { title position } }"
    assert api.data(create) == {"createNote": {"title": "", "position": 0}}


@pytest.mark.parametrize(
    ("filter_", "refusal"),
    [
        ("{name: $x}", 'Filter value for field "name" must be an object'),
        ("{name: {like: $x}}", 'Filter operator "like" requires a string value for field "name", got undefined'),
        ("{id: {in: [$x]}}", 'Invalid UUID value undefined for field "id"'),
        ("{position: {gt: $x}}", 'Invalid number value undefined for field "position"'),
        ("{and: $x}", "Cannot read properties of undefined (reading 'map')"),
        ("{not: $x}", "Cannot convert undefined or null to object"),
    ],
)
def test_a_filter_of_an_undefined_variable_is_refused(api: Api, filter_: str, refusal: str) -> None:
    assert api.refusal(f"query Q($x: String) {{ companies(filter: {filter_}) {{ totalCount }} }}") == refusal


def test_one_of_several_operations_is_chosen_by_its_name(api: Api) -> None:
    query = "query A { companies { totalCount } } query B { people { totalCount } }"
    assert api.graphql(query, name="B") == {"data": {"people": {"totalCount": 1}}}
    assert "errors" in api.graphql(query)


def test_one_request_may_write_several_objects(api: Api) -> None:
    query = """mutation { a: createNote(data: {title: "one"}) { title } b: createTask(data: {title: "two"}) { title }
      createNotes(data: [{title: "three"}]) { title } }"""
    expected = {"a": {"title": "one"}, "b": {"title": "two"}, "createNotes": [{"title": "three"}]}
    assert api.data(query) == expected


def test_a_failed_root_field_does_not_undo_the_others(api: Api) -> None:
    query = 'mutation { a: createNote(data: {title: "stays"}) { title } b: createTask(data: {nope: 1}) { title } }'
    body = api.graphql(query)
    assert [error["path"] for error in body["errors"]] == [["b"]]
    found = api.data('{ notes(filter: {title: {eq: "stays"}}) { totalCount } }')
    assert found["notes"]["totalCount"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "{",
        "{ }",
        "{ nope { id } }",
        "mutation { createNope(data: {}) { id } }",
        "query { ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
        "{ people(nope: 1) { totalCount } }",
        "mutation { a: createNote(data: {}) { id } b: createNote(data: {}) { id } }",  # one of a kind
        "subscription { people { id } }",
    ],
)
def test_what_is_no_request_is_refused_without_data(api: Api, query: str) -> None:
    body = api.graphql(query)
    assert body["errors"]
    assert not any((body.get("data") or {}).values())


def test_the_schema_is_a_schema_that_clients_can_read_and_follows_the_model(api: Api) -> None:
    schema = build_client_schema(api.data(get_introspection_query()))  # type: ignore[arg-type]
    query = """query Q($filter: PersonFilterInput, $orderBy: [PersonOrderByInput]) {
      people(filter: $filter, orderBy: $orderBy, first: 3) { totalCount edges { node { id name { firstName } } } } }"""
    assert validate(schema, parse(query)) == []
    assert "recalls" not in schema.query_type.fields  # type: ignore[union-attr]
    api.make_object("recall", "recalls", "Recall")
    schema = build_client_schema(api.data(get_introspection_query()))  # type: ignore[arg-type]
    assert "recalls" in schema.query_type.fields  # type: ignore[union-attr]
    assert "upsert" in schema.mutation_type.fields["createRecalls"].args  # type: ignore[union-attr]
