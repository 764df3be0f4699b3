"""The rebuild checklist as a page of its own."""

from __future__ import annotations

from dentes_twenty.reports.model import ChecklistReport
from dentes_twenty.reports.page import Rendered, render
from dentes_twenty.reports.tables import table


def checklist(report: ChecklistReport) -> Rendered:
    """The page, one CSV line for each step, and JSON."""
    rows = (
        (item.key, item.title, item.why, number, step, ", ".join(item.objects))
        for item in report.items
        for number, step in enumerate(item.steps, 1)
    )
    header = ("key", "title", "why", "number", "step", "objects")
    return render("checklist", report, {"": table(header, rows, report.heading.language)})
