"""What people read: pages (HTML that asks nobody for anything), CSV and JSON, from plain values.

    model, figures    the values that a page shows; the caller fills them
    assemble          values of `model` from declarations, mapping and owners
    pages             one function for each page: report -> Rendered
    writing           `write_report`: private files, replaced atomically
    reasons           codes of quarantine and warnings in plain words
    rebuild           what to rebuild by hand

Belongs here: rendering. Does not belong here: reading a ledger, an export or Twenty, and anything of Dagster. Reports
hold patient data: they go into the practice's private folder and nowhere else.
"""

from dentes_twenty.reports.page import Rendered
from dentes_twenty.reports.pages.checklist import checklist
from dentes_twenty.reports.pages.cutover import closing, cutover
from dentes_twenty.reports.pages.field_diff import field_diff
from dentes_twenty.reports.pages.lists import mapping, owners, quarantine
from dentes_twenty.reports.pages.reconciliation import reconciliation
from dentes_twenty.reports.pages.summary import summary
from dentes_twenty.reports.rebuild import rebuild_checklist
from dentes_twenty.reports.writing import write_report

__all__ = [
    "Rendered",
    "checklist",
    "closing",
    "cutover",
    "field_diff",
    "mapping",
    "owners",
    "quarantine",
    "rebuild_checklist",
    "reconciliation",
    "summary",
    "write_report",
]
