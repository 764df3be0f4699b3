"""A real Chromium for the pages: the system's own, named by CHROMIUM or found on PATH; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while Playwright runs, its event loop counts as running, and no other test may use asyncio.
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) or name one in CHROMIUM")
    options = ["--disable-gpu"]
    options += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@pytest.fixture(scope="session")
def artifacts(pytestconfig: pytest.Config) -> Path:
    """Screenshots for a person to look at; git ignores the folder."""
    folder = pytestconfig.rootpath / "artifacts" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
