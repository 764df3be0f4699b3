"""How many records a second the sandbox takes, and whether that stays so as it fills.

    python -m benchmarks.sandbox_throughput --records 100000

Starts a sandbox in a process of its own (state in a temporary file), gives people twenty custom fields and a home
address, and creates people over GraphQL in batches, several in flight, selecting every field that was sent (the
loader checks each write in its answer). Then it reads people back by their ids. The client prepares its requests
before the clock starts, so that the figures are the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.results import Column, Measured, Table, Target, Value
from dentes_twenty.sandbox.server import SandboxOptions, run_sandbox

FIRST = ("Ayşe", "Mehmet", "Fatma", "Mustafa", "Elif", "Ahmet", "Zeynep", "Çağlar", "Şule", "Ömer", "İpek", "Gül")
LAST = ("Yılmaz", "Kaya", "Demir", "Şahin", "Çelik", "Yıldız", "Öztürk", "Aydın", "Arslan", "Doğan", "Kılıç", "Aslan")
CITIES = ("İzmir", "İstanbul", "Ankara", "Bursa", "Muğla", "Eskişehir")
CUSTOM_FIELDS: tuple[tuple[str, str], ...] = (
    *((f"text{number:02d}", "TEXT") for number in range(11)),
    *((f"number{number}", "NUMBER") for number in range(3)),
    *((f"day{number}", "DATE") for number in range(3)),
    ("flag", "BOOLEAN"),
    ("kind", "SELECT"),
    ("homeAddress", "ADDRESS"),
)
SELECTION = (
    "id createdAt name{firstName lastName} emails{primaryEmail additionalEmails} phones{primaryPhoneNumber "
    "primaryPhoneCountryCode primaryPhoneCallingCode additionalPhones} jobTitle homeAddress{addressStreet1 "
    "addressStreet2 addressCity addressPostcode addressState addressCountry} externalId "
    + " ".join(name for name, kind in CUSTOM_FIELDS if kind != "ADDRESS")
)
CREATE = f"mutation($data:[PersonCreateInput!]!){{createPeople(data:$data){{{SELECTION}}}}}"
FIND = "query($ids:[UUID!]!){people(filter:{id:{in:$ids}},first:200){edges{node{id name{firstName lastName}}}}}"


@dataclass(frozen=True, slots=True)
class Server:
    """The server process and how to reach it."""

    process: multiprocessing.process.BaseProcess
    url: str
    api_key: str

    def memory_mb(self) -> float:
        """Resident memory of the process, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _serve(folder: str, announce: Connection) -> None:
    options = SandboxOptions(state=f"{folder}/state.db", api_key_file=Path(folder) / "key")
    run_sandbox(options, announce.send)


def start_server(folder: str) -> Server:
    """A sandbox in a new process."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(folder, sending), daemon=True)
    process.start()
    url = receiving.recv()
    return Server(process, url, (Path(folder) / "key").read_text().strip())


def add_fields(client: httpx.Client) -> None:
    """Custom fields of a person, a unique external id among them."""
    objects = client.get("/rest/metadata/objects", params={"limit": 200}).raise_for_status().json()["data"]
    person = next(item["id"] for item in objects if item["nameSingular"] == "person")
    for name, kind in (*CUSTOM_FIELDS, ("externalId", "TEXT")):
        field: dict[str, Any] = {"objectMetadataId": person, "type": kind, "name": name, "label": name.capitalize()}
        if kind == "SELECT":
            field["options"] = [
                {"value": value, "label": value, "color": "green", "position": position}
                for position, value in enumerate(("NEW", "REGULAR", "LAPSED"))
            ]
        if name == "externalId":
            field["isUnique"] = True
        client.post("/rest/metadata/fields", json=field).raise_for_status()


def person(number: int) -> dict[str, Any]:
    """One synthetic person, always the same for a number."""
    chance = random.Random(number)
    first, last = chance.choice(FIRST), chance.choice(LAST)
    record: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"person-{number}")),
        "createdAt": f"20{number % 20 + 5:02d}-{number % 12 + 1:02d}-{number % 28 + 1:02d}T08:30:00.000Z",
        "position": number,
        "createdBy": {"source": "IMPORT", "name": "Dr.DENTES"},
        "name": {"firstName": first, "lastName": last},
        "emails": {"primaryEmail": f"patient{number}@mail.example", "additionalEmails": []},
        "phones": {
            "primaryPhoneNumber": f"53{number % 10}{number % 10_000_000:07d}",
            "primaryPhoneCountryCode": "TR",
            "primaryPhoneCallingCode": "+90",
            "additionalPhones": [],
        },
        "jobTitle": "",
        "homeAddress": {
            "addressStreet1": f"Atatürk Cad. {number % 300}",
            "addressStreet2": "",
            "addressCity": chance.choice(CITIES),
            "addressPostcode": f"{35000 + number % 900}",
            "addressState": "",
            "addressCountry": "Türkiye",
        },
        "externalId": f"P-{number}",
    }
    for name, kind in CUSTOM_FIELDS:
        if kind == "TEXT":
            record[name] = f"{name} of {number}"
        elif kind == "NUMBER":
            record[name] = number % 1000
        elif kind == "DATE":
            record[name] = f"19{number % 90 + 10}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    return record | {"flag": number % 2 == 0, "kind": ("NEW", "REGULAR", "LAPSED")[number % 3]}


def bodies(records: int, batch: int) -> Iterator[bytes]:
    """Request bodies of all creates."""
    for start in range(0, records, batch):
        data = [person(number) for number in range(start, min(start + batch, records))]
        yield orjson.dumps({"query": CREATE, "variables": {"data": data}})


async def _post(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    if b'"errors"' in answer.content:
        raise SystemExit(f"The sandbox refused a request: {answer.text[:500]}")


async def _run_side_by_side(client: httpx.AsyncClient, requests: Sequence[bytes], in_flight: int) -> float:
    """Send all requests, `in_flight` at a time; seconds taken."""
    waiting = iter(requests)

    async def worker() -> None:
        for body in waiting:
            await _post(client, body)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return time.perf_counter() - started


async def measure_creates(
    client: httpx.AsyncClient, server: Server, records: int, batch: int, in_flight: int
) -> list[dict[str, Value]]:
    """Create people part by part, so that a slow-down shows; a row for each part."""
    rows: list[dict[str, Value]] = []
    part: list[bytes] = []
    size = max(records // 10 // batch, in_flight)
    done, total = 0, 0.0
    for body in bodies(records, batch):
        part.append(body)
        if len(part) == size:
            done, total = await _measured_part(client, server, part, batch, in_flight, done, total, rows)
            part = []
    if part:
        await _measured_part(client, server, part, batch, in_flight, done, total, rows)
    return rows


async def _measured_part(
    client: httpx.AsyncClient,
    server: Server,
    part: list[bytes],
    batch: int,
    in_flight: int,
    done: int,
    total: float,
    rows: list[dict[str, Value]],
) -> tuple[int, float]:
    seconds = await _run_side_by_side(client, part, in_flight)
    created = len(part) * batch
    rows.append(
        {
            "records": done + created,
            "creates_per_s": round(created / seconds),
            "seconds": round(total + seconds, 2),
            "memory_mb": round(server.memory_mb()),
        }
    )
    print(rows[-1], flush=True)
    return done + created, total + seconds


async def measure_finds(client: httpx.AsyncClient, records: int, in_flight: int, calls: int) -> float:
    """Find many by 200 ids, spread over all records; calls per second."""
    chance = random.Random(1)
    requests = []
    for _ in range(calls):
        numbers = chance.sample(range(records), min(200, records))
        ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"person-{number}")) for number in numbers]
        requests.append(orjson.dumps({"query": FIND, "variables": {"ids": ids}}))
    seconds = await _run_side_by_side(client, requests, in_flight)
    return calls / seconds


def _size_mb(file: Path) -> float:
    return file.stat().st_size / 1e6


async def check(client: httpx.AsyncClient, records: int) -> None:
    """The records are really there: counted, and one compared with what was sent."""
    query = f"query($ids:[UUID!]!){{people{{totalCount}} person(filter:{{id:{{in:$ids}}}}){{{SELECTION}}}}}"
    sent = person(records - 1)
    answer = await client.post("/graphql", json={"query": query, "variables": {"ids": [sent["id"]]}})
    found = answer.json()["data"]
    kept = {key: found["person"][key] for key in sent.keys() - {"position", "createdBy"}}
    if found["people"]["totalCount"] != records or kept != {key: sent[key] for key in kept}:
        raise SystemExit("The sandbox does not hold what it was sent.")


async def run(arguments: argparse.Namespace) -> tuple[list[dict[str, Value]], dict[str, Value]]:
    """The whole benchmark: figures by part, and those of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        server = start_server(folder)
        whole: dict[str, Value] = {"start_s": round(time.perf_counter() - started, 1)}
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            add_fields(client)
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:
            rows = await measure_creates(client, server, arguments.records, arguments.batch, arguments.in_flight)
            await check(client, arguments.records)
            finds = await measure_finds(client, arguments.records, arguments.in_flight, arguments.finds)
        whole |= {
            "creates_per_s": round(arguments.records / float(rows[-1]["seconds"] or 1)),
            "finds_per_s": round(finds),
            "memory_mb": round(server.memory_mb()),
        }
        server.process.terminate()
        server.process.join(10)
        whole["state_mb"] = round(_size_mb(Path(folder) / "state.db"))
        return rows, whole


def measure(full: bool, folder: Path) -> Measured:
    """People into the sandbox, four batches in flight."""
    records = 500_000 if full else 50_000
    arguments = _parser().parse_args(["--records", str(records)])
    rows, whole = asyncio.run(run(arguments))
    creates, finds = int(whole["creates_per_s"] or 0), int(whole["finds_per_s"] or 0)
    about = "The sandbox must not be the bottleneck of a dry run: a real Twenty 2.19 takes about 800 people a second."
    parts = (Column("records", "records"), Column("creates_per_s", "creates/s"), Column("memory_mb", "memory", "MB"))
    all_ = (
        Column("creates_per_s", "creates/s"),
        Column("finds_per_s", "findMany by 200 ids", "calls/s"),
        Column("memory_mb", "memory", "MB"),
        Column("state_mb", "state file", "MB"),
        Column("start_s", "start-up", "s"),
    )
    return Measured(
        "sandbox",
        "The sandbox",
        about,
        {"full": full, "records": records, "in_flight": arguments.in_flight},
        (Table("As a whole", all_, (whole,)), Table("As it fills", parts, tuple(rows))),
        (
            Target("creates", "at least", 2500, creates, "per second"),
            Target("findMany by 200 ids", "at least", 100, finds, "calls per second"),
            Target("start-up", "at most", 3, float(whole["start_s"] or 0), "s"),
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--finds", type=int, default=300, help="number of findMany calls")
    return parser


def main() -> None:
    """Read the command line and run."""
    print(asyncio.run(run(_parser().parse_args()))[1])


if __name__ == "__main__":
    main()
