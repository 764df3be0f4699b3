"""POST /graphql: one request from body to answer.

Belongs here: limits of the whole request, the rate limit, partial failure. HTTP is 200 for
everything that GraphQL itself can say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.gql.documents import (
    Documents,
    InvalidDocument,
    Operation,
    Selected,
    count_fields,
)
from dentes_twenty.sandbox.gql.introspection import introspect
from dentes_twenty.sandbox.gql.operations import Root, check_arguments, roots
from dentes_twenty.sandbox.gql.requests import errors_only
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]
Take = Callable[[], str | None]
"""Takes a token of the rate limit: None, or the message that refuses."""

MAXIMUM_ROOTS = 20
MAXIMUM_FIELDS = 2000


class RecordsApi:
    """Answers /graphql for one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        take: Take,
        *,
        per_root_field: bool = False,
    ) -> None:
        self.workspace = workspace
        self.documents = Documents()
        self._take = take
        self._per_root_field = per_root_field
        self._roots: dict[tuple[str, str], Root] = {}
        self._roots_version = -1

    def roots(self) -> dict[tuple[str, str], Root]:
        """The root fields of the data model as it is now."""
        if self._roots_version != self.workspace.model.version:
            self._roots = roots(self.workspace)
            self._roots_version = self.workspace.model.version
        return self._roots

    def execute(self, text: str, variables: Json, name: str | None, signed_in: bool) -> tuple[int, Json]:
        """Status and body of the answer. Without a key the schema is empty, as Twenty's is."""
        try:
            operation = self.documents.operation(text, variables, name)
        except InvalidDocument as error:
            return error.status, errors_only(error.message, locations=error.locations)
        refused = self._refused(operation, signed_in)
        if refused is not None:
            return 200, refused
        if any(root.name.startswith("__") for root in operation.roots):
            return 200, introspect(self.workspace, text, variables, name)
        return 200, self._run(operation)

    def _refused(self, operation: Operation, signed_in: bool) -> Json | None:
        known = self.roots() if signed_in else {}
        names = [root.name for root in operation.roots]
        if operation.kind == "subscription":
            return errors_only("Schema is not configured to execute subscription operation.")
        strange = [name for name in names if (operation.kind, name) not in known]
        if strange and len(strange) < len(names):
            message = "This query cannot be executed as a single request. Please split it into separate queries."
            return errors_only(message, "BAD_USER_INPUT")
        unknown = next((name for name in strange if not name.startswith("__")), None)
        if unknown:
            return errors_only(f'Cannot query field "{unknown}" on type "{operation.kind.capitalize()}".')
        too_many = None
        if len(names) > MAXIMUM_ROOTS:
            too_many = f"root resolvers requested: {len(names)} - Maximum allowed root resolvers: {MAXIMUM_ROOTS}"
        elif (fields := count_fields(operation.roots)) > MAXIMUM_FIELDS:
            too_many = f"fields requested: {fields} - Maximum allowed fields: {MAXIMUM_FIELDS}"
        if too_many:
            return {"data": {}, **errors_only(f"Query too complex - Too many {too_many}", "BAD_USER_INPUT")}
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            return {"data": {}, **errors_only(f'Duplicate root resolver: "{twice}"', "BAD_USER_INPUT")}
        return None

    def _run(self, operation: Operation) -> Json:
        # Twenty runs the root fields side by side, mutations too, so none may rely on another one. Here they run
        # one after another from the last to the first, so that a client that relies on their order finds out.
        data: Json = dict.fromkeys(root.key for root in operation.roots)
        errors: list[Json] = []
        allowed: list[str | None] = []
        for root in reversed(operation.roots):
            try:
                data[root.key] = self._resolve(operation.kind, root, allowed)
            except Refusal as refusal:
                errors.append(refusal.graphql_error([root.key]))
        return {"data": data, "errors": errors} if errors else {"data": data}

    def _resolve(self, kind: str, item: Selected, allowed: list[str | None]) -> Any:
        root = self.roots()[kind, item.name]
        check_arguments(root.kind, item.arguments)
        if self._per_root_field or not allowed:
            allowed[:] = [self._take()]
        if allowed[0] is not None:
            raise Refusal(allowed[0], sub_code="LIMIT_REACHED")
        return root.kind.run(self.workspace, self.workspace.table(root.object), item)
