"""What alembic runs to migrate a ledger. Started by `upgrade.py` only, which hands over its open transaction."""

from __future__ import annotations

from alembic import context

from dentes_twenty.migration.ledger.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
