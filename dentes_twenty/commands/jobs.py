"""Commands that run a Dagster job in this process: `audit` and `migrate`. The run shows up in the UI.

Belongs here: running, and telling what came of it. Does not belong here: what a job does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from dentes_twenty.commands import output, summary
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit
from dentes_twenty.commands.progress import listening
from dentes_twenty.orchestration.layout import DELTA, OWNERS, REFERENCES, SUMMARY
from dentes_twenty.orchestration.listening import duration
from dentes_twenty.orchestration.outcome import JobOutcome

if TYPE_CHECKING:
    from dentes_twenty.practice import Practice

DAGSTER_FOLDER = "dagster"
PAGE_WORDS = {
    "owners": "Page of the owners",
    "quarantine": "Page of the rows set aside",
    "summary": "Page of the whole migration",
}


def audit(practice: PracticeFile = PRACTICE_FILE, as_json: AsJson = False) -> None:
    """Read the export, plan every row, match owners. Writes nothing into Twenty."""
    raise typer.Exit(run("audit", practice, as_json=as_json))


def migrate(
    practice: PracticeFile = PRACTICE_FILE,
    restore_deleted: Annotated[
        bool,
        typer.Option(
            "--restore-deleted", help="Bring back what people deleted in Twenty, and what `reconcile` has found lost."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move the practice into Twenty and verify it. May be stopped and started again at any moment."""
    raise typer.Exit(run("migrate", practice, as_json=as_json, restore_deleted=restore_deleted))


def run(job: str, practice_file: Path, *, as_json: bool, restore_deleted: bool = False) -> Exit:
    """Run a job and tell what came of it; the exit code for the shell."""
    from dentes_twenty.practice import load_practice

    practice = load_practice(practice_file)
    outcome = execute(job, practice_file, practice, quiet=as_json, restore_deleted=restore_deleted)
    pages = pages_of(outcome, practice)
    if as_json:
        output.show_json({**summary.as_document(outcome), "pages": pages})
    else:
        tell(outcome)
        tell_pages(pages)
    return exit_code(outcome)


def pages_of(outcome: JobOutcome, practice: Practice) -> dict[str, str]:
    """What the pages that a job has written are about -> their paths."""
    from dentes_twenty.reports.summarised import PAGES
    from dentes_twenty.reports.written import SUMMARY as SUMMARY_PAGE
    from dentes_twenty.reports.written import page_of

    written = {OWNERS: PAGES["owners"], REFERENCES: PAGES["quarantine"], DELTA: PAGES["quarantine"]}
    written |= {SUMMARY: SUMMARY_PAGE}
    return {name: str(page_of(practice, name)) for step, name in written.items() if step in outcome.steps}


def tell_pages(pages: Mapping[str, str]) -> None:
    """Where the private pages lie."""
    for name, path in pages.items():
        output.show(f"{PAGE_WORDS[name]}: {path}")


def execute(
    job: str,
    practice_file: Path,
    practice: Practice,
    *,
    quiet: bool = False,
    api_key: str | None = None,
    forget: bool = False,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    restore_deleted: bool = False,
) -> JobOutcome:
    """Run a job in the instance of DAGSTER_HOME, or else in the practice's own; with `forget` in none that stays.

    `config`: step -> its settings.
    """
    from dentes_twenty.orchestration.execute import home_for, open_instance, run_job

    home = None if forget else home_for(dagster_home(practice))
    with open_instance(home) as instance, listening(quiet=quiet) as listener:
        return run_job(
            job,
            instance,
            practice_file,
            api_key=api_key,
            listener=listener,
            config=config,
            restore_deleted=restore_deleted,
        )


def dagster_home(practice: Practice) -> Path:
    """Where the runs of a practice are kept unless DAGSTER_HOME says otherwise."""
    return practice.private_dir / DAGSTER_FOLDER


def exit_code(outcome: JobOutcome) -> Exit:
    """0 done, 1 failed, 3 done with rows that stay out."""
    if not outcome.ok:
        return Exit.FAILED
    return Exit.QUARANTINED if summary.stays_out(outcome) else Exit.DONE


def tell(outcome: JobOutcome) -> None:
    """The tables of a job, then what went wrong, then one sentence."""
    tell_tables(outcome)
    for check in outcome.errors:
        output.say(f"Check {check.asset} / {check.name} failed: {check.description}")
    for check in outcome.warnings:
        if not check.tables:  # those with tables say which rows stay out, and the tables above count these
            output.say(f"Check {check.asset} / {check.name} warns: {check.description}")
    for failed in outcome.failed:
        output.show_failure(failed.failure, as_json=False, where=failed.step)
    if not outcome.finished and not outcome.failed and not outcome.errors:
        output.say(f"The run {outcome.run_id} failed before its first step; the Dagster UI shows its log.")
    if conflicts := summary.conflicts(outcome):
        output.say(
            f"{conflicts} values of the export contradict what Twenty holds; Twenty's stay until somebody decides: "
            "`dentes-twenty conflicts` names them. Another name means that the record is another person's."
        )
    out = summary.stays_out(outcome)
    verdict = "Done" if outcome.ok else "Failed"
    tail = f", {out} findings keep rows out" if out else ""
    output.say(f"{verdict} in {duration(outcome.seconds)}{tail}. Run {outcome.run_id}.")


def tell_tables(outcome: JobOutcome) -> None:
    """What was in the export, what landed, and what the money comes to."""
    reports = summary.report_lines(outcome)
    if reports:
        rows = [(line.report, line.title, line.rows_read, line.landing, line.stays_out) for line in reports]
        made = output.table(
            ("Report", "Known as", "Rows", "Landing", "Stay out, and why"), rows, title="The export", left=2
        )
        made.columns[-1].justify = "left"
        made.columns[-1].no_wrap = False
        output.show_table(made)
    objects = summary.object_lines(outcome)
    if objects:
        output.show_table(_objects_table(objects))
    money = summary.money_lines(outcome)
    if money:
        lines = [(m.object, m.source, m.figure, m.expected, m.found, "same" if m.same else "DIFFERS") for m in money]
        columns = ("Object", "Source", "Figure", "Accepted rows", "In Twenty", "")
        output.show_table(output.table(columns, lines, title="Money, to the smallest coin", left=3))


def _objects_table(objects: tuple[summary.ObjectLine, ...]) -> Table:
    shown = ("landed", "created", "adopted", "updated", "unchanged", "held", "refused", "verified_values", "calls")
    rows = [
        (
            line.name,
            *(int(line.figures.get(figure, 0)) for figure in shown),
            line.counted,
            "" if line.counts_ok is None else "same" if line.counts_ok else "DIFFERS",
        )
        for line in objects
    ]
    words = ("Landed", "Created", "Adopted", "Updated", "Unchanged", "Held", "Refused", "Values verified", "Calls")
    return output.table(("Twenty object", *words, "Twenty counts", ""), rows, title="In Twenty")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(audit)
    app.command()(migrate)
