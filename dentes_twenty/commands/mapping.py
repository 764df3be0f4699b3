"""Commands that come before the first run: `init`, `propose-mapping`, `confirm-mapping`.

Belongs here: writing the files that a person then reads, and saying what to look at. Does not belong here: how a
mapping is found (`exports.propose`). Nothing of a patient is printed: headers, words of value lists and counts are.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dentes_twenty.commands import output
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.progress import listening
from dentes_twenty.failures import Failure
from dentes_twenty.migration.progress import told_by
from dentes_twenty.orchestration.listening import Listener

if TYPE_CHECKING:
    from dentes_twenty.exports.mapping import Mapping

KEYS_FILE = "keys.env"
DOUBTFUL = 0.8  # below it, a person should look at the column before confirming
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who has read the mapping and says yes.")]


class FileInTheWay(Exception):
    """A file exists that a command would have to overwrite."""

    def __init__(self, path: Path, fix: str) -> None:
        told = Failure("FILE_EXISTS", f"{path.name} exists already and may hold somebody's decisions.", fix)
        super().__init__(str(told))
        self.code, self.message, self.fix = told.code, told.message, told.fix


def init(
    practice: PracticeFile = PRACTICE_FILE,
    key: Annotated[str, typer.Option(help="Key of the practice: small letters, digits and hyphens.")] = "my-practice",
    export: Annotated[str, typer.Option(metavar="DIR", help="Folder or workbook of report exports.")] = "export",
    url: Annotated[str, typer.Option(help="Address of the Twenty workspace.")] = "https://your-workspace.twenty.com",
    as_json: AsJson = False,
) -> None:
    """Write a commented practice file, and an encryption key."""
    from dentes_twenty.migration.ledger import new_key
    from dentes_twenty.practice import KEY_VARIABLE, load_practice, practice_template

    if practice.exists():
        raise FileInTheWay(practice, "Edit it, or name another file with --practice.")
    practice.write_text(practice_template(key, export, url), encoding="utf-8")
    loaded = load_practice(practice)
    loaded.prepare()
    keys = loaded.private_dir / KEYS_FILE
    if not keys.exists():
        text = f"export {KEY_VARIABLE}={shlex.quote(new_key())}\n# export {loaded.twenty.api_key_env}=...\n"
        with os.fdopen(os.open(keys, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    if as_json:
        output.show_json({"practice": str(practice), "keys": str(keys)})
        return
    output.show(f"Written: {practice}. Read it, then put your export at `{export}`.")
    output.show(
        f"Keys: {keys}, readable by you only. Add the API key of your workspace there; `source` it before a run."
    )
    output.show(f"Next: dentes-twenty propose-mapping --practice {shlex.quote(str(practice))}")


def propose_mapping(
    practice: PracticeFile = PRACTICE_FILE,
    force: Annotated[bool, typer.Option("--force", help="Replace a mapping file that exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find out what each file, header and word means, with evidence, for a person to read."""
    from dentes_twenty.exports.drop import open_drop
    from dentes_twenty.exports.mapping import save_mapping
    from dentes_twenty.exports.propose import propose
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.written import write_mapping

    loaded = load_practice(practice)
    if loaded.mapping_path.exists() and not force:
        raise FileInTheWay(loaded.mapping_path, "Confirm or edit it, or replace it with --force.")
    with listening(quiet=as_json) as listener:
        reading = _Reading(listener)
        found = propose(open_drop(loaded.export_location), region=loaded.region, progress=reading)
        reading.end()
    save_mapping(found, loaded.mapping_path)
    page = write_mapping(loaded, found)
    if as_json:
        output.show_json({**proposal_document(found), "page": str(page)})
        return
    tell_proposal(found)
    output.show(f"Page: {page}")
    output.show(f"Written: {loaded.mapping_path}. Read it, correct it, then: dentes-twenty confirm-mapping --by NAME")


def confirm_mapping(by: By, practice: PracticeFile = PRACTICE_FILE, as_json: AsJson = False) -> None:
    """Bind a person's yes to this mapping. Any later change of its meaning voids it."""
    from dentes_twenty.exports.mapping import confirm_file
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.written import write_mapping

    loaded = load_practice(practice)
    mapping = confirm_file(loaded.mapping_path, by, dt.datetime.now(loaded.zone))
    assert mapping.confirmed is not None
    write_mapping(loaded, mapping)
    if as_json:
        output.show_json({"confirmed_by": mapping.confirmed.by, "fingerprint": mapping.confirmed.fingerprint})
    else:
        output.show(f"Confirmed by {mapping.confirmed.by}: {mapping.confirmed.fingerprint[:16]}")


class _Reading:
    """One bar, or one line, for each file; what others refer to is read twice."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._rows: dict[str, int] = {}
        self._told = told_by(lambda progress: listener.progressed(progress.object, progress))

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if name not in self._rows:
            self._listener.started(name)
        self._rows[name] = done
        self._told(name, done, total)

    def end(self) -> None:
        """Every file was read to its end."""
        for name, rows in self._rows.items():
            self._listener.finished(name, {"rows": rows})


def tell_proposal(mapping: Mapping) -> None:
    """What was found, what is doubtful, what nobody knows, and what a person has to answer."""
    from dentes_twenty.exports.mapping import open_points

    rows = [
        (
            table.report,
            table.table,
            sum(entry.column is not None for entry in table.columns),
            sum(entry.column is None for entry in table.columns),
            sum(entry.column is not None and (entry.confidence or 0) < DOUBTFUL for entry in table.columns),
        )
        for table in mapping.reports
    ]
    columns = ("Report", "File", "Headers known", "Not known", "Doubtful")
    output.show_table(output.table(columns, rows, title="Proposed mapping", left=2))
    for point in open_points(mapping):
        mark = "To answer" if point.blocking else "To look at"
        output.show(f"{mark}: {point.text}")


def proposal_document(mapping: Mapping) -> dict[str, object]:
    """For machines: the same, as data."""
    from dentes_twenty.exports.mapping import open_points

    return {
        "reports": [
            {
                "report": table.report,
                "file": table.table,
                "columns": {entry.header: entry.column or entry.action for entry in table.columns},
            }
            for table in mapping.reports
        ],
        "other_tables": [other.file for other in mapping.other_tables],
        "open": [
            {"code": p.code, "where": p.where, "text": p.text, "blocking": p.blocking} for p in open_points(mapping)
        ],
    }


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(propose_mapping)
    app.command()(confirm_mapping)
