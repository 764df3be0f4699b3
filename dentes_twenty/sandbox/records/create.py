"""Creating records, with and without `upsert`.

A plain create is one INSERT: all records or none. An upsert looks for each record by its id and by every unique
field, updates those it finds, one after another and each committed at once, and then inserts the rest in one
statement: when that fails, the updates stay. Its answer has the updated records first. All of this is recorded
behaviour (scenarios `upsert-*`, `graphql-upsert`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.fieldspec import FieldSpec
from dentes_twenty.sandbox.records.guards import refuse_member_change
from dentes_twenty.sandbox.records.prepare import (
    Prepared,
    connect_all,
    place_positions,
    prepare,
    unique_label,
)
from dentes_twenty.sandbox.records.write import MAXIMUM_RECORDS, insert_rows, update_columns
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.storage import marks
from dentes_twenty.sandbox.tables import Record, Table, generated, sql_name
from dentes_twenty.sandbox.values import Generated
from dentes_twenty.sandbox.workspace import Workspace


def create(workspace: Workspace, table: Table, data: Any, *, upsert: bool = False) -> list[Record]:
    """Create records from a list of payloads; the stored records in the order of Twenty's answer.

    Raises Refusal. At most 200 records, as the recorded server has it (its documentation says 60).
    """
    refuse_member_change(table, "create")
    if not isinstance(data, list):
        raise stumbled("args.data.forEach is not a function")
    if len(data) > MAXIMUM_RECORDS:
        raise Refusal(
            f"Maximum number of records to upsert is {MAXIMUM_RECORDS}.",
            sub_code="TOO_MANY_RECORDS_TO_UPDATE",
        )
    items = [prepare(table, payload) for payload in data]
    connect_all(workspace, items)
    if upsert:
        return _upsert(workspace, table, items)
    return _insert(workspace, table, items)


def _insert(workspace: Workspace, table: Table, items: list[Prepared]) -> list[Record]:
    if not items:
        return []
    items = place_positions(workspace, table, items)
    now = workspace.clock.now()
    template: Record = {
        **table.defaults,
        **workspace.actor("createdBy"),
        **workspace.actor("updatedBy"),
        "createdAt": now,
        "updatedAt": now,
    }
    fresh = {name: kind for name, kind in table.generated.items() if kind is Generated.UUID}
    template |= {name: generated(kind, now) for name, kind in table.generated.items() if name not in fresh}
    rows = [_row(template, item, fresh) for item in items]
    with workspace.db.transaction():
        for row, item in zip(rows, items, strict=True):
            attach_files(workspace, table, row["id"], item, row, is_new=True)
        insert_rows(workspace, table, rows)
    workspace.events.created(table, rows)
    return rows


def _row(template: Record, item: Prepared, fresh: Iterable[str]) -> Record:
    row = template.copy()
    for name in fresh:
        row[name] = str(uuid.uuid4())
    if "createdBySource" in item.columns or "createdByName" in item.columns:
        row |= {"createdBySource": "MANUAL", "createdByName": "System"}
    row.update(item.columns)
    return row


def attach_files(
    workspace: Workspace, table: Table, record_id: str, item: Prepared, columns: Record, *, is_new: bool = False
) -> None:
    """Tie uploaded files to a record and put what is stored for them into its columns. Raises Refusal."""
    for name, items in item.files.items():
        field_id = table.fields[name].field.id
        try:
            stored = workspace.files.attach(workspace.db.connection, field_id, record_id, items, is_new=is_new)
        except ValueRefused as refused:
            raise Refusal.of_value(refused) from refused
        columns[name] = stored


def _upsert(workspace: Workspace, table: Table, items: list[Prepared]) -> list[Record]:
    matches = _match(workspace, table, items)
    updated: dict[str, Record] = {}
    fresh: list[Prepared] = []
    for item, existing in zip(items, matches, strict=True):
        if existing is None:
            fresh.append(item)
            continue
        current = updated.get(existing["id"], existing)
        updated[existing["id"]] = _update_match(workspace, table, item, current)
    before = {record["id"]: record for record in matches if record is not None}
    workspace.events.updated(table, ((before[key], after) for key, after in updated.items()))
    return [*updated.values(), *_insert(workspace, table, fresh)]


def _update_match(workspace: Workspace, table: Table, item: Prepared, current: Record) -> Record:
    # The stored id wins over the one in the payload, and nobody becomes the author of an old record.
    columns = dict(item.columns)
    for name in [name for name in columns if name == "id" or name.startswith("createdBy")]:
        del columns[name]
    columns.setdefault("deletedAt", None)
    columns.setdefault("updatedAt", workspace.clock.now())
    columns |= workspace.actor("updatedBy")
    with workspace.db.transaction():
        attach_files(workspace, table, current["id"], item, columns)
        update_columns(workspace, table, [current["id"]], columns)
    return {**current, **columns}


def _match(workspace: Workspace, table: Table, items: list[Prepared]) -> list[Record | None]:
    """For each record the stored one it would update. Matches are those before the request began."""
    keys = [(table.fields["id"].spec, ("id",)), *table.unique_keys]
    existing = _candidates(workspace, table, items, keys)
    index = {(spec.name, tuple(record[name] for name in names)): record for record in existing for spec, names in keys}
    return [_match_one(table, item, keys, index) for item in items]


def _match_one(
    table: Table,
    item: Prepared,
    keys: list[tuple[FieldSpec, tuple[str, ...]]],
    index: dict[tuple[str, tuple[Any, ...]], Record],
) -> Record | None:
    found: dict[str, Record] = {}
    labels: list[str] = []
    for spec, names in keys:
        value = _key_value(item, spec.name, names)
        if value is None:
            continue
        labels.append(unique_label(table, spec.name, item.columns))
        record = index.get((spec.name, value))
        if record is not None:
            found[record["id"]] = record
    if len(found) > 1:
        raise Refusal(
            f"Multiple records found with the same unique field values for {', '.join(labels)}. "
            "Cannot determine which record to update.",
            sub_code="UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT",
        )
    return next(iter(found.values()), None)


def _key_value(item: Prepared, name: str, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    if name == "id":
        # Compared as it was sent: an id in capitals finds nobody, and its insert is a duplicate.
        return (item.sent_id,) if item.sent_id else None
    value = tuple(item.columns.get(column) for column in names)
    return None if None in value else value


def _candidates(
    workspace: Workspace,
    table: Table,
    items: list[Prepared],
    keys: Iterable[tuple[FieldSpec, tuple[str, ...]]],
) -> list[Record]:
    found: dict[str, Record] = {}
    for spec, names in keys:
        values = {_key_value(item, spec.name, names) for item in items} - {None}
        if not values:
            continue
        first = [value[0] for value in values if value is not None]
        rows = workspace.db.rows(
            f"SELECT {table.select_sql()} FROM {table.sql} "  # noqa: S608
            f"WHERE {sql_name(names[0])} IN ({marks(len(first))})",
            first,
        )
        found.update((record["id"], record) for record in table.records(rows))
    return list(found.values())
