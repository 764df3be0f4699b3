"""Parsers for everything that is neither number nor date: ids, names, codes, contacts, words, file names.

Pure functions of one Cell. Each takes a cell that is not blank (`is_blank`) and raises BadCell(code) where the
cell cannot be read. Rules: data-model.md, "Rules that hold for every object", and the answers in AMBIGUITIES.
"""

from __future__ import annotations

from dentes_twenty.exports.parsed import BadCell, Parsed
from dentes_twenty.exports.phones import PhoneNumber, parse_phones
from dentes_twenty.exports.records import Cell

__all__ = [
    "BadCell",
    "Parsed",
    "PhoneNumber",
    "is_blank",
    "is_fdi_tooth",
    "is_tc_kimlik",
    "parse_boolean",
    "parse_code",
    "parse_email",
    "parse_files",
    "parse_id",
    "parse_name",
    "parse_phones",
    "parse_text",
    "parse_url",
]


def is_blank(cell: Cell) -> bool:
    """None, or text of nothing but blanks and NUL."""
    raise NotImplementedError


def parse_id(cell: Cell) -> str:
    """Id text: trimmed, leading zeros kept; 10001 and 10001.0 are "10001"."""
    raise NotImplementedError


def parse_text(cell: Cell) -> str:
    """Free text: NFC, NUL gone, outer blanks trimmed, line breaks kept as "\\n"."""
    raise NotImplementedError


def parse_name(cell: Cell) -> str:
    """A person's name as written, blanks collapsed, NFC."""
    raise NotImplementedError


def parse_code(cell: Cell) -> str:
    """A procedure code. Raises BadCell("code_became_date")."""
    raise NotImplementedError


def parse_email(cell: Cell) -> str:
    """A valid address in ASCII lower case. Raises BadCell("bad_email")."""
    raise NotImplementedError


def parse_url(cell: Cell) -> str:
    """A web address as written, trimmed. Raises BadCell("bad_url")."""
    raise NotImplementedError


def parse_boolean(cell: Cell) -> bool:
    """A yes/no word, Turkish or English, or 1/0. Raises BadCell("bad_boolean")."""
    raise NotImplementedError


def parse_files(cell: Cell) -> tuple[str, ...]:
    """File names separated by ";" and nothing else."""
    raise NotImplementedError


def is_tc_kimlik(text: str) -> bool:
    """Whether the checksum of a Turkish national id number holds."""
    raise NotImplementedError


def is_fdi_tooth(text: str) -> bool:
    """Whether the text is a tooth number of the FDI notation (ISO 3950)."""
    raise NotImplementedError
