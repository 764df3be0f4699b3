"""The reader against drops made by the shared generator: exactly the rows that its key lists are bad, no other is lost.

The generator is not part of the project; it is looked for beside the checkout.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.records import BadRow, RawRow, Table
from dentes_twenty.exports.tables import tables

DROPS = Path(__file__).parents[3] / "shared" / "drops"
CODES = {
    "few_columns": "too_few_cells",
    "many_columns": "too_many_cells",
    "unescaped_quote": "broken_quotes",
    "mojibake": "wrong_encoding",
}

pytestmark = pytest.mark.skipif(
    not (DROPS / "make_drop.py").exists(), reason="the drop generator (../shared/drops/make_drop.py) is not there"
)


def made(folder: Path, dialect: str, seed: int, defects: str) -> tuple[dict[str, Any], dict[str, Table]]:
    """The key of a fresh drop, and its tables by report."""
    out = folder / "drop"
    command = [sys.executable, str(DROPS / "make_drop.py"), "--patients", "80", "--seed", str(seed)]
    command += ["--dialect", dialect, "--defects", defects, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    key = json.loads((folder / "drop.key.json").read_text())
    found = {table.info.sheet or table.info.file: table for table in tables(open_drop(str(out)))}
    reports = {report: found[layout["sheet"] or layout["file"]] for report, layout in key["layout"].items()}
    assert len(reports) == len(found)
    return key, reports


@pytest.mark.parametrize("defects", ["none", "some", "many"])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("dialect", ["excel-tr", "utf8-en", "vem", "xlsx"])
def test_exactly_the_damaged_rows_are_bad_and_no_other_is_lost(
    tmp_path: Path, dialect: str, seed: int, defects: str
) -> None:
    key, reports = made(tmp_path, dialect, seed, defects)
    for report, layout in key["layout"].items():
        info, rows = reports[report].info, list(reports[report].rows())
        assert list(info.header) == [column["header"] for column in layout["columns"]], report
        assert info.preamble_lines == layout["titleLines"] + bool(layout["firstLine"]), report
        if layout["encoding"]:
            assert (info.encoding, info.separator) == (layout["encoding"], layout["separator"]), report
        assert [row.number for row in rows] == list(range(1, layout["rows"] + 1)), report
        source = key["source"][report]
        damaged = {row["row"]: CODES[row["kind"]] for row in source["quarantine"] if row["kind"] in CODES}
        assert {row.number: row.code for row in rows if isinstance(row, BadRow)} == damaged, report
        # a row may also be quarantined for what its patient suffers; its own warning is then not in the key
        elsewhere = {row["row"] for row in source["quarantine"]}
        with_nul = {row["row"] for row in source["warnings"] if row["kind"] == "nul_byte"}
        warned = {row.number for row in rows if isinstance(row, RawRow) and row.warnings}
        assert warned - elsewhere == with_nul, report


@pytest.mark.parametrize("dialect", ["excel-tr", "utf8-en", "vem", "xlsx"])
def test_the_id_of_a_damaged_row_is_known_where_its_first_cell_is_whole(tmp_path: Path, dialect: str) -> None:
    key, reports = made(tmp_path, dialect, 1, "many")
    for report, table in reports.items():
        ids = {row["row"]: row["id"].partition(":")[2] for row in key["source"][report]["quarantine"] if row.get("id")}
        for row in table.rows():
            if isinstance(row, BadRow):
                assert row.source_id == ids[row.number]


def test_the_ready_made_drop_reads_the_same_twice() -> None:
    drop = open_drop(str(DROPS / "ege-dental"))
    first, second = ([list(table.rows()) for table in tables(drop)] for _ in range(2))
    assert first == second
    assert drop.fingerprint() == open_drop(str(DROPS / "ege-dental")).fingerprint()
