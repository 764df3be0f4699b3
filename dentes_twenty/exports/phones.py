"""Phone numbers in a cell, in the shape that Twenty stores."""

from __future__ import annotations

from typing import NamedTuple

from dentes_twenty.exports.parsed import Parsed
from dentes_twenty.exports.records import Cell


class PhoneNumber(NamedTuple):
    """`number`: national digits ("5321234567"); `calling`: "+90"; `country`: ISO 3166 code as libphonenumber infers it."""

    number: str
    calling: str
    country: str


def parse_phones(cell: Cell, region: str) -> Parsed[tuple[PhoneNumber, ...]]:
    """The numbers of a cell in their order, without repetition. Raises BadCell("bad_phone") when a part is no number.

    Warnings: `extension_dropped`.
    """
    raise NotImplementedError
