"""/rest/{objects}: one request from path to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from dentes_twenty.sandbox.casing import capital
from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.http import BodyRefused, json_body, json_response, nest_error
from dentes_twenty.sandbox.records import remove, update
from dentes_twenty.sandbox.records.aggregates import aggregates_of, group_by
from dentes_twenty.sandbox.records.create import create
from dentes_twenty.sandbox.records.filters import compile_filter
from dentes_twenty.sandbox.records.read import Query, count, find, find_one
from dentes_twenty.sandbox.rest.answers import shallow, shown
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

GROUP_BY_FORM = (
    'Invalid group_by query parameter - should be a valid array of objects - ex: [{"firstField": true}, '
    '{"secondField": {"subField": true}}, {"dateField": {"granularity": \'DAY\'}}]'
)
AGGREGATE_FORM = (
    'Invalid aggregate query parameter - should be a valid array of string - ex: ["countNotEmptyId", "countEmptyField"]'
)
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
        self.singular = capital(self.table.name)
        self.plural = capital(self.table.plural)

    def handler(self, method: str) -> Callable[[], tuple[int, Any]] | None:
        """What serves a method on this path, None when nothing does.

        Words like batch and merge count only where they mean something: GET of them lists, POST creates.
        """
        one, action = self.target.record_id is not None, self.target.action
        by_method = {
            "GET": self._read if one else self._group_by if action == "groupBy" else self._list,
            "POST": self._create_batch if action == "batch" else self._create,
            "PATCH": self._restore if action == "restore" else self._update if one else self._update_many,
            "DELETE": self._delete if one else self._delete_many,
        }
        by_method["PUT"] = by_method["PATCH"]
        by_method["HEAD"] = by_method["GET"]
        return by_method.get(method)

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
        if "filter" not in self.parameters:
            operation = "delete" if self._softly else "destroy"
            raise Refusal(
                f"Filters are mandatory for bulk {operation} operations. Please provide at least one filter to "
                "prevent accidental deletion of all records."
            )
        where = compile_filter(self.workspace, self.table, self._filter())
        if self._softly:
            records = remove.delete_many(self.workspace, self.table, where)
            return 200, {"data": {f"delete{self.plural}": shallow(self.table, records)}}
        gone = remove.destroy_many(self.workspace, self.table, where)
        return 200, {"data": {f"delete{self.plural}": [{"id": record["id"]} for record in gone]}}

    def _restore(self) -> tuple[int, Any]:
        where = compile_filter(self.workspace, self.table, self._filter())
        records = remove.restore_many(self.workspace, self.table, where)
        return 200, {"data": {f"restore{self.plural}": self._shown(records)}}

    def _group_by(self) -> tuple[int, Any]:
        names = self._json("aggregate", [], AGGREGATE_FORM)
        unknown = [str(name) for name in names if name not in aggregates_of(self.table)]
        if unknown:
            raise Refusal(f"Unknown aggregate field(s): {', '.join(unknown)}")
        groups = group_by(
            self.workspace,
            self.table,
            self._json("group_by", None, GROUP_BY_FORM),
            names,
            where=self._filter(),
            order_by=self._json("order_by", [], "Invalid order_by query parameter"),
            limit=None if self.parameters.get("limit") is None else self.limit,
        )
        known = aggregates_of(self.table)
        return 200, [
            {
                **{name: known[name].in_rest(value) for name, value in group.values.items()},
                "groupByDimensionValues": group.dimensions,
            }
            for group in groups
        ]

    def _json(self, name: str, default: Any, refusal: str) -> list[Any]:
        text = self.parameters.get(name)
        try:
            value = orjson.loads(text) if text else default
        except orjson.JSONDecodeError as error:
            raise Refusal(refusal) from error
        if value is None or (name == "aggregate" and not isinstance(value, list)):
            raise Refusal(refusal)
        return value if isinstance(value, list) else []
