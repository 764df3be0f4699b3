"""Finding records: pages in an order, one record, ids for writes by filter, and counts.

Belongs here: which rows, in which order, how many. Does not belong here: related records (see `relations`), the
shape of answers (see `graphql`, `rest`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dentes_twenty.sandbox.errors import NotFound, Refusal, data_refused
from dentes_twenty.sandbox.records.filters import Filter, compile_filter
from dentes_twenty.sandbox.records.order import (
    Term,
    beyond,
    compile_order,
    decode_cursor,
    encode_cursor,
)
from dentes_twenty.sandbox.tables import Record, Table
from dentes_twenty.sandbox.workspace import Workspace

DEFAULT_PAGE = 200
BIGINT = 2.0**63
"""The first number that PostgreSQL's bigint cannot hold; numbers in requests are doubles."""


@dataclass(slots=True)
class Query:
    """What to find, in Twenty's terms. `first`/`after` page forwards, `last`/`before` backwards."""

    filter: Any = None
    order_by: Any = None
    first: float | None = None
    last: float | None = None
    after: str | None = None
    before: str | None = None
    offset: float = 0
    columns: list[str] | None = None
    """The columns that are needed; None for all."""


@dataclass(slots=True)
class Page:
    """Records of one page with what pageInfo says about it."""

    where: Filter
    records: list[Record]
    terms: list[Term]
    places: list[tuple[Any, ...]]
    """The ordering values of each record, from which its cursor is made when somebody asks for it."""
    has_next: bool
    has_previous: bool

    def cursor(self, index: int) -> str | None:
        """The cursor of a record by its place on the page, None on an empty page."""
        return encode_cursor(self.terms, self.places[index]) if self.places else None


def condition(where: Filter, *, with_deleted: bool = False) -> str:
    """The SQL condition of a filter; soft-deleted records show only to filters that mention deletedAt."""
    if with_deleted or where.mentions_deleted:
        return where.sql
    return "t.deleted_at IS NULL" if where.sql == "1" else f"t.deleted_at IS NULL AND ({where.sql})"


def find(workspace: Workspace, table: Table, query: Query) -> Page:
    """One page of records. Raises Refusal."""
    for name, count in (("First", query.first), ("Last", query.last)):
        if count is not None and count < 0:
            raise Refusal(f"{name} argument must be non-negative", sub_code=f"INVALID_ARGS_{name.upper()}")
    if query.first is not None and query.last is not None:
        raise Refusal("Cannot provide both first and last", sub_code="ARGS_CONFLICT")
    if query.after is not None and query.before is not None:
        raise Refusal("Cannot provide both before and after", sub_code="ARGS_CONFLICT")
    where = compile_filter(workspace, table, query.filter)
    terms = compile_order(workspace, table, query.order_by)
    backward = query.before is not None
    limit = query.last if backward and query.last is not None else query.first
    limit = query.last if limit is None else limit
    limit = DEFAULT_PAGE if limit is None else math.ceil(limit)
    if float(limit) >= BIGINT or query.offset < 0 or float(query.offset) >= BIGINT:
        raise data_refused()
    rows = _page_rows(workspace, table, query, where, terms, limit)
    more = len(rows) > limit
    rows = rows[:limit]
    if backward:
        rows.reverse()
    width = len(terms)
    return Page(
        where=where,
        records=table.records([row[width:] for row in rows], query.columns),
        terms=terms,
        places=[row[:width] for row in rows],
        has_next=more and not backward,
        has_previous=more and backward,
    )


def _page_rows(
    workspace: Workspace, table: Table, query: Query, where: Filter, terms: Sequence[Term], limit: int
) -> list[tuple[Any, ...]]:
    sql, parameters = condition(where), list(where.parameters)
    cursor = query.before if query.before is not None else query.after
    if query.before is not None:
        terms = [term.reversed() for term in terms]
    if cursor is not None:
        further, own = beyond(terms, decode_cursor(terms, cursor))
        sql, parameters = f"{sql} AND {further}", parameters + own
    selected = ", ".join(term.value_sql for term in terms)
    order = ", ".join(term.clause() for term in terms)
    return workspace.db.rows(
        f"SELECT {selected}, {table.select_sql(query.columns, 't')} FROM {table.sql} t "  # noqa: S608
        f"WHERE {sql} ORDER BY {order} LIMIT ? OFFSET ?",
        [*parameters, limit + 1, math.ceil(query.offset)],
    )


def find_one(workspace: Workspace, table: Table, condition_object: Any, columns: list[str] | None = None) -> Record:
    """The first record that a filter finds. Raises NotFound, Refusal."""
    page = find(workspace, table, Query(filter=condition_object, first=1, columns=columns))
    if not page.records:
        raise NotFound
    return page.records[0]


def count(workspace: Workspace, table: Table, where: Filter) -> int:
    """How many records a filter finds."""
    if where.sql == "1" and not where.mentions_deleted:
        # Two index counts instead of a walk through all rows: totalCount stays flat on large tables.
        sql = (
            f"SELECT (SELECT COUNT(*) FROM {table.sql}) - "  # noqa: S608
            f"(SELECT COUNT(*) FROM {table.sql} WHERE deleted_at IS NOT NULL)"
        )
        return int(workspace.db.value(sql))
    sql = f"SELECT COUNT(*) FROM {table.sql} t WHERE {condition(where)}"  # noqa: S608
    return int(workspace.db.value(sql, where.parameters))


def matching_ids(workspace: Workspace, table: Table, where: Filter | None, *, with_deleted: bool = False) -> list[str]:
    """The ids of all records that a filter finds, in their order."""
    chosen = where or Filter("1", is_empty=True)
    sql = condition(chosen, with_deleted=with_deleted)
    rows = workspace.db.rows(
        f"SELECT t.id FROM {table.sql} t WHERE {sql} ORDER BY t.id",  # noqa: S608
        chosen.parameters,
    )
    return [row[0] for row in rows]
