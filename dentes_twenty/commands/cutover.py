"""Commands of the cutover: `delta`, `watch`, `conflicts`, `resolve`.

Belongs here: running, waiting between two looks, and telling what came of it. Does not belong here: which drop is taken
(`migration.cutover`). `conflicts` prints field names and keys of records; both values stand on the private page.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dentes_twenty.commands import jobs, output, summary
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit
from dentes_twenty.orchestration.layout import DELTA
from dentes_twenty.orchestration.outcome import JobOutcome

if TYPE_CHECKING:
    from dentes_twenty.migration.cutover import Look
    from dentes_twenty.practice import Practice

FIGURES = (
    "new", "changed", "unchanged", "returned", "vanished", "deleted", "created", "updated", "conflicts_found",
    "conflicts_open", "held", "quarantined", "refused", "files", "files_replaced", "taken_away", "calls",
)  # fmt: skip
WAITING_FOR_SOMEBODY = ("conflicts_open", "held", "quarantined", "refused")
Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="REPORT", help="A report that may be missing or short; `older` for an older export."),
]


def delta(
    practice: PracticeFile = PRACTICE_FILE,
    drop: Annotated[str, typer.Option(metavar="DIR", help="The export, where it is not the practice file's.")] = "",
    allow: Allow = None,
    restore_deleted: Annotated[
        bool, typer.Option("--restore-deleted", help="Bring back what a person deleted in Twenty.")
    ] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Send what Twenty has refused again, as it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Merge a later export into Twenty, without losing anybody's edits."""
    from dentes_twenty.practice import load_practice

    config = {"drop": _absolute(drop), "allow": list(allow or ()), "restore_deleted": restore_deleted}
    config |= {"retry_refused": retry_refused}
    raise typer.Exit(_run(practice, load_practice(practice), config, as_json=as_json))


def _absolute(drop: str) -> str:
    return drop if not drop or "://" in drop else str(Path(drop).expanduser().absolute())


def _run(file: Path, practice: Practice, config: dict[str, Any], *, as_json: bool) -> Exit:
    outcome = jobs.execute("delta", file, practice, quiet=as_json, config={DELTA: config})
    pages = jobs.pages_of(outcome, practice)
    if as_json:
        output.show_json({**summary.as_document(outcome), "pages": pages})
    else:
        _tell(outcome, practice)
        jobs.tell_pages(pages)
    return exit_code(outcome)


def exit_code(outcome: JobOutcome) -> Exit:
    """0 done, 1 failed, 3 done with something left for people."""
    if not outcome.ok:
        return Exit.FAILED
    figures = outcome.steps.get(DELTA, {})
    return Exit.QUARANTINED if any(figures.get(name) for name in WAITING_FOR_SOMEBODY) else Exit.DONE


def _tell(outcome: JobOutcome, practice: Practice) -> None:
    jobs.tell(outcome)
    figures = outcome.steps.get(DELTA)
    if figures is None:
        return
    rows = [(name.replace("_", " "), int(figures.get(name, 0))) for name in FIGURES]
    output.show_table(output.table(("Delta", "Rows"), rows))
    output.show(f"Page: {practice.reports_dir / 'cutover.html'}")


def watch(
    practice: PracticeFile = PRACTICE_FILE,
    every: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="Seconds between two looks.")] = 30,
) -> None:
    """Take each new export of the cutover window, as the drop sensor does; ends with the window."""
    from dentes_twenty.migration.cutover import Action, Deltas, decide
    from dentes_twenty.migration.ledger import DropState, Ledger
    from dentes_twenty.migration.watching import Memory, look_around
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.deltas import write_closing_report

    memory, failures, said = Memory(), Counter[str](), ""
    while True:
        loaded = load_practice(practice)
        loaded.prepare()
        with Ledger.open(loaded.ledger_url, loaded.key) as ledger:
            drops = ledger.drops()
            settled = {one.fingerprint for one in drops if one.state in (DropState.DONE, DropState.REFUSED)}
            before = memory.contents
            looks, memory = look_around(loaded.drops_location, memory, settled)
            now = dt.datetime.now(loaded.zone)
            decision = decide(now, loaded.cutover_window, looks, before, drops, Deltas(ledger.is_busy(), failures))
            if decision.reason != said:
                said = decision.reason
                output.say(said)
            if decision.action is Action.STOP:
                output.show(f"Page: {write_closing_report(loaded, ledger)}")
                return
        if decision.look is not None:
            _take(practice, loaded, decision.look, failures)
        elif loaded.cutover_window is None:
            raise typer.Exit(Exit.WRONG_USE)
        time.sleep(every)


def _take(file: Path, practice: Practice, look: Look, failures: Counter[str]) -> None:
    """One delta; a failure counts for its drop."""
    fingerprint = look.fingerprint or ""
    config = {"drop": look.location, "fingerprint": fingerprint}
    if _run(file, practice, config, as_json=False) is Exit.FAILED:
        failures[fingerprint] += 1


def conflicts(practice: PracticeFile = PRACTICE_FILE, as_json: AsJson = False) -> None:
    """List what the export and a person changed differently; both values stand on the page of the last delta."""
    from dentes_twenty.migration.ledger import Ledger
    from dentes_twenty.practice import load_practice

    loaded = load_practice(practice)
    with Ledger.open(loaded.ledger_url, loaded.key) as ledger:
        standing = ledger.conflicts_standing()
    lines = [
        {"record": f"{key.source_object}:{key.source_id}", "field": name, "decision": one.state.value}
        for key, fields in standing.items()
        for name, one in fields.items()
    ]
    if as_json:
        output.show_json({"conflicts": lines})
    else:
        _list_conflicts(lines, loaded.reports_dir / "cutover.html")
    raise typer.Exit(Exit.QUARANTINED if lines else Exit.DONE)


def _list_conflicts(lines: list[dict[str, str]], page: Path) -> None:
    if not lines:
        output.show("No conflict waits for a decision.")
        return
    rows = [tuple(line.values()) for line in lines]
    output.show_table(output.table(("Record", "Field", "Decision"), rows, title="Conflicts", left=3))
    output.show(f"Both values: {page}")
    output.show("Decide with `dentes-twenty resolve RECORD --by NAME`: --ours writes the export's value into Twenty,")
    output.show("--theirs leaves Twenty's. `--field FIELD` decides a single field.")


def resolve(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="As `conflicts` names it; `all` for all.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides.")],
    ours: Annotated[bool, typer.Option("--ours", help="The export's value is written.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Twenty's value stays.")] = False,
    field: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Only this field.")] = None,
    later: Annotated[bool, typer.Option("--later", help="Let the next delta carry it out.")] = False,
    practice: PracticeFile = PRACTICE_FILE,
    as_json: AsJson = False,
) -> None:
    """Decide conflicts, and write what was decided."""
    from dentes_twenty.migration.ledger import ConflictState
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.migration.tally import Tally
    from dentes_twenty.practice import load_practice

    if ours == theirs:
        raise typer.BadParameter("Say either --ours or --theirs.")
    decision = ConflictState.OURS if ours else ConflictState.THEIRS
    tally = Tally()
    with Migration(load_practice(practice)) as migration:
        decided = migration.resolve(None if record == "all" else record, decision, by=by, fields=field)
        if not later:
            with migration.run("resolve"):
                tally = migration.carry_out()
    if as_json:
        left = {"conflicts_found": tally.conflicts, "refused": tally.refused}
        output.show_json({"decided": decided, "records_written": tally.updated, **left})
    else:
        output.show(f"Decided: {decided} fields. Written: {tally.updated} records.")
        if tally.conflicts:
            output.show(f"Open again: {tally.conflicts} fields, because somebody has edited them in Twenty since.")
        if tally.refused:
            output.show(f"Refused by Twenty: {tally.refused} records; `dentes-twenty status` has the reasons.")
    if tally.conflicts or tally.refused:
        raise typer.Exit(Exit.QUARANTINED)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (delta, watch, conflicts, resolve):
        app.command()(command)
