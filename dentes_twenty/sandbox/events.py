"""The timeline: entries in timelineActivities about records that were created, changed, deleted, restored or linked.

Twenty's background worker writes them a moment after the answer. Here writes are noted during the request and the
entries are made when `flush` is called, which the application does a little later, so that a load does not pay
for them in each request.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from dentes_twenty.sandbox.storage import marks
from dentes_twenty.sandbox.tables import Record, Table

if TYPE_CHECKING:
    from dentes_twenty.sandbox.workspace import Workspace

LINKS = {"noteTarget": ("note", "noteId"), "taskTarget": ("task", "taskId")}
UNTOLD = frozenset({"updatedAt", "updatedBy", "createdBy", "position", "searchVector", "deletedAt", "id"})
"""Fields whose change makes no entry."""
ENTRIES_PER_FLUSH = 2000


@dataclass(slots=True)
class Note:
    """Something that happened to a record; `before` is set for updates only."""

    object_name: str
    kind: str
    record: Record
    before: Record | None
    moment: str


class Events:
    """Notes writes and makes the entries about them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._notes: list[Note] = []

    @property
    def pending(self) -> bool:
        """Whether entries wait to be made."""
        return bool(self._notes)

    def created(self, table: Table, records: Iterable[Record]) -> None:
        """Records that were inserted."""
        self._note(table, "created", ((record, None) for record in records))

    def updated(self, table: Table, changes: Iterable[tuple[Record, Record]]) -> None:
        """Records before and after an update."""
        self._note(table, "updated", ((after, before) for before, after in changes))

    def deleted(self, table: Table, records: Iterable[Record]) -> None:
        """Records that were soft-deleted."""
        self._note(table, "deleted", ((record, None) for record in records))

    def restored(self, table: Table, records: Iterable[Record]) -> None:
        """Records that were restored."""
        self._note(table, "restored", ((record, None) for record in records))

    def _note(self, table: Table, kind: str, changes: Iterable[tuple[Record, Record | None]]) -> None:
        is_link = table.name in LINKS and kind == "created"
        if is_link or self._target_column(table) is not None:
            moment = self._workspace.clock.now()
            self._notes += [Note(table.name, kind, record, before, moment) for record, before in changes]

    def _target_column(self, table: Table) -> str | None:
        column = f"target{table.object.capital}Id"
        timeline = self._workspace.table_named("timelineActivity")
        return column if column in timeline.relation_of_column else None

    def flush(self) -> None:
        """Make the entries for the oldest notes; call again while `pending`."""
        notes, self._notes = self._notes[:ENTRIES_PER_FLUSH], self._notes[ENTRIES_PER_FLUSH:]
        timeline = self._workspace.table_named("timelineActivity")
        entries = [entry for note in notes for entry in self._entries(note)]
        template: Record = {
            **timeline.defaults,
            "createdBySource": "MANUAL",
            "createdByName": "System",
            "updatedBySource": "MANUAL",
            "updatedByName": "System",
            "position": 0,
            "properties": "{}",
        }
        rows = []
        for entry in self._alive(timeline, entries):
            moments = dict.fromkeys(("createdAt", "updatedAt", "happensAt"), entry.pop("moment"))
            rows.append({**template, "id": str(uuid.uuid4()), **moments, **entry})
        pick = itemgetter(*timeline.columns)
        with self._workspace.db.transaction():
            self._workspace.db.run_many(timeline.insert_sql, [pick(row) for row in rows])

    def _entries(self, note: Note) -> list[Record]:
        item = self._workspace.model.by_singular.get(note.object_name)
        if item is None:  # the object was deleted meanwhile
            return []
        table = self._workspace.table(item)
        if note.object_name in LINKS:
            return self._link_entries(table, note)
        column = self._target_column(table)
        entry: Record = {
            "name": f"{note.object_name}.{note.kind}",
            "moment": note.moment,
            column or "": note.record["id"],
        }
        if note.before is not None:
            diff = _difference(table, note.before, note.record)
            if not diff:
                return []
            entry["properties"] = orjson.dumps({"diff": diff}).decode()
        return [entry] if column else []

    def _link_entries(self, table: Table, note: Note) -> list[Record]:
        """A note or task that was linked shows on the timeline of what it was linked to."""
        singular, column = LINKS[note.object_name]
        linked = self._workspace.table_named(singular)
        found = self._workspace.db.rows(
            f"SELECT title FROM {linked.sql} WHERE id = ?",  # noqa: S608
            [note.record[column]],
        )
        entry = {
            "name": f"linked-{singular}.created",
            "moment": note.moment,
            "linkedRecordCachedName": found[0][0] if found else None,
            "linkedRecordId": note.record[column],
            "linkedObjectMetadataId": linked.object.id,
        }
        timeline = self._workspace.table_named("timelineActivity")
        targets = [
            name
            for name, relation in table.relation_of_column.items()
            if relation.field.morph_id and name in timeline.relation_of_column and note.record[name]
        ]
        return [{**entry, name: note.record[name]} for name in targets] if found else []

    def _alive(self, timeline: Table, entries: list[Record]) -> list[Record]:
        """The entries whose record still exists."""
        wanted: dict[str, set[str]] = {}
        for entry in entries:
            for name in entry.keys() & timeline.relation_of_column.keys():
                wanted.setdefault(name, set()).add(entry[name])
        found: dict[str, set[str]] = {}
        for name, ids in wanted.items():
            target = self._workspace.table(timeline.relation_of_column[name].target)
            sql = f"SELECT id FROM {target.sql} WHERE id IN ({marks(len(ids))})"  # noqa: S608
            found[name] = {row[0] for row in self._workspace.db.rows(sql, list(ids))}
        return [entry for entry in entries if all(entry[name] in found[name] for name in entry.keys() & found.keys())]


def _difference(table: Table, before: Record, after: Record) -> dict[str, Any]:
    """Field -> {before, after} as answered, for what an update has changed."""
    diff: dict[str, Any] = {}
    for name, known in table.fields.items():
        if name not in UNTOLD and _differs(known.columns, before, after):
            diff[name] = {"before": known.present(before), "after": known.present(after)}
    for name, relation in table.relations.items():
        if _differs((relation.column,), before, after):
            diff[name] = {"before": {"id": before[relation.column]}, "after": {"id": after[relation.column]}}
    return diff


def _differs(columns: Sequence[str], before: Record, after: Record) -> bool:
    return any(before[column] != after[column] for column in columns)
