"""Updating one record by id, or all records that a filter finds with one set of values."""

from __future__ import annotations

from typing import Any

from dentes_twenty.sandbox.errors import NotFound, Refusal
from dentes_twenty.sandbox.records.create import attach_files
from dentes_twenty.sandbox.records.filters import Filter
from dentes_twenty.sandbox.records.guards import refuse_member_change
from dentes_twenty.sandbox.records.prepare import Prepared, connect_all, prepare
from dentes_twenty.sandbox.records.read import matching_ids
from dentes_twenty.sandbox.records.write import MAXIMUM_RECORDS, fetch, update_columns
from dentes_twenty.sandbox.storage import marks
from dentes_twenty.sandbox.tables import Record, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace


def update_one(workspace: Workspace, table: Table, record_id: str, data: Any) -> Record:
    """Update a record, a soft-deleted one too; what was not sent stays. Raises Refusal, NotFound."""
    item = _prepared(workspace, table, data)
    current = fetch(workspace, table, [record_id]).get(record_id)
    if current is None:
        raise NotFound
    if item.columns.get("id") == record_id:
        del item.columns["id"]
    columns = _stamped(workspace, table, item)
    with workspace.db.transaction():
        if "id" in columns:
            _refuse_if_pointed_at(workspace, table, record_id)
        attach_files(workspace, table, record_id, item, columns)
        update_columns(workspace, table, [record_id], columns)
    after = {**current, **columns}
    workspace.events.updated(table, [(current, after)])
    return after


def update_many(workspace: Workspace, table: Table, where: Filter | None, data: Any) -> list[Record]:
    """Update all records that the filter finds; without a filter ALL records, as Twenty does. Raises Refusal."""
    refuse_member_change(table, "updateMany")
    item = _prepared(workspace, table, data)
    ids = matching_ids(workspace, table, where)
    if len(ids) > MAXIMUM_RECORDS:
        raise Refusal(
            f"Cannot update more than {MAXIMUM_RECORDS} records at once.",
            sub_code="TOO_MANY_RECORDS_TO_UPDATE",
        )
    if not ids:
        return []
    columns = _stamped(workspace, table, item)
    before = fetch(workspace, table, ids)
    with workspace.db.transaction():
        for record_id in ids:
            attach_files(workspace, table, record_id, item, columns)
        update_columns(workspace, table, ids, columns)
    after = [{**before[record_id], **columns} for record_id in ids]
    workspace.events.updated(table, ((before[record["id"]], record) for record in after))
    return after


def _prepared(workspace: Workspace, table: Table, data: Any) -> Prepared:
    item = prepare(table, data, updating=True)
    connect_all(workspace, [item])
    if item.place is not None:
        low, high = workspace.db.rows(f"SELECT MIN(position), MAX(position) FROM {table.sql}")[0]  # noqa: S608
        item.columns["position"] = (low or 0) - 1 if item.place == "first" else (high or 0) + 1
    return item


def _stamped(workspace: Workspace, table: Table, item: Prepared) -> Record:
    columns = dict(item.columns)
    columns.setdefault("updatedAt", workspace.clock.now())
    return columns | workspace.actor("updatedBy")


def _refuse_if_pointed_at(workspace: Workspace, table: Table, record_id: str) -> None:
    for other, relation in workspace.model.pointing_at(table.object):
        source = workspace.table(other)
        column = sql_name(relation.join_column or "")
        found = workspace.db.value(
            f"SELECT 1 FROM {source.sql} WHERE {column} IN ({marks(1)}) LIMIT 1",  # noqa: S608
            [record_id],
        )
        if found is not None:
            raise Refusal(
                f'update or delete on table "{table.object.relation_name}" violates foreign key constraint '
                f'"{source.relations[relation.name].constraint}" on table "{other.relation_name}"'
            )
