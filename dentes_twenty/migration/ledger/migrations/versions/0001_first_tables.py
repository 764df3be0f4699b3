"""The first tables of the ledger.

Frozen: a change of the tables is a new file beside this one, and a new `schema.REVISION`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dentes_twenty.migration.ledger.types import Instant, RecordId

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes all tables, in an order that suits their foreign keys."""
    op.create_table(
        "ledger_limiters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ledger_limiters"),
    )
    op.create_table(
        "ledger_meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_ledger_meta"),
    )
    op.create_table(
        "ledger_practices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_practices"),
        sa.UniqueConstraint("key", name="uq_ledger_practices_key"),
    )
    op.create_table(
        "ledger_shapes",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_shapes"),
        sa.UniqueConstraint("fields", name="uq_ledger_shapes_fields"),
    )
    op.create_table(
        "ledger_adoptions",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", RecordId(), nullable=False),
        sa.Column("source_object", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("matched_by", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("restored_run", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_adoptions_practice"),
        sa.PrimaryKeyConstraint("practice", "object", "record_id", name="pk_ledger_adoptions"),
    )
    op.create_table(
        "ledger_approvals",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("withdrawn", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_approvals_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_approvals"),
    )
    op.create_index("ix_ledger_approvals_kind", "ledger_approvals", ["practice", "kind", "fingerprint"], unique=False)
    op.create_table(
        "ledger_audit",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_audit_practice"),
        sa.PrimaryKeyConstraint("practice", "seq", name="pk_ledger_audit"),
    )
    op.create_table(
        "ledger_audit_heads",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_audit_heads_practice"),
        sa.PrimaryKeyConstraint("practice", name="pk_ledger_audit_heads"),
    )
    op.create_table(
        "ledger_before_images",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", RecordId(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_before_images_practice"),
        sa.PrimaryKeyConstraint("practice", "object", "record_id", name="pk_ledger_before_images"),
    )
    op.create_table(
        "ledger_conflicts",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("source_object", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_print", sa.LargeBinary(length=8), nullable=True),
        sa.Column("export_print", sa.LargeBinary(length=8), nullable=True),
        sa.Column("twenty_print", sa.LargeBinary(length=8), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("drop_id", sa.BigInteger(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_conflicts_practice"),
        sa.PrimaryKeyConstraint("practice", "source_object", "source_id", "field", name="pk_ledger_conflicts"),
    )
    op.create_index("ix_ledger_conflicts_state", "ledger_conflicts", ["practice", "state"], unique=False)
    op.create_table(
        "ledger_drops",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_drops_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_drops"),
        sa.UniqueConstraint("practice", "fingerprint", name="uq_ledger_drops_practice_fingerprint"),
    )
    op.create_table(
        "ledger_files",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("source_object", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.Text(), nullable=True),
        sa.Column("attachment_ids", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_files_practice"),
        sa.PrimaryKeyConstraint("practice", "source_object", "source_id", "name", name="pk_ledger_files"),
    )
    op.create_index("ix_ledger_files_state", "ledger_files", ["practice", "state"], unique=False)
    op.create_table(
        "ledger_held",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("source_object", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("parent_object", KEY, nullable=False),
        sa.Column("parent_source_id", KEY, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("drop_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_held_practice"),
        sa.PrimaryKeyConstraint(
            "practice", "source_object", "source_id", "parent_object", "parent_source_id", name="pk_ledger_held"
        ),
    )
    op.create_index(
        "ix_ledger_held_parent", "ledger_held", ["practice", "parent_object", "parent_source_id"], unique=False
    )
    op.create_table(
        "ledger_holders",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(length=16), nullable=False),
        sa.Column("holder", KEY, nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_holders_practice"),
        sa.PrimaryKeyConstraint("practice", "kind", "value", name="pk_ledger_holders"),
    )
    op.create_table(
        "ledger_intents",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("unsettled", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("source_keys", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_intents_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_intents"),
    )
    op.create_index(
        "ix_ledger_intents_open",
        "ledger_intents",
        ["practice", "id"],
        unique=False,
        sqlite_where=sa.text("unsettled > 0"),
        postgresql_where=sa.text("unsettled > 0"),
    )
    op.create_table(
        "ledger_provisioned",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("option", sa.Text(), nullable=False),
        sa.Column("twenty_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_provisioned_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_provisioned"),
        sa.UniqueConstraint(
            "practice",
            "kind",
            "object",
            "field",
            "option",
            name="uq_ledger_provisioned_practice_kind_object_field_option",
        ),
    )
    op.create_table(
        "ledger_quarantine",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(length=16), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("drop_id", sa.BigInteger(), nullable=True),
        sa.Column("first_run", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_quarantine_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_quarantine"),
        sa.UniqueConstraint("practice", "identity", name="uq_ledger_quarantine_practice_identity"),
    )
    op.create_index("ix_ledger_quarantine_state", "ledger_quarantine", ["practice", "state", "report"], unique=False)
    op.create_table(
        "ledger_records",
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("source_object", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", RecordId(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("prior", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("row_print", sa.LargeBinary(length=16), nullable=True),
        sa.Column("shape", sa.Integer(), nullable=True),
        sa.Column("field_prints", sa.LargeBinary(), nullable=True),
        sa.Column("pending_row", sa.LargeBinary(length=16), nullable=True),
        sa.Column("pending_shape", sa.Integer(), nullable=True),
        sa.Column("pending_prints", sa.LargeBinary(), nullable=True),
        sa.Column("intent", sa.BigInteger(), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.Column("drop_id", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_drop", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_records_practice"),
        sa.PrimaryKeyConstraint("practice", "source_object", "source_id", name="pk_ledger_records"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_ledger_records_record_id", "ledger_records", ["practice", "record_id"], unique=False)
    op.create_table(
        "ledger_runs",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started", Instant(), nullable=False),
        sa.Column("heartbeat", Instant(), nullable=False),
        sa.Column("ended", Instant(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_start", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["practice"], ["ledger_practices.id"], name="fk_ledger_runs_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_runs"),
    )
    op.create_index("ix_ledger_runs_open", "ledger_runs", ["practice", "state"], unique=False)
