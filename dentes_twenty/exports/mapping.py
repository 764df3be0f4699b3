"""The mapping: read it, write it, confirm it, and refuse to go on without a confirmed one.

This is the front door. The model stands in `mapping_model`, the YAML in `mapping_file`, the checks in
`mapping_checks`; whether a drop still fits the mapping is decided in `binding`.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from dentes_twenty.exports.errors import InvalidMapping, MappingDoesNotFit, MappingError, UnconfirmedMapping
from dentes_twenty.exports.mapping_checks import OpenPoint, open_points, problems
from dentes_twenty.exports.mapping_file import MOST_CHARACTERS, dump, parse, with_confirmation
from dentes_twenty.exports.mapping_model import (
    ColumnMapping,
    Confirmation,
    FormMapping,
    LedgerMapping,
    Mapping,
    NewField,
    OpenQuestion,
    OtherTable,
    PinMapping,
    QuestionMapping,
    TableMapping,
)

__all__ = [
    "ColumnMapping",
    "Confirmation",
    "FormMapping",
    "LedgerMapping",
    "Mapping",
    "NewField",
    "OpenPoint",
    "OpenQuestion",
    "OtherTable",
    "PinMapping",
    "QuestionMapping",
    "TableMapping",
    "confirm",
    "confirm_file",
    "dump",
    "load_mapping",
    "open_points",
    "parse",
    "problems",
    "require_confirmed",
    "require_tables",
    "save_mapping",
]


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises InvalidMapping with every problem found and where it stands."""
    try:
        if path.exists() and not path.is_file():
            raise IsADirectoryError  # a folder; or a pipe or a device, which would never come to an end
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise InvalidMapping(
            f"The mapping file {path.name!r} cannot be read ({type(error).__name__}).",
            "Write it with propose-mapping, or check `mapping` in the practice file.",
        ) from error
    return parse(text)


def save_mapping(mapping: Mapping, path: Path) -> None:
    """Write the mapping as commented YAML, readable by its owner only (it holds words of the file)."""
    _write(path, dump(mapping))


def confirm(mapping: Mapping, by: str, at: dt.datetime) -> Mapping:
    """The mapping with a person's yes to exactly this meaning.

    Raises MappingError when `by` is blank or `at` has no zone, UnconfirmedMapping while something blocking is open.
    """
    if not by.strip():
        raise MappingError("Nobody confirms the mapping.", "Say who does: --by NAME.")
    if at.tzinfo is None:
        raise MappingError("The time of the confirmation has no zone.", "Give it with its zone.")
    _require_closed(mapping)
    yes = Confirmation(by=by.strip(), at=at, fingerprint=mapping.fingerprint())
    return mapping.model_copy(update={"confirmed": yes})


def confirm_file(path: Path, by: str, at: dt.datetime) -> Mapping:
    """Confirm the file where it stands; only its `confirmed` block changes, a person's comments stay."""
    mapping = confirm(load_mapping(path), by, at)
    _write(path, with_confirmation(path.read_text(encoding="utf-8-sig"), mapping))
    return mapping


def require_confirmed(mapping: Mapping) -> None:
    """Raises UnconfirmedMapping unless a person has confirmed exactly this meaning and nothing blocking is open."""
    _require_closed(mapping)
    if mapping.confirmed is None:
        raise UnconfirmedMapping(
            "Nobody has confirmed the mapping.", "Read the mapping file, then run confirm-mapping --by NAME."
        )
    if mapping.confirmed.fingerprint != mapping.fingerprint():
        raise UnconfirmedMapping(
            "The mapping has changed since it was confirmed.",
            "Read the changes, then run confirm-mapping --by NAME again.",
        )


def require_tables(mapping: Mapping, report: str) -> tuple[TableMapping, ...]:
    """The files or sheets of a report. Raises MappingDoesNotFit when the mapping covers none."""
    tables = mapping.tables_of(report)
    if not tables:
        raise MappingDoesNotFit(
            f"The mapping has no file for the report {report!r}.", "Run propose-mapping again, or leave the report out."
        )
    return tables


def _require_closed(mapping: Mapping) -> None:
    blocking = [point.text for point in open_points(mapping) if point.blocking]
    if blocking:
        raise UnconfirmedMapping(
            f"The mapping is not complete: {' '.join(blocking)}",
            "Write the answers into the mapping file, then run confirm-mapping --by NAME.",
        )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MappingError(
            f"The mapping file {path.name!r} cannot be written ({os.strerror(error.errno or 0)}).",
            "Check `mapping` in the practice file, and your right to write there.",
        ) from error
