"""The ledger's database: one engine, read and write transactions, and what a driver's refusal means.

Belongs here: everything that differs between SQLite and PostgreSQL below SQL, and the table of driver errors. Does not
belong here: tables and queries.

One writer at a time for each practice: SQLite takes the write lock when the transaction begins (BEGIN IMMEDIATE),
PostgreSQL an advisory lock named after the practice. So the audit chain never forks, and two batches cannot deadlock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError

from dentes_twenty.migration.errors import (
    LedgerBusy,
    LedgerConfiguration,
    LedgerDamaged,
    LedgerError,
    LedgerMisuse,
    LedgerUnavailable,
)
from dentes_twenty.stopping import held

LOCK_SECONDS = 30
"""How long a writer waits for another one before it gives up."""

URL_FIX = "Use sqlite:///path/to/ledger.sqlite or postgresql://user@host/database in the practice file's `ledger`."
TRY_AGAIN = "What was committed is safe. Try again in a moment."
REACH_FIX = "Check that the server runs, and host, database and user in `ledger` of the practice file; then try again."
FREE_SPACE = "What was committed is safe. Free space on the ledger's disk, then run the command again."

_SQLITE: dict[int, tuple[type[LedgerError], str, str, str]] = {
    sqlite3.SQLITE_BUSY: (LedgerBusy, "ledger_busy", "The ledger is locked by another process.", TRY_AGAIN),
    sqlite3.SQLITE_LOCKED: (LedgerBusy, "ledger_busy", "The ledger is locked by another process.", TRY_AGAIN),
    sqlite3.SQLITE_FULL: (LedgerUnavailable, "ledger_disk_full", "The ledger's disk is full.", FREE_SPACE),
    sqlite3.SQLITE_IOERR: (LedgerUnavailable, "ledger_io", "The ledger's disk failed.", FREE_SPACE),
    sqlite3.SQLITE_READONLY: (
        LedgerConfiguration, "ledger_read_only", "The ledger cannot be written.", "Give the file back to its user."),
    sqlite3.SQLITE_CANTOPEN: (
        LedgerConfiguration, "ledger_cannot_open", "The ledger's file cannot be opened.", "Check its path."),
    sqlite3.SQLITE_CORRUPT: (
        LedgerDamaged, "ledger_damaged", "The ledger's file is damaged.", "Restore it from a copy."),
    sqlite3.SQLITE_NOTADB: (
        LedgerDamaged, "ledger_not_a_database", "The ledger's file is no database.", "Check the path in `ledger`."),
}  # fmt: skip

# By SQLSTATE, longest prefix first.
_POSTGRES: tuple[tuple[str, type[LedgerError], str, str, str], ...] = (
    ("53100", LedgerUnavailable, "ledger_disk_full", "The database server's disk is full.", FREE_SPACE),
    ("55P03", LedgerBusy, "ledger_busy", "The ledger is locked by another process.", TRY_AGAIN),
    ("40001", LedgerBusy, "ledger_busy", "The database asked for the transaction again.", TRY_AGAIN),
    ("40P01", LedgerBusy, "ledger_busy", "The database broke a deadlock.", TRY_AGAIN),
    ("42501", LedgerConfiguration, "ledger_permission", "The database user may not do this.", "Grant it the schema."),
    ("53", LedgerUnavailable, "ledger_no_resources", "The database server is out of resources.", TRY_AGAIN),
    ("57P", LedgerUnavailable, "ledger_unavailable", "The database server is shutting down.", TRY_AGAIN),
    ("08", LedgerUnavailable, "ledger_unavailable", "The connection to the database was lost.", TRY_AGAIN),
)


def translate(error: BaseException) -> LedgerError:
    """What a driver's error means to the caller. The driver's text is dropped: it may quote row values."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None and (known := _SQLITE.get(code & 0xFF)):
        return known[0](known[2], known[3], code=known[1])
    state = getattr(original, "pgcode", None)
    for prefix, kind, name, message, fix in _POSTGRES:
        if state and state.startswith(prefix):
            return kind(message, fix, code=name)
    if isinstance(error, DBAPIError) and (
        error.connection_invalidated or (state is None and isinstance(error, sa.exc.OperationalError) and code is None)
    ):
        # A refused login and a database that does not exist come without a code, like a server that is down.
        return LedgerUnavailable("The ledger's database cannot be reached.", REACH_FIX)
    return LedgerMisuse(
        f"The ledger refused a statement ({type(original).__name__}, {state or code or 'no code'}).",
        "This is a fault of the program: please report it with the code.",
        code="ledger_refused",
    )


def parse_url(text: str) -> sa.URL:
    """The URL with its driver named. Raises LedgerConfiguration for another database, or SQLite without a file."""
    try:
        url = sa.make_url(text)
    except ArgumentError:
        raise LedgerConfiguration("The ledger's URL cannot be read.", URL_FIX, code="ledger_url") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg2")
    if backend != "sqlite":
        raise LedgerConfiguration("The ledger is kept in SQLite or PostgreSQL only.", URL_FIX, code="ledger_url")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise LedgerConfiguration("A ledger in SQLite needs a file.", URL_FIX, code="ledger_url")
    return url.set(drivername="sqlite+pysqlite")


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """Where rows go that are written in bulk. `conflict` is the ON CONFLICT part, spelt alike in both dialects."""

    table: str
    columns: tuple[str, ...]
    conflict: str = ""

    def sql(self, values: str) -> str:
        """The statement with the driver's own marks for the values."""
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES {values} {self.conflict}"  # noqa: S608


class Database:
    """An engine with short transactions. Threads of one process take turns; processes wait for each other's writes.

    Ctrl-C and SIGTERM wait for the end of a transaction: one that is left half opened would keep its lock.
    """

    def __init__(self, url: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = threading.RLock()
        make_engine = _sqlite_engine if self.is_sqlite else _postgres_engine
        self._engine = make_engine(self.url, lock_seconds)

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view. Keep it short: pages, never the whole ledger."""
        with held(), self._turn, self._translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self, lock: str | None, *, durable: bool = True) -> Iterator[sa.Connection]:
        """One transaction, committed at the end of the block, rolled back by any exception.

        `lock` names who must take turns (the practice); None waits for the touched rows only. `durable=False` leaves
        the disk's flush to the next durable commit: it outlives the death of the process but not that of the machine.
        Raises LedgerError.
        """
        options = {"dentes_lock": lock, "dentes_write": True, "dentes_durable": durable}
        with (
            held(),
            self._turn,
            self._translated(),
            self._engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield connection

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT, which is spelt alike in both dialects."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def rows_of(
        self,
        table: sa.Table,
        practice: int | sa.BindParameter[int],
        source_object: str | sa.BindParameter[str],
        source_ids: Sequence[str] | None = None,
    ) -> sa.ColumnElement[bool]:
        """The condition for rows of a table whose key begins with practice, source object and one of the source ids.

        The ids are one parameter: one for each doubled the time of a look-up. Without ids the parameter `texts` is
        given to each execution, as `text_list` makes it.
        """
        value = None if source_ids is None else self.text_list(source_ids)
        kind = sa.Text() if self.is_sqlite else postgresql.ARRAY(sa.Text)
        given: sa.BindParameter[Any] = sa.bindparam("texts", value, kind, unique=value is not None)
        if self.is_sqlite:
            c, listed = table.c, sa.func.json_each(given).table_valued("value")
            wanted = c.source_id.in_(sa.select(listed.c.value))
            return sa.and_(c.practice == practice, c.source_object == source_object, wanted)
        return _one_by_one(table, practice, source_object, given)

    def text_list(self, texts: Sequence[str]) -> Any:
        """The texts as one parameter: a JSON array, or an array of the server."""
        return json.dumps(list(texts)) if self.is_sqlite else list(texts)

    def insert_rows(self, connection: sa.Connection, into: Rows, rows: Sequence[tuple[Any, ...]]) -> None:
        """Many rows at the driver's own speed: SQLAlchemy's handling of parameters took longer than SQLite itself.

        Values are the driver's (`types.RecordId.to_driver` for ids), in the order of the columns.
        """
        if self.is_sqlite:
            marks = ",".join("?" * len(into.columns))
            connection.exec_driver_sql(into.sql(f"({marks})"), list(rows))
            return
        from psycopg2.extras import execute_values  # type: ignore[import-untyped]

        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as cursor:
            execute_values(cursor, into.sql("%s"), rows, page_size=1_000)

    def shrink(self) -> None:
        """Rewrites the file, so that deleted rows are gone from it. PostgreSQL frees them by its own vacuum."""
        if not self.is_sqlite:
            return
        with self._turn, self._translated(), self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        driver: Any = self._engine.dialect.dbapi
        try:
            yield
        except (DBAPIError, driver.Error, UnicodeError) as error:
            raise translate(error) from None

    def close(self) -> None:
        """Ends all connections; SQLite folds its write-ahead log into the file."""
        self._engine.dispose()


def _sqlite_engine(url: sa.URL, lock_seconds: float) -> sa.Engine:
    path = Path(url.database or "")
    _make_private(path)
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": lock_seconds})

    @sa.event.listens_for(engine, "connect")
    def on_connect(driver: sqlite3.Connection, _record: object) -> None:
        driver.isolation_level = None  # transactions begin where we say, not where the driver guesses
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute("PRAGMA secure_delete = FAST")
        driver.execute("PRAGMA cache_size = -65536")  # 64 MiB: most of the ids' index of two million records
        # Ids are scattered over their index, so a batch touches 200 pages of it. Folding the log back after 64 MiB
        # instead of 4 writes each of them once for many batches: half the time of all commits (measured).
        driver.execute("PRAGMA wal_autocheckpoint = 16384")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("dentes_write"):
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options['dentes_durable'] else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_private(path: Path) -> None:
    """The file with 0600 and the folders it needs with 0700, before SQLite would make them by the umask.

    A file that is there already is never opened: closing it would take away the locks that this process's other
    connections hold on it (POSIX drops all of them), and another process would then delete the log that they write.
    """
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise LedgerConfiguration(
            f"The ledger's file cannot be made ({error.strerror}).",
            "Check the folder and its permissions.",
            code="ledger_cannot_open",
        ) from None


def _postgres_engine(url: sa.URL, lock_seconds: float) -> sa.Engine:
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=2,
        pool_pre_ping=True,  # a restarted server costs a reconnect, not a failed run
        connect_args={"connect_timeout": 10, "application_name": "dentes-twenty"},
    )

    @sa.event.listens_for(engine, "connect")
    def on_connect(driver: Any, _record: object) -> None:
        driver.autocommit = True
        with driver.cursor() as cursor:
            # Every query here goes by a key or reads a page in the order of one. Without statistics (a first load) the
            # planner would rather collect and sort a whole practice for each page.
            cursor.execute("SET enable_sort = off; SET enable_bitmapscan = off")
            cursor.execute(f"SET lock_timeout = {round(lock_seconds * 1000)}")
        driver.autocommit = False

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("dentes_write"):
            return
        if not options["dentes_durable"]:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        if options["dentes_lock"] is not None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_lock_number(options['dentes_lock'])})")

    return engine


def _one_by_one(
    table: sa.Table,
    practice: int | sa.BindParameter[int],
    source_object: str | sa.BindParameter[str],
    given: sa.BindParameter[Any],
) -> sa.ColumnElement[bool]:
    """PostgreSQL looks each id up by the whole key. OFFSET 0 keeps it from turning that into a join.

    As `source_id = ANY (...)` it read every row of the source object and filtered, 100 ms in place of 3 for 1,000 of
    100,000 records, while it had no statistics yet or none of this source object: that is, during the first load.
    """
    twin = table.alias("twin")
    wanted = sa.func.unnest(given).table_valued("id", name="wanted").render_derived()
    by_key = (
        sa.select(sa.literal_column("twin.ctid").label("place"))
        .where(twin.c.practice == practice, twin.c.source_object == source_object, twin.c.source_id == wanted.c.id)
        .offset(0)
        .lateral("found")
    )
    places = sa.select(by_key.c.place).select_from(wanted.join(by_key, sa.true()))
    return sa.literal_column(f"{table.name}.ctid") == sa.any_(sa.func.array(places.scalar_subquery()))


def _lock_number(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=8, person=b"dentes-ledger").digest()
    return int.from_bytes(digest, signed=True)
