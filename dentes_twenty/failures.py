"""What a person is told about an exception: code, message, fix, and nothing that an export or a workspace holds.

Belongs here: turning any exception into such a `Failure`, for events, log lines and the command line alike. Does not
belong here: what may go wrong; each floor has its own errors with these three attributes.

The message of a foreign exception may hold a cell's value ("could not convert 'Ayşe' to ..."), so it is never
shown: its type and the places of the program that it passed through are.
"""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
UNEXPECTED = "unexpected"
PLACES = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """`places` are "file:line function" of an exception that nobody foresaw, innermost last; otherwise empty."""

    code: str
    message: str
    fix: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.message} {self.fix} [{self.code}]"


def explain(error: BaseException) -> Failure:
    """The failure behind an exception; of a group, the first that the project foresaw, else the first."""
    leaves = tuple(_leaves(error))
    for leaf in leaves:
        code, message, fix = (getattr(leaf, name, None) for name in ("code", "message", "fix"))
        if isinstance(code, str) and isinstance(message, str) and isinstance(fix, str):
            return Failure(code, message, fix)
    first = leaves[0]
    places = trace_places(first)
    where = f" at {places[-1]}" if places else ""
    return Failure(
        UNEXPECTED,
        f"{type(first).__name__}{where}.",
        "This is a defect of the program, not of the export: report it with this place. What was done so far is safe, "
        "and the same command goes on from there.",
        places,
    )


def _leaves(error: BaseException) -> tuple[BaseException, ...]:
    if isinstance(error, BaseExceptionGroup):
        return tuple(leaf for part in error.exceptions for leaf in _leaves(part))
    return (error,)


def trace_places(error: BaseException) -> tuple[str, ...]:
    """Where the exception passed through, outermost first; files of this package by their path within it."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    return tuple(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)


def _short(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(PACKAGE):
        return str(path.relative_to(PACKAGE.parent))
    parts = path.parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") + 1 :])
    return path.name
