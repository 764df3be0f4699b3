"""Timeline entries: made a moment after the answer, for what a person did, not for bookkeeping."""

from __future__ import annotations

import time
from typing import Any

from dentes_twenty_tests.sandbox.api import Api

QUERY = """query T($id: UUID) { timelineActivities(filter: {targetPersonId: {eq: $id}}, first: 200,
  orderBy: [{happensAt: AscNullsFirst}]) {
    edges { node { name properties linkedRecordCachedName linkedRecordId } } } }"""


def _entries(api: Api, person: str, number: int) -> list[dict[str, Any]]:
    """The entries of a person once there are that many; a little later there must not be more."""
    deadline = time.monotonic() + 10
    while True:
        edges = api.data(QUERY, {"id": person})["timelineActivities"]["edges"]
        if len(edges) >= number or time.monotonic() > deadline:
            assert len(edges) == number
            return [edge["node"] for edge in edges]
        time.sleep(0.05)


def test_a_life_of_a_person_is_told_in_order(api: Api) -> None:
    [person] = api.create("people", {"jobTitle": "patient"})
    path = f"people/{person['id']}"
    api.rest("PATCH", path, {"jobTitle": "guardian", "name": {"firstName": "Ay"}})
    api.rest("DELETE", path, soft_delete="true")
    api.rest("PATCH", "restore/people", filter=f"id[eq]:{person['id']}")
    created, updated, deleted, restored = _entries(api, person["id"], 4)
    names = [entry["name"] for entry in (created, updated, deleted, restored)]
    assert names == ["person.created", "person.updated", "person.deleted", "person.restored"]
    diff = updated["properties"]["diff"]
    assert set(diff) == {"jobTitle", "name"}
    assert diff["jobTitle"] == {"before": "patient", "after": "guardian"}
    assert diff["name"]["after"] == {"firstName": "Ay", "lastName": ""}


def test_an_update_that_changes_nothing_is_not_told(api: Api) -> None:
    [person] = api.create("people", {"jobTitle": "same"})
    api.rest("PATCH", f"people/{person['id']}", {"jobTitle": "same"})
    api.create("people", {"id": person["id"], "jobTitle": "same"}, upsert=True)
    time.sleep(0.5)
    assert [entry["name"] for entry in _entries(api, person["id"], 1)] == ["person.created"]


def test_a_linked_note_shows_on_the_person(api: Api) -> None:
    [person], [note] = api.create("people", {}), api.create("notes", {"title": "allergy"})
    api.create("noteTargets", {"noteId": note["id"], "targetPersonId": person["id"]})
    [linked] = [entry for entry in _entries(api, person["id"], 2) if entry["name"] == "linked-note.created"]
    assert (linked["linkedRecordCachedName"], linked["linkedRecordId"]) == ("allergy", note["id"])


def test_entries_of_what_is_destroyed_go_with_it(api: Api) -> None:
    [person] = api.create("people", {})
    _entries(api, person["id"], 1)
    api.rest("DELETE", f"people/{person['id']}")
    total = api.data(
        "query T($id: UUID) { timelineActivities(filter: {targetPersonId: {eq: $id}}) { totalCount } }",
        {"id": person["id"]},
    )
    assert total["timelineActivities"]["totalCount"] == 0
