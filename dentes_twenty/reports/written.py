"""The pages that accompany a migration, each from what the program has, written into the practice's private folder.

Belongs here: which page is called what, and putting its figures together. Does not belong here: the pages themselves
(`pages`), those with a module of their own (`sampled`, `reconciled`, `deltas`, `rolled_back`). Callers get the path and
nothing of what stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.practice import Practice
from dentes_twenty.reports.assemble import mapping_report, owner_report, quarantine_report, unmoved_columns
from dentes_twenty.reports.headings import heading_of
from dentes_twenty.reports.model import ChecklistReport
from dentes_twenty.reports.pages.checklist import checklist
from dentes_twenty.reports.pages.lists import mapping, owners, quarantine
from dentes_twenty.reports.pages.summary import summary
from dentes_twenty.reports.rebuild import rebuild_checklist
from dentes_twenty.reports.summarised import PAGES, Moved, summary_report
from dentes_twenty.reports.writing import write_report

SUMMARY = "summary"


def page_of(practice: Practice, name: str) -> Path:
    """Where a page stands once it is written."""
    return practice.reports_dir / f"{name}.html"


def write_mapping(practice: Practice, found: MappingFile) -> Path:
    """What each file, header and word was taken for."""
    report = mapping_report(heading_of(practice, location=practice.export_location), found, (MEMBERS, *FIXED))
    return write_report(practice.reports_dir, PAGES["mapping"], mapping(report))


def write_quarantine(practice: Practice, ledger: Ledger, *, location: str = "", run: int | None = None) -> Path:
    """Every open finding of the ledger with file, line, source id, column and reason."""
    found = (entry for page in ledger.quarantine_open() for entry in page)
    report = quarantine_report(heading_of(practice, location=location, run=run), found)
    return write_report(practice.reports_dir, PAGES["quarantine"], quarantine(report))


def write_owners(practice: Practice, found: Owners, *, location: str = "") -> Path:
    """Which member stands for which provider."""
    report = owner_report(heading_of(practice, location=location), found)
    return write_report(practice.reports_dir, PAGES["owners"], owners(report))


def write_checklist(practice: Practice, found: MappingFile, declarations: Iterable[SourceObject]) -> Path:
    """What is to be rebuilt by hand, and the columns that stay behind."""
    declared = tuple(declarations)
    report = ChecklistReport(
        heading_of(practice, location=practice.export_location),
        rebuild_checklist(declared, practice.labels),
        unmoved_columns(found, declared),
    )
    return write_report(practice.reports_dir, PAGES["checklist"], checklist(report))


def write_summary(migration: Migration, moved: Moved) -> Path:
    """The whole migration on one page, after the others, so that it can name those that are there."""
    practice, location = migration.practice, migration.staged_origin.location
    write_quarantine(practice, migration.ledger, location=location, run=migration.run_id)
    heading = heading_of(practice, location=location, run=migration.run_id)
    return write_report(practice.reports_dir, SUMMARY, summary(summary_report(heading, migration, moved)))
