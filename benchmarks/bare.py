"""The yardstick: a bare asyncio httpx loop that posts what our loader posted, so many at a time, and verifies nothing.

    python -m benchmarks.bare --url URL --bodies FILE --in-flight N --out FILE

FILE holds the bodies of our own creates, one a line, as the target recorded them: the same batches with the same
selections. They are read before the clock starts, so the loop neither plans nor writes down anything. Objects go one
after the other, as they do in a load, because records point at earlier ones.

Belongs here: that process and the handle on it.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from benchmarks.practice import KEY_VARIABLE
from benchmarks.results import ROOT

_ROOT_FIELDS = re.compile(rb"create\w+")


@dataclasses.dataclass(frozen=True, slots=True)
class Posted:
    """What the loop came to."""

    seconds: float
    calls: int
    bytes_sent: int


async def post_all(url: str, key: str, bodies: Sequence[bytes], in_flight: int) -> Posted:
    """Post the bodies of each object, `in_flight` at a time. Raises SystemExit when one is refused."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits, trust_env=False) as client:
        began = time.perf_counter()
        for _, part in itertools.groupby(bodies, _objects):
            waiting = iter(list(part))
            await asyncio.gather(*(_worker(client, waiting) for _ in range(in_flight)))
        return Posted(time.perf_counter() - began, len(bodies), sum(map(len, bodies)))


def _objects(body: bytes) -> tuple[bytes, ...]:
    return tuple(_ROOT_FIELDS.findall(body[: body.index(b'"variables"')]))


async def _worker(client: httpx.AsyncClient, waiting: Iterator[bytes]) -> None:
    for body in waiting:
        answer = await client.post("/graphql", content=body)
        if b'"errors"' in answer.content:
            raise SystemExit("The target refused a batch of the bare loop.")


def run(url: str, key: str, bodies: Path, in_flight: int, out: Path) -> Posted:
    """The loop in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bare", "--url", url, "--bodies", str(bodies), "--out", str(out)]
    command += ["--in-flight", str(in_flight)]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, KEY_VARIABLE: key})
    return Posted(**json.loads(out.read_text(encoding="utf-8")))


def main() -> None:
    """The measured process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    bodies = given.bodies.read_bytes().splitlines()
    posted = asyncio.run(post_all(given.url, os.environ[KEY_VARIABLE], bodies, given.in_flight))
    given.out.write_text(json.dumps(dataclasses.asdict(posted)), encoding="utf-8")


if __name__ == "__main__":
    main()
