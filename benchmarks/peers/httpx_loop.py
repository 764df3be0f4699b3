"""A plain httpx loop, as a developer would write it for the day: eight batches in flight, five attempts, then go on."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
from common import ATTEMPTS, BATCH, Job

IN_FLIGHT = 8


async def worker(client: httpx.AsyncClient, job: Job, batches: Iterator[list[dict[str, Any]]]) -> None:
    """Post batches until there are none."""
    for batch in batches:
        if not await delivered(client, job.url, batch):
            job.failed(batch)


async def delivered(client: httpx.AsyncClient, url: str, batch: list[dict[str, Any]]) -> bool:
    """Post one batch, again after a refusal by the limit, a failure of the server or a lost connection."""
    for attempt in range(ATTEMPTS):
        try:
            answer = await client.post(url, content=json.dumps(batch))
        except httpx.TransportError:
            pass
        else:
            if answer.is_success:
                return True
            if answer.status_code != 429 and answer.status_code < 500:
                return False
        await asyncio.sleep(2**attempt)
    return False


def batches(job: Job) -> Iterator[list[dict[str, Any]]]:
    """The rows, 200 at a time."""
    rows = job.rows()
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


async def main() -> None:
    """Load all rows."""
    job = Job()
    began = time.perf_counter()
    async with httpx.AsyncClient(headers=job.headers, timeout=60, trust_env=False) as client:
        waiting = batches(job)
        await asyncio.gather(*(worker(client, job, waiting) for _ in range(IN_FLIGHT)))
    job.done(time.perf_counter() - began)


if __name__ == "__main__":
    asyncio.run(main())
