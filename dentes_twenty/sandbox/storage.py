"""The database of the sandbox: one SQLite file (or memory) behind SQLAlchemy, one connection, one writer.

Belongs here: opening, transactions, statements. Does not belong here: what the tables are (see `tables`, `metadata`).

All requests are served on one event loop thread and each runs its statements without awaiting in between, so
one connection is enough and no statement ever waits for another one. Statements are text with positional
parameters and lists go to SQLite's executemany: the expression language would cost more than the insert itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    StaticPool,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from dentes_twenty.sandbox.errors import SandboxError
from dentes_twenty.sandbox.granularity import time_group

SCHEMA_VERSION = "1"

_metadata = MetaData()
settings_table = Table("sandbox_settings", _metadata, Column("key", String, primary_key=True), Column("value", String))
objects_table = Table(
    "sandbox_objects",
    _metadata,
    Column("id", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("body", String, nullable=False),
)
fields_table = Table(
    "sandbox_fields",
    _metadata,
    Column("id", String, primary_key=True),
    Column("object_id", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("body", String, nullable=False),
)

Row = tuple[Any, ...]


class Duplicate(Exception):
    """A unique index refused a row."""


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.create_function("fold", 1, _fold, deterministic=True)
    connection.create_function("time_group", 3, time_group, deterministic=True)
    # synchronous=NORMAL with WAL survives a crash of the process; only a power cut may lose the last commits.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "case_sensitive_like=ON",
        "temp_store=MEMORY",
        "cache_size=-131072",
        "foreign_keys=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


class Database:
    """Statements on the one connection.

    Raises SandboxError when the file is no state of a sandbox or cannot be opened.
    """

    def __init__(self, state: str) -> None:
        url = "sqlite://" if state == ":memory:" else f"sqlite:///{Path(state).absolute()}"
        self.is_memory = state == ":memory:"
        if not self.is_memory:
            file = Path(state)
            file.touch(mode=0o600, exist_ok=True)
        self.engine: Engine = create_engine(
            url,
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            # Every user shares the one connection: handing it back must not roll back what another one has begun.
            pool_reset_on_return=None,
            connect_args={"check_same_thread": False, "cached_statements": 512},
        )
        event.listen(self.engine, "connect", _prepare)
        try:
            self.connection = self.engine.connect()
            _metadata.create_all(self.connection)
            found = self.setting("schema_version")
        except DBAPIError as error:
            raise SandboxError(
                "STATE_UNREADABLE",
                "The state file cannot be opened as a sandbox database.",
                "Name a file made by the sandbox, or a path where it may make a new one.",
            ) from error
        if found not in (None, SCHEMA_VERSION):
            raise SandboxError(
                "STATE_VERSION",
                f"The state file was made by another version of the sandbox (schema {found}).",
                "Start with another --state file, or remove this one.",
            )
        self.is_new = found is None

    def close(self) -> None:
        """Close the connection; an in-memory state is gone then."""
        self.connection.close()
        self.engine.dispose()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return list(self.connection.exec_driver_sql(sql, tuple(parameters)).cursor.fetchall())

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement; the number of rows it touched. Raises Duplicate."""
        try:
            return self.connection.exec_driver_sql(sql, tuple(parameters)).rowcount
        except IntegrityError as error:
            raise Duplicate from error

    def run_many(self, sql: str, rows: list[Row]) -> None:
        """Run one statement for each row. Raises Duplicate."""
        if not rows:
            return
        try:
            self.connection.exec_driver_sql(sql, rows)
        except IntegrityError as error:
            raise Duplicate from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Not to be nested."""
        self.connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.exec_driver_sql("ROLLBACK")
            raise
        self.connection.exec_driver_sql("COMMIT")

    def setting(self, key: str) -> str | None:
        """A value kept with the state."""
        query = select(settings_table.c.value).where(settings_table.c.key == key)
        found: str | None = self.connection.execute(query).scalar()
        return found

    def set_setting(self, key: str, value: str) -> None:
        """Keep a value with the state."""
        self.connection.execute(delete(settings_table).where(settings_table.c.key == key))
        self.connection.execute(insert(settings_table).values(key=key, value=value))

    def saved(self, table: Table) -> list[dict[str, Any]]:
        """The bodies of a metadata table in the order in which they were made."""
        query = select(table.c.body).order_by(table.c.sequence)
        return [json.loads(body) for body in self.connection.execute(query).scalars()]

    def save(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Write bodies of a metadata table; rows have the columns of the table."""
        if rows:
            self.forget(table, [row["id"] for row in rows])
            self.connection.execute(insert(table), rows)

    def forget(self, table: Table, ids: list[str]) -> None:
        """Remove bodies of a metadata table."""
        if ids:
            self.connection.execute(delete(table).where(table.c.id.in_(ids)))


def marks(count: int) -> str:
    """`?, ?, ?` for an IN list."""
    return ", ".join("?" * count)


def chunks(ids: Sequence[str], size: int = 5000) -> Iterable[Sequence[str]]:
    """Lists short enough for one statement."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
