"""The recorded scenarios of a real Twenty 2.19, where the checkout has them next to it (../shared).

Not part of the repository, so the tests that read them are skipped with this reason elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).resolve().parents[3] / "shared" / "twenty-contract" / "scenarios"
REASON = "the recordings (../shared/twenty-contract) are not next to this checkout"


def available() -> bool:
    return SCENARIOS.is_dir()


def scenario(name: str) -> dict[str, Any]:
    return json.loads((SCENARIOS / f"{name}.json").read_text(encoding="utf-8"))


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of every scenario with the scenario's name."""
    for path in sorted(SCENARIOS.glob("*.json")):
        for step in json.loads(path.read_text(encoding="utf-8"))["steps"]:
            yield path.stem, step


def concrete(expected: Any) -> Any:
    """Matchers replaced by what they match: $subset and $contains opened, a $regex by its own text."""
    if isinstance(expected, list):
        return [concrete(item) for item in expected]
    if not isinstance(expected, dict):
        return expected
    for opener in ("$subset", "$contains", "$unordered"):
        if opener in expected:
            return concrete(expected[opener])
    if "$regex" in expected:
        return expected["$regex"].strip("^$").replace("\\", "")
    return {key: concrete(value) for key, value in expected.items()}
