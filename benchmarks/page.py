"""docs/benchmarks.md and its pictures, made from `results/*.json`.

    python -m benchmarks.page --write     bring the page up to date
    python -m benchmarks.page --check     exit with 1 when it is not

Belongs here: showing what is in the files, in whole and without rounding anything away. Does not belong here: figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.registry import NAMES
from benchmarks.results import ROOT, Column, Result, Table, Target, Value, read_all
from dentes_twenty.reports.charts import Series, bars

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURES = ROOT / "docs" / "benchmarks"
TONES = ("info", "warn", "good", "mute", "bad")
STYLE = """
.pygal { font-family: sans-serif; background: #fff; }
.pygal text { fill: #333; }
.tone-info rect, .tone-info .reactive { fill: #2563eb; }
.tone-warn rect, .tone-warn .reactive { fill: #d97706; }
.tone-good rect, .tone-good .reactive { fill: #16a34a; }
.tone-mute rect, .tone-mute .reactive { fill: #94a3b8; }
.tone-bad rect, .tone-bad .reactive { fill: #dc2626; }
.pygal .axis path, .pygal .guides { stroke: #ddd; fill: none; }
.pygal .background, .pygal .plot_background { fill: #fff; }
"""
HEAD = """# Benchmarks

Made from `benchmarks/results/*.json` by `make bench`; a test keeps it current.
[benchmarks/README.md](../benchmarks/README.md)
says what each program does and why. `make bench` takes all of them at sizes that a laptop finishes
in about 15 minutes, `make bench BENCH="--full"` at the full sizes, `make bench BENCH="--only quota"` one of them.
"""


def pages(results: Sequence[Result]) -> dict[Path, str]:
    """Every file that the page consists of, with its text."""
    made: dict[Path, str] = {}
    parts = [HEAD, *_summary(results)]
    for result in results:
        parts += _section(result, made)
    made[PAGE] = "\n".join(parts)
    return made


def _summary(results: Sequence[Result]) -> Iterator[str]:
    every = [target for result in results for target in result.measured.targets]
    if every:
        met = sum(target.met for target in every)
        yield f"{met} of {len(every)} targets are met; what is missed stands with its reason beside the number.\n"


def _section(result: Result, made: dict[Path, str]) -> Iterator[str]:
    measured = result.measured
    yield f"## {measured.title}\n\n{measured.about}\n"
    yield _circumstances(result) + "\n"
    if measured.targets:
        yield from _targets(measured.targets)
    for number, table in enumerate(measured.tables, 1):
        yield f"### {table.title}\n"
        if table.note:
            yield f"{table.note}\n"
        yield from _table(table.columns, table.rows)
        if table.chart:
            path = PICTURES / f"{measured.name}-{number}.svg"
            made[path] = _picture(table)
            yield f"![{table.chart.title}](benchmarks/{path.name})\n"


def _circumstances(result: Result) -> str:
    machine, taken = result.machine, result.taken
    options = ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in result.measured.options.items())
    changed = " with changes" if taken["changed"] else ""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']},"
        f" Python {machine['python']}; version {taken['version']}, commit {taken['commit']}{changed},"
        f" {str(taken['date'])[:10]}; load average before the run {taken['load_before']};"
        f" it took {taken['seconds']} s. Options: {options or 'none'}."
    )


def _targets(targets: Sequence[Target]) -> Iterator[str]:
    columns = (Column("what", "target"), Column("wanted", "wanted"), Column("value", "measured"), Column("met", "met"))
    rows = [
        {
            "what": target.what,
            "wanted": f"{target.side} {shown(target.wanted)} {target.unit}".strip(),
            "value": f"{shown(target.value)} {target.unit}".strip(),
            "met": "yes" if target.met else f"**no**{': ' + target.why if target.why else ''}",
        }
        for target in targets
    ]
    yield from _table(columns, rows)


def _table(columns: Sequence[Column], rows: Sequence[object]) -> Iterator[str]:
    heads = [f"{column.label} ({column.unit})" if column.unit else column.label for column in columns]
    yield f"| {' | '.join(heads)} |"
    figures = [all(_is_figure(row, column.key) for row in rows) for column in columns]
    yield f"|{'|'.join('---:' if figure else '---' for figure in figures)}|"
    for row in rows:
        assert isinstance(row, dict)
        yield f"| {' | '.join(shown(row.get(column.key)) for column in columns)} |"
    yield ""


def _is_figure(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), int | float) and not isinstance(row.get(key), bool)


def shown(value: Value) -> str:
    """A figure as a person reads it: thousands apart, three significant digits below a hundred."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return value


def _picture(table: Table) -> str:
    chart = table.chart
    assert chart is not None
    labels = [" / ".join(shown(row[key]) for key in chart.labels) for row in table.rows]
    by_key = {column.key: column for column in table.columns}
    series = [
        Series(by_key[key].label, TONES[number], tuple(_number(row[key]) for row in table.rows))
        for number, key in enumerate(chart.values)
    ]
    unit = by_key[chart.values[0]].unit
    drawn = str(bars(chart.title, labels, series, lambda value: f"{value:,.4g} {unit}".strip()).wide)
    opening, end, rest = drawn.partition(">")
    return f"{opening}{end}<style>{STYLE}</style>{rest}\n"


def _number(value: Value) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def stale() -> dict[Path, str | None]:
    """Files of the page that are not what the results say, with what they should be (None: gone)."""
    wanted = pages(list(read_all(NAMES)))
    found: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    return found | {path: None for path in PICTURES.glob("*.svg") if path not in wanted}


def bring_up_to_date() -> list[Path]:
    """Write what is not current, remove pictures that nothing shows; what was touched."""
    found = stale()
    for path, text in found.items():
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(found)


def main() -> int:
    """Exit code 1 when --check finds the page not current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    write = parser.parse_args().write
    touched = bring_up_to_date() if write else list(stale())
    for path in touched:
        sys.stdout.write(f"{path.relative_to(ROOT)}: {'written' if write else 'not current, run `make format`'}\n")
    return 0 if write or not touched else 1


if __name__ == "__main__":
    raise SystemExit(main())
