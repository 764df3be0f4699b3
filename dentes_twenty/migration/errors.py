"""What can go wrong between the two sides, grouped by what the caller can do about it.

    MigrationError                 `code`, `message`, `fix`; never a patient's data
    +-- ApiKeyMissing, NoRun       the environment lacks the key; the caller lacks a run
    +-- LedgerError
        +-- LedgerUnavailable      the database cannot be reached or written now: wait, free space, try again
        |   +-- LedgerBusy         another process held the write lock for longer than the time-out
        +-- LedgerConfiguration    a person has to change a setting: URL, key, program version
        +-- LedgerDamaged          the file is no database or is damaged: restore a copy
        +-- RunInProgress          another run of this practice is alive: wait for it
        +-- LedgerMisuse           the program broke the ledger's contract; nothing was written

Messages carry codes, counts, field names and line numbers. A driver's own message may hold row values, so it is
never passed on.
"""

from __future__ import annotations


class MigrationError(Exception):
    """`code` is for programs, `message` says what happened, `fix` says what to do about it."""

    default_code = "migration_failed"

    def __init__(self, message: str, fix: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} [{self.code}] {self.fix}"


class ApiKeyMissing(MigrationError):
    """The environment holds no key for the workspace."""

    default_code = "API_KEY_MISSING"


class NoRun(MigrationError):
    """A step that writes was called outside `run`."""

    default_code = "NO_RUN"


class LedgerError(MigrationError):
    """Everything that comes from the ledger."""

    default_code = "ledger_failed"


class LedgerUnavailable(LedgerError):
    """The database cannot be reached or written at the moment; what was committed before is safe."""

    default_code = "ledger_unavailable"


class LedgerBusy(LedgerUnavailable):
    """Another process kept the write lock for longer than the time-out."""

    default_code = "ledger_busy"


class LedgerConfiguration(LedgerError):
    """A setting, a key or the version of the program does not fit this ledger."""

    default_code = "ledger_configuration"


class LedgerDamaged(LedgerError):
    """The file is not a database, or its pages are damaged."""

    default_code = "ledger_damaged"


class RunInProgress(LedgerError):
    """Another run of the same practice is alive."""

    default_code = "run_in_progress"


class LedgerMisuse(LedgerError):
    """The caller broke the contract of the ledger. The transaction was rolled back."""

    default_code = "ledger_misuse"
