"""A workspace in a file: everything that was answered is there after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dentes_twenty_tests.sandbox.api import Api, sandbox

FIELDS: dict[str, dict[str, Any]] = {
    "TEXT": {},
    "NUMBER": {"settings": {"dataType": "float", "decimals": 2}},
    "BOOLEAN": {"defaultValue": True},
    "DATE": {},
    "DATE_TIME": {},
    "CURRENCY": {},
    "EMAILS": {},
    "PHONES": {},
    "LINKS": {},
    "ADDRESS": {},
    "FULL_NAME": {},
    "RICH_TEXT": {},
    "ARRAY": {},
    "RAW_JSON": {},
    "RATING": {},
    "SELECT": {"options": [{"value": "A", "label": "A", "color": "red", "position": 0}]},
    "MULTI_SELECT": {"options": [{"value": "A", "label": "A", "color": "red", "position": 0}]},
}
VALUES: dict[str, Any] = {
    "ownText": "İğne",
    "ownNumber": 1.25,
    "ownDate": "1980-02-29",
    "ownDateTime": "2024-05-01T10:00:00.123Z",
    "ownCurrency": {"amountMicros": 12_345_678_901_234, "currencyCode": "TRY"},
    "ownEmails": {"primaryEmail": "ay@example.com", "additionalEmails": ["b@example.com"]},
    "ownPhones": {"primaryPhoneNumber": "+905320000001"},
    "ownLinks": {"primaryLinkUrl": "https://example.com", "primaryLinkLabel": "site"},
    "ownFullName": {"firstName": "Ay", "lastName": "Demir"},
    "ownRichText": {"markdown": "**kalın**"},
    "ownArray": ["a", "b"],
    "ownRawJson": {"a": [1, None]},
    "ownSelect": "A",
    "ownMultiSelect": ["A"],
}


def _name(kind: str) -> str:
    return "own" + "".join(part.capitalize() for part in kind.split("_"))


def _everything(api: Api) -> tuple[Any, ...]:
    objects = api.rest("GET", "metadata/objects", limit="200").json()
    fields = api.rest("GET", "metadata/fields", limit="200").json()
    plurals = ("samples", "people", "tasks", "taskTargets", "workspaceMembers")
    return objects, fields, *(api.rest("GET", plural).json() for plural in plurals)


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    state = str(tmp_path / "workspace.db")
    with sandbox(state) as api:
        made = api.make_object("sample", "samples", "Sample")
        for kind, more in FIELDS.items():
            api.make_field(made, _name(kind), kind, **more)
        relation = {
            "type": "MANY_TO_ONE",
            "targetObjectMetadataId": made,
            "targetFieldLabel": "People",
            "targetFieldIcon": "I",
        }
        api.make_field(api.object("person")["id"], "sample", "RELATION", relationCreationPayload=relation)
        api.make_field(made, "code", isUnique=True)
        [sample] = api.create("samples", VALUES | {"code": "1"})
        [person] = api.create("people", {"sampleId": sample["id"]})
        [task] = api.create("tasks", {"title": "call"})
        api.create("taskTargets", {"taskId": task["id"], "targetSampleId": sample["id"]})
        [gone] = api.create("tasks", {"title": "deleted"})
        api.rest("DELETE", f"tasks/{gone['id']}", soft_delete="true")
        before = _everything(api)
        old_key = api.client.headers["Authorization"]
    with sandbox(state) as api:
        assert _everything(api) == before
        assert api.client.get("/rest/samples", headers={"Authorization": old_key}).status_code == 200
        assert api.rest("POST", "samples", {"code": "1"}).status_code == 400
        assert api.rest("POST", "people", {"sampleId": gone["id"]}).status_code == 400
        restored = api.rest("PATCH", "restore/tasks", filter=f"id[eq]:{gone['id']}")
        assert [task["title"] for task in restored.json()["data"]["restoreTasks"]] == ["deleted"]
        api.make_field(made, "late")
        [both] = api.create("samples", {"id": sample["id"], "late": "x"}, upsert=True)
        assert (both["ownText"], both["late"], person["sampleId"]) == ("İğne", "x", sample["id"])
