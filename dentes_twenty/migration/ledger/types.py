"""Column types and value types of the ledger's rows.

Belongs here: what a row looks like to the rest of the program. Does not belong here: tables (`schema.py`), queries.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class RecordId(sa.types.TypeDecorator[str]):
    """A UUID in lower case: 16 bytes in SQLite (36 as text made the file a quarter larger), `uuid` in PostgreSQL."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The native type where there is one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Raises ValueError for text that is no UUID."""
        return self.to_driver(value, dialect.name == "sqlite")

    @staticmethod
    def to_driver(value: str | None, is_sqlite: bool) -> Any:
        """What the driver takes for an id. Raises ValueError for text that is no UUID."""
        return bytes.fromhex(value.replace("-", "")) if is_sqlite and value is not None else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Lower case with hyphens, as Twenty writes it."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return str(value)
        digits = value.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment with a zone, kept as microseconds since 1970 UTC (SQLite has no type with a zone)."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> int | None:
        """Raises TypeError for a moment without a zone."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        """In UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


class Status(StrEnum):
    """Where a record stands."""

    SENDING = "sending"  # intended and sent, the outcome is not known yet
    LANDED = "landed"  # in Twenty, created by us
    ADOPTED = "adopted"  # in Twenty, was there before us
    HELD = "held"  # waits for its parent
    REFUSED = "refused"  # Twenty refuses it
    VANISHED = "vanished"  # in Twenty, no longer in the export, and policy has acted on it
    DELETED = "deleted"  # a person deleted it in Twenty; stays deleted
    ROLLED_BACK = "rolled_back"  # destroyed, or restored to what it was before us
    KEPT = "kept"  # a rollback left it, because a person has edited it


IN_TWENTY = (Status.LANDED, Status.ADOPTED, Status.VANISHED, Status.KEPT)
"""A record in one of these stands in the workspace (VANISHED by `delete` stands there soft-deleted)."""


class Loss(StrEnum):
    """The reason beside a standing record that a reconciliation did not find in Twenty as it was left there."""

    LOST = "lost_in_twenty"  # deleted or destroyed by hand; a link may have lost one of its ends
    UNLINKED = "unlinked_in_twenty"  # it is there, and a relation of it was emptied when its target was destroyed

    @classmethod
    def of(cls, reason: str | None) -> Loss | None:
        """The loss that a record's reason, or a file's code, stands for."""
        return next((loss for loss in cls if loss == reason), None)


class Operation(StrEnum):
    """What a batch asks Twenty to do with its records."""

    CREATE = "create"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"  # soft; policy `vanished: delete`
    DESTROY = "destroy"  # rollback of what we created
    RESTORE = "restore"  # rollback of what we adopted: its before-image is written back


class Result(StrEnum):
    """What became of one record of a batch."""

    LANDED = "landed"  # done as asked, and verified by the caller
    ADOPTED = "adopted"  # Twenty kept an id that is not ours: the record was there before
    REFUSED = "refused"  # Twenty refused it; nothing changed
    ABSENT = "absent"  # reading back showed that it never happened


class RecordKey(NamedTuple):
    """Names a record within its practice: source object and source id (for link records: kind and joined parts)."""

    source_object: str
    source_id: str

    def __repr__(self) -> str:
        """Without the source id, which is a patient's: a representation may end in a log."""
        return f"<{self.source_object}>"


class FieldPrints(NamedTuple):
    """Fingerprints of the written value of each field: the id of the ordered list of field names, 8 bytes for each."""

    shape: int
    blob: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class RecordIntent:
    """One record of a batch that is about to be sent. `row_print` is the fingerprint (16 bytes) of its source row.

    `prints` are those of the values as they stand after the operation, fields that are not sent included.
    Both are None for an operation that writes no values (destroy).
    """

    key: RecordKey
    record_id: str
    row_print: bytes | None = None
    prints: FieldPrints | None = None
    position: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record. `code` says why it was refused.

    `record_id` is the id in Twenty, which for ADOPTED is not the one that was intended. `prints` replace the intended
    ones where Twenty keeps another form of a value than the one it was sent.
    """

    key: RecordKey
    record_id: str
    result: Result
    code: str | None = None
    prints: FieldPrints | None = None


class RecordState(NamedTuple):
    """What the ledger knows of one record.

    `prior` is the status before the intent that is still open, `pending*` what that intent wants to write and
    `operation` what it does; they are None when nothing is open (`operation` is filled by `in_doubt` only). After a
    refusal `pending*` tell what was refused, until something else is written.
    `adopted` tells a record that was in Twenty before us from one that we made, whatever the status.
    """

    key: RecordKey
    object: str
    record_id: str
    status: Status
    adopted: bool
    prior: Status | None = None
    reason: str | None = None
    row_print: bytes | None = None
    prints: FieldPrints | None = None
    pending_row: bytes | None = None
    pending: FieldPrints | None = None
    intent: int | None = None
    run: int | None = None
    drop: int | None = None
    last_seen_drop: int | None = None
    position: int | None = None
    operation: Operation | None = None
