"""What the driver of the soak and its worker say to each other: one JSON document a line.

The driver sends an `Order`. The worker's fork answers `{"begun": pid}` where the order wants to be told and waits for a
line, then `{"ended": ...}`; when the fork is gone the worker says `{"exit": status}`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TextIO


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One run. `flows` are done in order; before the part `at` of the first one the driver is told.

    `command` is a command line instead of flows. `cap`: no file may grow beyond so many bytes more than it has, from
    that part to its end. `clock`: seconds by which the clock jumps, one after the other, a few readings each.
    """

    practice: str
    api_key: str
    log: str
    flows: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    at: str = ""
    later: str = ""
    cap: int | None = None
    clock: tuple[float, ...] = ()
    answer_s: float = 30.0
    outage_s: float = 20.0

    def line(self) -> str:
        """For the other side."""
        return json.dumps(dataclasses.asdict(self)) + "\n"

    @classmethod
    def read(cls, line: str) -> Order:
        """The reverse of `line`."""
        said = json.loads(line)
        lists = {name: tuple(said[name]) for name in ("flows", "command", "clock")}
        return cls(**{**said, **lists})


def say(to: TextIO, **document: Any) -> None:
    """One line, at once."""
    to.write(json.dumps(document) + "\n")
    to.flush()
