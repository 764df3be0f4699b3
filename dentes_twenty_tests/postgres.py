"""A PostgreSQL server for tests: DENTES_TWENTY_TEST_POSTGRES names one, and tests that need one skip without it."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from dentes_twenty.migration.ledger.database import parse_url

POSTGRES = "DENTES_TWENTY_TEST_POSTGRES"


def server() -> sa.URL:
    """The server, with a user who may make databases."""
    named = os.environ.get(POSTGRES)
    if not named:
        pytest.skip(f"{POSTGRES} is not set: no PostgreSQL server to test against")
    return parse_url(named)


@contextlib.contextmanager
def for_a_while(kind: str, prefix: str, drop: str = "") -> Iterator[str]:
    """Makes a SCHEMA or DATABASE of a new name, and drops it in the end; `drop` says how."""
    name = f"{prefix}_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server(), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE {kind} {name}")
        try:
            yield name
        finally:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"DROP {kind} {name} {drop}")
    finally:
        engine.dispose()


@contextlib.contextmanager
def database(prefix: str) -> Iterator[sa.URL]:
    """A new, empty database."""
    with for_a_while("DATABASE", prefix, "WITH (FORCE)") as name:
        yield server().set(database=name)
