"""/rest/{objects}: one request from path to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.http import BodyRefused, json_body, json_response, nest_error
from dentes_twenty.sandbox.records import remove, update
from dentes_twenty.sandbox.records.aggregates import group_by
from dentes_twenty.sandbox.records.create import create
from dentes_twenty.sandbox.records.filters import compile_filter
from dentes_twenty.sandbox.records.read import Query, count, find, find_one
from dentes_twenty.sandbox.rest.answers import shown
from dentes_twenty.sandbox.rest.filter_text import parse_filter
from dentes_twenty.sandbox.rest.parameters import (
    Target,
    parse_depth,
    parse_limit,
    parse_order,
    parse_path,
)
from dentes_twenty.sandbox.tables import Record, Table
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]
Parameters = Mapping[str, str]


def limit_reached(message: str) -> Refusal:
    """The answer when the rate limit is used up; without a Retry-After header."""
    return Refusal(message, status=429, error="HttpException")


class RecordsRest:
    """Serves the records of all objects."""

    def __init__(self, workspace: Workspace, take: Callable[[], str | None]) -> None:
        self.workspace = workspace
        self._take = take

    async def serve(self, request: Request) -> Response:
        """Any method on any path below /rest/."""
        try:
            target = parse_path(self.workspace, request.path_params["path"])
            depth = parse_depth(request.query_params.get("depth"))
            body = await json_body(request) if request.method in ("POST", "PUT", "PATCH") else None
            call = _Call(self.workspace, target, request.query_params, depth, body)
            handler = call.handler(request.method)
            if handler is None:
                path = request.url.path
                return nest_error(404, f"Cannot {request.method} {path}", "Not Found")
            limit = parse_limit(request.query_params.get("limit"))
            refused = self._take()
            if refused is not None:
                raise limit_reached(refused)
            call.limit = limit
            status, answer = handler()
        except BodyRefused as error:
            return error.response()
        except Refusal as error:
            return json_response(error.rest_body(), error.status)
        return json_response(answer, status)


class _Call:
    def __init__(self, workspace: Workspace, target: Target, parameters: Parameters, depth: int, body: Any) -> None:
        self.workspace = workspace
        self.table: Table = workspace.table(target.object)
        self.target = target
        self.parameters = parameters
        self.depth = depth
        self.body = body
        self.limit = 0
        self.singular = _capital(self.table.name)
        self.plural = _capital(self.table.plural)

    def handler(self, method: str) -> Callable[[], tuple[int, Any]] | None:
        """What serves a method on this path, None when nothing does."""
        one = self.target.record_id is not None
        action = self.target.action
        if action == "groupBy":
            return self._group_by if method == "GET" else None
        if action == "restore":
            return self._restore if method in ("PATCH", "PUT") else None
        if action in ("duplicates", "merge"):
            return None
        if method == "GET":
            return self._read if one else self._list
        if method == "POST":
            return self._create_batch if action == "batch" else self._create
        if method in ("PATCH", "PUT"):
            return self._update if one else self._update_many
        if method == "DELETE":
            return self._delete if one else self._delete_many
        return None

    def _shown(self, records: Sequence[Record]) -> list[Json]:
        return shown(self.workspace, self.table, records, self.depth)

    def _filter(self) -> Any:
        return parse_filter(self.workspace, self.table, self.parameters.get("filter"))

    def _list(self) -> tuple[int, Any]:
        after, before = self.parameters.get("starting_after"), self.parameters.get("ending_before")
        query = Query(
            filter=self._filter(),
            order_by=parse_order(self.parameters.get("order_by")),
            first=None if before else self.limit,
            last=self.limit if before else None,
            after=after or None,
            before=before or None,
        )
        page = find(self.workspace, self.table, query)
        info = {
            "startCursor": page.cursor(0),
            "endCursor": page.cursor(-1),
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
        }
        answer = {
            "data": {self.table.plural: self._shown(page.records)},
            "totalCount": count(self.workspace, self.table, page.where),
            "pageInfo": info,
        }
        return 200, answer

    def _read(self) -> tuple[int, Any]:
        record = find_one(self.workspace, self.table, {"id": {"eq": self.target.record_id}})
        return 200, {"data": {self.table.name: self._shown([record])[0]}}

    def _create(self) -> tuple[int, Any]:
        records = create(self.workspace, self.table, [self.body], upsert=self._upsert)
        return 201, {"data": {f"create{self.singular}": self._shown(records)[0]}}

    def _create_batch(self) -> tuple[int, Any]:
        records = create(self.workspace, self.table, self.body, upsert=self._upsert)
        return 201, {"data": {f"create{self.plural}": self._shown(records)}}

    @property
    def _upsert(self) -> bool:
        return self.parameters.get("upsert") == "true"

    def _update(self) -> tuple[int, Any]:
        record = update.update_one(self.workspace, self.table, self.target.record_id or "", self.body)
        return 200, {"data": {f"update{self.singular}": self._shown([record])[0]}}

    def _update_many(self) -> tuple[int, Any]:
        where = compile_filter(self.workspace, self.table, self._filter())
        records = update.update_many(self.workspace, self.table, where, self.body)
        return 200, {"data": {f"update{self.plural}": self._shown(records)}}

    @property
    def _softly(self) -> bool:
        return self.parameters.get("soft_delete") == "true"

    def _delete(self) -> tuple[int, Any]:
        record_id = self.target.record_id or ""
        if self._softly:
            record = remove.delete_one(self.workspace, self.table, record_id)
            return 200, {"data": {f"delete{self.singular}": self._shown([record])[0]}}
        gone = remove.destroy_one(self.workspace, self.table, record_id)
        return 200, {"data": {f"delete{self.singular}": {"id": gone["id"]}}}

    def _delete_many(self) -> tuple[int, Any]:
        where = compile_filter(self.workspace, self.table, self._filter())
        if self._softly:
            records = remove.delete_many(self.workspace, self.table, where)
            return 200, {"data": {f"delete{self.plural}": self._shown(records)}}
        gone = remove.destroy_many(self.workspace, self.table, where)
        return 200, {"data": {f"delete{self.plural}": [{"id": record["id"]} for record in gone]}}

    def _restore(self) -> tuple[int, Any]:
        where = compile_filter(self.workspace, self.table, self._filter())
        records = remove.restore_many(self.workspace, self.table, where)
        return 200, {"data": {f"restore{self.plural}": self._shown(records)}}

    def _group_by(self) -> tuple[int, Any]:
        names = self._json("aggregate") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refusal("Invalid aggregate query parameter")
        limit = self.parameters.get("limit")
        groups = group_by(
            self.workspace,
            self.table,
            self._json("group_by"),
            names,
            where=self._filter(),
            order_by=self._json("order_by"),
            limit=None if limit is None else self.limit,
        )
        return 200, [{"groupByDimensionValues": group.dimensions, **group.values} for group in groups]

    def _json(self, name: str) -> Any:
        text = self.parameters.get(name)
        if not text:
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Refusal(f"Invalid {name} query parameter") from error


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
