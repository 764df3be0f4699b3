"""`sandbox`: serve the embedded Twenty-compatible server until Ctrl-C."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dentes_twenty.commands import output


class Charge(StrEnum):
    """What counts as a call."""

    REQUEST = "request"
    ROOT_FIELD = "root-field"


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 3000,
    state: Annotated[str, typer.Option(metavar="FILE", help="Where records are kept; :memory: forgets.")] = ":memory:",
    api_key_file: Annotated[
        Path, typer.Option(metavar="FILE", help="Gets the API key, readable by you only.", dir_okay=False)
    ] = Path("sandbox.key"),
    member: Annotated[
        list[str] | None, typer.Option(metavar="MAIL:FIRST:LAST", help="A workspace member; repeatable.")
    ] = None,
    calls_per_minute: Annotated[int | None, typer.Option(min=1, help="Rate limit; Twenty's own is 100.")] = None,
    charge: Annotated[Charge, typer.Option(help="What counts as a call.")] = Charge.REQUEST,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME:COUNT[:MATCH]", help="Let requests go wrong; repeatable.")
    ] = None,
    legacy_metadata: Annotated[
        bool, typer.Option("--legacy-metadata", help="Answer about the data model as older workspaces do.")
    ] = False,
) -> None:
    """Serve a Twenty-compatible workspace on this machine."""
    from dentes_twenty.sandbox.faults import Fault, FaultError, parse_fault
    from dentes_twenty.sandbox.server import SandboxOptions, run_sandbox
    from dentes_twenty.sandbox.workspace import Member

    def ordered(text: str) -> Fault:
        try:
            return parse_fault(text)
        except FaultError as error:
            raise typer.BadParameter(f"{error.message} {error.fix}", param_hint="--fault") from None

    options = SandboxOptions(
        state=state,
        port=port,
        api_key_file=api_key_file,
        members=tuple(Member(*member_parts(text)) for text in member or ()),
        calls_per_minute=calls_per_minute,
        charge="root-field" if charge is Charge.ROOT_FIELD else "request",
        legacy_metadata=legacy_metadata,
        faults=tuple(ordered(text) for text in fault or ()),
    )

    def announce(url: str) -> None:
        output.show(url)
        output.say(f"The API key stands in {api_key_file}. Ctrl-C ends it.")

    run_sandbox(options, announce)


def member_parts(text: str) -> tuple[str, str, str]:
    """E-mail, first and last name as written on the command line. Raises typer.BadParameter."""
    email, _, names = text.partition(":")
    first, colon, last = names.partition(":")
    if "@" not in email or not colon:
        raise typer.BadParameter(
            "Write MAIL:FIRST:LAST, for example ada@example.com:Ada:Lovelace.", param_hint="--member"
        )
    return email, first, last


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sandbox)
