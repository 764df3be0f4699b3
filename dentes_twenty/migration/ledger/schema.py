"""The tables of the ledger.

Belongs here: tables, keys and indexes as the newest migration leaves them; a test compares the two. Does not belong
here: how they change (`migrations/`), how they are used.

Every table starts with `ledger_`, because Dagster's own tables (`runs`, ...) may stand in the same PostgreSQL
database. Every table but `ledger_meta` and `ledger_shapes` belongs to one practice by its first column, and
`ledger_workspace_records` by its fingerprint.
"""

from __future__ import annotations

import sqlalchemy as sa

from dentes_twenty.migration.ledger.types import Instant, RecordId

REVISION = "0002"
"""The newest migration. A ledger of this revision is opened without loading alembic (half a second)."""

VERSION_TABLE = "ledger_version"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up INTEGER keys only
Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # one order of paging everywhere
Print = sa.LargeBinary

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _practice() -> sa.Column[int]:
    return sa.Column("practice", sa.Integer, sa.ForeignKey("ledger_practices.id"), nullable=False)


def _practice_key() -> sa.Column[int]:
    return sa.Column("practice", sa.Integer, sa.ForeignKey("ledger_practices.id"), primary_key=True)


def _record_key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("source_object", Key, primary_key=True),
        sa.Column("source_id", Key, primary_key=True),
    )


meta = sa.Table(
    "ledger_meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

practices = sa.Table(
    "ledger_practices",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("first_seen", Instant, nullable=False),
)

drops = sa.Table(
    "ledger_drops",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("detail", sa.Text),
    sa.UniqueConstraint("practice", "fingerprint"),
)

runs = sa.Table(
    "ledger_runs",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started", Instant, nullable=False),
    sa.Column("heartbeat", Instant, nullable=False),
    sa.Column("ended", Instant),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Text),
    sa.Column("counts", sa.Text),
    sa.Index("ix_ledger_runs_open", "practice", "state"),
)

shapes = sa.Table(
    "ledger_shapes",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("fields", sa.Text, nullable=False, unique=True),
)

records = sa.Table(
    "ledger_records",
    metadata,
    _practice_key(),
    *_record_key(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("record_id", RecordId, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("adopted", sa.Boolean, nullable=False),
    sa.Column("prior", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("row_print", Print(16)),
    sa.Column("shape", sa.Integer),
    sa.Column("field_prints", Print),
    sa.Column("pending_row", Print(16)),
    sa.Column("pending_shape", sa.Integer),
    sa.Column("pending_prints", Print),
    sa.Column("intent", sa.BigInteger),
    sa.Column("run", sa.BigInteger),
    sa.Column("drop_id", sa.BigInteger),
    sa.Column("last_seen_drop", sa.BigInteger),
    sa.Column("position", sa.BigInteger),
    sa.Index("ix_ledger_records_record_id", "practice", "record_id"),
    # A record is written twice (intent, outcome) and no index holds what changes: room in the page keeps the
    # second version beside the first, without touching the indexes (heap-only tuples).
    postgresql_with={"fillfactor": "70"},
)

intents = sa.Table(
    "ledger_intents",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("unsettled", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    # The keys of the batch, JSON; emptied when all is settled. It makes what is in doubt findable without an index
    # on the status of two million records.
    sa.Column("source_keys", sa.Text),
    sa.Index(
        "ix_ledger_intents_open",
        "practice",
        "id",
        sqlite_where=sa.text("unsettled > 0"),
        postgresql_where=sa.text("unsettled > 0"),
    ),
)

quarantine = sa.Table(
    "ledger_quarantine",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("identity", Print(16), nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("row", sa.BigInteger),
    sa.Column("line", sa.BigInteger),
    sa.Column("source_id", sa.Text),
    sa.Column("column", sa.Text),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("drop_id", sa.BigInteger),
    sa.Column("first_run", sa.BigInteger, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("practice", "identity"),
    sa.Index("ix_ledger_quarantine_state", "practice", "state", "report"),
)

held = sa.Table(
    "ledger_held",
    metadata,
    _practice_key(),
    *_record_key(),
    sa.Column("parent_object", Key, primary_key=True),
    sa.Column("parent_source_id", Key, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("drop_id", sa.BigInteger),
    sa.Index("ix_ledger_held_parent", "practice", "parent_object", "parent_source_id"),
)

adoptions = sa.Table(
    "ledger_adoptions",
    metadata,
    _practice_key(),
    sa.Column("object", sa.Text, primary_key=True),
    sa.Column("record_id", RecordId, primary_key=True),
    sa.Column("source_object", Key, nullable=False),
    sa.Column("source_id", Key, nullable=False),
    sa.Column("matched_by", sa.Text, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("restored_run", sa.BigInteger),
)

before_images = sa.Table(
    "ledger_before_images",
    metadata,
    _practice_key(),
    sa.Column("object", sa.Text, primary_key=True),
    sa.Column("record_id", RecordId, primary_key=True),
    sa.Column("image", sa.LargeBinary, nullable=False),
)

provisioned = sa.Table(
    "ledger_provisioned",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("option", sa.Text, nullable=False),
    sa.Column("twenty_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("practice", "kind", "object", "field", "option"),
)

approvals = sa.Table(
    "ledger_approvals",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _practice(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("withdrawn", Instant),
    sa.Index("ix_ledger_approvals_kind", "practice", "kind", "fingerprint"),
)

conflicts = sa.Table(
    "ledger_conflicts",
    metadata,
    _practice_key(),
    *_record_key(),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("written_print", Print(8)),
    sa.Column("export_print", Print(8)),
    sa.Column("twenty_print", Print(8)),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("drop_id", sa.BigInteger),
    sa.Column("at", Instant, nullable=False),
    sa.Column("resolved_by", sa.Text),
    sa.Index("ix_ledger_conflicts_state", "practice", "state"),
)

files = sa.Table(
    "ledger_files",
    metadata,
    _practice_key(),
    *_record_key(),
    sa.Column("name", Key, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("sha256", Print(32)),
    sa.Column("size", sa.BigInteger),
    sa.Column("file_id", sa.Text),
    sa.Column("attachment_ids", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Index("ix_ledger_files_state", "practice", "state"),
)

holders = sa.Table(
    "ledger_holders",
    metadata,
    _practice_key(),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", Print(16), primary_key=True),
    sa.Column("holder", Key, nullable=False),
)

workspace_fingerprints = sa.Table(
    "ledger_workspace_fingerprints",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("practice", sa.Integer, sa.ForeignKey("ledger_practices.id"), nullable=False, index=True),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("taken", Instant, nullable=False),
    # Data model, counts and digests by object as JSON; empty until the last record was read.
    sa.Column("document", sa.Text),
    sa.Column("closed_run", sa.BigInteger),
)

workspace_records = sa.Table(
    "ledger_workspace_records",
    metadata,
    sa.Column(
        "fingerprint",
        Serial,
        sa.ForeignKey("ledger_workspace_fingerprints.id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("object", sa.Text, primary_key=True),
    sa.Column("record_id", RecordId, primary_key=True),
    sa.Column("print", Print(16), nullable=False),
)

limiters = sa.Table(
    "ledger_limiters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)

audit = sa.Table(
    "ledger_audit",
    metadata,
    _practice_key(),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("run", sa.BigInteger),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("detail", sa.Text),
    sa.Column("prev_hash", Print(32), nullable=False),
    sa.Column("hash", Print(32), nullable=False),
)

audit_heads = sa.Table(
    "ledger_audit_heads",
    metadata,
    _practice_key(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", Print(32), nullable=False),
)
