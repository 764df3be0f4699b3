"""A sandbox on a free port, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.sandbox.workspace import Member


class Api:
    """Calls one sandbox with its API key."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def graphql(self, query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> dict[str, Any]:
        """The whole body of a GraphQL answer."""
        body = {"query": query, "variables": variables or {}, "operationName": name}
        return dict(self.client.post("/graphql", json=body).json())

    def data(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of a GraphQL answer, which must have no errors."""
        body = self.graphql(query, variables)
        assert "errors" not in body, body["errors"]
        return dict(body["data"])

    def refusal(self, query: str, variables: dict[str, Any] | None = None) -> str:
        """The message of a GraphQL answer, which must have one error."""
        [error] = self.graphql(query, variables)["errors"]
        return str(error["message"])

    def rest(self, method: str, path: str, body: Any = None, **parameters: str) -> httpx.Response:
        """The answer of the REST API."""
        return self.client.request(method, f"/rest/{path}", json=body, params=parameters)

    def create(self, plural: str, *records: dict[str, Any], upsert: bool = False) -> list[dict[str, Any]]:
        """Records as the REST API answers a batch."""
        answer = self.rest("POST", f"batch/{plural}", list(records), **({"upsert": "true"} if upsert else {}))
        assert answer.status_code == 201, answer.text
        return list(next(iter(answer.json()["data"].values())))

    def make_object(self, singular: str, plural: str, label: str) -> str:
        """The id of a new object."""
        names = {"nameSingular": singular, "namePlural": plural, "labelSingular": label, "labelPlural": f"{label}s"}
        return self._made("metadata/objects", names)

    def make_field(self, object_id: str, name: str, kind: str = "TEXT", **more: Any) -> str:
        """The id of a new field."""
        sent = {"objectMetadataId": object_id, "name": name, "label": name, "type": kind, **more}
        return self._made("metadata/fields", sent)

    def _made(self, path: str, sent: dict[str, Any]) -> str:
        answer = self.rest("POST", path, sent)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def object(self, singular: str) -> dict[str, Any]:
        """An object as the metadata API describes it, its fields by name."""
        found = self.rest("GET", "metadata/objects", limit="200").json()["data"]
        [item] = [item for item in found if item["nameSingular"] == singular]
        return {**item, "fields": {field["name"]: field for field in item["fields"]}}


@contextmanager
def sandbox(state: str = ":memory:") -> Iterator[Api]:
    """A workspace with one member, Ada Lovelace."""
    options = SandboxOptions(state=state, members=(Member("ada@example.com", "Ada", "Lovelace"),))
    with SandboxServer(options) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
            yield Api(client)
