"""What happens after records were written: the timeline of Twenty's background worker.

Belongs here: which writes leave an entry in timelineActivities. Written a moment after the answer, in one go for all
that has gathered, so that a load does not pay for it in each request.
"""

from __future__ import annotations

from collections.abc import Sequence

from dentes_twenty.sandbox.tables import Record, Table


class Events:
    """Takes note of writes."""

    def created(self, table: Table, records: Sequence[Record]) -> None:
        """Records that were inserted."""

    def updated(self, table: Table, before: Sequence[Record], columns: Record | None = None) -> None:
        """Records as they were before, and the columns that were written to all of them."""
