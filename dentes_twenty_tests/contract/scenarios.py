"""Contract scenarios: recorded requests and answers of Twenty 2.19.0, and how to send them again.

The data in `scenarios/` is a copy of the project's shared recordings; the format is described in their README.
A scenario saves parts of answers in variables and fills them into later requests with `${name}`; every run has
its own `${run}`, so that it can be repeated on one server and never meets the records of another run.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import string
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from dentes_twenty_tests.contract.matching import MISSING, differences

FOLDER = Path(__file__).parent / "scenarios"
RATE_WAIT_S = 90.0
"""How long a step waits for tokens of the rate limit, unless the limit is what it tests."""

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_PATH_PART = re.compile(r"\[([^=\]]+)=([^\]]*)\]|([^.\[\]]+)")


class UnresolvedError(Exception):
    """A placeholder whose value no earlier step has saved, mostly because that step failed."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recorded scenario; `limits` names what the server must be configured for (None: nothing)."""

    name: str
    about: str
    limits: str | None
    steps: tuple[dict[str, Any], ...]


def _fresh() -> dict[str, Any]:
    run = "".join(random.choices(string.ascii_lowercase, k=7))
    return {"run": run, "Run": run.capitalize()}


@dataclass(slots=True)
class Variables:
    """The variables of one run of a scenario."""

    values: dict[str, Any] = field(default_factory=_fresh)

    def lookup(self, name: str) -> Any:
        """The value of `${name}`: `uuid:LABEL`, a saved value or a part of one, `url|path` without scheme and host."""
        if name.startswith("uuid:"):
            label = f"contract:{self.values['run']}:{name.removeprefix('uuid:')}"
            return str(uuid.uuid5(uuid.NAMESPACE_URL, label))
        path, _, form = name.partition("|")
        value = part_of(self.values, path)
        if value is MISSING:
            raise UnresolvedError(f"${{{path}}} was not saved by an earlier step")
        if form == "path":
            parts = urlsplit(str(value))
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
        return value

    def resolve(self, node: Any) -> Any:
        """A JSON tree with its placeholders filled in and its `$repeat` lists written out."""
        if isinstance(node, str):
            return self._resolve_text(node)
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$repeat" in node:
            return [self._numbered(number).resolve(node["item"]) for number in range(node["$repeat"])]
        return {self.resolve(key): self.resolve(value) for key, value in node.items()}

    def _numbered(self, number: int) -> Variables:
        return Variables({**self.values, "i": f"{number:03d}"})

    def _resolve_text(self, text: str) -> Any:
        whole = _PLACEHOLDER.fullmatch(text)
        if whole is not None:
            return self.lookup(whole[1])
        return _PLACEHOLDER.sub(lambda match: _joined(self.lookup(match[1])), text)


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def part_of(data: Any, path: str) -> Any:
    """The part at a dotted path of keys, indexes, `*` (of every item) and `[key=value]` (first such item)."""
    parts = list(_PATH_PART.finditer(path))
    for match in parts:
        key, wanted, name = match.groups()
        items = data if isinstance(data, list) else []
        if name == "*":
            return [part_of(item, path[match.end() :].lstrip(".")) for item in items]
        if name is None:
            data = next((item for item in items if str(part_of(item, key)) == wanted), MISSING)
        elif isinstance(data, dict):
            data = data.get(name, MISSING)
        else:
            data = items[int(name)] if name.isdigit() and int(name) < len(items) else MISSING
    return data


def load_scenarios() -> list[Scenario]:
    """All scenarios of the folder, by name."""
    found = (json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json")))
    return [Scenario(s["name"], s["about"], s.get("limits"), tuple(s["steps"])) for s in found]


def run_scenario(client: httpx.Client, scenario: Scenario) -> list[str]:
    """Send every step, also after a failed one (the last ones tidy up), and return all differences."""
    variables, found = Variables(), []
    for number, step in enumerate(scenario.steps, 1):
        try:
            texts = _run_step(client, step, variables, waits=scenario.limits != "rate")
        except (UnresolvedError, httpx.HTTPError) as error:
            texts = [f"{type(error).__name__}: {error}"]
        found += [f"#{number} {step['say']}: {text}" for text in texts]
    return found


def _run_step(client: httpx.Client, step: dict[str, Any], variables: Variables, *, waits: bool) -> list[str]:
    """Send one step until it matches, at most `tries` times and at least `retry_s` seconds long."""
    started = time.monotonic()
    for sent in itertools.count(1):
        response = _send(client, variables.resolve(step["request"]))
        age = time.monotonic() - started
        if waits and _is_rate_limited(response) and age < RATE_WAIT_S:
            time.sleep(1)
            continue
        found = list(_judged(step, response, variables))
        if not found or (age >= step.get("retry_s", 0) and sent >= step.get("tries", 1)):
            return found
        time.sleep(0.3 if "retry_s" in step else 0)
    raise AssertionError("unreachable")


def _send(client: httpx.Client, request: dict[str, Any]) -> httpx.Response:
    options: dict[str, Any] = {"params": request["query"]} if "query" in request else {}
    if "graphql" in request:
        options["json"] = {"variables": {}} | request["graphql"]
    elif "json" in request:
        options["json"] = request["json"]
    elif "content" in request:
        options["content"] = request["content"].encode()
    elif "multipart" in request:
        fields, files = request["multipart"].get("fields", {}), request["multipart"].get("files", {})
        options["data"] = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()
        }
        options["files"] = {
            name: (file["filename"], file["content"].encode(), file["content_type"]) for name, file in files.items()
        }
    outgoing = client.build_request(request["method"], request["path"], **options)
    for name, value in request.get("headers", {}).items():
        outgoing.headers.pop(name, None)
        if value is not None:
            outgoing.headers[name] = value
    return client.send(outgoing)


def _is_rate_limited(response: httpx.Response) -> bool:
    return response.status_code == httpx.codes.TOO_MANY_REQUESTS or b'"LIMIT_REACHED"' in response.content


def _judged(step: dict[str, Any], response: httpx.Response, variables: Variables) -> Iterator[str]:
    """The differences of an answer; saves the variables of the step on the way."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    expected = step.get("expect", {})
    if response.status_code != expected.get("status", response.status_code):
        yield f"expected status {expected['status']}, got {response.status_code} with {str(body)[:300]}"
        return
    for name, path in step.get("save", {}).items():
        value = part_of(body, variables.resolve(path))
        if value is MISSING:
            yield f"nothing to save at {path}"
        else:
            variables.values[name] = value
    headers = {name.lower(): value for name, value in response.headers.items()}
    yield from differences({"$subset": variables.resolve(expected.get("headers", {}))}, headers, "header")
    yield from differences(variables.resolve(expected.get("body", {"$any": True})), body, "body")
