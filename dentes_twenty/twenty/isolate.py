"""Finding the rows that a refused batch was refused for, with fewer calls than halving.

Twenty names no row: a batch of 200 with one bad row takes some 15 calls to halve down. But most refusals tell enough:
the value they quote, or that some id or unique value is taken or missing, which one read answers for all rows.
What neither finds is halved, among the rows that can be guilty at all.

Belongs here: the diagnosis. Does not belong here: sending (`writing`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dentes_twenty.twenty.answers import digest
from dentes_twenty.twenty.documents import with_deleted
from dentes_twenty.twenty.errors import RecordRefused
from dentes_twenty.twenty.model import UNIQUE_PARTS, FieldInfo, ObjectInfo
from dentes_twenty.twenty.outcomes import Record, Refusal
from dentes_twenty.twenty.reading import Reader
from dentes_twenty.twenty.rows import Row, halves, split
from dentes_twenty.twenty.values import canonical


@dataclasses.dataclass(slots=True)
class Diagnosis:
    """`refused` rows are guilty for certain, `standing` were stored before, `again` are batches to send."""

    refused: list[Refusal] = dataclasses.field(default_factory=list)
    standing: dict[str, Record] = dataclasses.field(default_factory=dict)
    again: list[list[Row]] = dataclasses.field(default_factory=list)


class Isolator:
    """Diagnoses refused batches of one object. `selection` is what the caller wants to see of stored records."""

    def __init__(self, reader: Reader, item: ObjectInfo, selection: Sequence[str], *, upsert: bool) -> None:
        self._reader = reader
        self._item = item
        self._selection = selection
        self._upsert = upsert

    async def diagnose(self, rows: list[Row], error: RecordRefused) -> Diagnosis:
        """What to do with the rows of a batch that was refused with this error. Always makes progress."""
        found = await self._by_reading(rows, error)
        if not (found.refused or found.standing):
            found = self._by_quotation(rows, error)
        if found.refused or found.standing:
            found.again = [rows for rows in found.again if rows]
            return found
        if len(rows) == 1:
            return Diagnosis([Refusal(rows[0].id, error.reason, guilty_field(self._item, rows[0].record, error))])
        suspects, clean = split(rows, lambda row: can_be_guilty(self._item, row.record, error))
        if suspects and clean:
            return Diagnosis(again=[clean, suspects])
        return Diagnosis(again=halves(rows))

    async def _by_reading(self, rows: list[Row], error: RecordRefused) -> Diagnosis:
        """One read that tells which ids, values or targets are taken or missing."""
        if error.reason == "duplicate":
            return await self.duplicates(rows)
        if error.reason == "foreign_key":
            return await self.missing_targets(rows)
        return await self._standing(rows) if error.reason == "file" else Diagnosis()

    def _by_quotation(self, rows: list[Row], error: RecordRefused) -> Diagnosis:
        """The rows that hold the very value which the refusal quotes: they are refused each time."""
        if error.culprit is None:
            return Diagnosis()
        guilty, rest = split(rows, lambda row: quotes(self._item, row.record, error))
        refused = [Refusal(r.id, error.reason, guilty_field(self._item, r.record, error)) for r in guilty]
        return Diagnosis(refused, again=[rest])

    async def _standing(self, rows: list[Row]) -> Diagnosis:
        """Files are checked before ids: an attachment sent again is refused for its file, which hangs on itself."""
        there = await self._reader.read(self._item.singular, [row.id for row in rows], self._selection)
        return Diagnosis(standing=there, again=[[row for row in rows if row.id not in there]])

    async def duplicates(self, rows: list[Row]) -> Diagnosis:
        """Ask once which ids and unique values are taken, soft-deleted records included: they keep theirs."""
        own = {row.id for row in rows}
        wanted = {field.name: unique_values(field, rows) for field in self._item.unique_fields}
        conditions: list[dict[str, Any]] = [{"id": {"in": sorted(own)}}]
        conditions += [_one_of(f, wanted[f.name]) for f in self._item.unique_fields if wanted[f.name]]
        names = list(dict.fromkeys([*self._selection, *(f.name for f in self._item.unique_fields)]))
        existing: dict[str, Record] = {}
        condition = with_deleted({"or": conditions})
        async for page in self._reader.find(self._item.singular, condition, [*names, "deletedAt"]):
            existing.update((record["id"], record) for record in page)
        return self._judge(rows, existing)

    def _judge(self, rows: list[Row], existing: Mapping[str, Record]) -> Diagnosis:
        found, rest = Diagnosis(), []
        holders: dict[tuple[str, str], str] = {}
        for record in existing.values():
            holders.update((key, record["id"]) for key in self._keys(record))
        for row in rows:
            if row.id in existing and not self._upsert:
                if existing[row.id].get("deletedAt"):
                    found.refused.append(Refusal(row.id, "soft_deleted", "id", row.id))
                else:
                    found.standing[row.id] = existing[row.id]
                continue
            # An upsert may take over the record of another id; two rows of one batch that want one value may not.
            taken = {k: h for k in self._keys(row.record) if (h := holders.get(k, row.id)) != row.id}
            clash = next((k for k, h in taken.items() if not self._upsert or h not in existing), None)
            if clash is not None:
                found.refused.append(Refusal(row.id, "duplicate", clash[0], taken[clash]))
                continue
            for key in self._keys(row.record):
                holders.setdefault(key, row.id)
            rest.append(row)
        found.again = [rest]
        return found

    def _keys(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Unique values of a record in Twenty's spelling, with the path of the field."""
        keys = []
        for field in self._item.unique_fields:
            path, value = unique_value(field, record)
            if value is not None:
                keys.append((path, value))
        return keys

    async def missing_targets(self, rows: list[Row]) -> Diagnosis:
        """Ask once which records that are pointed at exist; rows of the batch may point at each other."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            for _, target, identifier in self._pointers(row.record):
                wanted.setdefault(target, set()).add(identifier)
        there = await self._existing(wanted)
        found, rest = Diagnosis(), []
        inside = {row.id for row in rows}
        for row in rows:
            missing = next(
                (
                    column
                    for column, target, identifier in self._pointers(row.record)
                    if identifier not in there[target] and not (target == self._item.singular and identifier in inside)
                ),
                None,
            )
            if missing is None:
                rest.append(row)
            else:
                found.refused.append(Refusal(row.id, "foreign_key", missing))
        found.again = [rest]
        return found

    async def _existing(self, wanted: Mapping[str, set[str]]) -> dict[str, set[str]]:
        if not wanted:
            return {}
        return await self._reader.existing({target: sorted(ids) for target, ids in wanted.items()})

    def _pointers(self, record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Column, object and id of everything that a record points at."""
        for column, value in record.items():
            if not isinstance(value, str) or not column.endswith("Id"):
                continue
            field = self._item.columns.get(column)
            if field is None:
                continue
            for target in field.relation_to:
                if len(field.relation_to) == 1 or column.lower().endswith(f"{target}id".lower()):
                    yield column, target, value
                    break


def unique_value(field: FieldInfo, record: Mapping[str, Any]) -> tuple[str, str | None]:
    """Path and unique value of a field in Twenty's spelling; None where it has none, which never clashes."""
    parts = UNIQUE_PARTS.get(field.type)
    if parts is None:
        value = canonical(field.type, record.get(field.name))
        return field.name, None if value is None else str(value)
    composite = record.get(field.name)
    if not isinstance(composite, Mapping) or not composite.get(parts[0]):
        return f"{field.name}.{parts[0]}", None
    form = canonical(field.type, {**dict.fromkeys(parts), **{p: composite.get(p) for p in parts}})
    if field.type == "EMAILS":
        form = form["primaryEmail"]
    elif field.type == "LINKS":
        form = form[0][0]
    return f"{field.name}.{parts[0]}", str(form)


def unique_values(field: FieldInfo, rows: Sequence[Row]) -> list[str]:
    """Values to ask Twenty for: as stored, one part of a composite."""
    parts = UNIQUE_PARTS.get(field.type)
    found = []
    for row in rows:
        _, value = unique_value(field, row.record)
        if value is not None:
            found.append(str(row.record[field.name][parts[0]]) if parts and field.type == "PHONES" else value)
    return list(dict.fromkeys(found))


def _one_of(field: FieldInfo, values: Sequence[str]) -> dict[str, Any]:
    parts = UNIQUE_PARTS.get(field.type)
    inside = {"in": list(values)}
    return {field.name: {parts[0]: inside} if parts else inside}


def quotes(item: ObjectInfo, record: Mapping[str, Any], error: RecordRefused) -> bool:
    """Whether a record holds the value that the refusal quoted, in the field that it names.

    Where it names none, the fields of the type that it is about come into question, and the id.
    """
    if error.field:
        top, _, part = error.field.partition(".")
        value = record.get(top)
        if part and isinstance(value, Mapping):
            value = value.get(part)
        return any(digest(_js(leaf)) == error.culprit for leaf in _leaves(value))
    kinds = (error.field_type,) if error.field_type else ("FILES",)
    values = [v for n, v in record.items() if n == "id" or _type(item, n) in kinds]
    return any(digest(_js(leaf)) == error.culprit for value in values for leaf in _leaves(value))


def can_be_guilty(item: ObjectInfo, record: Mapping[str, Any], error: RecordRefused) -> bool:
    """Whether a record can have caused the refusal at all: it sends something in the field that is meant."""
    top = error.field.partition(".")[0] if error.field else ""
    if error.reason == "missing_value" and top:
        return top in record and record[top] is None
    if top:
        return canonical(_type(item, top), record.get(top)) is not None
    return bool(_filled(item, record, error.field_type)) if error.field_type else True


def guilty_field(item: ObjectInfo, record: Mapping[str, Any], error: RecordRefused) -> str | None:
    """The field that was refused: as named, or the record's only one of the type that is meant."""
    if error.field or not error.field_type:
        return error.field
    names = _filled(item, record, error.field_type)
    return names[0] if len(names) == 1 else None


def _filled(item: ObjectInfo, record: Mapping[str, Any], type_: str) -> list[str]:
    return [n for n, v in record.items() if _type(item, n) == type_ and canonical(type_, v) is not None]


def _type(item: ObjectInfo, name: str) -> str:
    field = item.columns.get(name)
    return field.type if field else ""


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _js(value: Any) -> str:
    """A scalar as the server's language writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
