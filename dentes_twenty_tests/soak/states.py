"""The practice at every point of its way, made once without faults: where a faulted run starts, and how it must end.

Belongs here: making and restoring states, and what is compared: every record and the data model through the API, every
record of the ledger. Does not belong here: faults.

    new -> half-provisioned -> provisioned -> sampled
                               provisioned -> loaded -> filed -> later
                                                        filed -> half-undone -> undone
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import pickle
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from sqlalchemy import make_url

from dentes_twenty import demo
from dentes_twenty.exports.mapping import confirm_file
from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import HOST, SandboxOptions, SandboxServer
from dentes_twenty_tests.end_to_end.own_workspace import by_hand, furnish, snapshot, wanted
from dentes_twenty_tests.soak.driver import Worker
from dentes_twenty_tests.soak.export import write_exports
from dentes_twenty_tests.soak.orders import Order

REVOKED = "token-revoked"
FOREVER = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Leg:
    """How a state is made from another one. `cut`: after so many calls that match, the key is revoked."""

    state: str
    start: str
    flow: str
    cut: tuple[str, int] | None = None


LEGS = (
    Leg("half-provisioned", "new", "provision", ("createOneField", 70)),
    Leg("provisioned", "half-provisioned", "provision"),
    Leg("sampled", "provisioned", "sample"),
    Leg("loaded", "provisioned", "load"),
    Leg("filed", "loaded", "files"),
    Leg("later", "filed", "delta"),
    Leg("half-undone", "filed", "rollback", ("deleteOneField", 25)),
    Leg("undone", "half-undone", "rollback"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """What two runs are compared by."""

    workspace: Mapping[str, Any]
    ledger: Mapping[str, Any]

    def differences(self, other: Picture) -> list[str]:
        """Where the other one differs: names and counts."""
        found = []
        for name in sorted({*self.workspace, *other.workspace}):
            mine, theirs = self.workspace.get(name), other.workspace.get(name)
            if mine is None or theirs is None or mine[:2] != theirs[:2]:
                found.append(f"data model of {name}")
            if mine is not None and theirs is not None and mine[2] != theirs[2]:
                found.append(_records(name, mine[2], theirs[2]))
        for name in sorted({*self.ledger, *other.ledger}):
            mine, theirs = self.ledger.get(name), other.ledger.get(name)
            if mine != theirs:
                told = _records("", mine, theirs) if isinstance(mine, dict) and isinstance(theirs, dict) else ""
                found.append(f"ledger's {name}{told or f': {mine} {theirs}'}")
        return found


def _records(name: str, mine: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> str:
    """Counts, and the names of the fields that differ: an invented practice, but no value is needed."""
    lost, more = mine.keys() - theirs.keys(), theirs.keys() - mine.keys()
    changed = [key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
    fields = sorted(
        {
            field
            for key in changed
            if isinstance(mine[key], dict) and isinstance(theirs[key], dict)
            for field in mine[key].keys() | theirs[key].keys()
            if mine[key].get(field) != theirs[key].get(field)
        }
    )
    return f"{name}: {len(lost)} lost, {len(more)} more, {len(changed)} changed {fields or ''}".rstrip()


class States:
    """The states of one kind of ledger, in a folder; one of them at a time is the working copy.

    `postgres` is the URL of a server where databases may be made; None keeps the ledger in SQLite. Several processes
    use the states that one has made: each has a working copy of its own, by its `share`.
    """

    def __init__(self, folder: Path, worker: Worker, *, postgres: str | None = None, share: str = "0") -> None:
        self._folder = folder
        self._worker = worker
        self._server_url = make_url(postgres) if postgres else None
        self._templates = f"dentes_{folder.parent.name}".replace("-", "_").lower()
        self._database = f"{self._templates}_share{share}"
        self._began = dt.datetime.now(dt.UTC).date().isoformat()
        self._port = 0
        self._members: tuple[Any, ...] = ()
        self._made = folder / "made.pickle"
        self.work = folder / f"work{share}"
        self.later = folder / "exports" / "later"
        self.pictures: dict[str, Picture] = {}

    @property
    def practice_file(self) -> Path:
        """Of the working copy."""
        return self.work / demo.PRACTICE_FILE

    @property
    def practice(self) -> Practice:
        """Of the working copy."""
        return load_practice(self.practice_file)

    @property
    def log(self) -> Path:
        """Where a fork's streams go."""
        return self.work / "fork.log"

    # -- making

    def make(self, patients: int = 6, legs: Sequence[Leg] = LEGS) -> None:
        """All states, or some; raises AssertionError when an undisturbed run does not end well."""
        self._make_new(patients)
        for leg in legs:
            self.restore(leg.start)
            with self.serve() as server:
                if leg.cut is not None:
                    match, calls = leg.cut
                    server.faults.pending.append(Fault(REVOKED, FOREVER, match, calls))
                ended = self._worker.run(self.order(server, flows=(leg.flow,)))
                assert ended.how == ("done" if leg.cut is None else "failed"), ended
                server.faults.pending.clear()
                self.pictures[leg.state] = self.picture(server)
            self._keep(leg.state)
        self._made.write_bytes(pickle.dumps((self._began, self._members, self.pictures)))

    def take_up(self) -> None:
        """What another process has made."""
        self._began, self._members, self.pictures = pickle.loads(self._made.read_bytes())
        self.work.mkdir()

    def _make_new(self, patients: int) -> None:
        export, _ = write_exports(self._folder / "exports", patients)
        practice = demo.prepare(self.work, export)
        demo.mapping_of(practice)
        confirm_file(practice.mapping_path, "the soak", dt.datetime.now(dt.UTC))
        with self._admin() as run:
            run(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")
            run(f"CREATE DATABASE {self._database}")
        (self.work / "state").mkdir()
        self._point(practice.path)
        self._members = demo.staff(load_practice(practice.path))
        with self.serve() as server:
            clashes = wanted(self.practice, server.api_key)
            furnish(server.url, server.api_key, clashes, people=6, companies=3)
            ended = self._worker.run(self.order(server, flows=("stage",)))
            assert ended.how == "done", ended
            self.pictures["new"] = self.picture(server)
        self._keep("new")

    def _point(self, practice_file: Path) -> None:
        """The practice file at this working copy's ledger and workspace."""
        settings = yaml.safe_load(practice_file.read_text(encoding="utf-8"))
        settings["ledger"] = "sqlite:///state/ledger.db"
        if self._server_url is not None:
            own = self._server_url.set(database=self._database)
            settings["ledger"] = own.render_as_string(hide_password=False)
        self._port = self._port or _free_port()
        settings["twenty"] = {"url": f"http://{HOST}:{self._port}"}
        practice_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

    def _keep(self, state: str) -> None:
        shutil.copytree(self.work, self._folder / "states" / state)
        with self._admin() as run:
            run(f"DROP DATABASE IF EXISTS {self._templates}_{_plain(state)}")
            run(f"CREATE DATABASE {self._templates}_{_plain(state)} TEMPLATE {self._database}")

    # -- using

    def restore(self, state: str) -> None:
        """Make the working copy this state."""
        for path in self.work.rglob("*"):  # folders stay: one may be a mount
            if not path.is_dir():
                path.unlink()
        shutil.copytree(self._folder / "states" / state, self.work, dirs_exist_ok=True)
        with self._admin() as run:
            run(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")
            run(f"CREATE DATABASE {self._database} TEMPLATE {self._templates}_{_plain(state)}")
        self._point(self.practice_file)

    @contextlib.contextmanager
    def serve(self) -> Iterator[SandboxServer]:
        """The workspace of the working copy, always at the same address."""
        options = SandboxOptions(state=str(self.work / "workspace.sqlite3"), port=self._port, members=self._members)
        with SandboxServer(options) as server:
            yield server

    def order(self, server: SandboxServer, **options: Any) -> Order:
        """An order for the working copy."""
        options = {"practice": str(self.practice_file), "log": str(self.log), "later": str(self.later), **options}
        return Order(api_key=server.api_key, **options)

    def picture(self, server: SandboxServer) -> Picture:
        """Everything that counts of the working copy."""
        seen = by_hand(server.url, server.api_key, snapshot)
        workspace = {
            name: (active, fields, {key: self._comparable(record) for key, record in records.items()})
            for name, (active, fields, records) in seen.items()
        }
        practice = self.practice
        with Ledger.open(practice.ledger_url, practice.key) as ledger:
            records = {
                tuple(one.key): {"id": one.record_id, "status": str(one.status), "adopted": one.adopted}
                for page in ledger.iterate()
                for one in page
            }
            broken = ledger.audit.verify()
            held: dict[str, Any] = {
                "records": records,
                "counts": {str(key): count for key, count in ledger.counts().items()},
                "quarantine": {str(key): count for key, count in ledger.quarantine_counts().items()},
                "files": {str(key): count for key, count in ledger.file_counts().items()},
                "audit": "whole" if broken is None else f"broken: {broken}",
                "in doubt": sum(len(page) for page in ledger.in_doubt()),
            }
        return Picture(workspace, held)

    def _comparable(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record whose row has no date was made when it was loaded, and an uploaded file gets an id of the server's
        own: both differ from run to run."""
        made = record.get("createdAt") or ""
        seen = {**record, "createdAt": "in this run"} if made >= self._began else dict(record)
        if isinstance(seen.get("file"), list):
            seen["file"] = [{name: one[name] for name in one if name != "fileId"} for one in seen["file"]]
        return seen

    # -- the database server

    @contextlib.contextmanager
    def _admin(self) -> Iterator[Any]:
        """A function that runs a statement on the database server; does nothing for SQLite."""
        if self._server_url is None:
            yield lambda _statement: None
            return
        connection = psycopg2.connect(self._server_url.set(drivername="postgresql").render_as_string(False))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor.execute
        finally:
            connection.close()

    def disconnect(self, *, refuse: bool | None = None) -> None:
        """End all connections to the ledger's database; from now on refuse new ones, or take them again."""
        with self._admin() as run:
            if refuse is not None:
                run(f"ALTER DATABASE {self._database} ALLOW_CONNECTIONS {'false' if refuse else 'true'}")
            if refuse is not False:
                run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._database}'")

    def drop_databases(self, *, templates: bool = False) -> None:
        """Nothing of this working copy stays on the database server; with `templates`, nothing of the soak."""
        states = ("new", *(leg.state for leg in LEGS)) if templates else ()
        with self._admin() as run:
            for name in (self._database, *(f"{self._templates}_{_plain(state)}" for state in states)):
                run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _plain(state: str) -> str:
    return state.replace("-", "_")
