"""Report pages when every free text of a report is hostile: the page keeps its own elements, and nothing runs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Mapping
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from dentes_twenty import reports
from dentes_twenty.reports.model import State
from dentes_twenty.reports.page import Rendered
from dentes_twenty_tests.reports import examples, figure_examples
from dentes_twenty_tests.reports.conftest import browser  # noqa: F401 (a fixture)

REPORTS: dict[str, tuple[Callable[[Any], Rendered], Any]] = {
    "field-diff": (reports.field_diff, examples.field_diff_report(patients=4)),
    "owners": (reports.owners, examples.owner_report()),
    "mapping": (reports.mapping, examples.mapping_report()),
    "quarantine": (reports.quarantine, examples.quarantine_report(count=12)),
    "reconciliation": (reports.reconciliation, figure_examples.reconciliation_report()),
    "cutover": (reports.cutover, figure_examples.delta_report()),
    "closing": (reports.closing, figure_examples.closing_report()),
    "summary": (reports.summary, figure_examples.summary_report()),
    "checklist": (reports.checklist, examples.checklist_report()),
}
# names of the program's own words, by which a page chooses what it shows; no record has a say in them
OWN = frozenset(
    ("object", "type", "kind", "match", "severity", "key", "what", "decision", "state", "verdict", "language",
     "currency", "column", "code", "why", "transformation", "option", "links", "covers", "ledger_sign", "digest",
     "field", "url")
)  # fmt: skip
HOSTILE = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '" onmouseover="window.hacked=1" x="',
    "' autofocus onfocus='window.hacked=1",
    "--><svg/onload=window.hacked=1>",
    "]]><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "[x](javascript:window.hacked=1)",
    "javascript:window.hacked=1//",
    "</textarea></title></style><base href=//evil.example>",
    "<!--<script>",
    "\u202e\u2066gnp.exe\u2028\u2029\u0000",
    "&lt;script&gt;&#60;b&#62;",
)
FORMULAS = ("=HYPERLINK(1)", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "\0=1")
MARK = "\ue000"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def spoilt(value: Any, ending: str) -> Any:
    """The report with this text at the end of every free text in it, lists and values of records included."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value + ending if value else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: spoilt(getattr(value, field.name), ending)
            for field in dataclasses.fields(value)
            if field.init and field.name not in OWN
        }
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple | list):
        return type(value)(spoilt(part, ending) for part in value)
    if isinstance(value, Mapping):
        return {key: spoilt(part, ending) for key, part in value.items()}
    return value


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and the values that a browser acts upon."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.comments = 0
        self.active: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.active += [value or "" for name, value in attrs if name in ("href", "src", "action", "style", "srcdoc")]

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def data_of(html: str) -> Any:
    """What the page's script reads."""
    start = html.find('type="application/json"')
    return json.loads(html[html.index(">", start) + 1 : html.index("</script>", start)]) if start >= 0 else None


@pytest.mark.parametrize("name", REPORTS)
def test_hostile_texts_leave_a_page_the_elements_of_its_template(name: str) -> None:
    """Held against the same page with harmless texts of the same length, because length may change what is shown."""
    page, report = REPORTS[name]
    shapes: dict[int, Shape] = {}
    for hostile in ("".join(HOSTILE[at::4]) for at in range(4)):
        size = len(hostile)
        if size not in shapes:
            shapes[size] = Shape(page(spoilt(report, "q" * size)).html)
        harmless, rendered = shapes[size], page(spoilt(report, hostile))
        found = Shape(rendered.html)
        assert found.elements == harmless.elements, hostile
        assert found.comments == harmless.comments, hostile
        assert not [
            value for value in found.active if value.lower().strip().startswith(("javascript", "data:text", "//"))
        ]
        assert "7 * 7" not in hostile or ">49" not in rendered.html
        data_of(rendered.html)
        json.loads(rendered.json)


@pytest.mark.parametrize("name", REPORTS)
def test_no_cell_of_a_table_is_a_formula(name: str) -> None:
    page, report = REPORTS[name]
    for formula in FORMULAS:
        fronted = page(_turned(spoilt(report, MARK), formula))
        for text in fronted.tables.values():
            for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
                texts = [cell for cell in row if not cell.lstrip("-").replace(".", "").isdigit()]
                assert not [cell for cell in texts if cell.startswith(DANGEROUS)], formula


def _turned(value: Any, beginning: str) -> Any:
    """The marked texts with this at their beginning, where a spreadsheet looks for formulas."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return beginning + value[:-1] if value.endswith(MARK) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _turned(getattr(value, f.name), beginning) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple | list):
        return type(value)(_turned(part, beginning) for part in value)
    if isinstance(value, Mapping):
        return {key: _turned(part, beginning) for key, part in value.items()}
    return value


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example", "\x01javascript:x"]
)
def test_an_address_that_is_no_web_address_opens_nothing(url: str) -> None:
    report = figure_examples.reconciliation_report(state=State.FAILED)
    differences = tuple(dataclasses.replace(one, url=url) for one in report.differences)
    assert differences
    html = reports.reconciliation(dataclasses.replace(report, differences=differences)).html
    assert not [
        value for value in Shape(html).active if "javascript" in value.lower() or value.startswith(("data:text", "//"))
    ]


@pytest.mark.slow
def test_no_script_of_any_text_runs_in_a_browser(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("field-diff", "quarantine", "mapping"):
        render, report = REPORTS[name]
        path = reports.write_report(tmp_path / "private", name, render(spoilt(report, "".join(HOSTILE))))
        asked.clear()
        page.goto(path.as_uri())
        for summary in page.locator("summary").all()[:3]:
            summary.click()
        assert page.evaluate("window.hacked") is None
        assert asked == [path.as_uri()] and said == []
    page.close()
