"""Source side of a declaration: the reports of a Dr.DENTES export and their canonical columns.

Belongs here: what a column is called, which headers it may have, what kind of value it holds and what becomes
of a row whose cell cannot be read. Does not belong here: reading files (package `exports`).
Header synonyms are compared after folding (case, Turkish letters, punctuation and blanks do not count).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a cell holds, and the type of its staged value."""

    ID = "id"  # text, trimmed, leading zeros kept                       -> str
    TEXT = "text"  # free text                                           -> str
    NAME = "name"  # a person's name: blanks collapsed, NFC              -> str
    CODE = "code"  # a procedure code; one turned into a date is refused -> str
    EMAIL = "email"  # validated, ASCII lower case                       -> str
    PHONE = "phone"  # one or two numbers                                -> list of {number, calling, country}
    URL = "url"  # a web address as written                              -> str
    MONEY = "money"  # exact amount, up to six decimals                  -> Decimal (decimal128(24, 6))
    CURRENCY = "currency"  # ISO code of the row's amount                -> str
    NUMBER = "number"  # decimals                                        -> Decimal (decimal128(24, 6))
    INTEGER = "integer"  # whole number                                  -> int
    DATE = "date"  # calendar day                                        -> datetime.date
    TIME = "time"  # wall time of day                                    -> "HH:MM:SS"
    DATETIME = "datetime"  # local wall time of the practice             -> UTC instant
    CHOICE = "choice"  # a word of a value map                           -> option value
    BOOLEAN = "boolean"  # a yes/no word                                 -> bool
    FILES = "files"  # file names separated by ";"                       -> list of str


class OnBad(StrEnum):
    """What becomes of the row when a cell that is not blank cannot be read (AMBIGUITIES 15, 23, 49)."""

    QUARANTINE = "quarantine"  # the whole row stays out
    EMPTY = "empty"  # the field stays empty, the row lands and the defect is reported
    UNKNOWN = "unknown"  # CHOICE only: lands as the fallback option and keeps the raw text


@dataclasses.dataclass(frozen=True, slots=True)
class ValueMap:
    """The words of a CHOICE or BOOLEAN column: option value -> words seen in exports, Turkish and English.

    `fallback` is the option for a word nobody mapped (`OnBad.UNKNOWN`).
    """

    words: Mapping[str, tuple[str, ...]]
    fallback: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """The column holds the id of a row of another report.

    `required`: a row that points nowhere is quarantined; otherwise it lands without the link and is reported.
    `by_name`: the column may hold a name instead: the id is tried first, then the folded full name if exactly one fits.
    """

    to: str
    required: bool = False
    by_name: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One canonical column of a report. `required`: a blank cell quarantines the row."""

    name: str
    kind: Kind
    headers: tuple[str, ...]
    required: bool = False
    on_bad: OnBad = OnBad.EMPTY
    values: ValueMap | None = None
    reference: Reference | None = None
    future_is_bad: bool = False  # a date after the export (a birth date) is emptied and reported
    description: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One report of an export: file or sheet names it is known by, and its canonical columns.

    `key` is the id column. `wide_questions`: every unmapped column is a question of a form.
    `one_of`: groups of columns of which at least one group must be mapped (full_name | first_name + last_name).
    """

    name: str
    titles: tuple[str, ...]
    key: str
    columns: tuple[Column, ...]
    one_of: tuple[tuple[tuple[str, ...], ...], ...] = ()
    wide_questions: bool = False
    optional: bool = True

    def column(self, name: str) -> Column:
        """Raises KeyError when the report has no such column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
