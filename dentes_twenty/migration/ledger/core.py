"""What every part of the ledger stands on: a database, one practice in it, transactions that append to the audit log.

Belongs here: opening, the practice's row, the salt, the shape of a write. Does not belong here: one table's queries.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self, TypeAlias, TypeVar

import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import GENESIS, AuditLine, AuditLog, append
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.fingerprints import Fingerprinter
from dentes_twenty.migration.ledger.schema import audit_heads, meta, practices
from dentes_twenty.migration.ledger.upgrade import upgrade

T = TypeVar("T")

Row: TypeAlias = "sa.Row[*tuple[Any, ...]]"
Select: TypeAlias = "sa.Select[*tuple[Any, ...]]"

PAGE = 1_000
"""Rows in a page, and ids in one look-up."""

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """The clock of a ledger that was given no other."""
    return dt.datetime.now(dt.UTC)


def login_name() -> str:
    """Who runs the program, as the machine knows; a container may know nobody."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # before Python 3.13, and since
        return "unknown"


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`, without holding more than one list."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Write:
    """An open transaction. `tell` collects audit lines, which are appended when the block ends."""

    def __init__(self, connection: sa.Connection, now: dt.datetime) -> None:
        self.connection = connection
        self.now = now
        self.lines: list[AuditLine] = []

    def tell(self, *lines: AuditLine) -> None:
        """Adds lines to the log of this transaction, in order."""
        self.lines.extend(lines)

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        """Runs a statement in this transaction."""
        result: sa.CursorResult[Any] = self.connection.execute(statement, parameters)
        return result


class Core:
    """One practice's view of a ledger database. Threads take turns; nothing is held open between calls."""

    def __init__(self, database: Database, practice: str, actor: str, clock: Clock) -> None:
        self._database = database
        self._key = practice
        self._actor = actor
        self._clock = clock
        self._practice, salt = self._enter()
        self.prints = Fingerprinter(salt)
        self.audit = AuditLog(database, (self._practice, practice))

    @classmethod
    def open(cls, url: str, practice: str, *, actor: str | None = None, clock: Clock = utc_now) -> Self:
        """Opens the ledger at `url` for one practice, making or upgrading it first.

        `practice` is the practice's key, `actor` stands in the audit log as who did it (default: the login name). An
        SQLite file is made with 0600, its missing folders with 0700. Raises LedgerConfiguration (URL, newer revision),
        LedgerUnavailable, LedgerDamaged.
        """
        database = Database(url)
        try:
            upgrade(database)
            return cls(database, practice, actor or login_name(), clock)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Ends the connections. A closed ledger opens again by itself when it is used."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def practice(self) -> str:
        """The practice's key."""
        return self._key

    def pseudonym(self, *parts: str) -> str:
        """32 hexadecimal digits that stand for a source id in logs, the same in all runs of this ledger."""
        return self.prints.secret(*parts).hex()

    def _enter(self) -> tuple[int, bytes]:
        """The practice's row id and the ledger's salt, made on the first visit."""
        with self._database.read() as connection:
            found = self._look(connection)
        if found is not None:
            return found
        with self._database.write(self._key) as connection:
            insert = self._database.insert
            salt = {"key": "salt", "value": secrets.token_hex(32)}
            connection.execute(insert(meta).on_conflict_do_nothing(), salt)
            row = {"key": self._key, "first_seen": self._clock()}
            connection.execute(insert(practices).on_conflict_do_nothing(), row)
            found = self._look(connection)
            assert found is not None
            head = {"practice": found[0], "seq": 0, "hash": GENESIS}
            connection.execute(insert(audit_heads).on_conflict_do_nothing(), head)
        return found

    def _look(self, connection: sa.Connection) -> tuple[int, bytes] | None:
        practice = connection.execute(sa.select(practices.c.id).where(practices.c.key == self._key)).scalar()
        salt = connection.execute(sa.select(meta.c.value).where(meta.c.key == "salt")).scalar()
        return None if practice is None or salt is None else (practice, bytes.fromhex(salt))

    @contextlib.contextmanager
    def _write(self, *, durable: bool = True) -> Iterator[Write]:
        """A transaction under the practice's write lock; its audit lines are appended last."""
        with self._database.write(self._key, durable=durable) as connection:
            write = Write(connection, self._clock())
            yield write
            append(self._database, connection, (self._practice, self._key), self._actor, write.now, write.lines)

    def _of(self, table: sa.Table, source_object: str, source_ids: Sequence[str]) -> sa.ColumnElement[bool]:
        """Rows of this practice whose key begins with the source object and one of the ids."""
        return self._database.rows_of(table, self._practice, source_object, source_ids)

    def _rows(self, statement: Select) -> list[Row]:
        with self._database.read() as connection:
            return list(connection.execute(statement).all())
