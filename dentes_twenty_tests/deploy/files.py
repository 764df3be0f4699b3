"""The files below deploy/ as data, and what the project itself says about the same facts."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


@cache
def document(path: str) -> Any:
    """A YAML file below deploy/."""
    return yaml.safe_load((DEPLOY / path).read_text(encoding="utf-8"))


def documents(path: str) -> list[Any]:
    """A YAML file of several documents."""
    return list(yaml.safe_load_all((DEPLOY / path).read_text(encoding="utf-8")))


def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their values, in order."""
    parsed = DockerfileParser(path=str(DEPLOY / "docker" / "Dockerfile")).structure
    return [(step["instruction"], step["value"]) for step in parsed if step["instruction"] != "COMMENT"]


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def version_of_dagster() -> str:
    """As the project pins it."""
    pinned = [one for one in project()["project"]["dependencies"] if re.match(r"dagster==", one)]
    return str(pinned[0].partition("==")[2])
