"""A new, empty ledger for each test, in SQLite and in PostgreSQL (DENTES_TWENTY_TEST_POSTGRES, an own schema each)."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dentes_twenty.migration.ids import record_id
from dentes_twenty.migration.ledger import (
    Ledger,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    Result,
)
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.schema import metadata
from dentes_twenty_tests.postgres import for_a_while, server

PRACTICE = "ege-dental"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that does not exist yet."""
    return f"sqlite:///{tmp_path}/private/ledger.sqlite"


@contextlib.contextmanager
def _schema() -> Iterator[str]:
    """The URL of a new, empty schema. Commits do not wait for the server's disk, which nothing here depends on."""
    with for_a_while("SCHEMA", "ledger", "CASCADE") as schema:
        own = server().update_query_dict({"options": f"-csearch_path={schema} -csynchronous_commit=off"})
        yield own.render_as_string(hide_password=False)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A schema without tables."""
    with _schema() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables, to be copied: making them takes half a second."""
    path = tmp_path_factory.mktemp("ledger") / "made.sqlite"
    Ledger.open(f"sqlite:///{path}", PRACTICE).close()
    return path


@pytest.fixture(scope="session")
def postgres_made() -> Iterator[str]:
    """A schema with tables, to be emptied before each test."""
    with _schema() as url:
        Ledger.open(url, PRACTICE).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger with its tables."""
    if request.param == "sqlite":
        (tmp_path / "private").mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("sqlite_made"), tmp_path / "private" / "ledger.sqlite")
        return f"sqlite:///{tmp_path}/private/ledger.sqlite"
    made = str(request.getfixturevalue("postgres_made"))
    database = Database(made)
    with database.write(None) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
    database.close()
    return made


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def new_url(request: pytest.FixtureRequest) -> str:
    """A place where no ledger is yet."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url, PRACTICE, actor="test") as opened:
        yield opened


@pytest.fixture
def run(ledger: Ledger) -> int:
    return ledger.begin_run("migrate")


def key(source_id: object, source_object: str = "patient") -> RecordKey:
    return RecordKey(source_object, str(source_id))


def intent_of(ledger: Ledger, source_id: object, source_object: str = "patient", **values: object) -> RecordIntent:
    return RecordIntent(
        key(source_id, source_object),
        record_id(PRACTICE, source_object, str(source_id)),
        ledger.prints.row({"id": str(source_id), **values}),
        ledger.fingerprints(values),
    )


def outcome_of(intent: RecordIntent, result: Result = Result.LANDED, code: str | None = None) -> Outcome:
    return Outcome(intent.key, intent.record_id, result, code)


Landing = Callable[..., list[RecordIntent]]


@pytest.fixture
def land(ledger: Ledger, run: int) -> Landing:
    """Lands records of `patient` with the given ids and values; returns their intents."""

    def landing(
        *source_ids: object, operation: Operation = Operation.CREATE, drop: int | None = None, **values: object
    ) -> list[RecordIntent]:
        intents = [intent_of(ledger, source_id, **values) for source_id in source_ids]
        batch = ledger.intend(run, operation, "person", intents, drop=drop)
        ledger.settle(batch, [outcome_of(intent) for intent in intents])
        return intents

    return landing
