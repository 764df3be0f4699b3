"""One workspace: its database, its data model and the identity of the API key that works in it.

Belongs here: opening or founding the workspace, the clock, compiled tables. Does not belong here: rules of records
(see `records`) and of the data model (see `metadata`).
"""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dentes_twenty.sandbox.auth import Authority
from dentes_twenty.sandbox.events import Events
from dentes_twenty.sandbox.files import FileStore
from dentes_twenty.sandbox.model import DataModel, Field, Object
from dentes_twenty.sandbox.standard.build import new_id, standard_model
from dentes_twenty.sandbox.storage import (
    SCHEMA_VERSION,
    Database,
    fields_table,
    objects_table,
)
from dentes_twenty.sandbox.tables import Record, Table, create_table, table_name
from dentes_twenty.sandbox.values import Presenter


@dataclass(frozen=True, slots=True)
class Member:
    """A workspace member: a person of the practice with a login. Members exist from the start; no API makes them."""

    email: str
    first_name: str
    last_name: str


class Clock:
    """The time as Twenty writes it: UTC, milliseconds; every reading is later than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> str:
        """`2026-07-01T08:30:00.123Z`."""
        self._last = max(time.time_ns() // 1_000_000, self._last + 1)
        moment = datetime.fromtimestamp(self._last // 1000, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self._last % 1000:03d}Z"


class Workspace:
    """The open workspace. Everything in it runs on one thread."""

    def __init__(self, state: str, members: Sequence[Member]) -> None:
        self.db = Database(state)
        self.clock = Clock()
        if self.db.is_new:
            with self.db.transaction():
                self._found()
        else:
            self.model = self._load()
        self.id = self.db.setting("workspace_id") or ""
        self.model.workspace_id = self.id
        self.schema_name = "workspace_" + _base36(uuid.UUID(self.id).int)
        self.authority = Authority.open(self.db, self.id)
        folder = None if self.db.is_memory else Path(f"{state}.files")
        self.files = FileStore(self.db.engine, folder, self.authority.secret)
        self.base_url = "http://127.0.0.1"
        """Scheme and host of the request being served, for the signed URLs of files."""
        self.events = Events(self)
        self._tables: dict[str, Table] = {}
        self._tables_version = self.model.version
        with self.db.transaction():
            self._add_members(members)

    def _found(self) -> None:
        self.db.set_setting("schema_version", SCHEMA_VERSION)
        self.db.set_setting("workspace_id", new_id())
        self.model = standard_model(self.clock.now())
        for item in self.model:
            create_table(self.db, item)
        self.save_objects(list(self.model))

    def _load(self) -> DataModel:
        objects = {body["id"]: Object(**body) for body in self.db.saved(objects_table)}
        for body in self.db.saved(fields_table):
            field = Field(**body)
            objects[field.object_id].fields[field.name] = field
        return DataModel(list(objects.values()))

    def save_objects(self, objects: Sequence[Object]) -> None:
        """Write objects and all of their fields to the state."""
        rows = []
        for item in objects:
            body = {f.name: getattr(item, f.name) for f in dataclasses.fields(item) if f.name != "fields"}
            sequence = list(self.model.objects).index(item.id)
            rows.append({"id": item.id, "sequence": sequence, "body": json.dumps(body)})
        self.db.save(objects_table, rows)
        self.save_fields([field for item in objects for field in item.fields.values()])

    def save_fields(self, fields: Sequence[Field]) -> None:
        """Write fields to the state."""
        order = {field_id: place for place, field_id in enumerate(self.model.fields)}
        self.db.save(
            fields_table,
            [
                {
                    "id": field.id,
                    "object_id": field.object_id,
                    "sequence": order[field.id],
                    "body": json.dumps(dataclasses.asdict(field)),
                }
                for field in fields
            ],
        )

    def forget(self, objects: Sequence[Object], fields: Sequence[Field]) -> None:
        """Remove objects and fields from the state."""
        self.db.forget(objects_table, [item.id for item in objects])
        self.db.forget(fields_table, [field.id for field in fields])

    def table(self, item: Object) -> Table:
        """The compiled table of an object, made anew after the data model has changed."""
        if self._tables_version != self.model.version:
            self._tables.clear()
            self._tables_version = self.model.version
        found = self._tables.get(item.id)
        if found is None:
            found = self._tables[item.id] = Table(item, self.model)
            for known in found.files:
                known.present = self._file_presenter(known.name)
        return found

    def _file_presenter(self, name: str) -> Presenter:
        return lambda row: self.files.present(row[name], self.base_url)

    def table_named(self, singular: str) -> Table:
        """The compiled table of a standard object."""
        return self.table(self.model.by_singular[singular])

    def actor(self, prefix: str) -> Record:
        """The columns of createdBy or updatedBy for a write with the API key."""
        return {
            f"{prefix}Source": "API",
            f"{prefix}WorkspaceMemberId": None,
            f"{prefix}Name": self.authority.key_name,
            f"{prefix}Context": orjson.dumps({}).decode(),
        }

    def _add_members(self, members: Sequence[Member]) -> None:
        table = self.table_named("workspaceMember")
        known = {
            row[0]
            for row in self.db.rows(f"SELECT user_email FROM {table_name(table.object)}")  # noqa: S608
        }
        for position, member in enumerate(members):
            email = member.email.lower()
            if email in known:
                continue
            now = self.clock.now()
            row: dict[str, Any] = {
                **table.defaults,
                **self.actor("createdBy"),
                **self.actor("updatedBy"),
                "id": new_id(),
                "createdAt": now,
                "updatedAt": now,
                "position": position,
                "nameFirstName": member.first_name or None,
                "nameLastName": member.last_name or None,
                "userEmail": email,
                "userId": new_id(),
            }
            self.db.run(table.insert_sql, [row[name] for name in table.columns])

    def close(self) -> None:
        """Close the database."""
        self.db.close()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits
