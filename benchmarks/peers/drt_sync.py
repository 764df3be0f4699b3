"""drt with its REST API destination in batch mode, from SQLite, with retries, dead letters and `on_error: skip`.

The rows are spread over four syncs that run on four threads, because one sync sends one request at a time. Pacing is
drt's own: none where nothing is limited (by default it would stop at ten requests a second), else the limit with its
burst. `--tuned`: afterwards the dead letters are replayed with `drt retry`, one row a request, which finds bad ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from common import ATTEMPTS, BATCH, KEY_VARIABLE, Job

os.environ["DRT_TELEMETRY_DISABLED"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

import yaml
from drt.cli.main import app

SYNCS = 4
TEMPLATE = "[{% for row in rows %}{{ row.body }}{% if not loop.last %},{% endif %}{% endfor %}]"


def write_rows(job: Job, database: Path) -> None:
    """A table for each sync; a row is its id and the JSON that is to be sent."""
    tables: list[list[tuple[str, str]]] = [[] for _ in range(SYNCS)]
    for number, row in enumerate(job.rows()):
        tables[number // BATCH % SYNCS].append((row["sourceSystemId"], json.dumps(row, ensure_ascii=False)))
    with sqlite3.connect(database) as connection:
        for number, rows in enumerate(tables):
            connection.execute(f"CREATE TABLE rows_{number} (id TEXT, body TEXT)")
            connection.executemany(f"INSERT INTO rows_{number} VALUES (?, ?)", rows)


def write_project(job: Job, rows_per_request: int) -> None:
    """The project, its profile, and four syncs."""
    limit = job.calls_per_minute
    pacing = {"requests_per_second": limit / 60, "burst": limit} if limit else {"requests_per_second": 0}
    profile = {"local": {"type": "sqlite", "database": str(job.work / "rows.sqlite")}}
    _yaml(job.work / ".drt" / "profiles.yml", profile)
    _yaml(job.work / "drt_project.yml", {"name": "bench", "version": "0.1", "profile": "local"})
    for number in range(SYNCS):
        sync: dict[str, Any] = {
            "name": f"people_{number}",
            "model": f"SELECT id, body FROM rows_{number}",
            "destination": {
                "type": "rest_api",
                "url": job.url,
                "method": "POST",
                "headers": {"Content-Type": "application/json"},
                "auth": {"type": "bearer", "token_env": KEY_VARIABLE},
                "body_mode": "batch",
                "batch_template": TEMPLATE,
                "max_records_per_request": rows_per_request,
            },
            "sync": {
                "mode": "full",
                "batch_size": BATCH,
                "rate_limit": pacing,
                "retry": {"max_attempts": ATTEMPTS},
                "on_error": "skip",
                "dlq": {"enabled": True, "max_records": 0},
            },
        }
        _yaml(job.work / "syncs" / f"people_{number}.yml", sync)


def _yaml(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def command(*arguments: str) -> None:
    """A command of drt in this process; its exit status tells of rows that failed, which the dead letters tell too."""
    with contextlib.suppress(SystemExit):
        app(list(arguments), standalone_mode=False)


def dead_letters(work: Path) -> list[dict[str, Any]]:
    """The rows that drt has given up."""
    queued = sorted((work / ".drt" / "dlq").glob("*.jsonl"))
    lines = [line for path in queued for line in path.read_text(encoding="utf-8").splitlines()]
    return [{"sourceSystemId": json.loads(line)["record"]["id"]} for line in lines if line.strip()]


def main() -> None:
    """Load all rows."""
    job = Job()
    os.chdir(job.work)
    write_rows(job, job.work / "rows.sqlite")
    write_project(job, BATCH)
    began = time.perf_counter()
    command("run", "--threads", str(SYNCS), "--quiet")
    if job.tuned and dead_letters(job.work):
        write_project(job, 1)
        for number in range(SYNCS):
            command("retry", f"people_{number}")
    seconds = time.perf_counter() - began
    job.failed(dead_letters(job.work))
    job.done(seconds)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
