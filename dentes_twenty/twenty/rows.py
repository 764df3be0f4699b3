"""Records on their way: encoded once, sized, cut into batches. Pure.

Belongs here: JSON of a record, and how many fit into a call. Does not belong here: sending them (`writing`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from dentes_twenty.twenty.documents import is_record_id
from dentes_twenty.twenty.errors import CallRefused
from dentes_twenty.twenty.outcomes import Record, Refusal
from dentes_twenty.twenty.values import plain

MOST_BYTES = 4_000_000
"""Of records in one call. Twenty takes 10 MB of JSON; notes with long texts reach that before 200 records do."""
LARGEST_RECORD = 9_000_000


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A record with its JSON. The JSON is made once, however often the batch is cut and sent again."""

    id: str
    record: Mapping[str, Any]
    json: bytes

    @property
    def fragment(self) -> orjson.Fragment:
        """The record as part of a body."""
        return orjson.Fragment(self.json)


def encode(records: Iterable[Record]) -> tuple[list[Row], list[Refusal]]:
    """Rows, and the records that no call could carry.

    NUL characters are dropped: PostgreSQL has no place for them, and the whole batch would fail as "Data validation
    error". Raises CallRefused for a record without an id in lower case, which would make two of it on a second run.
    """
    rows: list[Row] = []
    refused: list[Refusal] = []
    seen: set[str] = set()
    for record in records:
        identifier = record.get("id")
        if not isinstance(identifier, str) or not is_record_id(identifier):
            raise CallRefused("record_without_id", "every record is sent with its own UUID in lower case")
        if identifier in seen:
            refused.append(Refusal(identifier, "duplicate", "id", identifier))
            continue
        seen.add(identifier)
        try:
            json = dumps(record)
        except (TypeError, ValueError):  # a lone surrogate, a number that is not finite, a moment without a zone
            refused.append(Refusal(identifier, "invalid_value"))
            continue
        if len(json) > LARGEST_RECORD:
            refused.append(Refusal(identifier, "too_large"))
            continue
        rows.append(Row(identifier, record, json))
    return rows, refused


def dumps(record: Mapping[str, Any]) -> bytes:
    """JSON of a record, without NUL characters. Raises TypeError or ValueError for what JSON cannot hold."""
    json = orjson.dumps(record, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)
    if b"\\u0000" not in json:
        return json
    return orjson.dumps(_without_nul(record), default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _default(value: Any) -> Any:
    made = plain(value)
    if made is value:
        raise TypeError
    return made


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {key: _without_nul(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    return value


def batches(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Rows in their order, at most so many in a batch and at most MOST_BYTES, each batch at least one row."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) >= most or size + len(row.json) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.json)
    if batch:
        yield batch


def halves(rows: list[Row]) -> list[list[Row]]:
    """Two halves; one row stays alone."""
    middle = (len(rows) + 1) // 2
    return [half for half in (rows[:middle], rows[middle:]) if half]


def split(rows: Iterable[Row], guilty: Callable[[Row], bool]) -> tuple[list[Row], list[Row]]:
    """Rows for which the question is answered with yes, and the others."""
    yes: list[Row] = []
    no: list[Row] = []
    for row in rows:
        (yes if guilty(row) else no).append(row)
    return yes, no
