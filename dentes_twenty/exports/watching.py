"""Telling how far the reading of a table is, for files that take minutes.

Belongs here: counting rows as they go by, and about how many there will be. Does not belong here: rates and bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dentes_twenty.exports.records import BadRow, RawRow, Table

Told = Callable[[str, int, int | None], None]
"""Is told the table's name, the rows read of it, and about how many it has (None while nobody can say)."""

EVERY = 5_000


def watched(table: Table, told: Told | None) -> Iterator[RawRow | BadRow]:
    """The table's rows."""
    if told is None:
        yield from table.rows()
        return
    told(table.name, 0, None)
    count = 0
    for count, row in enumerate(table.rows(), 1):
        if count % EVERY == 0:
            share = table.share
            told(table.name, count, round(count / share) if share else None)
        yield row
    told(table.name, count, count)
