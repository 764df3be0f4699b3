"""The short form of the soak: every fault strikes once, several in a row on the way to the same workspace."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from dentes_twenty.migration.ledger import new_key
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty_tests.postgres import POSTGRES
from dentes_twenty_tests.soak.driver import Worker
from dentes_twenty_tests.soak.faults import BY_NAME, TROUBLES, Trouble
from dentes_twenty_tests.soak.judge import chains, strike
from dentes_twenty_tests.soak.states import LEGS, States

pytestmark = pytest.mark.slow

SEED = 1
SHORT = [leg for leg in LEGS if leg.state in ("half-provisioned", "provisioned", "loaded")]
WHILE_LOADING = tuple(one for one in TROUBLES if not (one.command or one.postgres or one.at == "report"))
OF_THE_DATABASE = tuple(one for one in TROUBLES if one.postgres)
STOPPED = (("load", "SIGTERM"), ("sample", "Ctrl-C"), ("delta", "SIGTERM"), ("rollback", "SIGTERM"))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_VARIABLE, new_key())
        environment.delenv("DAGSTER_HOME", raising=False)
        with Worker(dict(os.environ)) as made:
            yield made


@pytest.fixture(scope="module")
def states(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> States:
    made = States(tmp_path_factory.mktemp("soak") / "sqlite", worker)
    made.make(patients=3, legs=SHORT)
    return made


def beset(
    worker: Worker, states: States, server: SandboxServer, troubles: tuple[Trouble, ...], phase: str
) -> tuple[Trouble, ...]:
    """One fault after the other; those that came too late to strike. What a fault stops must say so properly."""
    chance, late = random.Random(SEED), []
    for number, trouble in enumerate(troubles):
        found = strike(worker, states, server, trouble, phase, chance, again=number > 0)
        assert found.blemishes == (), trouble.name
        if not found.hit:
            late.append(trouble)
    return tuple(late)


def ends(worker: Worker, states: States, server: SandboxServer, *flows: str) -> None:
    ended = worker.run(states.order(server, flows=flows))
    assert ended.how == "done", ended


def test_a_load_beset_by_every_fault_ends_in_the_same_workspace(worker: Worker, states: States) -> None:
    late = load_beset_by(worker, states, WHILE_LOADING)
    # After the first ones little is left to load, and a fast machine leaves less: those that came late begin anew.
    later = [trouble for trouble in late if load_beset_by(worker, states, (trouble,))]
    assert len(later) <= 3, later  # a moment in seconds may lie behind the end


def load_beset_by(worker: Worker, states: States, troubles: tuple[Trouble, ...]) -> tuple[Trouble, ...]:
    """Each load ends in the same workspace; the faults that came too late."""
    states.restore("provisioned")
    with states.serve() as server:
        late = beset(worker, states, server, troubles, "load")
        ends(worker, states, server, "stage", "load")  # as a command does; the staging was cut off too
        assert states.pictures["loaded"].differences(states.picture(server)) == []
    return late


def test_a_ledger_whose_database_goes_away_loses_nothing(
    worker: Worker, states: States, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"{POSTGRES} is not set: no PostgreSQL server to test against")
    folder = tmp_path_factory.mktemp(f"soak-{os.getpid()}-")
    lost = States(folder / "postgres", worker, postgres=url)
    try:
        lost.make(patients=3, legs=())
        lost.restore("new")
        with lost.serve() as server:
            assert len(beset(worker, lost, server, OF_THE_DATABASE, "provision")) < len(OF_THE_DATABASE)
            ends(worker, lost, server, "provision", "load", "files", "verify")  # which compares every field
            found, wanted = lost.picture(server), states.pictures["loaded"]
        assert found.ledger["counts"] == wanted.ledger["counts"]
        assert (found.ledger["audit"], found.ledger["in doubt"]) == ("whole", 0)
        for name in wanted.workspace.keys() - {"workspaceMember", "attachment"}:  # members are another workspace's
            assert found.workspace[name][2].keys() == wanted.workspace[name][2].keys(), name
    finally:
        lost.drop_databases(templates=True)


def test_commands_that_a_signal_stops_say_so_and_a_rollback_leaves_the_workspace_as_it_was(
    worker: Worker, states: States
) -> None:
    states.restore("loaded")
    with states.serve() as server:
        codes = [
            strike(worker, states, server, BY_NAME[signal], phase, random.Random(SEED)) for phase, signal in STOPPED
        ]
        assert [found.blemishes for found in codes] == [()] * len(STOPPED)
        assert {found.code for found in codes} <= {"130", "0", "3"} and codes[0].code == "130"
        ends(worker, states, server, "rollback")
        assert states.picture(server).workspace == states.pictures["new"].workspace


def test_a_page_that_finds_no_room_is_told_and_written_the_next_time(worker: Worker, states: States) -> None:
    states.restore("provisioned")
    with states.serve() as server:
        full = BY_NAME["reports' disk full"]
        found = strike(worker, states, server, full, "sample", random.Random(SEED))
        assert found.blemishes == () and found.code == "report_not_written"
        page = states.practice.reports_dir / "sample.html"
        assert not page.exists()
        ends(worker, states, server, "sample")
        assert page.stat().st_size > 10_000


def test_a_seed_names_every_phase_with_every_fault_in_an_order_of_its_own() -> None:
    found = chains(SEED)
    assert found == chains(SEED) != chains(SEED + 1)
    pairs = {(chain.phase, fault) for chain in found for fault in chain.faults}
    assert pairs == {(phase, one.name) for one in TROUBLES for phase in one.phases}
    for chain in found:
        kinds = {(one.postgres, one.sqlite) for one in map(BY_NAME.__getitem__, chain.faults)}
        assert not {(True, False), (False, True)} <= kinds
    without = chains(SEED, postgres=False)
    assert not any(BY_NAME[fault].postgres for chain in without for fault in chain.faults)
