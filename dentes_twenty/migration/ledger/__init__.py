"""The ledger: a practice's state database (SQLite file or PostgreSQL), its only memory between runs.

`Ledger` is the way in; the other names are the values that go into it and come out of it.
"""

from dentes_twenty.migration.ledger.adoptions import Adoption, new_key
from dentes_twenty.migration.ledger.approvals import Approval
from dentes_twenty.migration.ledger.audit import AuditHead, AuditProblem
from dentes_twenty.migration.ledger.conflicts import Conflict, ConflictState
from dentes_twenty.migration.ledger.files import FileNames, FileRecord, FileState
from dentes_twenty.migration.ledger.held import Held
from dentes_twenty.migration.ledger.ledger import Ledger, Purged
from dentes_twenty.migration.ledger.limits import SharedLimits
from dentes_twenty.migration.ledger.provisioning import Part, Provisioned, ProvisionState
from dentes_twenty.migration.ledger.quarantine import Defect, Entry, EntryState, Severity
from dentes_twenty.migration.ledger.runs import Drop, DropState, Run, RunState
from dentes_twenty.migration.ledger.types import (
    FieldPrints,
    Loss,
    Operation,
    Outcome,
    RecordIntent,
    RecordKey,
    RecordState,
    Result,
    Status,
)
from dentes_twenty.migration.ledger.workspaces import StoredFingerprint

__all__ = [
    "Adoption",
    "Approval",
    "AuditHead",
    "AuditProblem",
    "Conflict",
    "ConflictState",
    "Defect",
    "Drop",
    "DropState",
    "Entry",
    "EntryState",
    "FieldPrints",
    "FileNames",
    "FileRecord",
    "FileState",
    "Held",
    "Ledger",
    "Loss",
    "Operation",
    "Outcome",
    "Part",
    "ProvisionState",
    "Provisioned",
    "Purged",
    "RecordIntent",
    "RecordKey",
    "RecordState",
    "Result",
    "Run",
    "RunState",
    "Severity",
    "SharedLimits",
    "Status",
    "StoredFingerprint",
    "new_key",
]
