"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE

PRACTICE_FILE = Path("practice.yaml")
PracticeFile = Annotated[
    Path,
    typer.Option(
        "--practice", metavar="FILE", envvar=PRACTICE_VARIABLE, help="The practice file.", dir_okay=False,
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="The result as one JSON document on stdout.")]
