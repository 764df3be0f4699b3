"""The way of a small drop in tests: files to proposal, confirmed as it stands, to staged rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as Files
from pathlib import Path
from zoneinfo import ZoneInfo

from dentes_twenty.exports.drop import Drop, open_drop
from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.mapping import Mapping, confirm, parse
from dentes_twenty.exports.mapping_file import dump
from dentes_twenty.exports.propose import propose
from dentes_twenty.exports.stage import Staged, StageSettings, stage_report
from dentes_twenty_tests.exports.folders import write_drop

SETTINGS = StageSettings(ZoneInfo("Europe/Istanbul"), as_of=dt.date(2026, 11, 23))
PATIENTS = """\
Dosya No;Adı;Soyadı;Doğum Tarihi;Cep Telefonu
1;Ayşe;Yılmaz;13.05.1980;0532 001 00 01
2;Ali;Kaya;2.1.1990;
"""


def drop_of(folder: Path, files: Files[str, bytes | str]) -> Drop:
    """A drop of these files, beside a patient file so that a mapping can be confirmed."""
    return open_drop(write_drop(folder, {"Hastalar.csv": PATIENTS, **files}))


def yes(mapping: Mapping) -> Mapping:
    """The mapping confirmed by somebody."""
    return confirm(mapping, "A. Tester", dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC))


def proposed(drop: Drop) -> Mapping:
    """The proposal, through its YAML and back, as a person would have it."""
    return parse(dump(propose(drop)))


def stage_all(drop: Drop, mapping: Mapping, out: Path, settings: StageSettings = SETTINGS) -> Staged:
    """Every report of the mapping, staged."""
    for report in mapping.report_names:
        stage_report(drop, mapping, report, settings, out)
    return Staged.open(out)


def staged(folder: Path, files: Files[str, bytes | str], settings: StageSettings = SETTINGS) -> Staged:
    """From files to staged rows with nothing edited in between."""
    drop = drop_of(folder / "drop", files)
    return stage_all(drop, yes(proposed(drop)), folder / "staged", settings)


def codes(issues: list[Issue]) -> set[tuple[int, str | None, str, str]]:
    """(row, column, code, severity) of issues."""
    return {(issue.row, issue.column, issue.code, issue.severity) for issue in issues}
