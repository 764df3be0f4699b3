from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.sandbox.workspace import Member
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.metadata import read_model
from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty.people import People


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def people() -> Iterator[People]:
    """Makes people that no other test has made."""
    yield People()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[SandboxServer]:
    """One sandbox for all tests that make records of their own and change nothing else."""
    members = (Member("Ada@Example.com", "Ada", "Lovelace"), Member("ali@example.com", "Ali", "Kaya"))
    with SandboxServer(SandboxOptions(members=members)) as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A sandbox of one's own, for tests that change the data model."""
    with SandboxServer() as server:
        yield server


@pytest.fixture(scope="session")
def shared_model(shared_sandbox: SandboxServer) -> WorkspaceModel:
    """The shared sandbox's data model, read once."""

    async def read() -> WorkspaceModel:
        async with TwentyClient(shared_sandbox.url, shared_sandbox.api_key) as client:
            return await read_model(client)

    return asyncio.run(read())


@pytest.fixture
async def store(shared_sandbox: SandboxServer, shared_model: WorkspaceModel) -> AsyncIterator[RecordStore]:
    """Records of the shared sandbox; no fault of an earlier test is left."""
    shared_sandbox.faults.pending.clear()
    async with TwentyClient(shared_sandbox.url, shared_sandbox.api_key, timeout=5) as client:
        yield RecordStore(client, shared_model)
    shared_sandbox.faults.pending.clear()
