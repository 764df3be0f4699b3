"""The data model read from metadata of several versions, and the documents made from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.twenty import documents
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import CallRefused, ModelMismatch
from dentes_twenty.twenty.metadata import read_model
from dentes_twenty.twenty.model import ObjectInfo, parse_model
from dentes_twenty.twenty.naming import camel_case
from dentes_twenty_tests.twenty import workspaces
from dentes_twenty_tests.twenty.stub import Reply, Request, StubServer, data

KEY = "key"
OWN = "0f8fad5b-d9cb-569f-a165-70867728950e"


def page(objects: list[dict[str, Any]], cursor: str | None = None) -> Reply:
    edges = [{"node": item} for item in objects]
    return data(objects={"edges": edges, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}})


@pytest.mark.parametrize("made", [workspaces.twenty_2, workspaces.twenty_2_by_rest], ids=["graphql", "rest"])
def test_links_of_2x_point_through_target_columns(made: Any) -> None:
    model = parse_model(made())
    assert model.link_column("taskTarget", "person") == "targetPersonId"
    assert model.link_column("taskTarget", "opportunity") == "targetOpportunityId"
    assert model.link_column("taskTarget", "task") == "taskId"
    assert model.link_column("attachment", "note") == "targetNoteId"


def test_links_of_1x_point_through_plain_columns() -> None:
    model = parse_model(workspaces.twenty_1())
    assert model.link_column("taskTarget", "person") == "personId"
    assert model.object("task").field("bodyV2").type == "RICH_TEXT"


def test_a_link_that_cannot_be_made_is_named() -> None:
    with pytest.raises(ModelMismatch, match=r"taskTarget\.targetNoteId"):
        workspaces.model().link_column("taskTarget", "note")


def test_a_relation_is_known_by_its_name_and_by_its_join_column() -> None:
    person = workspaces.model().object("person")
    assert person.field("company") is person.field("companyId")
    assert person.field("company").relation_to == ("company",)
    assert "taskTargets" not in person.columns
    assert [f.name for f in person.unique_fields] == ["emails"]


def test_the_fingerprint_changes_with_the_model_and_not_with_its_ids_or_labels() -> None:
    first = workspaces.twenty_2()
    relabelled = workspaces.twenty_2()
    for item in relabelled:
        item["id"] = item["id"][::-1]
        item["labelSingular"] = "Other"
        for raw in item["fieldsList"]:
            raw["id"] = raw["id"][::-1]
            raw["label"] = "Other"
    longer = workspaces.twenty_2()
    longer[0]["fieldsList"].append(workspaces.field("person", "birthDate", "DATE"))
    more_options = workspaces.twenty_2()
    more_options[2]["fieldsList"][8]["options"] += workspaces.options("BOOKED")
    assert parse_model(first).fingerprint() == parse_model(relabelled).fingerprint()
    assert len({parse_model(m).fingerprint() for m in (first, longer, more_options)}) == 3


@pytest.mark.anyio
async def test_the_model_is_read_in_pages() -> None:
    objects = workspaces.twenty_2()
    async with (
        StubServer(page(objects[:3], "c3"), page(objects[3:])) as server,
        TwentyClient(server.url, KEY) as client,
    ):
        model = await read_model(client)
        assert [r.json["variables"]["paging"].get("after") for r in server.requests] == [None, "c3"]
    assert set(model.objects) == {o["nameSingular"] for o in objects}


@pytest.mark.anyio
async def test_a_property_that_a_version_lacks_is_left_out() -> None:
    def answer(request: Request) -> Reply:
        if "morphRelations" in request.json["query"]:
            return Reply({"errors": [{"message": 'Cannot query field "morphRelations" on type "Field".'}]})
        return page(workspaces.twenty_1())

    async with StubServer(answer) as server, TwentyClient(server.url, KEY) as client:
        model = await read_model(client)
        assert len(server.requests) == 2
    assert model.link_column("taskTarget", "person") == "personId"


@pytest.mark.anyio
@pytest.mark.parametrize("legacy", [False, True])
async def test_rest_metadata_is_read_where_graphql_does_not_answer(legacy: bool) -> None:
    objects = workspaces.twenty_2_by_rest()

    def answer(request: Request) -> Reply:
        if request.path == "/metadata":
            return Reply({"message": "Cannot POST /metadata", "error": "Not Found", "statusCode": 404}, 404)
        part = objects[3:] if "starting_after=c3" in request.path else objects[:3]
        more = "starting_after" not in request.path
        body = {"objects": part} if legacy else part
        return Reply({"data": body, "pageInfo": {"hasNextPage": more, "endCursor": "c3" if more else None}})

    async with StubServer(answer) as server, TwentyClient(server.url, KEY) as client:
        model = await read_model(client)
    assert model.object("person").field("emails").is_unique
    assert model.link_column("attachment", "person") == "targetPersonId"


def test_composites_are_selected_whole_and_relations_by_their_column() -> None:
    person = workspaces.model().object("person")
    assert documents.selection(person, ["emails", "company", "jobTitle"]) == (
        "id emails{primaryEmail additionalEmails} companyId jobTitle"
    )
    assert "searchVector" not in documents.selection(person)
    assert "companyId" in documents.selection(person)


def test_the_blocks_of_a_rich_text_are_selected_only_when_asked_for() -> None:
    task = workspaces.model().object("task")
    assert documents.selection(task, ["bodyV2"]) == "id bodyV2{markdown}"
    assert documents.selection(task, ["bodyV2"], blocknote=True) == "id bodyV2{blocknote markdown}"


def test_a_link_is_selected_with_all_its_targets() -> None:
    selected = documents.selection(workspaces.model().object("taskTarget"), ["task", "target"])
    assert selected == "id taskId targetPersonId targetCompanyId targetOpportunityId"


@pytest.mark.parametrize("name", ["nope", "searchVector", "taskTargets"])
def test_a_field_that_would_be_answered_as_null_is_refused_before_asking(name: str) -> None:
    with pytest.raises(ModelMismatch):
        documents.selection(workspaces.model().object("person"), [name])


def test_operations_are_named_as_twenty_names_them() -> None:
    company = workspaces.model().object("company")
    assert documents.create_many(company, "id", upsert=True) == (
        "mutation($data:[CompanyCreateInput!]!){createCompanies(data:$data,upsert:true){id}}"
    )
    assert documents.by_ids(company, "destroy") == (
        "mutation($filter:CompanyFilterInput!){destroyCompanies(filter:$filter){id}}"
    )
    assert documents.group_by(company, ["address.addressCity"], ["totalCount"], 500).startswith(
        "query($filter:CompanyFilterInput){companiesGroupBy(groupBy:[{address:{addressCity:true}}]"
    )


@pytest.mark.parametrize("ids", [[], [""], ["*"], [OWN.upper()], [OWN] * 201, OWN, [None], [OWN, "x"]])
def test_a_write_by_filter_without_real_ids_cannot_be_built(ids: Any) -> None:
    with pytest.raises(CallRefused):
        documents.ids_filter(ids)


@given(st.lists(st.uuids(version=4).map(str) | st.text(max_size=40), max_size=205))
def test_every_filter_for_a_write_names_between_1_and_200_ids(ids: list[str]) -> None:
    try:
        built = documents.ids_filter(ids)
    except CallRefused:
        assert not ids or len(ids) > 200 or not all(map(documents.is_record_id, ids))
    else:
        assert set(built) == {"id"}
        assert 1 <= len(built["id"]["in"]) <= 200


@pytest.mark.parametrize("names", [[], ["totalCount} people{id"], ["a b"]])
def test_only_names_get_into_a_document(names: list[str]) -> None:
    with pytest.raises(CallRefused):
        documents.aggregate(workspaces.model().object("person"), names)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("people", "people"),
        ("billingLedgers", "billingLedgers"),
        ("formKVKKOnam2as", "formKvkkOnam2As"),  # found on 2.19
        ("myVisits2", "myVisits2"),
        ("visit2nd", "visit2Nd"),
        ("form3D", "form3D"),
        ("real8e12fs", "real8E12Fs"),
    ],
)
def test_operations_are_named_in_the_camel_case_of_lodash(name: str, written: str) -> None:
    assert camel_case(name) == written
    item = ObjectInfo("1", "one", name, "One", "Many", {})
    assert documents.list_name(item) == written
    assert documents.create_name(item) == f"create{written[0].upper()}{written[1:]}"
