"""`reconcile`: the books of the export against those of Twenty, as often as one likes.

Belongs here: running the job, and printing counts and what to do next. Names and values stand on the private page.
"""

from __future__ import annotations

from typing import Annotated

import typer

from dentes_twenty.commands import jobs, output, summary
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit
from dentes_twenty.orchestration.layout import RECONCILED_CHECK, RECONCILIATION
from dentes_twenty.orchestration.outcome import JobOutcome

PAGE = "reconciliation.html"
TO_DO = "what_to_do"
STAYS_OUT = ("quarantined", "held", "refused")


def reconcile(
    practice: PracticeFile = PRACTICE_FILE,
    quick: Annotated[
        bool, typer.Option("--quick", help="Counts and sums only: a few dozen calls, whatever the size.")
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Download every file and compare it byte by byte, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare every field of every record, links, files and money with the export. Reads only; run `audit` before."""
    if quick and files:
        raise typer.BadParameter("Say either --quick or --files.")
    from dentes_twenty.practice import load_practice

    loaded = load_practice(practice)
    outcome = jobs.execute(
        "reconcile", practice, loaded, quiet=as_json, config={RECONCILIATION: {"quick": quick, "files": files}}
    )
    page = loaded.reports_dir / PAGE
    if as_json:
        output.show_json({**summary.as_document(outcome), "page": str(page) if outcome.checks else None})
    else:
        _tell(outcome)
        if outcome.checks:
            output.show(f"Page: {page}")
    raise typer.Exit(_exit_code(outcome))


def _exit_code(outcome: JobOutcome) -> Exit:
    """0 all is the same, 1 something differs or failed, 3 the same, and rows of the export stay out."""
    if not outcome.ok:
        return Exit.FAILED
    out = any(row["what"] in STAYS_OUT for check in outcome.checks for row in check.tables.get(TO_DO, ()))
    return Exit.QUARANTINED if out else Exit.DONE


def _tell(outcome: JobOutcome) -> None:
    for failed in outcome.failed:
        output.show_failure(failed.failure, as_json=False, where=failed.step)
    checks = [check for check in outcome.checks if check.name == RECONCILED_CHECK]
    lines = [(check.asset, "same" if check.passed else "DIFFERS", check.description) for check in checks]
    if lines:
        output.show_table(output.table(("Object", "", "What was found"), lines, title="Reconciliation", left=3))
    todo = {(row["what"], row["to_do"]): 0 for check in checks for row in check.tables.get(TO_DO, ())}
    for check in checks:
        for row in check.tables.get(TO_DO, ()):
            todo[row["what"], row["to_do"]] += int(row["count"])
    if todo:
        rows = [(what, count, to_do) for (what, to_do), count in todo.items()]
        output.show_table(output.table(("What", "Count", "What to do"), rows, title="What to do next", left=3))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)
