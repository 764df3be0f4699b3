"""What the workspace held before the first write: a fingerprint for the comparison after a rollback.

Frozen: a change of the tables is a new file beside this one, and a new `schema.REVISION`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dentes_twenty.migration.ledger.types import Instant, RecordId

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "ledger_workspace_fingerprints",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("taken", Instant(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("closed_run", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practice"], ["ledger_practices.id"], name="fk_ledger_workspace_fingerprints_practice"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_workspace_fingerprints"),
    )
    op.create_index(
        "ix_ledger_workspace_fingerprints_practice", "ledger_workspace_fingerprints", ["practice"], unique=False
    )
    op.create_table(
        "ledger_workspace_records",
        sa.Column("fingerprint", SERIAL, nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", RecordId(), nullable=False),
        sa.Column("print", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint"],
            ["ledger_workspace_fingerprints.id"],
            name="fk_ledger_workspace_records_fingerprint",
        ),
        sa.PrimaryKeyConstraint("fingerprint", "object", "record_id", name="pk_ledger_workspace_records"),
    )
