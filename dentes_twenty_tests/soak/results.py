"""What a soak came to: the JSON that is kept and the table of docs/faults.md."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dentes_twenty_tests.soak.faults import BY_NAME, PHASES
from dentes_twenty_tests.soak.judge import Struck, Verdict

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "soak.json"
PAGE = ROOT / "docs" / "faults.md"
MARKS = ("<!-- soak:begin -->", "<!-- soak:end -->")


def document(verdicts: Sequence[Verdict], seed: int, seconds: float) -> dict[str, Any]:
    """Figures by fault and phase, and every chain that ended wrong. A run is a process that a fault was meant for."""
    struck = [one for verdict in verdicts for one in verdict.struck]
    return {
        "seed": seed,
        "runs": len(struck),
        "struck": sum(one.hit for one in struck),
        "chains": len(verdicts),
        "wrong": sum(bool(one.wrong) for one in verdicts),
        "rolled_back": sum(one.rolled_back for one in verdicts),
        "slowest_stop_s": max((one.stopped_s for one in struck if one.stopped_s is not None), default=None),
        "seconds": round(seconds),
        "by_phase": {
            phase: sum(len(verdict.struck) for verdict in verdicts if verdict.phase == phase) for phase in PHASES
        },
        "by_fault": {name: _of([one for one in struck if one.fault == name]) for name in BY_NAME},
        "wrong_chains": [dataclasses.asdict(one) for one in verdicts if one.wrong],
    }


def _of(struck: Sequence[Struck]) -> dict[str, Any]:
    ended = Counter(one.ended for one in struck)
    return {
        "runs": len(struck),
        "struck": sum(one.hit for one in struck),
        **{how: ended[how] for how in ("done", "failed", "stopped", "killed")},
        "codes": sorted({one.code for one in struck if one.ended == "failed" and one.code}),
    }


def write(found: dict[str, Any]) -> None:
    """Keep the JSON, and bring the table of the page up to date."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{table(found)}\n\n{MARKS[1]}{after}", encoding="utf-8")


def table(found: dict[str, Any]) -> str:
    """In Markdown."""
    lines = [
        f"Seed {found['seed']}: {found['runs']} faulted runs in {found['chains']} chains, "
        f"{found['seconds'] // 60} minutes. The fault struck in {found['struck']} of the runs, the others were over "
        f"before. {found['rolled_back']} chains were rolled back at their end. Chains that ended wrong: "
        f"{found['wrong']}. Slowest stop after a signal: {found['slowest_stop_s']} s.",
        "",
        "| fault | runs | struck | went on by itself | stopped, and the next run went on | said |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, one in found["by_fault"].items():
        if one["runs"]:
            stopped = one["failed"] + one["stopped"] + one["killed"]
            codes = ", ".join(f"`{code}`" for code in one["codes"])
            lines.append(f"| {name} | {one['runs']} | {one['struck']} | {one['done']} | {stopped} | {codes} |")
    phases = ", ".join(f"{phase} {count}" for phase, count in found["by_phase"].items())
    return "\n".join([*lines, "", f"Runs by phase: {phases}."])
