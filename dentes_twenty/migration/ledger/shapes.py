"""Fingerprints of written values, by record: which fields, and which of them changed.

Belongs here: lists of field names kept once for all records that share them, and the comparison of a record's
fingerprints with new values. Does not belong here: the hash itself (`fingerprints.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.ledger.core import Clock, Core
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.fingerprints import differing, split
from dentes_twenty.migration.ledger.schema import shapes
from dentes_twenty.migration.ledger.types import FieldPrints


class Shapes(Core):
    """The part of the ledger that fingerprints values."""

    def __init__(self, database: Database, practice: str, actor: str, clock: Clock) -> None:
        super().__init__(database, practice, actor, clock)
        self._shape_ids: dict[tuple[str, ...], int] = {}
        self._shape_names: dict[int, tuple[str, ...]] = {}

    def fingerprints(self, values: Mapping[str, Any]) -> FieldPrints:
        """Fingerprints of the wire value of each field, to go into a RecordIntent."""
        names = tuple(sorted(values))
        return FieldPrints(self._shape_id(names), self.prints.fields(names, values))

    def changed_fields(self, old: FieldPrints, values: Mapping[str, Any]) -> set[str]:
        """Names of the fields whose value is not the one that `old` tells of; a field on one side only is changed."""
        names = self._names(old.shape)
        if len(names) != len(values) or not all(name in values for name in names):
            new = {name: self.prints.value(value) for name, value in values.items()}
            return differing(split(names, old.blob), new)
        blob = self.prints.fields(names, values)
        return set() if blob == old.blob else differing(split(names, old.blob), split(names, blob))

    def field_prints(self, prints: FieldPrints) -> dict[str, bytes]:
        """Field name -> 8 bytes, comparable with `prints.value(value)`."""
        return split(self._names(prints.shape), prints.blob)

    def merged_fingerprints(self, base: FieldPrints | None, values: Mapping[str, Any]) -> FieldPrints:
        """`base` with the given fields replaced: for an update that sends some fields only."""
        merged = {} if base is None else self.field_prints(base)
        merged |= {name: self.prints.value(value) for name, value in values.items()}
        names = tuple(sorted(merged))
        return FieldPrints(self._shape_id(names), b"".join(merged[name] for name in names))

    def _shape_id(self, names: tuple[str, ...]) -> int:
        found = self._shape_ids.get(names)
        if found is None:
            text = orjson.dumps(names).decode()
            with self._database.write(None) as connection:
                connection.execute(self._database.insert(shapes).on_conflict_do_nothing(), {"fields": text})
                find = sa.select(shapes.c.id).where(shapes.c.fields == text)
                found = int(connection.execute(find).scalar_one())
            self._shape_ids[names], self._shape_names[found] = found, names
        return found

    def _names(self, shape: int) -> tuple[str, ...]:
        names = self._shape_names.get(shape)
        if names is None:
            (row,) = self._rows(sa.select(shapes.c.fields).where(shapes.c.id == shape))
            names = tuple(orjson.loads(row.fields))
            self._shape_ids[names], self._shape_names[shape] = shape, names
        return names
