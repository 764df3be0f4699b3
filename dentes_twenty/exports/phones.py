"""Phone numbers in a cell, in the shape that Twenty stores.

Twenty refuses a number whose country differs from the one that libphonenumber infers (US for a Canadian number, GB for
Guernsey), so the country given here is the inferred one. Possible numbers are accepted, because old Turkish landlines
and test numbers are not valid by today's plan; AMBIGUITIES 43, 44.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import phonenumbers

from dentes_twenty.exports.parsed import BadCell, Parsed
from dentes_twenty.exports.records import Cell

# "/", "," ";" "|" and line ends separate numbers anywhere; a hyphen only between blanks, because "532-123-45-67" is one
_BETWEEN = re.compile(r"\s*[/,;|\n]\s*|\s+[-–]\s+|\s+(?:veya|ve|or|and)\s+", re.IGNORECASE)
_ALLOWED = re.compile(r"[+\d\s().\-–/\u00a0]+")
# "(anne)" and "eşi" behind a number, "Ev:" before it
_REMARK = re.compile(r"\s*\([^()\d]*\)\s*$|^[^\d+(]+|(?:\s+[^\W\d_]+\.?)+$")
_EXTENSION = re.compile(r"\s*(?:dahili|dah|iç hat|ext|extension|x|#)[.:\s]*\d{1,6}\s*$", re.IGNORECASE)
# some twenty numbers with remarks; without a limit, 20,000 blanks kept the patterns above busy for minutes
LONGEST_PHONES = 500
# numbers of Turkish companies that are dialled without an area code
_SERVICE_444 = re.compile(r"(?:90|0)?444\d{4}")


class PhoneNumber(NamedTuple):
    """`number`: national digits ("5321234567"); `calling`: "+90"; `country`: ISO 3166 as libphonenumber infers it."""

    number: str
    calling: str
    country: str

    def __repr__(self) -> str:
        """Without the digits, which are a patient's."""
        return f"PhoneNumber({self.calling}, {self.country}, {len(self.number)} digits)"


def parse_phones(cell: Cell, region: str) -> Parsed[tuple[PhoneNumber, ...]]:
    """The numbers of a cell in their order, without repetition. `region`: ISO 3166 code for numbers without a country.

    Raises BadCell("bad_phone") when no part is a number. Warnings: `extension_dropped`, and `phone_part_dropped`
    when some part beside a good number is none.
    """
    warnings: list[str] = []
    numbers: list[PhoneNumber] = []
    for part in _parts(_text(cell)):
        plain, had_extension = _without_extension(part)
        number = _parse(plain, region)
        if number is None:
            warnings.append("phone_part_dropped")
            continue
        if had_extension:
            warnings.append("extension_dropped")
        if number not in numbers:
            numbers.append(number)
    if not numbers:
        raise BadCell("bad_phone")
    return Parsed(tuple(numbers), tuple(dict.fromkeys(warnings)))


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        text = cell.replace("\0", "").strip()
        if len(text) > LONGEST_PHONES:
            raise BadCell("bad_phone")
        return text
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal) or cell != int(cell):
        raise BadCell("bad_phone")
    return str(int(cell))


def _parts(text: str) -> list[str]:
    """The cell cut into numbers; "0532 123 45 67/68" stays one part short of digits and is dropped with a warning."""
    return [part for part in _BETWEEN.split(text) if part]


def _without_extension(part: str) -> tuple[str, bool]:
    plain = _EXTENSION.sub("", part)
    return plain, plain != part


def _parse(part: str, region: str) -> PhoneNumber | None:
    text = _REMARK.sub("", part).strip()
    if not _ALLOWED.fullmatch(text):
        return None
    digits = re.sub(r"\D", "", text)
    if region == "TR" and _SERVICE_444.fullmatch(digits):
        return PhoneNumber(digits[-7:], "+90", "TR")
    try:
        number = phonenumbers.parse(text, region)
        if phonenumbers.is_possible_number_with_reason(number) not in _POSSIBLE:
            return None
    except phonenumbers.NumberParseException:
        return None
    country = phonenumbers.region_code_for_number(number) or _main_country(number.country_code, region)
    if country is None:
        return None
    return PhoneNumber(phonenumbers.national_significant_number(number), f"+{number.country_code}", country)


_POSSIBLE = (phonenumbers.ValidationResult.IS_POSSIBLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)


def _main_country(calling: int | None, region: str) -> str | None:
    """The country of a possible but invalid number: the practice's own if the code fits, else the main one."""
    countries = phonenumbers.region_codes_for_country_code(calling or 0)
    if region in countries:
        return region
    main: str = countries[0] if countries else ""
    return main if re.fullmatch("[A-Z]{2}", main) else None
