"""What the programs of the peers share: their options, the rows, and what they report. Standard library only.

Every peer posts to Twenty's REST batch (`/rest/batch/people?upsert=true`), 200 rows a call: the address that its
documentation gives for imports, with status codes that any HTTP retry understands, and safe to repeat. A batch that the
server refuses for good is written down row by row and the load goes on, which is kinder than most peers' default (to
stop at the first): so rows are lost where a peer has no way to find the guilty one in a batch, not because it gave up.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

BATCH = 200
ATTEMPTS = 5
PATH = "/rest/batch/people?upsert=true&depth=0"
KEY_VARIABLE = "DENTES_TWENTY_BENCH_KEY"


class Job:
    """One run of a peer: what it is given, and what it has to tell."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--url", required=True)
        parser.add_argument("--rows", type=Path, required=True)
        parser.add_argument("--work", type=Path, required=True)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--calls-per-minute", type=int)
        parser.add_argument("--tuned", action="store_true")
        given = parser.parse_args()
        self.url: str = given.url + PATH
        self.work: Path = given.work
        self.calls_per_minute: int | None = given.calls_per_minute
        self.tuned: bool = given.tuned
        self.headers = {"Authorization": f"Bearer {os.environ[KEY_VARIABLE]}", "Content-Type": "application/json"}
        self._rows: Path = given.rows
        self._out: Path = given.out
        self._failed: list[str] = []

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, one after the other, as they are to stand in Twenty."""
        with self._rows.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def failed(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write down rows that could not be delivered."""
        self._failed += [row["sourceSystemId"] for row in rows]

    def done(self, seconds: float, error: str = "") -> None:
        """The last word."""
        told = {"seconds": seconds, "failed": self._failed, "error": error}
        self._out.write_text(json.dumps(told), encoding="utf-8")
