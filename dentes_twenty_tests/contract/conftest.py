"""Servers for the contract scenarios: sandboxes always, a real Twenty when the environment names one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.sandbox.workspace import Member

MEMBERS = (Member("ada@practice.example", "Ada", "Lovelace"), Member("alan@practice.example", "Alan", "Turing"))
OPTIONS = {
    None: SandboxOptions(members=MEMBERS),
    "rate": SandboxOptions(members=MEMBERS, calls_per_minute=100),
    "legacy": SandboxOptions(members=MEMBERS, legacy_metadata=True),
    "background": SandboxOptions(members=MEMBERS),
}
"""The configuration that a scenario asks for with `limits`."""


def _client(url: str, api_key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=120)


@pytest.fixture(scope="session")
def sandbox_clients() -> Iterator[dict[str | None, httpx.Client]]:
    """A client of a sandbox of its own for each value of `limits`."""
    servers = {limits: SandboxServer(options) for limits, options in OPTIONS.items()}
    clients = {limits: _client(server.__enter__().url, server.api_key) for limits, server in servers.items()}
    yield clients
    for limits, server in servers.items():
        clients[limits].close()
        server.__exit__()


@pytest.fixture(scope="session")
def real_client() -> Iterator[httpx.Client]:
    """A client of the real server in TWENTY_URL, with TWENTY_API_KEY; skips the test when they are not set."""
    url, api_key = os.environ.get("TWENTY_URL"), os.environ.get("TWENTY_API_KEY")
    if not url or not api_key:
        pytest.skip("TWENTY_URL and TWENTY_API_KEY name no real server")
    with _client(url, api_key) as client:
        yield client
