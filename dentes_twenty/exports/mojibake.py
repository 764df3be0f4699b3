"""Text that was decoded wrongly somewhere on its way: its patterns, recognised and never repaired.

Belongs here: the patterns (AMBIGUITIES 57). Does not belong here: choosing the encoding of a file (`encodings`).
"""

from __future__ import annotations

import re

# 0x80-0xBF, the second bytes of UTF-8 sequences, as Windows-1252, Windows-1254 and Latin-1 show them
_TRAIL = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_UTF8_READ_AS_WESTERN = re.compile(f"[ÃÄÅ][{_TRAIL}]|Â[\u00a0-\u00bf]|â[€‚][{_TRAIL}\u00c0-\u00ff]?")
_UTF8_READ_AS_DOS = re.compile("[├─┼][^\x00-\x7f─├┼]")
_DOS_READ_AS_WINDOWS = re.compile("(?<=[a-zA-Z])[‡§Ÿ˜¦■](?=[a-zA-Z])")
# bytes without a meaning in the encoding (surrogateescape), and the mark that an earlier tool left for a lost letter
_UNDECODABLE = re.compile("[\udc80-\udcff\ufffd]")
_WESTERN_FOR_TURKISH = re.compile("[þðýÞÐÝ]")
_WORD_WITH_WESTERN = re.compile(r"\w*[þðýÞÐÝ]\w*")
_TURKISH_ONLY = re.compile("[ğışĞİŞ]")
_LETTER_LOST = re.compile("[a-zçöü]\\?[a-zçöü]", re.IGNORECASE)
_SUSPECTS = "ÃÄÅÂþðýÞÐÝ├─┼‡§Ÿ˜¦■\ufffd"


def may_be_damaged(text: str) -> bool:
    """A cheap test for large blocks: False means that no row of the block can be damaged.

    Bytes that could not be decoded are not looked for: whoever decodes knows of them.
    """
    return not text.isascii() and (any(mark in text for mark in _SUSPECTS) or "â€" in text or "â‚" in text)


def is_damaged(text: str) -> bool:
    """Whether a row's text shows undecodable bytes or the pattern of a wrong decoding.

    The Western letters that stand in for ş ğ ı İ Ş Ğ also occur in Icelandic and Czech names. So they count where
    the row has none of the real ones, or where three different words carry them.
    """
    if text.isascii():
        return False
    if (
        _UNDECODABLE.search(text)
        or _UTF8_READ_AS_WESTERN.search(text)
        or _UTF8_READ_AS_DOS.search(text)
        or _DOS_READ_AS_WINDOWS.search(text)
    ):
        return True
    if not _WESTERN_FOR_TURKISH.search(text):
        return False
    return not _TURKISH_ONLY.search(text) or len(set(_WORD_WITH_WESTERN.findall(text))) >= 3


def has_lost_letters(text: str) -> bool:
    """Whether a question mark stands inside a word ("Y?lmaz"), the trace of a conversion that had no such letter."""
    return "http" not in text and _LETTER_LOST.search(text) is not None
