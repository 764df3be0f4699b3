"""Brings a ledger's tables to the newest revision, and refuses one that a newer program wrote.

Belongs here: running the migrations. Does not belong here: the migrations themselves (`migrations/versions/`), which
are never edited once released: a change is a new file and a new `schema.REVISION`.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from dentes_twenty.migration.errors import LedgerConfiguration
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.schema import REVISION, VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = "upgrade of the ledger's tables"


def upgrade(database: Database) -> None:
    """Idempotent; one process upgrades, others wait. Raises LedgerConfiguration for a revision this program lacks."""
    with database.read() as connection:
        if _revision(connection) == REVISION:
            return
    with database.write(UPGRADE_LOCK) as connection:
        revision = _revision(connection)
        if revision != REVISION:
            _run_migrations(connection, revision)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def _run_migrations(connection: sa.Connection, revision: str | None) -> None:
    # Imported where it is needed: alembic takes half a second, and an up-to-date ledger never needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerConfiguration(
            f"The ledger has revision {revision}; this program knows revisions up to {REVISION}.",
            "Use the version of dentes-twenty that wrote it, or a newer one.",
            code="ledger_newer",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
