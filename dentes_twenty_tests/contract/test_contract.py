"""Every recorded scenario against the sandbox, and against a real Twenty when there is one.

A scenario that fails on the real server shows that the recordings are out of date; one that fails on the sandbox
only, that the sandbox is wrong.
"""

from __future__ import annotations

import os

import httpx
import pytest

from dentes_twenty_tests.contract.scenarios import Scenario, load_scenarios, run_scenario

SCENARIOS = load_scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_sandbox_answers_as_recorded(sandbox_clients: dict[str | None, httpx.Client], scenario: Scenario) -> None:
    assert run_scenario(sandbox_clients[scenario.limits], scenario) == []


@pytest.mark.real
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_real_server_answers_as_recorded(real_client: httpx.Client, scenario: Scenario) -> None:
    wanted = os.environ.get("TWENTY_LIMITS", "").split(",")
    if scenario.limits is not None and scenario.limits not in wanted:
        pytest.skip(f"needs a server for {scenario.limits!r}: name it in TWENTY_LIMITS")
    assert run_scenario(real_client, scenario) == []
