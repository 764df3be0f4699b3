"""People that no other test has made, and a count of calls."""

from __future__ import annotations

import uuid
from typing import Any

from dentes_twenty.twenty.records import RecordStore


class People:
    """Makes people that no other test has made."""

    def __init__(self) -> None:
        self.run = uuid.uuid4().hex[:8]

    def id(self, number: int | str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.run}/{number}"))

    def email(self, number: int | str) -> dict[str, Any]:
        return {"primaryEmail": f"{number}.{self.run}@example.com", "additionalEmails": None}

    def one(self, number: int, **more: Any) -> dict[str, Any]:
        name = {"firstName": f"F{number}", "lastName": self.run}
        return {"id": self.id(number), "name": name, "emails": self.email(number), "position": number, **more}

    def many(self, count: int, start: int = 0) -> list[dict[str, Any]]:
        return [self.one(number) for number in range(start, start + count)]

    @property
    def mine(self) -> dict[str, Any]:
        return {"name": {"lastName": {"eq": self.run}}}


class CallsOf:
    """Counts the calls made inside."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def __enter__(self) -> CallsOf:
        self._before = self._store.client.calls.total
        return self

    def __exit__(self, *error: object) -> None:
        self.made = self._store.client.calls.total - self._before
