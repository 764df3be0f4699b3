"""Soft deletion, restoring, and destroying, with what goes along.

Soft-deleting a task or note soft-deletes its links and restoring brings them back. Destroying follows the
relations that point at a record: links to people, companies and opportunities go with it, other columns become null.
"""

from __future__ import annotations

from collections.abc import Sequence

from dentes_twenty.sandbox.errors import NotFound
from dentes_twenty.sandbox.records.filters import Filter
from dentes_twenty.sandbox.records.guards import refuse_member_change
from dentes_twenty.sandbox.records.read import matching_ids
from dentes_twenty.sandbox.records.write import fetch
from dentes_twenty.sandbox.storage import chunks, marks
from dentes_twenty.sandbox.tables import Record, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

LINKS = {"task": ("taskTarget", "taskId"), "note": ("noteTarget", "noteId")}


def delete_many(workspace: Workspace, table: Table, where: Filter | None) -> list[Record]:
    """Soft-delete what the filter finds; an empty filter finds everything."""
    refuse_member_change(table, "delete")
    return _set_deleted(workspace, table, matching_ids(workspace, table, where), deleted=True)


def delete_one(workspace: Workspace, table: Table, record_id: str) -> Record:
    """Soft-delete a record; one that is soft-deleted already is fine. Raises NotFound."""
    refuse_member_change(table, "delete")
    return _one(_set_deleted(workspace, table, [record_id], deleted=True))


def restore_many(workspace: Workspace, table: Table, where: Filter | None) -> list[Record]:
    """Restore what the filter finds among all records; without a filter all records."""
    refuse_member_change(table, "restore")
    ids = matching_ids(workspace, table, where, with_deleted=True)
    return _set_deleted(workspace, table, ids, deleted=False)


def restore_one(workspace: Workspace, table: Table, record_id: str) -> Record:
    """Restore a record; a live one is fine. Raises NotFound."""
    refuse_member_change(table, "restore")
    return _one(_set_deleted(workspace, table, [record_id], deleted=False))


def destroy_many(workspace: Workspace, table: Table, where: Filter | None) -> list[Record]:
    """Remove what the filter finds for good, soft-deleted records included; an empty filter finds everything."""
    refuse_member_change(table, "destroy")
    return _destroy_all(workspace, table, matching_ids(workspace, table, where, with_deleted=True))


def destroy_one(workspace: Workspace, table: Table, record_id: str) -> Record:
    """Remove a record for good, a soft-deleted one too. Raises NotFound."""
    refuse_member_change(table, "destroy")
    return _one(_destroy_all(workspace, table, [record_id]))


def _one(records: list[Record]) -> Record:
    if not records:
        raise NotFound
    return records[0]


def _set_deleted(workspace: Workspace, table: Table, ids: Sequence[str], *, deleted: bool) -> list[Record]:
    found = fetch(workspace, table, ids)
    now = workspace.clock.now()
    present = [record_id for record_id in ids if record_id in found]
    columns: Record = {
        "deletedAt": now if deleted else None,
        "updatedAt": now,
        **workspace.actor("updatedBy"),
    }
    with workspace.db.transaction():
        _set(workspace, table, "id", present, columns)
        if table.name in LINKS:
            links, column = LINKS[table.name]
            _set(workspace, workspace.table_named(links), column, present, columns)
    after = [{**found[record_id], **columns} for record_id in present]
    (workspace.events.deleted if deleted else workspace.events.restored)(table, after)
    return after


def _set(workspace: Workspace, table: Table, column: str, ids: Sequence[str], columns: Record) -> None:
    assignments = ", ".join(f"{sql_name(name)} = ?" for name in columns)
    for part in chunks(ids):
        workspace.db.run(
            f"UPDATE {table.sql} SET {assignments} WHERE {sql_name(column)} IN ({marks(len(part))})",  # noqa: S608
            [*columns.values(), *part],
        )


def _destroy_all(workspace: Workspace, table: Table, ids: Sequence[str]) -> list[Record]:
    found = fetch(workspace, table, ids)
    present = [record_id for record_id in ids if record_id in found]
    if present:
        with workspace.db.transaction():
            _destroy(workspace, table, present, list(found.values()))
    return [found[record_id] for record_id in present]


def _destroy(workspace: Workspace, table: Table, ids: Sequence[str], records: list[Record]) -> None:
    holders = [r["id"] for r in records if any(r[known.name] is not None for known in table.files)]
    if holders:
        workspace.files.release_records(workspace.db.connection, holders)
    for part in chunks(ids):
        workspace.db.run(f"DELETE FROM {table.sql} WHERE id IN ({marks(len(part))})", part)  # noqa: S608
    for other, relation in workspace.model.pointing_at(table.object):
        source = workspace.table(other)
        column = sql_name(relation.join_column or "")
        for part in chunks(ids):
            condition = f"{column} IN ({marks(len(part))})"
            if not relation.cascades:
                workspace.db.run(f"UPDATE {source.sql} SET {column} = NULL WHERE {condition}", part)  # noqa: S608
                continue
            below = workspace.db.rows(f"SELECT id FROM {source.sql} WHERE {condition}", part)  # noqa: S608
            if below:
                lost = [row[0] for row in below]
                _destroy(workspace, source, lost, list(fetch(workspace, source, lost).values()))
