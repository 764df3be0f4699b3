"""The SQLite table behind each object, and what is worked out once per table instead of once per row.

Belongs here: creating and changing tables and indexes, and `Table`, the compiled form of an object that the record
engine works with. Does not belong here: reading and writing records (see `records`).

Each object is one table with real columns. SQLite ignores the case of identifiers while Twenty does not, so a
column `emailsPrimaryEmail` is stored as `emails_primary_email`; Twenty's names have no underscore, so no two
names meet. Relations are plain columns with an index: the engine itself checks that the target exists, because
SQLite's own foreign keys do not say which one failed, and Twenty's message does.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Any

from dentes_twenty.sandbox.fieldspec import (
    COMPOSITES,
    FieldSpec,
    column_name,
    columns,
    is_composite,
    unique_columns,
)
from dentes_twenty.sandbox.model import DataModel, Field, Object
from dentes_twenty.sandbox.storage import Database
from dentes_twenty.sandbox.values import (
    Generated,
    Normaliser,
    Presenter,
    compile_normaliser,
    compile_presenter,
    default_columns,
)

Record = dict[str, Any]
"""A stored record: column name -> stored value."""

STORAGE = {"TEXT": "TEXT", "INTEGER": "INTEGER", "REAL": "REAL", "JSON": "TEXT"}
ALWAYS_INDEXED = ("position",)
"""Without it the first free position would cost a scan of the table for every create."""


def sql_name(name: str) -> str:
    """A column or table name as SQLite knows it, quoted."""
    return '"' + re.sub("[A-Z]", lambda m: "_" + m[0].lower(), name) + '"'


def table_name(item: Object) -> str:
    """The quoted name of an object's table; it follows the object's id, so that a renamed object keeps it."""
    return '"r_' + item.id.replace("-", "") + '"'


def constraint_name(item: Object, column: str) -> str:
    """The name of the foreign key of a column, in the style of Twenty's hashed names."""
    digest = hashlib.sha256(f"{item.id}.{column}".encode()).hexdigest()
    return f"FK_{digest[:27]}"


@dataclass(slots=True)
class TableField:
    """A field of a table with its compiled conversions."""

    field: Field
    spec: FieldSpec
    columns: tuple[str, ...]
    normalise: Normaliser
    present: Presenter

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def type(self) -> str:
        return self.field.type


@dataclass(slots=True)
class Relation:
    """A to-one relation: a column with the id of a record of the target object."""

    field: Field
    column: str
    target: Object
    constraint: str
    normalise: Normaliser


class Table:
    """An object compiled for reading and writing its records. Made anew after each change of the object."""

    def __init__(self, item: Object, model: DataModel) -> None:
        self.object = item
        self.sql = table_name(item)
        self.fields: dict[str, TableField] = {}
        self.relations: dict[str, Relation] = {}
        self.relation_of_column: dict[str, Relation] = {}
        self.lists: dict[str, Field] = {}
        self.columns: list[str] = []
        self.required: list[str] = []
        self.defaults: Record = {}
        """What a record holds that does not send the column; NOW and the like are in `generated`."""
        self.generated: dict[str, Generated] = {}
        for each in item.fields.values():
            self._add(each, model)
        self.insert_sql = (
            f"INSERT INTO {self.sql} ({', '.join(map(sql_name, self.columns))}) "  # noqa: S608
            f"VALUES ({', '.join('?' * len(self.columns))})"
        )
        self.unique_keys = [
            (each.spec, unique_columns(each.spec))
            for each in self.fields.values()
            if each.field.is_unique and each.name != "id"
        ]
        self.files = [each for each in self.fields.values() if each.type == "FILES"]

    @property
    def name(self) -> str:
        return self.object.name_singular

    @property
    def plural(self) -> str:
        return self.object.name_plural

    def _add(self, each: Field, model: DataModel) -> None:
        if each.is_relation:
            self._add_relation(each, model)
            return
        spec = each.spec(self.object.name_singular)
        own = tuple(column.name for column in columns(spec))
        self.fields[each.name] = TableField(
            field=each,
            spec=spec,
            columns=own,
            normalise=compile_normaliser(spec),
            present=compile_presenter(spec),
        )
        self.columns += own
        if not each.is_nullable and each.type == "ACTOR":
            self.required += [column_name(each.name, "source"), column_name(each.name, "name")]
        elif not each.is_nullable and not is_composite(each.type):
            self.required += own
        for name, value in default_columns(spec).items():
            self.defaults[name] = None if isinstance(value, Generated) else value
            if isinstance(value, Generated):
                self.generated[name] = value

    def _add_relation(self, each: Field, model: DataModel) -> None:
        column = each.join_column
        if column is None:
            self.lists[each.name] = each
            return
        spec = FieldSpec(name=column, type="UUID", object_name=self.object.name_singular)
        relation = Relation(
            field=each,
            column=column,
            target=model.target(each),
            constraint=constraint_name(self.object, column),
            normalise=compile_normaliser(spec),
        )
        self.relations[each.name] = relation
        self.relation_of_column[column] = relation
        self.columns.append(column)
        self.defaults[column] = None

    def select_sql(self, names: list[str] | None = None, alias: str = "") -> str:
        """The column list of a SELECT; all columns unless told which."""
        prefix = f"{alias}." if alias else ""
        return ", ".join(prefix + sql_name(name) for name in names or self.columns)

    def records(self, rows: list[tuple[Any, ...]], names: list[str] | None = None) -> list[Record]:
        """Rows of such a SELECT as records."""
        keys = names or self.columns
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def sub_types(self, name: str) -> dict[str, str]:
        """Sub-field -> plain type of a composite field."""
        return {part.name: part.type for part in COMPOSITES[self.fields[name].type]}


def _column_ddl(each: Field, object_name: str) -> list[tuple[str, str]]:
    if each.is_relation:
        return [(each.join_column, "TEXT")] if each.join_column else []
    return [(c.name, STORAGE[c.storage]) for c in columns(each.spec(object_name))]


def _index_name(item: Object, each: Field) -> str:
    return f'"i_{each.id.replace("-", "")}"'


def _index_sql(item: Object, each: Field) -> str | None:
    if each.join_column:
        columns_sql = sql_name(each.join_column)
        # Most rows of a link table have one target out of many columns: the others stay out of the index.
        kind, condition = ("UNIQUE INDEX", "") if each.is_unique else ("INDEX", f" WHERE {columns_sql} IS NOT NULL")
    elif each.is_unique:
        columns_sql = ", ".join(map(sql_name, unique_columns(each.spec(item.name_singular))))
        kind, condition = "UNIQUE INDEX", ""
    elif each.name in ALWAYS_INDEXED:
        kind, columns_sql, condition = "INDEX", sql_name(each.name), ""
    else:
        return None
    return f"CREATE {kind} {_index_name(item, each)} ON {table_name(item)} ({columns_sql}){condition}"


def create_table(db: Database, item: Object) -> None:
    """Make the table of an object with all of its columns and indexes."""
    parts = []
    for each in item.fields.values():
        for name, kind in _column_ddl(each, item.name_singular):
            key = " PRIMARY KEY" if name == "id" else ""
            parts.append(f"{sql_name(name)} {kind}{key}")
    db.run(f"CREATE TABLE {table_name(item)} ({', '.join(parts)})")
    for each in item.fields.values():
        _create_index(db, item, each)
    deleted = sql_name("deletedAt")
    db.run(f'CREATE INDEX "d_{item.id.replace("-", "")}" ON {table_name(item)} ({deleted}) WHERE {deleted} IS NOT NULL')


def drop_table(db: Database, item: Object) -> None:
    """Remove the table of an object with its records."""
    db.run(f"DROP TABLE {table_name(item)}")


def _create_index(db: Database, item: Object, each: Field) -> None:
    statement = _index_sql(item, each)
    if statement:
        db.run(statement)


def add_field(db: Database, item: Object, each: Field, now: str) -> None:
    """Add the columns of a field; its default goes into existing records. Raises Duplicate for a unique index."""
    for name, kind in _column_ddl(each, item.name_singular):
        db.run(f"ALTER TABLE {table_name(item)} ADD COLUMN {sql_name(name)} {kind}")
    if not each.is_relation:
        _fill_defaults(db, item, each, now)
    _create_index(db, item, each)


def _fill_defaults(db: Database, item: Object, each: Field, now: str) -> None:
    for name, value in default_columns(each.spec(item.name_singular)).items():
        if value is Generated.UUID:
            ids = db.rows(f"SELECT id FROM {table_name(item)}")  # noqa: S608
            sql = f"UPDATE {table_name(item)} SET {sql_name(name)} = ? WHERE id = ?"  # noqa: S608
            db.run_many(sql, [(str(uuid.uuid4()), row[0]) for row in ids])
        elif value is not None:
            stored = generated(value, now) if isinstance(value, Generated) else value
            db.run(f"UPDATE {table_name(item)} SET {sql_name(name)} = ?", [stored])  # noqa: S608


def generated(kind: Generated, now: str) -> str:
    """The value of a default that is made anew: the moment, the day, or an id."""
    if kind is Generated.UUID:
        return str(uuid.uuid4())
    return now[:10] if kind is Generated.TODAY else now


def drop_field(db: Database, item: Object, each: Field) -> None:
    """Remove the columns of a field with all values."""
    db.run(f"DROP INDEX IF EXISTS {_index_name(item, each)}")
    for name, _ in _column_ddl(each, item.name_singular):
        db.run(f"ALTER TABLE {table_name(item)} DROP COLUMN {sql_name(name)}")


def rename_field(db: Database, item: Object, old: Field, new: Field) -> None:
    """Give the columns of a field other names."""
    before, after = _column_ddl(old, item.name_singular), _column_ddl(new, item.name_singular)
    for (was, _), (is_now, _) in zip(before, after, strict=True):
        db.run(f"ALTER TABLE {table_name(item)} RENAME COLUMN {sql_name(was)} TO {sql_name(is_now)}")


def renew_index(db: Database, item: Object, each: Field) -> None:
    """Follow a changed isUnique. Raises Duplicate when values repeat."""
    db.run(f"DROP INDEX IF EXISTS {_index_name(item, each)}")
    _create_index(db, item, each)


def has_records(db: Database, item: Object) -> bool:
    """Whether an object has any record, soft-deleted ones included."""
    return db.value(f"SELECT 1 FROM {table_name(item)} LIMIT 1") is not None  # noqa: S608
