"""A Singer target on singer-sdk's BatchSink, with the retries that the SDK gives its own REST streams.

The tap's messages are written before the clock starts; the target reads them as it would read a pipe.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import backoff
import requests
from common import ATTEMPTS, BATCH, Job
from singer_sdk import typing as th
from singer_sdk.exceptions import FatalAPIError, RetriableAPIError
from singer_sdk.sinks import BatchSink
from singer_sdk.target_base import Target

STREAM = "people"


class PeopleSink(BatchSink):
    """Posts a batch when it is full."""

    max_size = BATCH
    job: Job
    session: requests.Session

    def process_batch(self, context: dict[str, Any]) -> None:
        """Deliver one batch; what is refused for good is written down."""
        try:
            self._post(context["records"])
        except (FatalAPIError, RetriableAPIError, requests.RequestException):
            self.job.failed(context["records"])

    @backoff.on_exception(
        backoff.expo, (RetriableAPIError, requests.exceptions.ConnectionError), max_tries=ATTEMPTS, factor=2
    )
    def _post(self, records: list[dict[str, Any]]) -> None:
        answer = self.session.post(self.job.url, data=json.dumps(records), timeout=60)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise RetriableAPIError(f"HTTP {answer.status_code}", answer)
        if answer.status_code >= 400:
            raise FatalAPIError(f"HTTP {answer.status_code}")


class TwentyTarget(Target):
    """The target."""

    name = "target-twenty"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = PeopleSink


def write_messages(job: Job, path: Path) -> None:
    """What a tap would write: the schema, then the rows."""
    rows = list(job.rows())
    names = dict.fromkeys(name for row in rows for name in row)
    schema = {"type": "object", "properties": {name: {} for name in names}}
    with path.open("w", encoding="utf-8") as file:
        head = {"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": ["id"]}
        file.write(json.dumps(head) + "\n")
        for row in rows:
            file.write(json.dumps({"type": "RECORD", "stream": STREAM, "record": row}) + "\n")


def main() -> None:
    """Load all rows."""
    job = Job()
    messages = job.work / "messages.jsonl"
    write_messages(job, messages)
    PeopleSink.job, PeopleSink.session = job, requests.Session()
    PeopleSink.session.headers.update(job.headers)
    target = TwentyTarget(config={})
    began = time.perf_counter()
    with messages.open(encoding="utf-8") as file:
        target.listen(file)
    job.done(time.perf_counter() - began)


if __name__ == "__main__":
    main()
