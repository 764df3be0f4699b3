"""What a benchmark leaves behind: one JSON file with figures, targets, and the circumstances they came from.

Belongs here: the schema, reading and writing it, the facts about the machine. Does not belong here: measuring, the
page that shows the figures (`page`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "results"
SCHEMA = 1

Value = str | int | float | bool | None
Side = Literal["at most", "at least", "exactly"]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the key in its rows, what stands above it, and the unit of its figures."""

    key: str
    label: str
    unit: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """Bars: a row of the table is a line of the picture, each of `values` a colour."""

    title: str
    labels: tuple[str, ...]
    values: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Figures, a row for each case. `note` says what a reader has to know about them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Value], ...]
    note: str = ""
    chart: Chart | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A promise and what was measured. `why` is the reason where it was missed."""

    what: str
    side: Side
    wanted: float
    value: float
    unit: str = ""
    why: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is on the promised side."""
        if self.side == "exactly":
            return self.value == self.wanted
        return self.value <= self.wanted if self.side == "at most" else self.value >= self.wanted


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What one benchmark found. `options`: the sizes that were asked for."""

    name: str
    title: str
    about: str
    options: Mapping[str, Value]
    tables: tuple[Table, ...]
    targets: tuple[Target, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """A measurement with its circumstances, as it stands in the file."""

    measured: Measured
    machine: Mapping[str, Value]
    taken: Mapping[str, Value]


def machine() -> dict[str, Value]:
    """What the figures depend on. Nothing that tells whose machine it is."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def taken(load_before: float, seconds: float) -> dict[str, Value]:
    """When, from which state of the program, and beside how much other work (the load of the minute before)."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "version": version("dentes-twenty"),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "load_before": round(load_before, 2),
        "seconds": round(seconds, 1),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def write(result: Result, folder: Path = FOLDER) -> Path:
    """Write the result's file; its path."""
    folder.mkdir(exist_ok=True)
    measured = dataclasses.asdict(result.measured)
    for entry, target in zip(measured["targets"], result.measured.targets, strict=True):
        entry["met"] = target.met
    document = {"schema": SCHEMA, **measured, "machine": dict(result.machine), "taken": dict(result.taken)}
    path = folder / f"{result.measured.name}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Result:
    """The reverse of `write`. Raises ValueError for a file of another schema."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["schema"] != SCHEMA:
        raise ValueError(f"{path.name} has schema {document['schema']}, not {SCHEMA}: run the benchmark again")
    measured = Measured(
        document["name"],
        document["title"],
        document["about"],
        document["options"],
        tuple(_table(table) for table in document["tables"]),
        tuple(Target(**{k: v for k, v in target.items() if k != "met"}) for target in document["targets"]),
    )
    return Result(measured, document["machine"], document["taken"])


def _table(raw: Mapping[str, Any]) -> Table:
    chart = raw["chart"]
    return Table(
        raw["title"],
        tuple(Column(**column) for column in raw["columns"]),
        tuple(raw["rows"]),
        raw["note"],
        Chart(chart["title"], tuple(chart["labels"]), tuple(chart["values"])) if chart else None,
    )


def read_all(names: Sequence[str], folder: Path = FOLDER) -> Iterator[Result]:
    """The results that are there, in the order of the names."""
    for name in names:
        path = folder / f"{name}.json"
        if path.exists():
            yield read(path)
