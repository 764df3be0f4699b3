"""Commands of trust after a migration: `rollback`, `purge`, and `audit-log verify` and `export`.

Belongs here: asking before what cannot be undone, and printing counts. Ids of kept records go into the private report
only; what stands on the screen may be copied into a mail.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dentes_twenty.commands import jobs, output, summary
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit
from dentes_twenty.failures import Failure

if TYPE_CHECKING:
    from dentes_twenty.migration.ledger import AuditHead

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")]


class NotConfirmed(Exception):
    """Nobody has said that it is meant."""

    def __init__(self, what: str) -> None:
        told = Failure("NOT_CONFIRMED", f"{what} was not confirmed; nothing was changed.", "Say yes, or add --yes.")
        super().__init__(str(told))
        self.code, self.message, self.fix = told.code, told.message, told.fix


class FileInTheWay(Exception):
    """The file to be written exists."""

    def __init__(self, path: Path) -> None:
        told = Failure("FILE_EXISTS", f"{path.name} exists already.", "Name another file with --out, or remove it.")
        super().__init__(str(told))
        self.code, self.message, self.fix = told.code, told.message, told.fix


class HeadUnreadable(Exception):
    """A noted head of the audit log is not in its form."""

    def __init__(self) -> None:
        told = Failure("HEAD_UNREADABLE", "The head is not of the form NUMBER:HASH.", "Copy it from the signed report.")
        super().__init__(str(told))
        self.code, self.message, self.fix = told.code, told.message, told.fix


def _confirm(question: str, what: str, *, yes: bool, as_json: bool) -> None:
    """Raises NotConfirmed. A script is not asked: it has to say --yes."""
    if not yes and (as_json or not typer.confirm(question, err=True)):
        raise NotConfirmed(what)


# ---
# Rollback
# ---


def rollback(
    practice: PracticeFile = PRACTICE_FILE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Reverse records too that people have edited since.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Undo the migration: destroy what it made, give back what it adopted. May be stopped and started again."""
    from dentes_twenty.orchestration.rolling_back import BEFORE, ROLL_BACK, ROLLBACK_JOB
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.rolled_back import CSV

    loaded = load_practice(practice)
    if not dry_run:
        also = ", and with it what people have edited since" if force else ""
        question = f"Undo the whole migration of {loaded.name} in {loaded.twenty.url}{also}?"
        _confirm(question, "The rollback", yes=yes, as_json=as_json)
    config = {ROLL_BACK: {"dry_run": dry_run, "force": force}}
    outcome = jobs.execute(ROLLBACK_JOB, practice, loaded, quiet=as_json, config=config)
    done, path = outcome.documents.get(BEFORE), str(loaded.reports_dir / CSV)
    if as_json:
        failed = {"failed": summary.failed_steps(outcome)} if outcome.failed else {}
        output.show_json({**(done or {}), "report": path if done else None, "run_id": outcome.run_id, **failed})
    else:
        if done:
            _tell(done, path)
        for step in outcome.failed:
            output.show_failure(step.failure, as_json=False, where=step.step)
    raise typer.Exit(exit_code(done))


def exit_code(done: Mapping[str, Any] | None) -> Exit:
    """0 all is undone, 1 something failed or differs without a reason, 3 done, and something stays."""
    if done is None or not done["ok"]:
        return Exit.FAILED
    return Exit.DONE if done["complete"] else Exit.QUARANTINED


def _tell(done: Mapping[str, Any], path: str) -> None:
    columns = ("Twenty object", "Destroyed", "Restored", "Gone already", "Reversed earlier", "Kept", "Failed")
    title = "What would happen" if done["dry_run"] else "What was undone"
    output.show_table(output.table(columns, [tuple(one.values()) for one in done["objects"]], title=title))
    fields = [tuple(one.values()) for one in done["kept_fields"]]
    if fields:
        output.show_table(output.table(("Object", "Edited field", "Records"), fields, title="Kept, by field", left=2))
    parts = [tuple(one.values()) for one in done["parts_kept"]]
    if parts:
        words = ("Part of the data model", "Why it stays", "Records")
        output.show_table(output.table(words, parts, title="Stays in the data model", left=2))
    if done["comparison"] is not None:
        _tell_comparison(done["comparison"])
    elif done["last_comparison"] is not None:
        output.show(f"Compared at {done['last_comparison']['at']}, when a rollback had left nothing of ours:")
        _tell_comparison(done["last_comparison"])
    output.show(f"Records by id: {path}")
    verb, counts = "would be" if done["dry_run"] else "were", done["counts"]
    output.say(
        f"{counts['reversed']} records {verb} reversed, {counts['kept']} kept, {counts['failed']} failed; "
        f"{done['parts_removed']} parts of the data model {verb} removed, {len(parts)} stay."
    )


def _tell_comparison(compared: Mapping[str, Any]) -> None:
    if compared["same"]:
        output.show(
            f"The workspace is as before the migration: {compared['records']} records and the data model compared."
        )
        return
    columns = ("Object", "Data model", "Added", "Kept by us", "Missing", "Changed")
    rows = [tuple(one.values()) for one in compared["differences"]]
    output.show_table(output.table(columns, rows, title="Different from before the migration"))
    if compared["counted_only"]:
        output.show(f"Counted only, because of their number: {', '.join(compared['counted_only'])}.")


# ---
# Purge
# ---


def purge(
    signed_by: Annotated[
        str,
        typer.Option("--signed-by", metavar="NAME", help="Who signed the reconciliation; kept in the audit log."),
    ],
    practice: PracticeFile = PRACTICE_FILE,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete personal data after sign-off: staged tables, reports, before-images. The audit log stays."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    loaded = load_practice(practice)
    question = "Delete staged tables, reports and before-images? Adopted records can then not be given back."
    _confirm(question, "The purge", yes=yes, as_json=as_json)
    with Migration(loaded) as migration, migration.run("purge"):
        purged = migration.purge(signed_by)
    figures = {
        "files": purged.files,
        "bytes": purged.bytes,
        "before_images": purged.ledger.before_images,
        "file_names": purged.ledger.file_names,
        "quarantine_rows": purged.ledger.quarantine_rows,
        "conflicts": purged.ledger.conflicts,
    }
    if as_json:
        output.show_json({"purged": figures})
    else:
        rows = [(name.replace("_", " "), count) for name, count in figures.items()]
        output.show_table(output.table(("Purged", "How many"), rows))


# ---
# The audit log
# ---


class Format(StrEnum):
    """Forms of the exported log."""

    CSV = "csv"
    JSONL = "jsonl"


def verify(
    practice: PracticeFile = PRACTICE_FILE,
    head: Annotated[
        str, typer.Option("--head", metavar="NUMBER:HASH", help="A head that was noted earlier, in a signed report.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Walk the chain of hashes; name the first line at which it is broken."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    expected = _head(head) if head else None
    with Migration(load_practice(practice)) as migration:
        log = migration.ledger.audit
        problem, now = log.verify(expected), log.head()
    told = None if problem is None else {"line": problem.seq, "code": problem.code, "message": problem.message}
    if as_json:
        output.show_json({"whole": problem is None, "lines": now.seq, "head": f"{now.seq}:{now.hash}", "problem": told})
    elif problem is None:
        output.show(f"The audit log is whole: {now.seq} lines. Head: {now.seq}:{now.hash}")
    else:
        output.show_failure(Failure(problem.code, problem.message, problem.fix), as_json=False)
    raise typer.Exit(Exit.DONE if problem is None else Exit.FAILED)


def _head(text: str) -> AuditHead:
    from dentes_twenty.migration.ledger import AuditHead

    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise HeadUnreadable
    return AuditHead(int(number), digest.lower())


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.", dir_okay=False)],
    form: Annotated[Format, typer.Option("--format", help="csv for a spreadsheet, jsonl for a program.")] = Format.CSV,
    practice: PracticeFile = PRACTICE_FILE,
    as_json: AsJson = False,
) -> None:
    """Write the whole log into a file of its own, readable by you only."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    if out.exists():
        raise FileInTheWay(out)
    with Migration(load_practice(practice)) as migration:
        log = migration.ledger.audit
        handle = os.open(out, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            count = log.export_csv(file) if form is Format.CSV else log.export_jsonl(file)
    if as_json:
        output.show_json({"lines": count, "file": str(out)})
    else:
        output.show(f"{count} lines written: {out}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(rollback)
    app.command()(purge)
    log = typer.Typer(
        name="audit-log", help="The log of everything that was done in the workspace.", no_args_is_help=True
    )
    log.command()(verify)
    log.command()(export)
    app.add_typer(log)
