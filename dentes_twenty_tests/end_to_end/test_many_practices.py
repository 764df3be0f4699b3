"""Two practices at the same time: two code locations of one Dagster instance, with its storage and one ledger for both
in PostgreSQL. Instance and workspace are the files of deploy/ as they are.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import httpx
import pytest
import sqlalchemy as sa
from dagster_graphql import DagsterGraphQLClient

from dentes_twenty.migration.ledger import Ledger, RunState, Status
from dentes_twenty.migration.ledger import schema as tables
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.upgrade import UPGRADE_LOCK
from dentes_twenty.orchestration.resources import PRACTICE_TAG
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import postgres
from dentes_twenty_tests.end_to_end.dev import dagster_dev, wait_until
from dentes_twenty_tests.end_to_end.harness import (
    MEMBERS,
    check_workspace,
    make_drop,
    make_practice,
    needs_generator,
)
from dentes_twenty_tests.end_to_end.test_canary import canaries

pytestmark = [needs_generator, pytest.mark.slow]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
EGE, IZMIR = "ege-dental", "izmir-dental"  # the code locations of deploy/server/workspace.yaml
LOCATIONS = """{ workspaceOrError { ... on Workspace {
    locationEntries { name locationOrLoadError { __typename } } } } }"""
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """One practice, its export and its workspace."""

    drop: Path
    sandbox: SandboxServer
    practice: Practice


def prepare(folder: Path, key: str, seed: int, sandbox: SandboxServer, ledger: str) -> Site:
    """A practice's folder with all that its code location is given: practice file, mapping, .env."""
    folder.mkdir(parents=True)
    drop = make_drop(folder, seed=seed, dialect="utf8-en", patients=30)
    twenty = {"url": sandbox.url, "api_key_env": "TWENTY_API_KEY"}
    practice = make_practice(folder, drop, sandbox.url, practice=key, ledger=ledger, twenty=twenty)
    environment = f"DENTES_TWENTY_PRACTICE={practice.path}\nTWENTY_API_KEY={sandbox.api_key}\n"
    (folder / ".env").write_text(environment, encoding="utf-8")
    return Site(drop, sandbox, practice)


def environment(home: Path, database: sa.URL) -> dict[str, str]:
    """What Dagster is started with: nothing of a practice."""
    home.mkdir()
    shutil.copy(DEPLOY / "dagster.yaml", home)
    names = {
        "DAGSTER_HOME": str(home),
        "DAGSTER_PG_HOST": str(database.host),
        "DAGSTER_PG_USER": str(database.username),
        "DAGSTER_PG_PASSWORD": database.password or "none-is-asked-for",
        "DAGSTER_PG_DB": str(database.database),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWENTY_", "DENTES_TWENTY_"))}
    return {**kept, **names}


@pytest.fixture
def instance_database() -> Iterator[sa.URL]:
    """For runs and events."""
    with postgres.database("dagster") as database:
        yield database


@pytest.fixture
def instance_environment(tmp_path: Path, instance_database: sa.URL, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Dagster's own; the test looks into the instance too."""
    given = environment(tmp_path / "dagster", instance_database)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def ledger_url() -> Iterator[str]:
    """One database for the ledgers of all practices; nobody has made its tables."""
    with postgres.database("ledger") as database:
        yield database.render_as_string(hide_password=False)


def launch(port: int, location: str, job: str) -> str:
    """Press the button in the UI; the run's id."""
    client = DagsterGraphQLClient("127.0.0.1", port_number=port)
    return client.submit_job_execution(job, repository_location_name=location, repository_name="__repository__")


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def loaded(port: int) -> set[str]:
    """The code locations that the webserver has loaded; none while it starts."""
    try:
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": LOCATIONS}, timeout=30)
    except httpx.TransportError:
        return set()
    entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
    return {entry["name"] for entry in entries if entry["locationOrLoadError"]["__typename"] == "RepositoryLocation"}


def everything_stored(url: sa.URL) -> str:
    """All rows of all tables of a database, as text."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        asked = (sa.text(f'SELECT t::text FROM "{name}" t') for name in names)
        rows = [row for query in asked for row in connection.execute(query).scalars()]
    engine.dispose()
    return "\n".join(rows)


def leaked(values: set[str], stored: str) -> list[int]:
    """Lengths of the values that stand in a text, plain or as JSON writes them; never the values."""
    return [len(value) for value in values if value in stored or json.dumps(value)[1:-1] in stored]


def ids_in_the_ledger(url: str, site: Site) -> set[object]:
    """A practice's records, after a look at its export and its runs: nothing of another practice stands there."""
    with Ledger.open(url, site.practice.key) as ledger:
        assert [Path(drop.location) for drop in ledger.drops()] == [site.drop]
        assert {run.state for run in ledger.runs(limit=10)} == {RunState.DONE}
        landed = sum(n for (_, _, state), n in ledger.counts().items() if state is Status.LANDED)
    query = (
        sa.select(tables.records.c.record_id).join(tables.practices).where(tables.practices.c.key == site.practice.key)
    )
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        ids = set(connection.execute(query).scalars())
    engine.dispose()
    assert len(ids) >= landed > 300
    return ids


def migrate_both(port: int, instance: dg.DagsterInstance, ledger: str) -> None:
    """Launch and wait. Both runs stand before the door of the ledger, whose tables nobody has made yet, until both have
    begun; and a second run of the one practice, asked for in between, has not."""
    with Database(ledger).write(UPGRADE_LOCK):
        ege = launch(port, EGE, "migrate")
        second = launch(port, EGE, "audit")
        runs = [ege, launch(port, IZMIR, "migrate")]
        assert wait_until(lambda: all(status(instance, run) is dg.DagsterRunStatus.STARTED for run in runs))
        assert status(instance, second) is dg.DagsterRunStatus.QUEUED
        DagsterGraphQLClient("127.0.0.1", port_number=port).terminate_run(second)
    assert wait_until(lambda: all(status(instance, run) in ENDED for run in runs))
    assert [status(instance, run) for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 2
    tags = [run.tags[PRACTICE_TAG] for run in (instance.get_run_by_id(run) for run in runs) if run]
    assert tags == ["ege", "izmir"]
    assert status(instance, second) is dg.DagsterRunStatus.CANCELED


def test_two_practices_migrate_side_by_side_and_know_nothing_of_each_other(
    tmp_path: Path, instance_database: sa.URL, instance_environment: dict[str, str], ledger_url: str
) -> None:
    log = tmp_path / "dev.log"
    with ExitStack() as open_:
        servers = [open_.enter_context(SandboxServer(SandboxOptions(members=MEMBERS))) for _ in (EGE, IZMIR)]
        folders = [tmp_path / "practices" / location for location in (EGE, IZMIR)]
        sites = [
            prepare(folders[0], "ege", 61, servers[0], ledger_url),
            prepare(folders[1], "izmir", 63, servers[1], ledger_url),
        ]
        target = ("-w", str(DEPLOY / "server" / "workspace.yaml"))
        port = open_.enter_context(dagster_dev(instance_environment, log, tmp_path, *target))
        instance = open_.enter_context(dg.DagsterInstance.from_config(instance_environment["DAGSTER_HOME"]))
        assert wait_until(lambda: loaded(port) == {EGE, IZMIR}), log.read_text(encoding="utf-8")[-3000:]
        migrate_both(port, instance, ledger_url)
        for site in sites:
            code, said = check_workspace(site.practice.path.parent, site.sandbox.url, site.sandbox.api_key, site.drop)
            assert code == 0, said
    ids = [ids_in_the_ledger(ledger_url, site) for site in sites]
    assert not ids[0] & ids[1]
    values = set().union(*(canaries(site.drop) for site in sites))
    assert len(values) > 100
    events = everything_stored(instance_database)
    assert "billing_ledgers" in events
    assert leaked(values, events + log.read_text(encoding="utf-8")) == []
