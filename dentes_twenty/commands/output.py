"""What commands say: tables and sentences for people, one JSON document for machines, exit codes for scripts.

Belongs here: the consoles, exit codes, how a failure is shown. Does not belong here: what is said.
Nothing of a patient passes through here but what the command's own contract names (`owners` prints the staff).
"""

from __future__ import annotations

import enum
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dentes_twenty.failures import Failure

# controls but tab and line feed, marks that turn the direction of writing, halves of letters
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Exit(enum.IntEnum):
    """Exit codes, documented in the README."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    QUARANTINED = 3  # done, and some rows stay out
    INTERRUPTED = 130  # Ctrl-C or SIGTERM; the same command goes on from there


def consoles() -> tuple[Console, Console]:
    """Consoles on the present stdout and stderr."""
    return Console(file=sys.stdout, highlight=False), Console(file=sys.stderr, highlight=False)


def plain_letters(text: str) -> str:
    """Names of files and headers are a stranger's text: no letter of them may steer the terminal or fail to print."""
    return _STEERING.sub("\ufffd", text)


def say(text: str) -> None:
    """A sentence for the person who watches."""
    consoles()[1].print(plain_letters(text), markup=False, soft_wrap=True)


def show(text: str) -> None:
    """A line of the result."""
    consoles()[0].print(plain_letters(text), markup=False, soft_wrap=True)


def show_json(document: Any) -> None:
    """The result as one JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", left: int = 1) -> Table:
    """A table whose first `left` columns are words and whose others are figures."""
    made = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for index, column in enumerate(columns):
        words = index < left
        made.add_column(column, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for row in rows:
        made.add_row(*(escape(plain_letters(_cell(value))) for value in row))
    return made


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def show_table(made: Table) -> None:
    """Print a table; outside of a terminal it is as wide as it needs."""
    console = consoles()[0]
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(file=sys.stdout, highlight=False, width=240)
    console.print(made)
    console.print()


def show_failure(failure: Failure, *, as_json: bool, where: str = "") -> None:
    """Message and fix on stderr; for machines also as JSON on stdout."""
    if as_json:
        show_json(
            {"error": {"code": failure.code, "message": failure.message, "fix": failure.fix, "step": where or None}}
        )
    console = consoles()[1]
    place = f" ({where})" if where else ""
    message = escape(plain_letters(failure.message))
    console.print(
        f"[bold red]Failed[/]{escape(place)}: {message} [dim]\\[{escape(failure.code)}][/]",
        soft_wrap=True,
    )
    console.print(f"[bold]What to do[/]: {escape(plain_letters(failure.fix))}", soft_wrap=True)
