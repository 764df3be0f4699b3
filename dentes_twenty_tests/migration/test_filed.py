"""What a person compares with: each cell of a sampled row is the text of its file, in whatever form the file came.

The files are read here a second time by other means (the csv module, openpyxl), by the generator's own layout.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dentes_twenty.exports.errors import RowsChanged
from dentes_twenty.migration.owners import Member, match_owners
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps import Export, FiledCells, stage_settings
from dentes_twenty.migration.steps.drawing import SampledRow, collect, draw
from dentes_twenty.migration.steps.filed import filed_cells
from dentes_twenty.objects.registry import report_named
from dentes_twenty_tests.end_to_end.harness import FALLBACK, answer_key, make_drop, make_practice, needs_generator

pytestmark = needs_generator

PLAIN = {"provider", "practice", "payer", "patient", "plan", "line", "appointment", "recall", "claim", "entry", "note",
         "item"}  # fmt: skip
Files = dict[str, dict[str, dict[str, str]]]


def text_of(cell: Any) -> str:
    """A cell as a person would copy it out of the file; dates and times of a workbook in ISO notation."""
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ") if cell.time() != dt.time() else cell.date().isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    return "" if cell is None else str(cell)


def lines_of(drop: Path, layout: dict[str, Any]) -> Iterator[list[str]]:
    """The header and the rows of one report."""
    above = layout["titleLines"] + bool(layout["firstLine"])
    if layout["sheet"]:
        book = openpyxl.load_workbook(drop / layout["file"], data_only=True)
        rows = book[layout["sheet"]].iter_rows(values_only=True)
        yield from ([text_of(cell) for cell in row] for row in islice(rows, above, None))
        return
    text = (drop / layout["file"]).read_bytes().decode(layout["encoding"])
    yield from islice(csv.reader(io.StringIO(text, newline=""), delimiter=layout["separator"]), above, None)


def files(drop: Path) -> Files:
    """Report -> id -> canonical column -> text."""
    found: Files = {}
    for report, layout in answer_key(drop)["layout"].items():
        names = [column["column"] for column in layout["columns"]]
        key = names.index(report_named(report).key)
        rows = islice(lines_of(drop, layout), 1, None)
        found[report] = {
            row[key].strip(): {name: text for name, text in zip(names, row, strict=False) if name}
            for row in rows
            if any(row)
        }
    return found


@dataclass
class Sample:
    """A drop, and its sample with the cells behind each record; no workspace is needed for either."""

    drop: Path
    told: Files
    rows: list[tuple[SampledRow, FiledCells]]
    again: Callable[[], object]

    def of(self, *names: str) -> list[tuple[SampledRow, FiledCells]]:
        """Those of some source objects."""
        return [(row, cells) for row, cells in self.rows if row.declaration.name in names]


@pytest.fixture(scope="module", params=["excel-tr", "utf8-en", "vem", "xlsx"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("filed")
    drop = make_drop(folder, seed=21, dialect=request.param, defects="none", patients=14)
    with Migration(make_practice(folder, drop, "https://nowhere.example")) as migration:
        for report in migration.reports:
            migration.stage(report)
        planner = migration.planner
        providers = planner.providers()
        members = [Member(f"m-{one.id}", one.email) for one in providers if one.email]
        owners = match_owners(providers, [*members, Member("m", FALLBACK)], {}, FALLBACK)
        rows = collect(planner, owners, draw(planner, owners, 200))
        export = Export(migration.drop, migration.mapping, stage_settings(migration.practice))
        cells = filed_cells(planner, export, rows)
        return Sample(
            drop, files(drop), list(zip(rows, cells, strict=True)), lambda: filed_cells(planner, export, rows)
        )


def test_the_cells_of_a_sample_are_the_text_of_the_file(sample: Sample) -> None:
    told, compared, otherwise = sample.told, set[str](), 0
    for row, cells in sample.of(*PLAIN):
        report, expected = row.declaration.report.name, told[row.declaration.report.name][row.planned.source_id]
        for column in cells.keys() & expected.keys():
            first, *_ = cells[column]
            assert first.text == expected[column], (report, column)
            compared.add(f"{report}.{column}")
            otherwise += str(first.understood or "") != expected[column]
    assert {name.partition(".")[0] for name in compared} == PLAIN
    assert len(compared) > 90 and otherwise > 300


def test_a_contact_shows_the_cells_that_name_it_and_a_supplier_its_item(sample: Sample) -> None:
    told = sample.told
    patients, items = told["patient"].values(), told["item"].values()
    names = {row.get(column) for row in patients for column in ("guardian_name", "emergency_name")}
    names |= {row["name"] for row in told.get("guardian", {}).values()}
    for row, cells in sample.of("guardian"):
        assert row.row["name"] in {cell.understood for cell in cells["name"]}
        assert {cell.text for cell in cells["name"]} <= names
        assert cells["guardian_id"][0].text.strip() == row.row["guardian_id"].removeprefix("patient-")
    for _, cells in sample.of("supplier"):
        assert cells["supplier_name"][0].text in {item.get("supplier_name") for item in items}
    assert sample.of("guardian") and sample.of("supplier")
    assert all(cells["plan_id"][0].text in told["plan"] for _, cells in sample.of("plan-note"))


def test_responses_to_forms_show_each_answer_as_it_was_given(sample: Sample) -> None:
    layouts = answer_key(sample.drop)["layout"]
    answers = set()
    for report in ("response", "answer"):
        answers |= {text for line in lines_of(sample.drop, layouts[report]) for text in line}
    shown = [cell for _, cells in sample.of("response") for several in cells.values() for cell in several]
    assert {cell.text for cell in shown} <= answers | {""}
    assert len({cell.header for cell in shown}) > 10


def test_an_export_that_has_changed_since_it_was_read_is_not_shown(sample: Sample) -> None:
    """The last one: it spoils the drop."""
    layout = answer_key(sample.drop)["layout"]["patient"]
    path = sample.drop / layout["file"]
    if layout["sheet"]:
        book = openpyxl.load_workbook(path)
        sheet = book[layout["sheet"]]
        sheet.cell(sheet.max_row, 2).value = "Somebody else"
        book.save(path)
    else:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]) + lines[-1].replace(lines[-1][:1], b"77", 1))
    with pytest.raises(RowsChanged, match="no longer stand") as error:
        sample.again()
    assert "Somebody" not in str(error.value)
