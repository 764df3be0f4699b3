"""Where the header of a table is, among title lines and group headings; for text files and sheets alike.

Pure functions over the first rows. Does not belong here: what a header means (`mapping`).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Sequence

from dentes_twenty.exports.errors import UnreadableDrop
from dentes_twenty.exports.records import Cell

_HEADER_WITHIN = 60
_MOST_COLUMNS = 1_000
# a header may leave some of its columns without a label
_FILLED_SHARE = 0.6
_VALUE = re.compile(r"[\s\d.,:/\-+%()TtZz₺€$]*\d[\s\d.,:/\-+%()TtZz₺€$]*")


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The header stands in rows `first` to `last` (indexes; two rows when labels are grouped); `labels` as written."""

    first: int
    last: int
    labels: tuple[str, ...]
    evidence: str


def require_report_width(table: str, labels: Sequence[str]) -> None:
    """Raise UnreadableDrop for a table that is wider than any report: to match its headers would take hours."""
    if len(labels) > _MOST_COLUMNS:
        raise UnreadableDrop(
            f"{table} has {len(labels)} columns, and no report has more than {_MOST_COLUMNS}.",
            "Take the columns out that no report needs, or remove the file or sheet from the export.",
        )


def is_filled(cell: Cell) -> bool:
    """Whether the cell holds anything but blanks and NUL."""
    return cell is not None and not (isinstance(cell, str) and not cell.replace("\0", "").strip())


def find_header(rows: Sequence[Sequence[Cell]], *, pinned: bool = False) -> Head | None:
    """The first row that fills most columns with labels; None when there is none. `pinned`: the first row is it."""
    if pinned:
        labels = tuple(_label(cell) for cell in rows[0]) if rows else ()
        return Head(0, 0, labels, "pinned") if any(labels) else None
    width = _usual_width(rows)
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        if not _is_header(row, width):
            continue
        said = f"the first row that fills {sum(map(is_filled, row))} of {width} columns with labels"
        if index > 0 and _groups(rows[index - 1], row):
            return Head(index - 1, index, _joined(rows[index - 1], row), said + ", with a row of group labels above")
        following = rows[index + 1] if index + 1 < len(rows) else ()
        if _completes(row, following):
            return Head(index, index + 1, _joined(row, following), said + ", completed by the row below")
        return Head(index, index, tuple(_label(cell) for cell in row), said)
    return None


def _usual_width(rows: Sequence[Sequence[Cell]]) -> int:
    """The most frequent extent of rows that are more than a title in one cell; the largest of equals."""
    extents = Counter(len(row) for row in rows if len(row) > 1) or Counter(len(row) for row in rows)
    return max(extents.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]


def _is_header(row: Sequence[Cell], width: int) -> bool:
    filled = [cell for cell in row if is_filled(cell)]
    return len(filled) >= max(1, math.ceil(_FILLED_SHARE * width)) and all(map(_is_label, filled))


def _is_label(cell: Cell) -> bool:
    return isinstance(cell, str) and len(cell) <= 300 and _VALUE.fullmatch(cell) is None


def _label(cell: Cell) -> str:
    return "" if cell is None else str(cell).replace("\0", "")


def _groups(above: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Whether `above` labels groups of columns or the columns that `row` leaves blank: a title fills one cell only."""
    filled = [index for index, cell in enumerate(above) if is_filled(cell)]
    return len(filled) > 1 and len(above) <= len(row) + 1 and all(_is_label(above[index]) for index in filled)


def _completes(row: Sequence[Cell], following: Sequence[Cell]) -> bool:
    """Whether the next row only labels columns that this one leaves blank or heads as a group (merged cells)."""
    padded = (*row, *[None] * (len(following) - len(row)))
    gaps = [index for index, cell in enumerate(padded) if not is_filled(cell)]
    below = [index for index, cell in enumerate(following) if is_filled(cell)]
    if not gaps or not below or not all(_is_label(following[index]) for index in below):
        return False
    heads = {index - 1 for index in gaps}
    return set(gaps) <= set(below) <= set(gaps) | heads


def _joined(upper: Sequence[Cell], lower: Sequence[Cell]) -> tuple[str, ...]:
    """Labels of two header rows: the lower one, the upper one where it is blank, both where the lower repeats."""
    size = max(len(upper), len(lower))
    uppers = [_label(cell) for cell in upper] + [""] * (size - len(upper))
    lowers = [_label(cell) for cell in lower] + [""] * (size - len(lower))
    repeated = {label for label, count in Counter(lowers).items() if label and count > 1}
    labels, group = [], ""
    for above, below in zip(uppers, lowers, strict=True):
        group = above.strip() or group
        labels.append(f"{group} {below}" if below in repeated and group else below or above)
    return tuple(labels)
