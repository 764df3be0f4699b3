"""What a person has changed in a record since the migration wrote it. Pure.

Belongs here: comparing a record as it reads now with the fingerprints of what was written, and with what an adopted
record held before. Does not belong here: reading, and what follows from it (`migration.rollback`).

A record that we made is edited when a field that we wrote reads otherwise, or when a field that we never wrote holds
something other than its default. An adopted record is edited when a field that we wrote reads neither as we wrote it
nor as it was before us; what else its owners did with it is theirs and stays in any case.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dentes_twenty.objects.absent import ABSENT
from dentes_twenty.twenty.model import FieldInfo, ObjectInfo
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.values import canonical, cleared

Print = Callable[[Any], bytes]
"""8 bytes for one value in normal form (`Fingerprinter.value`)."""

_NOT_AN_EDIT = frozenset(
    ("id", "createdAt", "updatedAt", "deletedAt", "position", "avatarUrl", "avatarFile", ABSENT.name)
)
_NOT_AN_EDIT_TYPES = frozenset(("ACTOR", "TS_VECTOR", "POSITION"))


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What the ledger knows of a record's fields: each of `versions` is field -> 8 bytes (the last write, and one in
    doubt). `before`: names that were found edited by an earlier rollback."""

    versions: Sequence[Mapping[str, bytes]]
    before: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The fields that we wrote."""
        return frozenset(name for version in self.versions for name in version)


def edited(
    item: ObjectInfo,
    record: Record,
    written: Written,
    print_: Print,
    gone: Callable[[str, bytes], bool],
) -> tuple[str, ...]:
    """Names of the fields of a record that we made which a person has changed.

    `gone(object, print)` tells whether the record that a relation pointed at is no longer there: then Twenty has
    emptied the field, and nobody has edited it.
    """
    ours = written.names
    empty = print_(None)
    found = []
    for name, field in item.columns.items():
        if name not in record:
            continue
        value = canonical(field.type, record[name])
        if name not in ours:
            if name not in _NOT_AN_EDIT and field.type not in _NOT_AN_EDIT_TYPES and not _is_default(field, value):
                found.append(name)
            continue
        now = print_(value)
        meant = {version[name] for version in written.versions if name in version}
        if now in meant or (meant == {empty} and _is_default(field, value)):
            continue
        if value is None and name not in written.before and _emptied_by_twenty(field, meant, gone):
            continue
        found.append(name)
    return tuple(sorted(found))


def _emptied_by_twenty(field: FieldInfo, meant: set[bytes], gone: Callable[[str, bytes], bool]) -> bool:
    return any(gone(target, print_) for target in field.relation_to for print_ in meant)


def _is_default(field: FieldInfo, value: Any) -> bool:
    """Empty, or what Twenty gives a new record: defaults of texts stand in quotes."""
    if value is None:
        return True
    default = field.default
    if isinstance(default, str):
        default = default.strip("'")
    return default is not None and bool(value == canonical(field.type, default))


@dataclasses.dataclass(frozen=True, slots=True)
class Restoration:
    """What has to be sent so that an adopted record is as it was before us.

    `edited`: fields that a person has changed since; `changes`: field -> value to send; `expected`: the same fields in
    normal form, as they will read.
    """

    edited: tuple[str, ...]
    changes: Mapping[str, Any] = dataclasses.field(repr=False)
    expected: Mapping[str, Any] = dataclasses.field(repr=False)


def restoration(
    item: ObjectInfo, record: Record, written: Written, image: Mapping[str, Any], print_: Print
) -> Restoration:
    """`image` is the record as it was (a field that it lacks was empty). Composites are sent whole."""
    edited_fields: list[str] = []
    changes: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    for name in sorted(written.names & item.columns.keys()):
        type_ = item.columns[name].type
        before, now = canonical(type_, image.get(name)), canonical(type_, record.get(name))
        if now == before:
            continue
        if all(version.get(name) != print_(now) for version in written.versions):
            edited_fields.append(name)
        changes[name] = cleared(type_) if before is None else image[name]
        expected[name] = before
    return Restoration(tuple(edited_fields), changes, expected)
