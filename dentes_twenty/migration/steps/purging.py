"""Purging personal data after sign-off: staged tables, reports, before-images; the audit log and counts remain.

Belongs here: the practice's private files. Does not belong here: what the ledger deletes (`Ledger.purge`), the export
itself, which is the practice's own and is never touched. After a purge adopted records can no longer be given back.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import Ledger, Purged
from dentes_twenty.practice import Practice

TRIALS = "trial-*"
"""Folders that a sample in a sandbox leaves behind when it is killed: its ledger, its reports, uploaded files."""


class NotPurged(MigrationError):
    """A private file could not be deleted."""

    default_code = "NOT_PURGED"


@dataclasses.dataclass(frozen=True, slots=True)
class PurgeSummary:
    """How many files and bytes were deleted, and how many rows of the ledger lost their personal data."""

    files: int
    bytes: int
    ledger: Purged


def purge(practice: Practice, ledger: Ledger, run: int, signed_by: str) -> PurgeSummary:
    """Delete; a second call finds nothing. Files first: if one cannot be deleted, the ledger is still whole.

    `signed_by` has signed the reconciliation; the name goes into the audit log. Raises NotPurged.
    """
    name = " ".join(signed_by.split())
    if not name:
        raise NotPurged(
            "Nobody has signed the migration off.", "Say who has, with --signed-by NAME.", code="NOT_SIGNED"
        )
    files = size = 0
    trials = sorted(practice.private_dir.glob(TRIALS))
    for folder in (practice.staging_dir, practice.reports_dir, *trials):
        try:
            count, freed = _empty(folder)
            if folder in trials:
                folder.rmdir()
        except OSError as error:
            raise NotPurged(
                f"A file in the private folder `{folder.name}` cannot be deleted ({error.strerror}).",
                "Close what has it open, look at its permissions, then purge again.",
            ) from None
        files, size = files + count, size + freed
    return PurgeSummary(files, size, ledger.purge(run, signed_by=name))


def _empty(folder: Path) -> tuple[int, int]:
    """Delete everything in a folder, following no link; files and bytes."""
    if not folder.is_dir():
        return 0, 0
    files = size = 0
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            count, freed = _empty(path)
            path.rmdir()
            files, size = files + count, size + freed
        else:
            files, size = files + 1, size + path.lstat().st_size
            path.unlink()
    return files, size
