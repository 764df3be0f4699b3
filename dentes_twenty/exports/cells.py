"""Parsers for everything that is neither number nor date: ids, names, codes, contacts, words, file names.

Pure functions of one Cell. Each takes a cell that is not blank (`is_blank`) and raises BadCell(code) where the
cell cannot be read. Rules: data-model.md, "Rules that hold for every object", and the answers in AMBIGUITIES.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

from email_validator import EmailNotValidError, validate_email

from dentes_twenty.exports.headers import is_filled
from dentes_twenty.exports.parsed import BadCell, Parsed
from dentes_twenty.exports.phones import PhoneNumber, parse_phones
from dentes_twenty.exports.records import Cell
from dentes_twenty.objects.folding import fold_key

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

# months as Turkish and English spreadsheets show them, folded
_MONTH = (
    "oca|sub|mar|nis|may|haz|tem|agu|eyl|eki|kas|ara|jan|feb|apr|jun|jul|aug|sep|oct|nov|dec"
    "|ocak|subat|mart|nisan|mayis|haziran|temmuz|agustos|eylul|ekim|kasim|aralik"
    "|january|february|march|april|june|july|august|september|october|november|december"
)
_CODE_AS_DATE = re.compile(
    rf"\d{{1,2}}({_MONTH})(\d{{2}}|\d{{4}})?|({_MONTH})(\d{{2}}|\d{{4}})|\d{{4}}-\d\d-\d\d.*|\d\d?[./-]\d\d?[./-]\d{{4}}.*"
)
_TRUE = re.compile("evet|e|var|yes|y|true|dogru|1|on|acik|aktif|active|onayli|kabul|verildi|x")
_FALSE = re.compile("hayir|h|yok|no|n|false|yanlis|0|off|kapali|pasif|inactive|onaysiz|ret|verilmedi")
_URL = re.compile(
    r"(?:https?://)?(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*\.?(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
)
_LONGEST_EMAIL = 320  # RFC 3696
_TOOTH = re.compile(r"[1-4][1-8]|[5-8][1-5]")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def is_blank(cell: Cell) -> bool:
    """None, or text of nothing but blanks and NUL."""
    return not is_filled(cell)


def parse_id(cell: Cell) -> str:
    """Id text: trimmed, leading zeros kept; the number cells 10001 and 10001.0 are "10001".

    Raises BadCell("id_became_date") for a date cell, BadCell("bad_id") for a yes/no cell.
    """
    if isinstance(cell, date | time):
        raise BadCell("id_became_date")
    if isinstance(cell, bool) or cell is None:
        raise BadCell("bad_id")
    return parse_text(cell)


def parse_text(cell: Cell) -> str:
    """Free text: NFC, NUL gone, outer blanks trimmed, line ends as "\\n". Typed cells as a spreadsheet shows them."""
    if isinstance(cell, str):
        text = cell.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | Decimal):
        return str(int(cell)) if cell == int(cell) else format(cell, "f" if isinstance(cell, Decimal) else ".15g")
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes") if cell.time() != time() else cell.date().isoformat()
    return "" if cell is None else str(cell)


def parse_name(cell: Cell) -> str:
    """A person's name as written (capitals stay), blanks collapsed, NFC."""
    return " ".join(parse_text(cell).split())


def parse_code(cell: Cell) -> str:
    """A procedure code. Raises BadCell("code_became_date") for "02.Oca", "2-Jan" and date cells (AMBIGUITIES 54)."""
    if isinstance(cell, date | time):
        raise BadCell("code_became_date")
    text = parse_text(cell)
    if _CODE_AS_DATE.fullmatch(text) or _CODE_AS_DATE.fullmatch(fold_key(text)):
        raise BadCell("code_became_date")
    return text


def parse_email(cell: Cell) -> str:
    """A valid address in ASCII lower case (I becomes i, never ı). Raises BadCell("bad_email").

    Twenty's own rule is looser; what this accepts, Twenty accepts. Letters beyond ASCII before the @ are refused:
    in practice they are typing errors.
    """
    text = parse_text(cell) if isinstance(cell, str) else ""
    if not text or len(text) > _LONGEST_EMAIL:
        raise BadCell("bad_email")
    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise BadCell("bad_email") from None
    return (address.ascii_email or address.normalized).translate(_ASCII_LOWER)


def parse_url(cell: Cell) -> str:
    """A web address as written, trimmed; with or without http(s). Raises BadCell("bad_url")."""
    text = parse_text(cell)
    if not isinstance(cell, str) or len(text) > 2048 or not _URL.fullmatch(text):
        raise BadCell("bad_url")
    return text


def parse_boolean(cell: Cell) -> bool:
    """A yes/no word, Turkish or English, or 1/0. Raises BadCell("bad_boolean")."""
    if isinstance(cell, bool):
        return cell
    text = parse_text(cell)
    word = fold_key(text)
    if _TRUE.fullmatch(word) or text == "+":
        return True
    if _FALSE.fullmatch(word) or text == "-":
        return False
    raise BadCell("bad_boolean")


def parse_files(cell: Cell) -> tuple[str, ...]:
    """File names separated by ";" and nothing else, because names contain blanks and commas (AMBIGUITIES 71)."""
    names = (name.strip().strip('"') for name in parse_text(cell).split(";"))
    return tuple(dict.fromkeys(name for name in names if name))


def is_tc_kimlik(text: str) -> bool:
    """Whether the checksum of a Turkish national id number holds (eleven digits, the last two are check digits)."""
    if not re.fullmatch("[1-9][0-9]{10}", text):
        return False
    digits = [int(digit) for digit in text]
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def is_fdi_tooth(text: str) -> bool:
    """Whether the text is one tooth number of the FDI notation (ISO 3950), or a list of them."""
    teeth = [tooth for tooth in re.split(r"[\s,;/-]+", text.strip()) if tooth]
    return bool(teeth) and all(_TOOTH.fullmatch(tooth) for tooth in teeth)
