"""The rules for options of SELECT and MULTI_SELECT fields, and what a changed list does to the records.

Options are matched by id: a value renamed under its id carries its records along, an option without its id is a new
one, even when its value is the same, and the records of the old one lose their value.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from dentes_twenty.sandbox.metadata.names import Cause, cause
from dentes_twenty.sandbox.model import Field, Object
from dentes_twenty.sandbox.storage import Database
from dentes_twenty.sandbox.tables import sql_name, table_name
from dentes_twenty.sandbox.values import default_columns

Option = dict[str, Any]

LONGEST = 63
CODE = "INVALID_FIELD_INPUT"
_VALUE = re.compile(r"(?!.*__)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

RATING_OPTIONS = tuple((f"RATING_{number}", str(number)) for number in range(1, 6))


def rating_options() -> list[Option]:
    """The five options every RATING field gets."""
    return [
        {"id": str(uuid.uuid4()), "label": label, "value": value, "position": position}
        for position, (value, label) in enumerate(RATING_OPTIONS)
    ]


def made_options(sent: Sequence[Any]) -> list[Option]:
    """The options as they are kept: with ids, only known keys."""
    made = []
    for item in sent:
        option = item if isinstance(item, Mapping) else {}
        kept = {key: option[key] for key in ("color", "label", "value", "position") if key in option}
        made.append({"id": option.get("id") or str(uuid.uuid4()), **kept})
    return made


def option_causes(options: Sequence[Option]) -> list[Cause]:
    """What is wrong with a list of options; the first kind of problem of each option, then duplicates."""
    if not options:
        return [cause(CODE, "Options are required for enum fields")]
    causes: list[Cause] = []
    for option in options:
        causes += _value_causes(option.get("value")) + _label_causes(option.get("label"))
    for key in ("id", "value", "position"):
        values = [option.get(key) for option in options]
        if len({orjson.dumps(value) for value in values}) < len(values):
            causes.append(cause(CODE, f"Duplicated option {key}"))
    return causes


def _label_causes(label: Any) -> list[Cause]:
    if label is None:
        return [cause(CODE, "Option label is required")]
    if not isinstance(label, str) or not label:
        return [cause(CODE, "Option label must be a string of at least one character", label)]
    if len(label) > LONGEST:
        return [cause(CODE, f"Option label exceeds {LONGEST} characters", label)]
    if "," in label:
        return [cause(CODE, "Label must not contain a comma", label)]
    return []


def _value_causes(value: Any) -> list[Cause]:
    if value is None:
        return [cause(CODE, "Option value is required")]
    if not isinstance(value, str) or not value:
        return [cause(CODE, "Option value must be a string of at least one character", value)]
    if len(value) > LONGEST:
        return [cause(CODE, f"Option value exceeds {LONGEST} characters", value)]
    if not _VALUE.fullmatch(value):
        return [cause(CODE, f'Value must be in UPPER_CASE and follow snake_case "{value}"', value)]
    return []


def default_causes(field_type: str, default: Any, options: Sequence[Option]) -> list[Cause]:
    """Whether a default is a quoted text (a list of them for MULTI_SELECT) that names options."""
    if default is None:
        return []
    if field_type == "MULTI_SELECT":
        if not isinstance(default, list):
            return [cause(CODE, f"Default value for multi-select must be an array got {default}", default)]
        if not default:
            return [cause(CODE, "If defined default value must contain at least one value", default)]
        if len({str(value) for value in default}) < len(default):
            return [cause(CODE, "Default values must be unique", default)]
    elif not isinstance(default, str):
        return [cause(CODE, f"Default value for select must be a string got {default}", default)]
    values = default if isinstance(default, list) else [default]
    known = {f"'{option.get('value')}'" for option in options}
    causes = []
    for value in values:
        if not isinstance(value, str) or not re.fullmatch(r"'[^']+'", value):
            causes.append(cause(CODE, "Default value should be as quoted string", value))
        elif value not in known:
            causes.append(cause(CODE, f'Default value "{value}" must be one of the option values', value))
    return causes


def follow_options(db: Database, item: Object, field: Field, before: Sequence[Option], after: Sequence[Option]) -> None:
    """Rename and remove the values of records after the options of a field have changed."""
    kept = {option["id"]: option["value"] for option in after}
    renamed = {old["value"]: kept.get(old["id"]) for old in before}
    changed = {old: new for old, new in renamed.items() if new != old}
    if not changed:
        return
    fallback = None
    if not field.is_nullable:
        fallback = default_columns(field.spec(item.name_singular))[field.name]
    table, column = table_name(item), sql_name(field.name)
    if field.type == "MULTI_SELECT":
        _follow_lists(db, table, column, changed)
        return
    cases = " ".join("WHEN ? THEN ?" for _ in changed)
    marks = ", ".join("?" * len(changed))
    parameters = [part for old, new in changed.items() for part in (old, new or fallback)]
    db.run(
        f"UPDATE {table} SET {column} = CASE {column} {cases} END WHERE {column} IN ({marks})",  # noqa: S608
        [*parameters, *changed],
    )


def _follow_lists(db: Database, table: str, column: str, changed: Mapping[str, str | None]) -> None:
    rows = db.rows(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608
    updates = []
    for record_id, stored in rows:
        values = [changed.get(value, value) for value in orjson.loads(stored)]
        left = [value for value in values if value is not None]
        updates.append((orjson.dumps(left).decode() if left else None, record_id))
    db.run_many(f"UPDATE {table} SET {column} = ? WHERE id = ?", updates)  # noqa: S608
