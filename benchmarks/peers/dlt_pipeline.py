"""dlt with a custom destination, as its page "Custom destination: Reverse ETL" shows.

Retries are dlt's own: its requests client repeats 429, 5xx and lost connections, and the pipeline repeats jobs that
raised. `--tuned`: files of 2,000 rows and eight workers, which is what its page on performance advises, because a file
is what a worker takes; by default all rows are one file, and one worker loads it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from common import ATTEMPTS, BATCH, Job

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
os.environ["RUNTIME__REQUEST_MAX_ATTEMPTS"] = str(ATTEMPTS)

import dlt
import requests
from dlt.common.json import json
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources.helpers.requests import Client

ROWS_PER_FILE, WORKERS = 2_000, 8
REFUSED = 400


def main() -> None:
    """Load all rows."""
    job = Job()
    if job.tuned:
        os.environ["DATA_WRITER__FILE_MAX_ITEMS"] = str(ROWS_PER_FILE)
        os.environ["LOAD__WORKERS"] = str(WORKERS)
    client = Client(request_max_attempts=ATTEMPTS)

    @dlt.destination(batch_size=BATCH, name="twenty", naming_convention="direct")
    def twenty(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
        try:
            client.post(job.url, data=json.dumpb(items), headers=job.headers)
        except requests.HTTPError as error:
            if error.response.status_code != REFUSED:
                raise
            job.failed(items)

    @dlt.resource(name="people", max_table_nesting=0)
    def people() -> Iterator[list[dict[str, Any]]]:
        rows = job.rows()
        while chunk := list(islice(rows, 1_000)):
            yield chunk

    pipeline = dlt.pipeline("bench", destination=twenty, pipelines_dir=str(job.work), dataset_name="bench")
    began, error = time.perf_counter(), ""
    try:
        pipeline.run(people())
    except PipelineStepFailed as failed:
        error = type(failed.exception).__name__
    job.done(time.perf_counter() - began, error)


if __name__ == "__main__":
    main()
