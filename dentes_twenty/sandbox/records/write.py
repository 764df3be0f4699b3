"""The statements under every write: inserting complete rows, updating columns, and what the database refuses.

Belongs here: not-null, unique and foreign key violations with Twenty's (PostgreSQL's) messages. Does not belong here:
what a client sent (see `prepare`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from dentes_twenty.sandbox.errors import Refusal, data_refused
from dentes_twenty.sandbox.storage import Duplicate, chunks, marks
from dentes_twenty.sandbox.tables import Record, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

MAXIMUM_RECORDS = 200


def duplicate_entry(workspace: Workspace, table: Table, rows: Iterable[Record], own: Sequence[str]) -> Refusal:
    """The refusal of a unique value, or an id, that another record has, soft-deleted ones included.

    GraphQL also says which live record has the unique value; `own` are the ids of the records that are being written.
    """
    for row in rows:
        for _, columns in table.unique_keys:
            values = [row.get(column) for column in columns]
            if None in values:
                continue
            condition = " AND ".join(f"{sql_name(column)} = ?" for column in columns)
            found = workspace.db.rows(
                f"SELECT id FROM {table.sql} WHERE {condition} AND deleted_at IS NULL "  # noqa: S608
                f"AND id NOT IN ({marks(len(own))})",
                [*values, *own],
            )
            if found:
                extensions = {"conflictingRecordId": found[0][0], "conflictingObjectNameSingular": table.name}
                return Refusal("A duplicate entry was detected", extensions=extensions)
    return Refusal("A duplicate entry was detected")


def check_required(table: Table, rows: Iterable[Record], names: Sequence[str] | None = None) -> None:
    """Refuse null in a column that may not be null, in the words of PostgreSQL."""
    for row in rows:
        for name in table.required if names is None else names:
            if row[name] is None:
                raise Refusal(
                    f'null value in column "{name}" of relation "{table.object.relation_name}" '
                    "violates not-null constraint"
                )


def check_text(rows: Iterable[Record]) -> None:
    """PostgreSQL cannot store a NUL character; Twenty answers that with a 500."""
    for row in rows:
        for value in row.values():
            if type(value) is str and "\0" in value:
                raise data_refused()


def insert_rows(workspace: Workspace, table: Table, rows: list[Record]) -> None:
    """Insert complete rows, inside a transaction of the caller. Raises Refusal."""
    check_required(table, rows)
    check_text(rows)
    pick = itemgetter(*table.columns)
    try:
        workspace.db.run_many(table.insert_sql, [pick(row) for row in rows])
    except Duplicate as error:
        raise duplicate_entry(workspace, table, rows, [row["id"] for row in rows]) from error
    check_targets(workspace, table, rows)


def check_targets(workspace: Workspace, table: Table, rows: Sequence[Record]) -> None:
    """Refuse relations to records that do not exist; soft-deleted ones exist. Runs after the rows are written."""
    for relation in table.relations.values():
        wanted = {row[relation.column] for row in rows if row.get(relation.column) is not None}
        if not wanted:
            continue
        target = workspace.table(relation.target)
        found = workspace.db.rows(
            f"SELECT id FROM {target.sql} WHERE id IN ({marks(len(wanted))})",  # noqa: S608
            list(wanted),
        )
        if len(found) < len(wanted):
            raise Refusal(
                f'insert or update on table "{table.object.relation_name}" violates foreign key constraint '
                f'"{relation.constraint}"'
            )


def update_columns(workspace: Workspace, table: Table, ids: Sequence[str], columns: Record) -> None:
    """Set columns of records, inside a transaction of the caller. Raises Refusal."""
    check_required(table, [columns], [name for name in columns if name in table.required])
    check_text([columns])
    assignments = ", ".join(f"{sql_name(name)} = ?" for name in columns)
    values = list(columns.values())
    try:
        for part in chunks(ids):
            workspace.db.run(
                f"UPDATE {table.sql} SET {assignments} WHERE id IN ({marks(len(part))})",  # noqa: S608
                [*values, *part],
            )
    except Duplicate as error:
        raise duplicate_entry(workspace, table, [columns], ids) from error
    check_targets(workspace, table, [columns])


def fetch(workspace: Workspace, table: Table, ids: Sequence[str]) -> dict[str, Record]:
    """Records by id with all columns, soft-deleted ones included; ids without a record are left out."""
    found: dict[str, Record] = {}
    for part in chunks(ids):
        rows = workspace.db.rows(
            f"SELECT {table.select_sql()} FROM {table.sql} WHERE id IN ({marks(len(part))})",  # noqa: S608
            part,
        )
        found.update((record["id"], record) for record in table.records(rows))
    return found
