"""The shape of a text table: separator, lines above the header, and the header itself, from the head of the file.

Pure functions over the first lines. Does not belong here: encodings, reading to the end.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from dentes_twenty.exports.headers import Head, find_header, is_filled
from dentes_twenty.exports.quoting import RecordParser, State, parse_record, shape

SEPARATORS = (";", ",", "\t", "|")
_NAMES = {"\t": "tab"}
_SEPARATOR = r"(?:[^\w\s\"\x00-\x1f\x7f-\x9f\ud800-\udfff]|\t)"
_SEP_LINE = re.compile(rf'"?sep=(?P<separator>{_SEPARATOR}|\\t)"?[;,\t|]*\r?\n?$', re.IGNORECASE)
# more different forms than this in the first column, and it says nothing about where a row starts
_MAX_SHAPES = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Dialect:
    """`separator`, the `header` labels, the physical line where data starts (from 1), and how rows are recognised.

    `id_shapes`: forms of the first column (`quoting.shape`), empty where they say nothing.
    `trailing_separator`: rows end with one separator more than the header.
    """

    separator: str
    header: tuple[str, ...]
    preamble: tuple[tuple[str, ...], ...]
    preamble_lines: int
    data_line: int
    id_shapes: frozenset[str]
    trailing_separator: bool
    evidence: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A record of the head: where it starts, where the next one does, and its cells."""

    start: int
    end: int
    cells: list[str]


def detect_dialect(lines: Sequence[str], separator: str | None, header_line: int | None) -> Dialect | None:
    """The dialect of a file from its first lines (with their line ends); None when no line looks like a header.

    `separator` and `header_line` are fixed by a person when given.
    """
    skip, named = _sep_line(lines)
    evidence: dict[str, str] = {}
    if separator:
        evidence["separator"] = "pinned"
    elif named:
        separator, evidence["separator"] = named, "named by the sep= line"
    else:
        separator, evidence["separator"] = _best_separator(lines[skip:])
    records = _records(lines, skip, separator)
    filled = [record for record in records if any(map(is_filled, record.cells))]
    if header_line is not None:
        filled = [record for record in filled if record.start >= header_line]
    head = find_header([record.cells for record in filled], pinned=header_line is not None)
    if head is None:
        return None
    evidence["header"] = head.evidence
    rows = [record.cells for record in filled[head.last + 1 :]]
    above = [record for record in records if record.end <= filled[head.first].start]
    return Dialect(
        separator,
        head.labels,
        tuple(tuple(record.cells) for record in above),
        filled[head.first].start - 1,
        filled[head.last].end,
        _id_shapes(rows, head),
        _has_trailing_separator(rows, len(head.labels)),
        evidence,
    )


def is_separator(text: str) -> bool:
    """Whether the text can part cells: one sign or a tab; no letter, blank, quote or line end."""
    return re.fullmatch(_SEPARATOR, text) is not None


def _sep_line(lines: Sequence[str]) -> tuple[int, str | None]:
    """How many lines to skip, and the separator that Excel's `sep=` line names."""
    if lines and (match := _SEP_LINE.match(lines[0])):
        named = match["separator"]
        return 1, "\t" if named == "\\t" else named
    return 0, None


def _best_separator(lines: Sequence[str]) -> tuple[str, str]:
    """The separator that cuts most rows into the same number of cells, many cells counting for more."""
    scores: dict[str, tuple[float, str]] = {}
    for separator in SEPARATORS:
        widths = [len(record.cells) for record in _records(lines, 0, separator) if any(map(is_filled, record.cells))]
        width, count = modal_width(widths)
        share = count / len(widths) if widths else 0.0
        said = f"{_NAMES.get(separator, separator)!r} gives {width} cells in {count} of {len(widths)} rows"
        scores[separator] = (share * math.log(width) if width > 1 and share >= 0.5 else 0.0, said)
    best = max(SEPARATORS, key=lambda separator: scores[separator][0])
    if scores[best][0] == 0.0:
        return SEPARATORS[0], "no separator cuts the rows evenly: one column"
    return best, scores[best][1]


def modal_width(widths: Iterable[int]) -> tuple[int, int]:
    """The most frequent width and its count; of equally frequent ones the largest."""
    counts = Counter(widths)
    return max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))


def _records(lines: Sequence[str], skip: int, separator: str) -> list[_Line]:
    """The records of the head; one with broken quotes keeps the cells before the break and ends with its line."""
    records: list[_Line] = []
    at = skip
    while at < len(lines):
        parser = RecordParser(separator)
        record = parser.feed(lines[at])
        end = at + 1
        while record.state is State.OPEN and end < len(lines):
            record = parser.feed(lines[end])
            end += 1
        if record.state is not State.OK:
            record, end = parse_record(lines[at], separator), at + 1
        records.append(_Line(at + 1, end + 1, record.cells))
        at = end
    return records


def _id_shapes(rows: Sequence[Sequence[str]], head: Head) -> frozenset[str]:
    shapes = {shape(cells[0]) for cells in rows if len(cells) == len(head.labels) and is_filled(cells[0])}
    if len(shapes) > _MAX_SHAPES or not all("9" in form for form in shapes):
        return frozenset()
    return frozenset(shapes)


def _has_trailing_separator(rows: Sequence[Sequence[str]], width: int) -> bool:
    longer = sum(len(cells) == width + 1 and not is_filled(cells[-1]) for cells in rows)
    return longer > 0.9 * len(rows)
