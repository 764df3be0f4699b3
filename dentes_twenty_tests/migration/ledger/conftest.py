"""A new, empty ledger for each test, in SQLite and in PostgreSQL (DENTES_TWENTY_TEST_POSTGRES, an own schema each)."""

from __future__ import annotations

import os
import uuid
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
from dentes_twenty.migration.ledger.database import parse_url

POSTGRES = "DENTES_TWENTY_TEST_POSTGRES"
PRACTICE = "ege-dental"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/private/ledger.sqlite"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    server = os.environ.get(POSTGRES)
    if not server:
        pytest.skip(f"{POSTGRES} is not set: no PostgreSQL server to test against")
    schema = f"ledger_{uuid.uuid4().hex[:12]}"
    url = parse_url(server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        own = url.update_query_dict({"options": f"-csearch_path={schema}"})
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


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
