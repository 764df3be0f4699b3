"""Three-way merge of one field: what we wrote last, what the export says now, what Twenty holds now.

Belongs here: the pure decision. Does not belong here: reading Twenty, writing, remembering conflicts.
Prints are fingerprints of values in Twenty's own spelling, so that equal values have equal prints.
"""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """What becomes of a field."""

    NOTHING = "nothing"  # the export did not change it: a person's edit, if any, stays
    WRITE = "write"  # only the export changed
    SAME = "same"  # both sides changed to the same value: noted, not written
    CONFLICT = "conflict"  # both changed differently: Twenty's value stays and is reported


def merge(written: bytes | None, exported: bytes, current: bytes) -> Decision:
    """`written` is None when we never wrote the field: then an empty Twenty field is the caller's to fill."""
    if exported == written:
        return Decision.NOTHING
    if exported == current:
        return Decision.SAME
    if current == written:
        return Decision.WRITE
    return Decision.CONFLICT


def adopt(exported: bytes, current: bytes, empty: bytes) -> Decision:
    """A record that was there before us: empty fields are filled, others keep their value and are reported."""
    if exported == current:
        return Decision.SAME
    if exported == empty:
        return Decision.NOTHING
    return Decision.WRITE if current == empty else Decision.CONFLICT
