"""Commands that ask about the workspace or the ledger: `owners`, `provision`, `status`.

Belongs here: printing what `Migration` says. `owners` prints the practice's staff by name, because a person has to
match them, and `status --rows` the ids of rows, because a person has to find them; no other command prints anybody's
data.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dentes_twenty.commands import output
from dentes_twenty.commands.options import PRACTICE_FILE, AsJson, PracticeFile
from dentes_twenty.commands.output import Exit

if TYPE_CHECKING:
    from dentes_twenty.migration.ledger import Ledger, Run
    from dentes_twenty.migration.steps import ProvisionPlan, StatusReport

Rows = Annotated[
    bool,
    typer.Option(
        "--rows",
        help="List the open findings themselves, with file, row, line, source id (often a patient's) and code.",
    ),
]
Checklist = Annotated[
    bool, typer.Option("--checklist", help="Print what is missing, to be made by hand; create nothing.")
]


def owners(practice: PracticeFile = PRACTICE_FILE, as_json: AsJson = False) -> None:
    """Match the staff with workspace members. Reads only; run `audit` before."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.written import write_owners

    with Migration(load_practice(practice)) as migration:
        report = migration.owners()
        page = write_owners(migration.practice, report, location=migration.staged_origin.location)
    lines = [
        {
            "provider_id": line.provider.id,
            "name": line.provider.name,
            "email": line.provider.email,
            "owns": line.provider.owns,
            "match": line.match.value,
            "member": line.member_email,
        }
        for line in report.lines
    ]
    if as_json:
        output.show_json({"owners": lines, "blocking": len(report.blocking), "page": str(page)})
    else:
        columns = ("Provider", "Name", "E-mail", "Match", "Member", "Rows owned")
        rows = [(x["provider_id"], x["name"], x["email"], x["match"], x["member"], x["owns"]) for x in lines]
        output.show_table(output.table(columns, rows, left=5))
        output.show(f"Page: {page}")
    report.require()


def provision(practice: PracticeFile = PRACTICE_FILE, checklist: Checklist = False, as_json: AsJson = False) -> None:
    """Create what the data model lacks. Nothing else is touched; run `audit` before."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice
    from dentes_twenty.reports.written import write_checklist

    with Migration(load_practice(practice)) as migration:
        if checklist:
            plan = migration.provision_plan()
            page = write_checklist(migration.practice, migration.mapping, migration.planner.declarations)
            _show_checklist(plan, page, as_json=as_json)
            return
        with migration.run("provision"):
            summary = migration.provision(on_step=None if as_json else output.say)
    made = {"objects": summary.objects, "fields": summary.fields, "options": summary.options}
    if as_json:
        output.show_json({"created": made})
    else:
        output.show("Created: " + ", ".join(f"{count} {what}" for what, count in made.items()) + ".")


def _show_checklist(plan: ProvisionPlan, page: Path, *, as_json: bool) -> None:
    from dentes_twenty.twenty.checklist import checklist

    if as_json:
        in_the_way = [str(conflict) for conflict in plan.conflicts]
        output.show_json({"missing": plan.counts(), "in_the_way": in_the_way, "page": str(page)})
    else:
        output.show(checklist(plan))
        output.show(f"What else is to be rebuilt by hand: {page}")
    if plan.conflicts:
        raise typer.Exit(Exit.FAILED)


def status(practice: PracticeFile = PRACTICE_FILE, rows: Rows = False, as_json: AsJson = False) -> None:
    """Show where the practice stands: records, quarantine, files, runs. Reads the ledger alone."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    with Migration(load_practice(practice)) as migration:
        found = migration.status()
        listed = _rows_out(migration.ledger) if rows else None
    document = _status_document(found)
    if as_json:
        output.show_json(document if listed is None else {**document, "rows": listed})
    elif listed is not None:
        _tell_rows(listed)
    else:
        _tell_status(document)
    raise typer.Exit(Exit.QUARANTINED if found.quarantined else Exit.DONE)


def _rows_out(ledger: Ledger) -> list[dict[str, Any]]:
    """Each open finding with its place: rows that stay out first, by file and row."""
    columns = ("severity", "report", "file", "row", "line", "source_id", "column", "code")
    found = [{name: getattr(one, name) for name in columns} for page in ledger.quarantine_open() for one in page]
    return sorted(found, key=lambda one: (one["severity"], one["report"], one["file"], one["row"] or 0, one["code"]))


def _tell_rows(rows: list[dict[str, Any]]) -> None:
    """Numbers of rows and lines are places, not counts: they stand as they do in an editor, without thousands marks."""
    lines = [[str(value) if isinstance(value, int) else value for value in row.values()] for row in rows]
    columns = ("What became of it", "Report", "File", "Row", "Line", "Source id", "Column", "Code")
    output.show_table(output.table(columns, lines, title="Open findings", left=len(columns)))


def _status_document(found: StatusReport) -> dict[str, Any]:
    """Counts by object and state, open findings, files by state, the last runs."""
    records: dict[str, Counter[str]] = {}
    for (object_, _, state), count in found.records.items():
        records.setdefault(object_, Counter())[state.value] += count
    return {
        "records": records,
        "findings": [
            {"report": report, "severity": severity.value, "code": code, "count": count}
            for (report, severity, code), count in sorted(found.findings.items())
        ],
        "files": {state.value: count for state, count in found.files.items()},
        "runs": [
            {
                "run": run.id,
                "kind": run.kind,
                "state": run.state.value,
                "started": run.started.isoformat(timespec="seconds"),
                "seconds": round((run.ended - run.started).total_seconds(), 1) if run.ended else None,
                **_forecast(run),
            }
            for run in found.runs
        ],
    }


def _forecast(run: Run) -> dict[str, Any]:
    """Calls made, of how many that were planned, and when a running run will be through."""
    from dentes_twenty.migration.steps import forecast

    found = forecast(run)
    if found is None:
        return {"calls": None, "planned_calls": None, "until": None}
    until = None if found.until is None else found.until.astimezone().isoformat(timespec="minutes")
    return {"calls": found.calls, "planned_calls": found.planned, "until": until}


def _tell_status(document: dict[str, Any]) -> None:
    records: dict[str, Counter[str]] = document["records"]
    states = sorted({state for counts in records.values() for state in counts})
    rows = [(name, *(counts[state] for state in states)) for name, counts in records.items()]
    output.show_table(output.table(("Twenty object", *states), rows, title="Records"))
    findings = [tuple(finding.values()) for finding in document["findings"]]
    output.show_table(output.table(("Report", "Severity", "Code", "Count"), findings, title="Open findings", left=3))
    output.show_table(output.table(("State", "Files"), document["files"].items(), title="Files"))
    runs = [tuple(run.values()) for run in document["runs"]]
    columns = ("Run", "Kind", "State", "Started", "Seconds", "Calls", "Of planned", "Through at")
    output.show_table(output.table(columns, runs, title="Last runs", left=4))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(owners)
    app.command()(provision)
    app.command()(status)
