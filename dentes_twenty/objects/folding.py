"""Folding: the form in which names and headers are compared. Turkish-aware; pure functions.

Belongs here: what makes two spellings equal. Does not belong here: synonyms and similarity.
"""

from __future__ import annotations

import re
import unicodedata

# dotted and dotless i fold to "i" whatever their case: "İL", "IL", "ıl" and "il" are one header
_LETTERS = str.maketrans(
    {
        "İ": "i", "I": "i", "ı": "i", "ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
        "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th",
    }
)  # fmt: skip
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Lower case, accents gone, every run of anything but letters and digits is one blank, trimmed.

    Letters of other scripts are kept (lower-cased); ß becomes ss.
    """
    plain = text.translate(_LETTERS)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)
    plain = plain.casefold()
    if plain.isascii():
        return _NOT_WORD.sub(" ", plain).strip()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def fold_name(text: str) -> str:
    """A name to compare: single blanks between words ("AYŞE  Yılmaz" -> "ayse yilmaz")."""
    return fold(text)


def fold_key(text: str) -> str:
    """A header or a word to compare: letters and digits only ("T.C. Kimlik No" -> "tckimlikno")."""
    return fold(text).replace(" ", "")
