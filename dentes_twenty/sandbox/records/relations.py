"""Loading what records are connected with: the one record on the other side, or the list of them.

Soft-deleted records are not loaded. Loads for all parents at once, so that a page costs one statement per relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dentes_twenty.sandbox.model import Field
from dentes_twenty.sandbox.storage import chunks, marks
from dentes_twenty.sandbox.tables import Record, Relation, Table, sql_name
from dentes_twenty.sandbox.workspace import Workspace

CHILDREN_PER_PARENT = 60
"""Twenty's QUERY_MAX_RECORDS_FROM_RELATION."""


def load_targets(
    workspace: Workspace, relation: Relation, ids: Iterable[str | None], columns: list[str] | None = None
) -> dict[str, Record]:
    """The live records that the ids of a to-one relation name, by id."""
    target = workspace.table(relation.target)
    names = None if columns is None else [*dict.fromkeys(["id", *columns])]
    found: dict[str, Record] = {}
    for part in chunks([i for i in {*ids} if i is not None]):
        rows = workspace.db.rows(
            f"SELECT {target.select_sql(names)} FROM {target.sql} "  # noqa: S608
            f"WHERE id IN ({marks(len(part))}) AND deleted_at IS NULL",
            part,
        )
        found.update((record["id"], record) for record in target.records(rows, names))
    return found


def child_side(workspace: Workspace, field: Field) -> tuple[Table, str]:
    """The table of the records in a to-many field, and its column with the id of the parent."""
    child = workspace.model.target(field)
    inverse = workspace.model.fields[field.target_field_id or ""]
    return workspace.table(child), inverse.join_column or ""


def load_children(
    workspace: Workspace, field: Field, parent_ids: Sequence[str], *, columns: list[str] | None = None
) -> dict[str, list[Record]]:
    """The live records of a to-many field for each parent, in the order of their ids, at most 60 each."""
    child, column = child_side(workspace, field)
    names = [*dict.fromkeys([column, "id", *(child.columns if columns is None else columns)])]
    found: dict[str, list[Record]] = {parent: [] for parent in parent_ids}
    for part in chunks(list(found)):
        rows: list[tuple[Any, ...]] = workspace.db.rows(
            f"SELECT {child.select_sql(names)} FROM (SELECT t.*, ROW_NUMBER() OVER ("  # noqa: S608
            f"PARTITION BY t.{sql_name(column)} ORDER BY t.id) n "
            f"FROM {child.sql} t WHERE t.{sql_name(column)} IN ({marks(len(part))}) "
            "AND t.deleted_at IS NULL) WHERE n <= ? ORDER BY n",
            [*part, CHILDREN_PER_PARENT],
        )
        for record in child.records(rows, names):
            found[record[column]].append(record)
    return found
