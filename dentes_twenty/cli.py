"""`dentes-twenty`: the command line. Each command runs a job or prints a report; the work is done elsewhere.

Belongs here: putting the commands together, and the one place where an exception becomes an exit code. Commands stand
in `commands`. `--help` must answer in well under two seconds, so nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import click
import typer

from dentes_twenty import __version__
from dentes_twenty.commands import approval, cutover, demo, jobs, mapping, output, reconcile, sandbox, trust, workspace
from dentes_twenty.commands.output import Exit
from dentes_twenty.failures import explain, trace_places
from dentes_twenty.stopping import SIGNALS, none_lost

USE = (
    "PRACTICE_",
    "FILE_EXISTS",
    "NOT_CONFIRMED",
    "NOT_SIGNED",
    "HEAD_UNREADABLE",
)  # codes of what a person has written or named wrongly

app = typer.Typer(
    name="dentes-twenty",
    help="Move a dental practice from Dr.DENTES exports into Twenty CRM, verified to the last field.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold rows
    rich_markup_mode=None,
)
for family in (demo, mapping, approval, jobs, cutover, reconcile, workspace, trust, sandbox):
    family.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        output.show(f"dentes-twenty {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="When something fails, also say where in the program; never with data.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    context.obj = {"debug": debug}


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code and never raises."""
    # Ctrl-C too: where a shell has started us in the background, it is ignored, and Dagster would make SIGTERM like it.
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with none_lost():
            return _run(arguments, as_json="--json" in arguments)
    except KeyboardInterrupt:  # a second one, while the first was being told
        return _stopped()


def _run(arguments: Sequence[str], *, as_json: bool) -> int:
    try:
        answer = app(list(arguments), prog_name="dentes-twenty", standalone_mode=False)
        code = int(answer) if isinstance(answer, int) else Exit.DONE
        return _stopped() if code == Exit.INTERRUPTED else code  # typer makes 130 of an interruption by itself
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.WRONG_USE
    except click.ClickException as error:
        error.show()
        return Exit.WRONG_USE
    except (KeyboardInterrupt, click.Abort):
        return _stopped()
    except BrokenPipeError:
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - the last border: a traceback's message may hold a cell's value
        told = explain(error)
        output.show_failure(told, as_json=as_json)
        if "--debug" in arguments:
            for place in trace_places(error):
                output.say(f"  at {place}")
        return Exit.WRONG_USE if told.code.startswith(USE) else Exit.FAILED


def _stopped() -> Exit:
    output.say("Stopped. What was done is safe; the same command goes on from there.")
    return Exit.INTERRUPTED


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
