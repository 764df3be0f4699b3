"""Commands that ask about the workspace or the ledger: `owners`, `provision`, `status`.

Belongs here: printing what `Migration` says. `owners` prints the practice's staff by name, because a person has to
match them; no other command prints anybody's data.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from dentes_twenty.commands import output
from dentes_twenty.commands.options import AsJson, PracticeFile
from dentes_twenty.commands.output import Exit

Checklist = Annotated[bool, typer.Option("--checklist", help="Print what is missing and create nothing.")]


def owners(practice: PracticeFile, as_json: AsJson = False) -> None:
    """Which workspace member stands for which provider. Reads only; run `audit` before."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    with Migration(load_practice(practice)) as migration:
        report = migration.owners()
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
        output.show_json({"owners": lines, "blocking": len(report.blocking)})
    else:
        columns = ("Provider", "Name", "E-mail", "Match", "Member", "Rows owned")
        rows = [(x["provider_id"], x["name"], x["email"], x["match"], x["member"], x["owns"]) for x in lines]
        output.show_table(output.table(columns, rows, left=5))
    report.require()


def provision(practice: PracticeFile, checklist: Checklist = False, as_json: AsJson = False) -> None:
    """Create the objects, fields and options that the workspace lacks; nothing else is touched. Run `audit` before."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    with Migration(load_practice(practice)) as migration:
        plan = migration.provision_plan()
        lines = plan.checklist()
        if checklist:
            _show_checklist(lines, as_json=as_json)
            return
        with migration.run("provision"):
            summary = migration.provision(on_step=None if as_json else output.say)
    made = {"objects": summary.objects, "fields": summary.fields, "options": summary.options}
    if as_json:
        output.show_json({"created": made})
    else:
        output.show("Created: " + ", ".join(f"{count} {what}" for what, count in made.items()) + ".")


def _show_checklist(lines: list[str], *, as_json: bool) -> None:
    if as_json:
        output.show_json({"missing": lines})
    elif lines:
        output.show("To be created in Twenty (Settings > Data model):")
        for line in lines:
            output.show(f"[ ] {line}")
    else:
        output.show("Nothing is missing.")


def status(practice: PracticeFile, as_json: AsJson = False) -> None:
    """Where the practice stands: records, rows in quarantine, files, the last runs. Reads the ledger alone."""
    from dentes_twenty.migration.session import Migration
    from dentes_twenty.practice import load_practice

    with Migration(load_practice(practice)) as migration:
        found = migration.status()
    records: dict[str, Counter[str]] = {}
    for (object_, _, state), count in found.records.items():
        records.setdefault(object_, Counter())[state.value] += count
    runs = [
        {"run": r.id, "kind": r.kind, "state": r.state.value, "started": r.started.isoformat(timespec="seconds"),
         "seconds": round((r.ended - r.started).total_seconds(), 1) if r.ended else None}
        for r in found.runs
    ]  # fmt: skip
    findings = [
        {"report": report, "severity": severity.value, "code": code, "count": count}
        for (report, severity, code), count in sorted(found.findings.items())
    ]
    files = {state.value: count for state, count in found.files.items()}
    if as_json:
        output.show_json({"records": records, "findings": findings, "files": files, "runs": runs})
    else:
        states = sorted({state for counts in records.values() for state in counts})
        rows = [(name, *(counts[state] for state in states)) for name, counts in records.items()]
        output.show_table(output.table(("Twenty object", *states), rows, title="Records"))
        output.show_table(output.table(("Report", "Severity", "Code", "Count"), [tuple(f.values()) for f in findings],
                                       title="Open findings", left=3))  # fmt: skip
        output.show_table(output.table(("State", "Files"), files.items(), title="Files"))
        output.show_table(output.table(("Run", "Kind", "State", "Started", "Seconds"), [tuple(r.values()) for r in runs],
                                       title="Last runs", left=4))  # fmt: skip
    raise typer.Exit(Exit.QUARANTINED if found.quarantined else Exit.DONE)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(owners)
    app.command()(provision)
    app.command()(status)
