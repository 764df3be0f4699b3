"""Counts, sums and the like over the records that a filter finds, for connections and for group-by queries.

Belongs here: the names of Twenty's aggregate fields (`sumAmountAmountMicros`, `countNotEmptyId`), their SQL, and
groups. Does not belong here: how an API asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.fieldspec import column_name, is_composite
from dentes_twenty.sandbox.jsvalues import inspect, to_json_number
from dentes_twenty.sandbox.records.filters import Filter, compile_filter
from dentes_twenty.sandbox.records.read import condition
from dentes_twenty.sandbox.tables import Record, Relation, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

DEFAULT_GROUPS = 50
SUB_CODE = "INVALID_ARGS_GROUP_BY"
GRANULARITIES: Mapping[str, Callable[[str], str]] = {
    "DAY": lambda sql: f"substr({sql}, 1, 10)",
    "WEEK": lambda sql: f"date(substr({sql}, 1, 10), 'weekday 0', '-6 days')",
    "MONTH": lambda sql: f"substr({sql}, 1, 7) || '-01'",
    "QUARTER": lambda sql: (
        f"substr({sql}, 1, 5) || printf('%02d', ((CAST(substr({sql}, 6, 2) AS INTEGER) - 1) / 3) * 3 + 1) || '-01'"
    ),
    "YEAR": lambda sql: f"substr({sql}, 1, 4) || '-01-01'",
    "DAY_OF_THE_WEEK": lambda sql: f"strftime('%w', {sql})",
    "MONTH_OF_THE_YEAR": lambda sql: f"substr({sql}, 6, 2)",
    "QUARTER_OF_THE_YEAR": lambda sql: f"(CAST(substr({sql}, 6, 2) AS INTEGER) + 2) / 3",
    "NONE": lambda sql: sql,
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate field: its SQL over the alias `t`, and whether it is a number."""

    sql: str
    is_number: bool = True

    def present(self, value: Any) -> Any:
        """The answered value."""
        return to_json_number(value) if self.is_number and value is not None else value


def aggregates_of(table: Table) -> dict[str, Aggregate]:
    """All aggregate fields of an object by name."""
    found = {"totalCount": Aggregate("COUNT(*)")}
    for name, known in table.fields.items():
        if known.type in ("TS_VECTOR", "ACTOR"):
            continue
        label = name[0].upper() + name[1:]
        empty = " AND ".join(f"t.{sql_name(column)} IS NULL" for column in known.columns)
        found |= _counts(label, known.columns[0], empty)
        if known.type == "BOOLEAN":
            column = f"t.{sql_name(name)}"
            found[f"countTrue{label}"] = Aggregate(f"COUNT(*) FILTER (WHERE {column} = 1)")
            found[f"countFalse{label}"] = Aggregate(f"COUNT(*) FILTER (WHERE {column} = 0)")
        elif known.type in ("NUMBER", "NUMERIC"):
            found |= _numbers(label, name)
        elif known.type == "CURRENCY":
            found |= _numbers(f"{label}AmountMicros", column_name(name, "amountMicros"))
        elif known.type in ("DATE", "DATE_TIME"):
            for kind in ("min", "max"):
                found[kind + label] = Aggregate(f"{kind.upper()}(t.{sql_name(name)})", is_number=False)
    for column in table.relation_of_column:
        label = column[0].upper() + column[1:]
        found |= _counts(label, column, f"t.{sql_name(column)} IS NULL")
    return found


def _counts(label: str, column: str, empty: str) -> dict[str, Aggregate]:
    share = "CASE WHEN COUNT(*) = 0 THEN NULL ELSE COUNT(*) FILTER (WHERE {}) * 1.0 / COUNT(*) END"
    return {
        f"countUniqueValues{label}": Aggregate(f"COUNT(DISTINCT t.{sql_name(column)})"),
        f"countEmpty{label}": Aggregate(f"COUNT(*) FILTER (WHERE {empty})"),
        f"countNotEmpty{label}": Aggregate(f"COUNT(*) FILTER (WHERE NOT ({empty}))"),
        f"percentageEmpty{label}": Aggregate(share.format(empty)),
        f"percentageNotEmpty{label}": Aggregate(share.format(f"NOT ({empty})")),
    }


def _numbers(label: str, column: str) -> dict[str, Aggregate]:
    return {
        f"{kind}{label}": Aggregate(f"{kind.upper()}(t.{sql_name(column)})") for kind in ("min", "max", "avg", "sum")
    }


def aggregate(workspace: Workspace, table: Table, where: Filter, names: Sequence[str]) -> Record:
    """The named aggregates over the records that a filter finds; names that do not exist are left out."""
    known = aggregates_of(table)
    chosen = [name for name in names if name in known]
    if not chosen:
        return {}
    sql = ", ".join(known[name].sql for name in chosen)
    row = workspace.db.rows(
        f"SELECT {sql} FROM {table.sql} t WHERE {condition(where)}",  # noqa: S608
        where.parameters,
    )[0]
    return {name: known[name].present(value) for name, value in zip(chosen, row, strict=True)}


@dataclass(frozen=True, slots=True)
class Group:
    """One group: the values it is grouped by, its aggregates, and the condition that finds its records."""

    dimensions: list[Any]
    values: Record


def group_by(
    workspace: Workspace,
    table: Table,
    dimensions: Any,
    names: Sequence[str],
    *,
    where: Any = None,
    order_by: Any = None,
    limit: int | None = None,
) -> list[Group]:
    """Groups with their aggregates, by default in the order of their dimensions. Raises Refusal."""
    if not isinstance(dimensions, list) or not dimensions:
        raise Refusal('Missing required argument: "groupBy" (array)', sub_code="INVALID_QUERY_INPUT")
    condition_ = compile_filter(workspace, table, where)
    expressions = [_dimension(workspace, table, item) for item in dimensions]
    known = aggregates_of(table)
    chosen = [name for name in names if name in known]
    selected = [sql for sql, _ in expressions] + [known[name].sql for name in chosen]
    places = ", ".join(str(index + 1) for index in range(len(expressions)))
    order = _group_order(workspace, table, order_by, known) or places
    rows = workspace.db.rows(
        f"SELECT {', '.join(selected)} FROM {table.sql} t WHERE {condition(condition_)} "  # noqa: S608
        f"GROUP BY {places} ORDER BY {order} LIMIT ?",
        [*condition_.parameters, DEFAULT_GROUPS if limit is None else limit],
    )
    width = len(expressions)
    return [
        Group(
            [present(value) for value, (_, present) in zip(row[:width], expressions, strict=True)],
            {name: known[name].present(value) for name, value in zip(chosen, row[width:], strict=True)},
        )
        for row in rows
    ]


def _same(value: Any) -> Any:
    return value


def _dimension(
    workspace: Workspace, table: Table, item: Any, hop: Relation | None = None
) -> tuple[str, Callable[[Any], Any]]:
    if not isinstance(item, Mapping) or len(item) != 1:
        raise Refusal(f"Invalid groupBy: {inspect(item)}", sub_code=SUB_CODE)
    name, wanted = next(iter(item.items()))
    known = table.fields.get(name)
    if known is not None and is_composite(known.type) and isinstance(wanted, Mapping) and len(wanted) == 1:
        sub = next(iter(wanted))
        if sub in table.sub_types(name):
            return _at(workspace, column_name(name, sub), hop), _same
    elif known is not None and isinstance(wanted, Mapping) and known.type in ("DATE", "DATE_TIME"):
        granularity = GRANULARITIES.get(str(wanted.get("granularity", "DAY")))
        if granularity is not None:
            return granularity(_at(workspace, name, hop)), _same
    elif known is not None and wanted is True and not is_composite(known.type):
        convert = bool_or_none if known.type == "BOOLEAN" else to_json_number_or_text
        return _at(workspace, name, hop), convert
    elif name in table.relation_of_column and wanted is True:
        return _at(workspace, name, hop), _same
    elif name in table.relations and hop is None and isinstance(wanted, Mapping):
        relation = table.relations[name]
        return _dimension(workspace, workspace.table(relation.target), wanted, relation)
    raise Refusal(f'Invalid groupBy for field "{name}" of object {table.name}', sub_code=SUB_CODE)


def bool_or_none(value: Any) -> Any:
    """A stored BOOLEAN as answered."""
    return None if value is None else bool(value)


def to_json_number_or_text(value: Any) -> Any:
    """A stored number without a needless fraction; anything else as it is."""
    return to_json_number(value) if isinstance(value, float) else value


def _at(workspace: Workspace, column: str, hop: Relation | None) -> str:
    if hop is None:
        return f"t.{sql_name(column)}"
    target = workspace.table(hop.target)
    return (
        f"(SELECT r.{sql_name(column)} FROM {target.sql} r "  # noqa: S608
        f"WHERE r.id = t.{sql_name(hop.column)} AND r.deleted_at IS NULL)"
    )


def _group_order(workspace: Workspace, table: Table, order_by: Any, known: Mapping[str, Aggregate]) -> str:
    parts = []
    for item in order_by if isinstance(order_by, list) else []:
        for name, wanted in item.items() if isinstance(item, Mapping) else ():
            if name == "aggregate" and isinstance(wanted, Mapping):
                parts += [_ordered(known[key].sql, way) for key, way in wanted.items() if key in known]
            elif isinstance(wanted, str):
                parts.append(_ordered(_dimension(workspace, table, {name: True})[0], wanted))
            elif isinstance(wanted, Mapping) and isinstance(way := next(iter(wanted.values()), None), str):
                key = next(iter(wanted))
                inner = {name: {"granularity": wanted.get("granularity", "DAY")}}
                if key not in ("orderBy", "granularity"):
                    inner = {name: {key: True}}
                parts.append(_ordered(_dimension(workspace, table, inner)[0], str(wanted.get("orderBy", way))))
    return ", ".join(parts)


def _ordered(sql: str, direction: str) -> str:
    way = "DESC" if direction.startswith("Desc") else "ASC"
    return f"{sql} {way} NULLS {'FIRST' if direction.endswith('First') else 'LAST'}"
