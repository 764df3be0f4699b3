"""The data model as it changes: what a change does to the records and to both APIs at once."""

from __future__ import annotations

import pytest

from dentes_twenty_tests.sandbox.api import Api

OPTIONS = [
    {"value": "SOFT", "label": "Soft", "color": "green", "position": 0},
    {"value": "HARD", "label": "Hard", "color": "red", "position": 1},
]


def test_a_new_object_is_served_at_once_everywhere(api: Api) -> None:
    api.make_object("visit", "visits", "Visit")
    [visit] = api.create("visits", {"name": "first"})
    assert api.data("{ visits { edges { node { id name } } } }")["visits"]["edges"][0]["node"]["id"] == visit["id"]
    for link in ("noteTarget", "taskTarget", "attachment", "timelineActivity"):
        assert api.object(link)["fields"]["targetVisit"]["type"] == "MORPH_RELATION"
    [task] = api.create("tasks", {"title": "call"})
    api.create("taskTargets", {"taskId": task["id"], "targetVisitId": visit["id"]})
    linked = api.data("{ visits { edges { node { taskTargets { edges { node { task { title } } } } } } } }")
    assert linked["visits"]["edges"][0]["node"]["taskTargets"]["edges"] == [{"node": {"task": {"title": "call"}}}]


def test_a_new_field_has_its_default_on_old_records(api: Api) -> None:
    api.create("tasks", {"title": "old"})
    task = api.object("task")["id"]
    api.make_field(task, "chair")
    api.make_field(task, "minutes", "NUMBER", defaultValue=30)
    api.make_field(task, "food", "SELECT", options=OPTIONS, defaultValue="'SOFT'")
    query = '{ tasks(filter: {title: {eq: "old"}}) { edges { node { chair minutes food } } } }'
    assert api.data(query)["tasks"]["edges"] == [{"node": {"chair": "", "minutes": 30, "food": "SOFT"}}]


def test_a_renamed_field_keeps_its_values_and_loses_its_old_name(api: Api) -> None:
    field = api.make_field(api.object("company")["id"], "taxOffice")
    api.create("companies", {"name": "Lab", "taxOffice": "Kadıköy"})
    assert (
        api.rest("PATCH", f"metadata/fields/{field}", {"name": "taxBureau", "label": "Tax bureau"}).status_code == 200
    )
    query = "{ companies { edges { node { taxBureau taxOffice } } } }"
    assert api.data(query)["companies"]["edges"] == [{"node": {"taxBureau": "Kadıköy", "taxOffice": None}}]
    assert "taxOffice" in api.rest("POST", "companies", {"taxOffice": "x"}).json()["messages"][0]


def test_a_renamed_object_takes_its_records_and_links_along(api: Api) -> None:
    made = api.make_object("chair", "chairs", "Chair")
    [chair] = api.create("chairs", {"name": "left"})
    [note] = api.create("notes", {"title": "oil it"})
    api.create("noteTargets", {"noteId": note["id"], "targetChairId": chair["id"]})
    names = {"nameSingular": "unit", "namePlural": "units", "labelSingular": "Unit", "labelPlural": "Units"}
    assert api.rest("PATCH", f"metadata/objects/{made}", names).status_code == 200
    assert api.rest("GET", "chairs").status_code == 400
    query = "{ units { edges { node { name noteTargets { edges { node { targetUnitId } } } } } } }"
    [edge] = api.data(query)["units"]["edges"]
    assert edge["node"] == {"name": "left", "noteTargets": {"edges": [{"node": {"targetUnitId": chair["id"]}}]}}


def test_a_field_with_duplicates_cannot_become_unique_and_one_without_can(api: Api) -> None:
    field = api.make_field(api.object("note")["id"], "externalId")
    first, second = api.create("notes", {"externalId": "A"}, {"externalId": "A"})
    assert api.rest("PATCH", f"metadata/fields/{field}", {"isUnique": True}).status_code == 500
    assert not api.object("note")["fields"]["externalId"]["isUnique"]
    api.rest("PATCH", f"notes/{second['id']}", {"externalId": "B"})
    api.rest("DELETE", f"notes/{second['id']}", soft_delete="true")
    assert api.rest("PATCH", f"metadata/fields/{field}", {"isUnique": True}).status_code == 200
    answer = api.rest("POST", "notes", {"externalId": "B"})
    assert answer.status_code == 400  # a deleted record still holds its value
    assert "duplicate" in answer.json()["messages"][0].lower()
    [again] = api.create("notes", {"externalId": "A", "title": "same"}, upsert=True)
    assert again["id"] == first["id"]


def test_what_is_deleted_is_gone_with_its_relations(api: Api) -> None:
    made = api.make_object("shelf", "shelves", "Shelf")
    relation = {
        "type": "MANY_TO_ONE",
        "targetObjectMetadataId": made,
        "targetFieldLabel": "Supplies",
        "targetFieldIcon": "IconBox",
    }
    api.make_field(api.object("task")["id"], "shelf", "RELATION", relationCreationPayload=relation)
    assert "supplies" in api.object("shelf")["fields"]
    assert api.rest("DELETE", f"metadata/objects/{made}").status_code == 200
    assert api.rest("GET", "shelves").status_code == 400
    assert api.refusal("{ shelves { totalCount } }") == 'Cannot query field "shelves" on type "Query".'
    assert "shelf" not in api.object("task")["fields"]
    assert "targetShelf" not in api.object("noteTarget")["fields"]
    assert api.data("{ tasks { edges { node { shelfId } } } }")  # an unknown field is null, as recorded


def test_the_older_names_of_a_select_option_stay_until_it_is_removed(api: Api) -> None:
    field = api.make_field(api.object("opportunity")["id"], "diet", "SELECT", options=OPTIONS)
    api.create("opportunities", {"name": "a", "diet": "SOFT"}, {"name": "b", "diet": "HARD"})
    options = api.object("opportunity")["fields"]["diet"]["options"]
    soft, hard = sorted(options, key=lambda option: option["position"])
    changed = [{**hard, "label": "Crunchy", "value": "CRUNCHY"}]
    assert api.rest("PATCH", f"metadata/fields/{field}", {"options": changed}).status_code == 200
    query = "{ opportunities(orderBy: [{name: AscNullsFirst}]) { edges { node { diet } } } }"
    assert [edge["node"]["diet"] for edge in api.data(query)["opportunities"]["edges"]] == [None, "CRUNCHY"]
    assert api.rest("POST", "opportunities", {"diet": soft["value"]}).status_code == 400


@pytest.mark.parametrize(
    "names",
    [
        {"nameSingular": "person", "namePlural": "persons", "labelSingular": "X", "labelPlural": "Xs"},
        {"nameSingular": "sameName", "namePlural": "sameName", "labelSingular": "X", "labelPlural": "Xs"},
        {"nameSingular": "Bad name", "namePlural": "bads", "labelSingular": "X", "labelPlural": "Xs"},
        {"nameSingular": "plan", "namePlural": "plans", "labelSingular": "X", "labelPlural": "Xs"},
        {"nameSingular": "x" * 64, "namePlural": "xs", "labelSingular": "X", "labelPlural": "Xs"},
    ],
)
def test_a_refused_object_leaves_nothing_behind(api: Api, names: dict[str, str]) -> None:
    before = api.rest("GET", "metadata/objects", limit="200").json()["totalCount"]
    assert api.rest("POST", "metadata/objects", names).status_code == 400
    assert api.rest("GET", "metadata/objects", limit="200").json()["totalCount"] == before
