"""Three-way merge of one field: what we wrote last, what the export says now, what Twenty holds now.

Belongs here: the pure decision. Does not belong here: reading Twenty, writing, remembering conflicts.
Prints are fingerprints of values in Twenty's own spelling, so that equal values have equal prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from dentes_twenty.migration.ledger import Conflict, ConflictState


class Decision(StrEnum):
    """What becomes of a field."""

    NOTHING = "nothing"  # the export did not change it: a person's edit, if any, stays
    WRITE = "write"  # only the export changed
    SAME = "same"  # both sides changed to the same value: noted, not written
    CONFLICT = "conflict"  # both changed differently: Twenty's value stays and is reported
    KEPT = "kept"  # a conflict that somebody decided for Twenty's value: the export's counts as seen


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


def decided(conflict: Conflict | None, exported: bytes, current: bytes) -> Decision:
    """What a conflict that somebody has decided comes to; the decision holds for the two values that it was made on."""
    if conflict is None or (conflict.exported, conflict.current) != (exported, current):
        return Decision.CONFLICT
    if conflict.state is ConflictState.OURS:
        return Decision.WRITE
    return Decision.KEPT if conflict.state is ConflictState.THEIRS else Decision.CONFLICT


def outstanding(
    written: Mapping[str, bytes],
    exported: Mapping[str, bytes],
    empty: bytes,
    conflicts: Mapping[str, Conflict],
) -> frozenset[str]:
    """Fields for which a record is worth a read: those that the export changed since we wrote them.

    Not among them: a field that we never wrote and that the export leaves empty, and a conflict that nobody has decided
    while the export's side of it stays the same.
    """
    found = set()
    for name, print_ in exported.items():
        if written.get(name) == print_ or (name not in written and print_ == empty):
            continue
        conflict = conflicts.get(name)
        if conflict is None or conflict.state is not ConflictState.OPEN or conflict.exported != print_:
            found.add(name)
    return frozenset(found)
