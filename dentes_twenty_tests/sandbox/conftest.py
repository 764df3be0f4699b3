"""A fresh sandbox for each module; tests of a module make objects and records that do not meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dentes_twenty_tests.sandbox.api import Api, sandbox


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with sandbox() as api:
        yield api
