"""RTF to Markdown: bold, italic, underlined, lists, paragraphs; the text in its code page.

A small reader of its own, because clinical notes need a dozen of RTF's control words and no library converts them with
their formatting. Groups are a stack, never recursion; what is unknown is skipped; garbage gives the text it holds.
The rules are those of the RTF specification 1.9.1.
"""

from __future__ import annotations

import codecs
import dataclasses
import re
from itertools import groupby

from dentes_twenty.exports.encodings import whole_letters

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    r"|\\'(?P<hex>[0-9a-fA-F]{2})"
    r"|\\(?P<symbol>[^a-zA-Z])"
    r"|(?P<brace>[{}])"
    r"|[\r\n]+"
    r"|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_SKIPPED = re.compile(
    "fonttbl|colortbl|stylesheet|info|pict|header[lrf]?|footer[lrf]?|object|filetbl|listtable|listoverridetable|revtbl"
    "|themedata|colorschememapping|datastore|generator|fldinst|rsidtbl|xmlnstbl|latentstyles|pgptbl|annotation|atnid"
    "|atnauthor|bkmkstart|bkmkend|nonshppict"
)
_BULLETS = frozenset({"listtext", "pntext"})
_LETTERS = {
    "tab": "\t", "cell": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ",
}  # fmt: skip
_SYMBOLS = {"~": " ", "_": "-", "-": "", "\\": "\\", "{": "{", "}": "}", "\t": "\t"}
_STYLES = {"b": "bold", "i": "italic", "ul": "underline", "uld": "underline", "uldb": "underline", "ulw": "underline"}
# font character sets to code pages (\fcharset)
_CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_SPECIAL = re.compile(r"([\\*_`\[\]<])")
_LINE_MARK = re.compile(r"^(\s*)(#{1,6}\s|[-+>]\s|\d{1,9}[.)]\s)")
# groups beyond are read without their own state: twenty million braces in a cell would take gigabytes
_DEEPEST = 10_000


@dataclasses.dataclass(slots=True)
class _Group:
    """The state that a closing brace restores."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    skip: bool = False
    bullet: bool = False
    codec: str = "cp1252"
    fallback: int = 1  # how many characters stand in for a Unicode letter (\uc)


@dataclasses.dataclass(slots=True)
class _Paragraph:
    """Pieces of text with their emphasis ("", "*", "**", "***"), and what its list mark says."""

    pieces: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    mark: str = ""


def is_rtf(text: str) -> bool:
    """Whether the text says that it is RTF."""
    return text.lstrip("\ufeff \t\r\n").startswith("{\\rtf")


def rtf_to_markdown(text: str) -> str:
    """The Markdown of an RTF document."""
    reader = _Reader()
    reader.read(text)
    return reader.markdown()


class _Reader:
    def __init__(self) -> None:
        self._group = _Group()
        self._stack: list[_Group] = []
        self._too_deep = 0
        self._out: list[str] = []
        self._mark = ""  # of the paragraph before
        self._paragraph = _Paragraph()
        self._bytes = bytearray()  # of \'xx, kept until the next token because Asian letters take two
        self._fonts: dict[int, str] = {}
        self._font = 0  # the font being declared or used
        self._in_fonts = 0  # depth of the stack at which the font table was opened
        self._to_skip = 0

    def read(self, text: str) -> None:
        """Read the document, whatever it is; what no token matches (a lone backslash) is passed over."""
        at = 0
        while match := _TOKEN.search(text, at):
            at = match.end()
            if match["hex"]:
                self._hex(int(match["hex"], 16))
                continue
            self._flush()
            if match["word"]:
                number = int(match["number"]) if match["number"] else None
                if match["word"] == "bin":
                    at += max(0, number or 0)
                else:
                    self._word(match["word"], number)
            elif match["brace"]:
                self._brace(match["brace"])
            elif match["symbol"]:
                self._symbol(match["symbol"])
            elif match["text"]:
                self._text(match["text"])
        self._flush()

    def _brace(self, brace: str) -> None:
        self._to_skip = 0
        if brace == "{":
            if len(self._stack) < _DEEPEST:
                self._stack.append(dataclasses.replace(self._group))
            else:
                self._too_deep += 1
        elif self._too_deep:
            self._too_deep -= 1
        elif self._stack:
            self._group = self._stack.pop()
            if len(self._stack) < self._in_fonts:
                self._in_fonts = 0

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            # \* marks a destination that readers may not know; those that matter here are never marked
            self._group.skip = True
        elif symbol in "\r\n":
            self._end_paragraph()
        else:
            self._text(_SYMBOLS.get(symbol, ""))

    def _word(self, word: str, number: int | None) -> None:
        group = self._group
        if word == "fonttbl":
            self._in_fonts = len(self._stack)
            group.skip = True
        elif word == "f":
            self._font = number or 0
            if not self._in_fonts:
                group.codec = self._fonts.get(self._font, group.codec)
        elif word == "fcharset" and self._in_fonts:
            self._fonts[self._font] = _CHARSETS.get(number or 0, "cp1252")
        elif _SKIPPED.fullmatch(word):
            group.skip = True
        elif word in _BULLETS:
            group.bullet = True
        elif word == "ansicpg":
            group.codec = _codec(number)
            self._fonts.clear()
        elif word == "u" and number is not None:
            self._unicode(number)
        elif word == "uc":
            group.fallback = max(0, number or 0)
        elif word in ("par", "sect", "page", "row"):
            self._end_paragraph()
        elif word == "line":
            self._text("\n")
        elif word in _LETTERS:
            self._text(_LETTERS[word])
        else:
            self._style(word, number != 0)

    def _style(self, word: str, on: bool) -> None:
        if word == "plain":
            self._group.bold = self._group.italic = self._group.underline = False
        elif word == "ulnone":
            self._group.underline = False
        elif word in _STYLES:
            setattr(self._group, _STYLES[word], on)

    def _unicode(self, number: int) -> None:
        code = number % 65536
        self._text(chr(code))
        self._to_skip = self._group.fallback

    def _hex(self, byte: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._bytes.append(byte)

    def _flush(self) -> None:
        if self._bytes:
            text = self._bytes.decode(self._group.codec, "replace")
            self._bytes.clear()
            self._text(text)

    def _text(self, text: str) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        group, paragraph = self._group, self._paragraph
        if not text or group.skip:
            return
        if group.bullet:
            paragraph.mark += text
            return
        slanted = group.italic or group.underline
        paragraph.pieces.append((text, "*" * (2 * group.bold + slanted)))

    def _end_paragraph(self) -> None:
        if not self._group.skip:
            self._put_paragraph()

    def _put_paragraph(self) -> None:
        """Paragraphs are a blank line apart, list items a line apart."""
        text, listed = _paragraph_text(self._paragraph), self._paragraph.mark
        self._paragraph = _Paragraph()
        if not text:
            return
        mark = ("1. " if re.search(r"\d", listed) else "- ") if listed.strip() else ""
        if self._out:
            self._out.append("\n" if mark and self._mark else "\n\n")
        self._out.append(mark + text)
        self._mark = mark

    def markdown(self) -> str:
        """What was read."""
        self._put_paragraph()
        return whole_letters("".join(self._out)).replace("\0", "")


def _paragraph_text(paragraph: _Paragraph) -> str:
    """The pieces with their emphasis; blanks at the ends of a piece stand outside its marks, as Markdown wants it."""
    out = ""
    for emphasis, pieces in groupby(paragraph.pieces, key=lambda piece: piece[1]):
        text = "".join(piece for piece, _ in pieces)
        words = text.strip()
        if not words:
            out += text
            continue
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        inner = _SPECIAL.sub(r"\\\1", words).replace("\n", "\\\n")
        out += f"{before}{emphasis}{inner}{emphasis}{after}"
    return _LINE_MARK.sub(_escaped_mark, out.strip())


def _escaped_mark(match: re.Match[str]) -> str:
    """A paragraph that begins like a Markdown block ("1. ", "- ") is text all the same."""
    mark = match[2]
    return match[1] + (mark[:-2] + "\\" + mark[-2:] if mark[0].isdigit() else "\\" + mark)


def _codec(number: int | None) -> str:
    name = f"cp{number}"
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name
