"""What came of a job, for somebody who did not watch it in the UI. Plain values; imports no Dagster.

Figures are the numbers of a step's materialization, by asset; checks carry their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from dentes_twenty.failures import Failure

DOCUMENT = "document"
"""Metadata of an observation that holds all that there is to tell, as JSON."""

Severity = Literal["WARN", "ERROR"]
Table = list[dict[str, Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One evaluated check; `tables` are its metadata tables by name."""

    asset: str
    name: str
    passed: bool
    severity: Severity
    description: str
    tables: Mapping[str, Table]


@dataclasses.dataclass(frozen=True, slots=True)
class FailedStep:
    """A step that stopped, and why."""

    step: str
    failure: Failure


@dataclasses.dataclass(frozen=True, slots=True)
class JobOutcome:
    """`run_id` is Dagster's. `steps`: asset -> its figures; `tables`: asset -> its tables by name; `documents`: asset
    that was observed -> what there is to tell of it."""

    job: str
    run_id: str
    finished: bool
    seconds: float
    steps: Mapping[str, Mapping[str, float]]
    tables: Mapping[str, Mapping[str, Table]]
    checks: tuple[Check, ...]
    failed: tuple[FailedStep, ...]
    documents: Mapping[str, Mapping[str, Any]]

    @property
    def errors(self) -> tuple[Check, ...]:
        """Checks that failed as errors."""
        return tuple(check for check in self.checks if not check.passed and check.severity == "ERROR")

    @property
    def warnings(self) -> tuple[Check, ...]:
        """Checks that failed as warnings."""
        return tuple(check for check in self.checks if not check.passed and check.severity == "WARN")

    @property
    def ok(self) -> bool:
        """All steps ran and no check failed as an error."""
        return self.finished and not self.errors
