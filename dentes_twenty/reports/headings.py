"""What stands above the pages of a practice, from its practice file."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from dentes_twenty import __version__
from dentes_twenty.practice import Practice
from dentes_twenty.reports.model import Heading


def heading_of(
    practice: Practice,
    *,
    location: str = "",
    run: int | None = None,
    made_at: dt.datetime | None = None,
    workspace: str = "",
) -> Heading:
    """`location`: of the export, of which only the last part is shown. `workspace` replaces the practice file's."""
    return Heading(
        practice.name,
        made_at or dt.datetime.now(practice.zone),
        workspace or urlsplit(practice.twenty.url).netloc,
        practice.labels,
        "" if run is None else str(run),
        PurePosixPath(location.replace("\\", "/")).name,
        f"dentes-twenty {__version__}",
    )
