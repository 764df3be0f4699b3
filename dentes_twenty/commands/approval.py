"""Commands of trust before the full migration: `sample` and `approve`.

Belongs here: running the jobs, and saying where the page is and what comes next. The page itself is private.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dentes_twenty.commands import jobs, output, summary
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit
from dentes_twenty.orchestration.layout import SAMPLE
from dentes_twenty.orchestration.outcome import JobOutcome

if TYPE_CHECKING:
    from dentes_twenty.practice import Practice

VERDICTS = ("same", "normalised", "lost", "not_migrated")
PAGE = "sample.html"


def sample(
    practice: PracticeFile = PRACTICE_FILE,
    size: Annotated[int, typer.Option(metavar="N", min=100, max=500, help="How many records.")] = 200,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Into a sandbox that is thrown away, not into the workspace.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Migrate some hundred records that show everything, and write the page to read before approving."""
    from dentes_twenty.practice import load_practice

    loaded = load_practice(practice)
    config = {SAMPLE: {"size": size, "sandbox": sandbox}}
    outcome = jobs.execute("sample", practice, loaded, quiet=as_json, config=config)
    page = loaded.reports_dir / PAGE
    if as_json:
        document = summary.as_document(outcome)
        output.show_json({**document, "page": str(page) if outcome.steps.get(SAMPLE) else None})
    else:
        jobs.tell(outcome)
        if SAMPLE in outcome.steps:
            _tell_sample(outcome, page, practice)
    raise typer.Exit(jobs.exit_code(outcome))


def _tell_sample(outcome: JobOutcome, page: Path, practice: Path) -> None:
    figures = outcome.steps[SAMPLE]
    rows = [(name.replace("_", " "), int(figures.get(name, 0))) for name in VERDICTS]
    output.show_table(output.table(("Verdict", "Values"), rows, title="The sample, field by field"))
    output.show(f"Page: {page}")
    named = "" if practice == PRACTICE_FILE else f" --practice {practice}"
    output.say(f"Read it, then: dentes-twenty approve --by NAME{named}")


def approve(
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says yes: a person responsible for the practice.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="What is to be remembered beside it.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take every yes back that stands.")] = False,
    practice: PracticeFile = PRACTICE_FILE,
    as_json: AsJson = False,
) -> None:
    """Say yes to the sample that was shown last: the full migration may write. A later change voids it."""
    from dentes_twenty.practice import load_practice

    loaded = load_practice(practice)
    if withdraw:
        _withdraw(loaded, by, as_json=as_json)
        return
    outcome = jobs.execute(
        "approve", practice, loaded, quiet=True, config={"record_approval": {"by": by, "note": note}}
    )
    if as_json:
        output.show_json({"approved": outcome.ok, "by": by if outcome.ok else None, "run": outcome.run_id})
    for failed in outcome.failed:
        output.show_failure(failed.failure, as_json=False)
    if not outcome.ok:
        raise typer.Exit(Exit.FAILED)
    if not as_json:
        output.show(f"Approved by {by}. `dentes-twenty migrate` may write now.")


def _withdraw(practice: Practice, by: str, *, as_json: bool) -> None:
    from dentes_twenty.migration.session import Migration

    with Migration(practice) as migration:
        count = migration.withdraw(by)
    if as_json:
        output.show_json({"withdrawn": count, "by": by})
    else:
        output.show(f"{count} approvals taken back by {by}. `dentes-twenty migrate` waits for another.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(sample)
    app.command()(approve)
