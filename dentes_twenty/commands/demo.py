"""`demo`: migrate an invented practice into an embedded Twenty, and show what landed.

Belongs here: the words around the steps of `dentes_twenty.demo`, and what `--serve` keeps running.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dentes_twenty.commands import jobs, mapping, output, summary
from dentes_twenty.commands.options import AsJson
from dentes_twenty.commands.output import Exit
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty.orchestration.outcome import JobOutcome

if TYPE_CHECKING:
    from dentes_twenty.demo import Stage

UI_STOP_S = 10


def demo(
    drop: Annotated[
        Path | None, typer.Option(metavar="DIR", exists=True, help="Another export than the demo's own.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Work in this folder and leave it; else a temporary one.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Leave the workspace and the Dagster UI running.")] = False,
    as_json: AsJson = False,
) -> None:
    """Migrate an invented practice into an embedded Twenty, verified, and show what landed."""
    began = time.monotonic()
    with _folder(keep) as folder:
        # Each event is two flushes to the disk: not worth it for a run that nobody can look at afterwards.
        forget = not serve and keep is None and "DAGSTER_HOME" not in os.environ
        outcome = _play(folder, drop, serve=serve, as_json=as_json, forget=forget, began=began)
    code = jobs.exit_code(outcome)
    # The demo's own export has broken rows on purpose: that they stay out is what it shows.
    raise typer.Exit(Exit.DONE if code is Exit.QUARANTINED and drop is None else code)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="dentes-twenty-demo-") as temporary:
        yield Path(temporary)


def _play(folder: Path, drop: Path | None, *, serve: bool, as_json: bool, forget: bool, began: float) -> JobOutcome:
    from dentes_twenty import demo as play
    from dentes_twenty.exports.drop import open_drop

    say = (lambda _text: None) if as_json else output.say
    practice = play.prepare(folder, drop)
    say(f"1. The export: {len(open_drop(practice.export_location).files)} files. What does each header mean?")
    proposed = play.mapping_of(practice)
    if not as_json:
        mapping.tell_proposal(proposed)
    say("2. A person reads that file and confirms it; here the demo does: confirm-mapping --by 'the demo'")
    play.confirm(practice)
    say("3. An embedded Twenty starts, with the practice's staff as its members. Migrating:")
    with play.workspace(practice) as stage:
        outcome = jobs.execute(
            "migrate",
            stage.practice.path,
            stage.practice,
            quiet=as_json,
            api_key=stage.server.api_key,
            forget=forget,
        )
        if as_json:
            output.show_json({**summary.as_document(outcome), "demo_seconds": round(time.monotonic() - began, 1)})
        else:
            jobs.tell(outcome)
            if outcome.ok:
                _what_next(drop, serve=serve)
        if serve:
            _serve(stage)
    return outcome


def _what_next(drop: Path | None, *, serve: bool) -> None:
    again = "dentes-twenty demo" + (f" --drop {shlex.quote(str(drop))}" if drop else "")
    output.say("")
    output.say("What to do next:")
    steps = [] if serve else [(f"{again} --serve", "look at the run in the Dagster UI, and at the workspace")]
    steps += [
        (f"{again} --keep DIR", "keep mapping, ledger and workspace; a second time nothing is sent"),
        ("dentes-twenty init", "move a practice of your own: README.md, step by step"),
    ]
    width = max(len(command) for command, _ in steps)
    for command, why in steps:
        output.say(f"  {command:{width}}  {why}")


def _serve(stage: Stage) -> None:
    """Run the Dagster UI beside the workspace until Ctrl-C. Raises nothing when the UI cannot start: it says so."""
    from dentes_twenty.orchestration.execute import home_for, prepare_home

    home = prepare_home(home_for(jobs.dagster_home(stage.practice))).absolute()
    port = _free_port()
    key_file = stage.practice.private_dir / "workspace.key"
    key_file.touch(mode=0o600)
    key_file.write_text(stage.server.api_key, encoding="utf-8")
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        PRACTICE_VARIABLE: str(stage.practice.path),
        stage.practice.twenty.api_key_env: stage.server.api_key,
    }
    command = [
        sys.executable, "-m", "dagster", "dev", "-m", "dentes_twenty.definitions", "-h", "127.0.0.1", "-p", str(port),
        "--log-level", "warning",
    ]  # fmt: skip
    output.show(f"Twenty (API): {stage.server.url}   key: {key_file}")
    output.show(f"Dagster UI:   http://127.0.0.1:{port}/runs")
    log = home / "ui.log"
    output.say(f"It takes some seconds to start; it writes to {log}. Ctrl-C ends both.")
    with log.open("w") as written:
        ui = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, env=environment, cwd=stage.practice.path.parent, stdout=written, stderr=written
        )
        try:
            ui.wait()
            output.say("The Dagster UI has ended by itself; its log says why.")
        except KeyboardInterrupt:
            output.say("Stopping.")
        finally:
            ui.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                ui.wait(UI_STOP_S)
            ui.kill()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
