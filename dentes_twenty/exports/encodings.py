"""The encoding of a text file, decided with evidence, and its text in blocks of whole lines.

Belongs here: byte order marks, UTF-8 and UTF-16 by their form, the Turkish single-byte code pages by their letters.
Does not belong here: damage inside single rows (`mojibake`), separators and quotes (`dialect`, `quoting`).

Windows-1254 and ISO-8859-9 differ only in 0x80-0x9F, where ISO-8859-9 has nothing that an export would hold, so one
decoder reads both; the evidence says when a file is both.
"""

from __future__ import annotations

import codecs
import dataclasses
import re
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import from_bytes

from dentes_twenty.exports.errors import LossyDecoding, UnreadableDrop
from dentes_twenty.exports.mojibake import may_be_damaged

BLOCK_BYTES = 1 << 20
# enough lines to decide; a file that is ASCII to its end is read to its end
_LINES_TO_DECIDE = 20_000
_SAMPLE_BYTES = 1 << 18
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TURKISH = frozenset("çğıöşüÇĞİÖŞÜâîûÂÎÛ")
_TYPOGRAPHY = frozenset("’‘“”„–—…•·°€₺©®™§«»´¨\u00a0½¼¾²³±×µ")
_WORD = re.compile(r"[^\W\d_]{4,}")
_ASCII = bytes(range(0x20, 0x5C)) + b"\\\\" + bytes(range(0x5D, 0x7F)) + b"\t\r\n"
# Notes with pictures have cells of some megabytes; without line ends a file would have to be read as a whole
_LONGEST_LINE = 1 << 26
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0e-\x19\x1b-\x1f]")


@dataclasses.dataclass(frozen=True, slots=True)
class Encoding:
    """`name` as reported, `mark` the length in bytes of the byte order mark, `evidence` a sentence without values."""

    name: str
    mark: int
    evidence: str

    @property
    def codec(self) -> str:
        return "utf-8" if self.name == "utf-8-sig" else self.name


@dataclasses.dataclass(slots=True)
class _Lines:
    """Counts of the lines that hold more than ASCII, and some of their bytes."""

    utf8: int = 0
    other: int = 0
    sample: bytearray = dataclasses.field(default_factory=bytearray)


def pinned_encoding(name: str, stream: BinaryIO, file: str) -> Encoding:
    """The encoding that a person has fixed. Raises UnreadableDrop for a name that is none."""
    codec = _text_codec(name)
    if codec is None:
        raise UnreadableDrop(
            f"{file}: {name!r} is no encoding of text files.", "Pin one such as utf-8, windows-1254 or cp857."
        )
    head = stream.read(4)
    for mark, marked in _BYTE_ORDER_MARKS:
        if head.startswith(mark) and codec in {"utf-8", "utf-8-sig", "utf-16", marked}:
            return Encoding(marked, len(mark), "pinned; the byte order mark agrees")
    return Encoding({"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(codec, name.lower()), 0, "pinned")


def _text_codec(name: str) -> str | None:
    """Python's name of an encoding in which separators and line ends are the bytes of ASCII, or of UTF-16."""
    try:
        codec = codecs.lookup(name).name
        shared = codec.startswith("utf-16") or _ASCII.decode(codec) == _ASCII.decode("ascii")
        b"\xff\x80".decode(codec, "replace")  # not every codec knows how to go on after a wrong byte
    except (LookupError, ValueError):  # also of names with NUL, and of codecs that always fail
        return None
    return codec if shared else None


def detect_encoding(stream: BinaryIO, file: str) -> Encoding:
    """The encoding of a file from its start.

    Raises UnreadableDrop when the bytes are no text, LossyDecoding when no supported encoding fits.
    """
    head = stream.read(BLOCK_BYTES)
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark), "byte order mark")
    if wide := _utf16_without_mark(head):
        return wide
    _refuse_binary(head, file)
    lines = _survey(head, stream, file)
    total = lines.utf8 + lines.other
    if total == 0:
        return Encoding("utf-8", 0, "ASCII only, which every supported encoding shares")
    minority = min(lines.utf8, lines.other)
    if total >= 10 and minority / total > 0.3:
        raise LossyDecoding(
            f"{file}: {lines.utf8} lines are UTF-8 and {lines.other} are not, so the file mixes encodings.",
            "Export the report again, or pin the encoding in the mapping to quarantine the rows that do not fit.",
        )
    if lines.utf8 >= lines.other:
        return Encoding("utf-8", 0, f"{lines.utf8} of {total} lines with non-ASCII letters are valid UTF-8")
    return _single_byte(bytes(lines.sample), f"{lines.utf8} of {total} lines are valid UTF-8", file)


def ends_in_carriage_returns(stream: BinaryIO, encoding: Encoding) -> bool:
    """Whether the lines at the start of the file end with a carriage return alone, as on old Macintoshes."""
    stream.seek(encoding.mark)
    head = stream.read(BLOCK_BYTES).decode(encoding.codec, "replace")
    return "\n" not in head and "\r" in head


def text_blocks(
    stream: BinaryIO, encoding: Encoding, file: str, *, carriage_returns: bool = False
) -> Iterator[tuple[str, bool]]:
    """The text in blocks that end at a line end, each with whether its rows must be looked at one by one.

    Undecodable bytes come as lone surrogates (surrogateescape), in UTF-16 as U+FFFD. With `carriage_returns` lines
    end with a carriage return alone and are given with a line feed. Raises UnreadableDrop for a line without end.
    """
    stream.seek(encoding.mark)
    end = "\r" if carriage_returns else "\n"
    wide = encoding.codec.startswith("utf-16")
    read = _wide_blocks if wide else _byte_blocks
    blocks = read(stream, encoding.codec, end, file)
    for text, watch in blocks:
        yield (text.replace("\r", "\n") if carriage_returns else text), watch


def whole_letters(text: str) -> str:
    """Letters beyond the basic plane that came as two halves (RTF, Excel) are joined; a half alone becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tail_text(stream: BinaryIO, encoding: Encoding, size: int) -> str:
    """About the last `size` bytes of the file, from the first line start among them."""
    end = stream.seek(0, 2)
    start = max(encoding.mark, end - size)
    start -= (start - encoding.mark) % 2
    stream.seek(start)
    text = stream.read().decode(encoding.codec, "replace")
    return text if start == encoding.mark else text.partition("\n")[2]


def _require_line_end(rest: bytes | str, file: str) -> None:
    if len(rest) > _LONGEST_LINE:
        raise UnreadableDrop(
            f"{file} has a line of more than {_LONGEST_LINE >> 20} MB.",
            "Export the report again as CSV with line ends.",
        )


def _byte_blocks(stream: BinaryIO, codec: str, end: str, file: str) -> Iterator[tuple[str, bool]]:
    """Blocks cut after a line end, a byte that is no part of another letter in these encodings."""
    rest, mark = b"", end.encode()
    while block := stream.read(BLOCK_BYTES):
        _require_line_end(rest, file)
        if cut := block.rfind(mark) + 1:
            yield _decoded(rest + block[:cut], codec)
            rest = b""
        rest += block[cut:]
    # DOS programs end a file with Ctrl-Z, some databases pad it with zeros
    if rest := rest.rstrip(b"\x1a\0"):
        yield _decoded(rest, codec)


def _decoded(block: bytes, codec: str) -> tuple[str, bool]:
    try:
        text = block.decode(codec)
    except UnicodeDecodeError:
        return block.decode(codec, "surrogateescape"), True
    return text, "\0" in text or may_be_damaged(text)


def _wide_blocks(stream: BinaryIO, codec: str, end: str, file: str) -> Iterator[tuple[str, bool]]:
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    rest = ""
    while block := stream.read(BLOCK_BYTES):
        text = rest + decoder.decode(block)
        cut = text.rfind(end) + 1
        if cut:
            yield text[:cut], "\0" in text or may_be_damaged(text)
        rest = text[cut:]
        _require_line_end(rest, file)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest, "\0" in rest or may_be_damaged(rest)


def _utf16_without_mark(head: bytes) -> Encoding | None:
    """Text that is mostly ASCII has a zero in every other byte."""
    sample = head[:4096]
    if len(sample) < 8:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.3 and even < 0.05:
        return Encoding("utf-16-le", 0, "no byte order mark; every other byte is zero, the second first")
    if even > 0.3 and odd < 0.05:
        return Encoding("utf-16-be", 0, "no byte order mark; every other byte is zero, the first first")
    return None


def _refuse_binary(head: bytes, file: str) -> None:
    if head.startswith(b"PK\x03\x04"):
        raise UnreadableDrop(f"{file} is a workbook with the name of a text file.", "Give it the ending .xlsx.")
    sample = head[:65536]
    if len(_CONTROL.findall(sample)) + sample.count(0) > max(8, len(sample) // 50):
        raise UnreadableDrop(f"{file} is no text.", "Remove the file from the export, or export the report as CSV.")


def _survey(head: bytes, stream: BinaryIO, file: str) -> _Lines:
    lines = _Lines()
    rest, block = b"", head
    while block:
        _require_line_end(rest, file)
        if cut := max(block.rfind(b"\n"), block.rfind(b"\r")) + 1:
            _count(rest + block[:cut], lines)
            rest = b""
        rest += block[cut:]
        if lines.utf8 + lines.other >= _LINES_TO_DECIDE:
            return lines
        block = stream.read(BLOCK_BYTES)
    _count(rest, lines)
    return lines


def _count(block: bytes, lines: _Lines) -> None:
    if block.isascii():
        return
    for line in block.replace(b"\r", b"\n").split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            lines.other += 1
            if len(lines.sample) < _SAMPLE_BYTES:
                lines.sample += line + b"\n"
        else:
            lines.utf8 += 1


def _single_byte(sample: bytes, evidence: str, file: str) -> Encoding:
    """Windows-1254 (with ISO-8859-9) or cp857, whichever turns more of the bytes into Turkish letters."""
    shares = {codec: _turkish_share(sample.decode(codec, "surrogateescape")) for codec in ("windows-1254", "cp857")}
    name = max(shares, key=lambda codec: shares[codec])
    text = sample.decode(name, "surrogateescape")
    if not _plausible(text):
        guess = from_bytes(sample).best()
        raise LossyDecoding(
            f"{file}: neither UTF-8 nor a Turkish code page gives readable text"
            + (f" (it looks like {guess.encoding})." if guess else "."),
            "Export the report as UTF-8, or pin its encoding in the mapping.",
        )
    others = ", ".join(f"{share:.0%} as {codec}" for codec, share in shares.items())
    both = name == "windows-1254" and not re.search(rb"[\x80-\x9f]", sample)
    return Encoding(
        name, 0, f"{evidence}; Turkish letters: {others}" + ("; ISO-8859-9 would read the same" if both else "")
    )


def _turkish_share(text: str) -> float:
    beyond = [letter for letter in text if letter > "\x7f"]
    return sum(letter in _TURKISH for letter in beyond) / len(beyond) if beyond else 0.0


def _plausible(text: str) -> bool:
    """Letters and typography rather than symbols, and words that are not foreign letters throughout."""
    beyond = [letter for letter in text if letter > "\x7f"]
    readable = sum(letter.isalpha() or letter in _TYPOGRAPHY for letter in beyond)
    if readable < 0.7 * len(beyond):
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    letters = sum(map(len, words))
    foreign = sum(sum(letter > "\x7f" for letter in word) for word in words)
    return letters == 0 or foreign < 0.7 * letters
