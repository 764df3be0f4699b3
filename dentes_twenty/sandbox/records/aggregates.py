"""Counts, sums and the like over the records that a filter finds, for connections and for group-by queries.

Belongs here: the names of Twenty's aggregate fields (`sumAmountAmountMicros`, `countNotEmptyId`), their SQL, and
groups. Does not belong here: how an API asks for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dentes_twenty.sandbox.casing import capital
from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.fieldspec import column_name, is_composite
from dentes_twenty.sandbox.granularity import GRANULARITIES, NEED_ZONE, is_zone
from dentes_twenty.sandbox.jsvalues import inspect, to_json_number
from dentes_twenty.sandbox.records.filters import Filter, compile_filter
from dentes_twenty.sandbox.records.read import BIGINT, condition
from dentes_twenty.sandbox.tables import Record, Relation, Table, TableField, sql_name
from dentes_twenty.sandbox.workspace import Workspace

DEFAULT_GROUPS = 50
SUB_CODE = "INVALID_ARGS_GROUP_BY"
SIGNIFICANT_DIGITS = 16
"""PostgreSQL's NUMERIC_MIN_SIG_DIGITS: how exactly it divides."""

AggregateKind = Literal["count", "share", "integer", "average", "float", "text"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate field: its SQL over the alias `t`, and what kind of value it has."""

    sql: str
    kind: AggregateKind = "count"

    def present(self, value: Any) -> Any:
        """The value as GraphQL answers it."""
        return value if self.kind == "text" or value is None else to_json_number(value)

    def in_rest(self, value: Any) -> Any:
        """The value as the REST group-by answers it: exact numbers of the database come as texts there."""
        if value is None or self.kind in ("text", "float"):
            return value
        if self.kind in ("count", "integer"):
            return str(int(value))
        return f"{value:.{_scale(value, self.kind)}f}"


def _scale(value: float, kind: AggregateKind) -> int:
    """How many decimals PostgreSQL gives a quotient; it counts in groups of four digits."""
    weight = -1 if kind == "share" or not value else math.floor(math.log10(abs(value)) / 4)
    return max(SIGNIFICANT_DIGITS - 4 * weight, 0)


def aggregates_of(table: Table) -> dict[str, Aggregate]:
    """All aggregate fields of an object by name."""
    found = {"totalCount": Aggregate("COUNT(*)")}
    for name, known in table.fields.items():
        if known.type == "TS_VECTOR":
            continue
        label = capital(name)
        empty = " AND ".join(f"t.{sql_name(column)} IS NULL" for column in known.columns)
        found |= _counts(label, known.columns[0], empty)
        if known.type == "BOOLEAN":
            column = f"t.{sql_name(name)}"
            found[f"countTrue{label}"] = Aggregate(f"COUNT(*) FILTER (WHERE {column} = 1)")
            found[f"countFalse{label}"] = Aggregate(f"COUNT(*) FILTER (WHERE {column} = 0)")
        elif known.type in ("NUMBER", "NUMERIC"):
            found |= _numbers(label, name, "float")
        elif known.type == "CURRENCY":
            found |= _numbers(f"{label}AmountMicros", column_name(name, "amountMicros"), "integer")
        elif known.type in ("DATE", "DATE_TIME"):
            for each in ("min", "max"):
                found[each + label] = Aggregate(f"{each.upper()}(t.{sql_name(name)})", "text")
    return found


def _counts(label: str, column: str, empty: str) -> dict[str, Aggregate]:
    share = "CASE WHEN COUNT(*) = 0 THEN NULL ELSE COUNT(*) FILTER (WHERE {}) * 1.0 / COUNT(*) END"
    return {
        f"countUniqueValues{label}": Aggregate(f"COUNT(DISTINCT t.{sql_name(column)})"),
        f"countEmpty{label}": Aggregate(f"COUNT(*) FILTER (WHERE {empty})"),
        f"countNotEmpty{label}": Aggregate(f"COUNT(*) FILTER (WHERE NOT ({empty}))"),
        f"percentageEmpty{label}": Aggregate(share.format(empty), "share"),
        f"percentageNotEmpty{label}": Aggregate(share.format(f"NOT ({empty})"), "share"),
    }


def _numbers(label: str, column: str, kind: AggregateKind) -> dict[str, Aggregate]:
    found = {
        f"{name}{label}": Aggregate(f"{name.upper()}(t.{sql_name(column)})", kind) for name in ("min", "max", "sum")
    }
    average: AggregateKind = "average" if kind == "integer" else "float"
    found[f"avg{label}"] = Aggregate(f"AVG(t.{sql_name(column)})", average)
    return found


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
    limit: float | None = None,
) -> list[Group]:
    """Groups with their aggregates, by default in the order of their dimensions. Raises Refusal."""
    if not isinstance(dimensions, list):
        message = 'Missing required argument: "groupBy" must be an array.'
        raise Refusal(message, sub_code="INVALID_QUERY_INPUT")
    condition_ = compile_filter(workspace, table, where)
    expressions = [_dimension(workspace, table, item) for item in dimensions]
    known = aggregates_of(table)
    chosen = [name for name in names if name in known]
    selected = [e.sql for e in expressions] + [known[name].sql for name in chosen] or ["1"]
    order = _group_order(workspace, table, order_by, known) or ", ".join(e.order for e in expressions)
    groups = ", ".join(str(index + 1) for index in range(len(expressions)))
    rows = workspace.db.rows(
        f"SELECT {', '.join(selected)} FROM {table.sql} t WHERE {condition(condition_)}"  # noqa: S608
        f"{' GROUP BY ' + groups if groups else ''}{' ORDER BY ' + order if order else ''} LIMIT ?",
        [*condition_.parameters, _limit_of_groups(limit)],
    )
    width = len(expressions)
    return [
        Group(
            [e.present(value) for value, e in zip(row[:width], expressions, strict=True)],
            {name: known[name].present(value) for name, value in zip(chosen, row[width:], strict=False)},
        )
        for row in rows
    ]


def _limit_of_groups(limit: float | None) -> int:
    """Only a whole number above zero counts, anything else is passed over."""
    if limit is None or limit < 1 or limit != int(limit):
        return DEFAULT_GROUPS
    if float(limit) >= BIGINT:
        raise stumbled("bigint out of range")
    return int(limit)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is grouped by: SQL, how it is ordered, and how its values are answered."""

    sql: str
    order_sql: str
    present: Callable[[Any], Any]

    @property
    def order(self) -> str:
        """PostgreSQL's own order, empty values last."""
        return f"{self.order_sql} ASC NULLS LAST"


def _same(value: Any) -> Any:
    return value


def _plain(sql: str, present: Callable[[Any], Any] = _same) -> Dimension:
    return Dimension(sql, sql, present)


def _dimension(workspace: Workspace, table: Table, item: Any, hop: Relation | None = None) -> Dimension:
    if not isinstance(item, Mapping) or len(item) != 1:
        raise Refusal(f"Invalid groupBy: {inspect(item)}", sub_code=SUB_CODE)
    name, wanted = next(iter(item.items()))
    known = table.fields.get(name)
    if known is not None and is_composite(known.type):
        sub = next(iter(wanted)) if isinstance(wanted, Mapping) and len(wanted) == 1 else None
        if sub in table.sub_types(name):
            return _plain(_at(workspace, column_name(name, sub), hop), to_json_number_or_text)
    elif known is not None:
        return _field_dimension(_at(workspace, name, hop), known, wanted)
    elif name in table.relation_of_column and wanted is True:
        return _plain(_at(workspace, name, hop))
    elif name in table.relations and hop is None and isinstance(wanted, Mapping):
        relation = table.relations[name]
        return _dimension(workspace, workspace.table(relation.target), wanted, relation)
    raise Refusal(f"Unidentified field in groupBy: {name}", sub_code=SUB_CODE)


def _field_dimension(sql: str, known: TableField, wanted: Any) -> Dimension:
    if wanted is True:
        options = [option.value for option in known.spec.options]
        if options and known.type != "MULTI_SELECT":
            places = " ".join(f"WHEN '{value}' THEN {place}" for place, value in enumerate(options))
            return Dimension(sql, f"CASE {sql} {places} END", _same)
        return _plain(sql, bool_or_none if known.type == "BOOLEAN" else to_json_number_or_text)
    if not isinstance(wanted, Mapping):
        raise Refusal(f'Invalid groupBy definition for field "{known.name}"', sub_code=SUB_CODE)
    granularity = wanted.get("granularity")
    if known.type not in ("DATE", "DATE_TIME") or granularity not in GRANULARITIES:
        message = f'Field "{known.name}" does not support nested subfields in groupBy'
        raise Refusal(message, sub_code=SUB_CODE)
    zone = wanted.get("timeZone")
    if granularity in NEED_ZONE and not zone:
        message = "Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year"
        raise Refusal(message, sub_code="MISSING_TIMEZONE_FOR_DATE_GROUP_BY")
    if zone and not is_zone(zone):
        raise Refusal(f'time zone "{zone}" not recognized', sub_code=SUB_CODE)
    return _plain(f"time_group({sql}, '{granularity}', '{zone or ''}')")


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
                continue
            inner, way = _order_of(wanted)
            parts.append(_ordered(_dimension(workspace, table, {name: inner}).sql, way))
    return ", ".join(parts)


def _order_of(wanted: Any) -> tuple[Any, str]:
    """What is ordered by, in the form of a groupBy item, and the direction."""
    if not isinstance(wanted, Mapping):
        return True, str(wanted)
    if "orderBy" in wanted:
        return {key: value for key, value in wanted.items() if key != "orderBy"}, str(wanted["orderBy"])
    key, value = next(iter(wanted.items()), ("", ""))
    inner, way = _order_of(value)
    return {key: inner}, way


def _ordered(sql: str, direction: str) -> str:
    way = "DESC" if direction.startswith("Desc") else "ASC"
    return f"{sql} {way} NULLS {'FIRST' if direction.endswith('First') else 'LAST'}"
