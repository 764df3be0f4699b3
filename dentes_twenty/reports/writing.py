"""Reports on disk: private to the user, each file complete or not there at all.

Belongs here: folder and file modes, atomic replacement, names. Does not belong here: what stands in a report, and
deleting reports after sign-off (`purge` of the command line).
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from dentes_twenty.reports.errors import BadReportName, FolderNotPrivate, ReportNotWritten
from dentes_twenty.reports.page import Rendered

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def write_report(folder: Path, name: str, rendered: Rendered) -> Path:
    """Write `<name>.html`, `<name>.json` and the CSV tables (`<name>.csv`, `<name>-<table>.csv`); returns the HTML.

    The folder is made 0700 when it is missing, the files are 0600. Each file replaces its predecessor in one step, the
    page last, so that a page never stands beside older tables. Raises FolderNotPrivate when others may enter the
    folder (it is not closed silently: it may be shared on purpose), BadReportName, ReportNotWritten.
    """
    if not _NAME.fullmatch(name):
        raise BadReportName(
            "A report's name is made of lower-case letters, digits and dashes.", "Name it after the kind of report."
        )
    files = {f"{name}-{table}.csv" if table else f"{name}.csv": text for table, text in rendered.tables.items()}
    files[f"{name}.json"] = rendered.json
    files[f"{name}.html"] = rendered.html
    try:
        _private_folder(folder)
        for file, text in files.items():
            _replace(folder / file, text.encode("utf-8", "replace"))
    except OSError as error:
        raise ReportNotWritten(
            f"The report {name} cannot be written ({type(error).__name__}, {os.strerror(error.errno or 0)}).",
            "Look for free space and for the right to write into the practice's private folder.",
        ) from None
    return folder / f"{name}.html"


def _private_folder(folder: Path) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if os.name == "posix" and (mode & 0o077 or status.st_uid != os.geteuid()):
        raise FolderNotPrivate(
            f"Reports hold patient data, and other users may enter the folder (mode {mode:04o}).",
            "Close it with `chmod 700`, or name a folder that does not exist yet.",
        )


def _replace(path: Path, content: bytes) -> None:
    """The new content under another name, on disk, then in the place of the old."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
