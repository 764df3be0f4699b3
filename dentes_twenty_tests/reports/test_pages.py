"""Pages as text: escaped, self-contained, the same for the same figures, whole in both languages."""

from __future__ import annotations

import ast
import base64
import csv
import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dentes_twenty import reports
from dentes_twenty.reports.figures import ClosingReport, DeltaReport, ReconciliationReport, Stage, SummaryReport
from dentes_twenty.reports.model import (
    ChecklistReport,
    DiffReport,
    Language,
    MappingReport,
    OwnerReport,
    QuarantineReport,
    State,
)
from dentes_twenty.reports.page import Rendered
from dentes_twenty_tests.reports import examples, figure_examples


def reconciliation_in(state: State, language: Language) -> Rendered:
    return reports.reconciliation(figure_examples.reconciliation_report(language, state))


PAGES: dict[str, Callable[[Language], Rendered]] = {
    "field-diff": lambda language: reports.field_diff(examples.field_diff_report(language)),
    **{f"reconciliation-{state}": partial(reconciliation_in, state) for state in State},
    "owners": lambda language: reports.owners(examples.owner_report(language)),
    "owners-free": lambda language: reports.owners(examples.owner_report(language, blocked=False)),
    "mapping": lambda language: reports.mapping(examples.mapping_report(language)),
    "mapping-confirmed": lambda language: reports.mapping(examples.mapping_report(language, confirmed=True)),
    "quarantine": lambda language: reports.quarantine(examples.quarantine_report(language)),
    "cutover": lambda language: reports.cutover(figure_examples.delta_report(language)),
    "cutover-quiet": lambda language: reports.cutover(figure_examples.delta_report(language, quiet=True)),
    "closing": lambda language: reports.closing(figure_examples.closing_report(language)),
    "summary": lambda language: reports.summary(figure_examples.summary_report(language)),
    "checklist": lambda language: reports.checklist(examples.checklist_report(language)),
}
EMPTY: dict[str, Callable[[], Rendered]] = {
    "field-diff": lambda: reports.field_diff(DiffReport(examples.heading(), ())),
    "reconciliation": lambda: reports.reconciliation(ReconciliationReport(examples.heading(), ())),
    "owners": lambda: reports.owners(OwnerReport(examples.heading(), ())),
    "mapping": lambda: reports.mapping(MappingReport(examples.heading(), ())),
    "quarantine": lambda: reports.quarantine(QuarantineReport(examples.heading(), ())),
    "cutover": lambda: reports.cutover(DeltaReport(examples.heading(), 1, ())),
    "closing": lambda: reports.closing(
        ClosingReport(examples.heading(), examples.heading().made_at, examples.heading().made_at, ())
    ),
    "summary": lambda: reports.summary(SummaryReport(examples.heading(), ())),
    "checklist": lambda: reports.checklist(ChecklistReport(examples.heading(), ())),
}


class Elements(HTMLParser):
    """Every element with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else self._open

    def handle_endtag(self, tag: str) -> None:
        if self._open is not None and tag == self._open[0]:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.inside.append((*self._open, data))


@pytest.fixture(params=[(name, language) for name in PAGES for language in ("en", "tr")], ids="-".join, scope="module")
def page(request: pytest.FixtureRequest) -> tuple[str, Language, Rendered]:
    name, language = request.param
    return name, language, PAGES[name](language)


def test_a_page_asks_nobody_for_anything(page: tuple[str, Language, Rendered]) -> None:
    html = page[2].html
    for tag, attributes in Elements(html).found:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form"), tag
        assert "src" not in attributes and "style" not in attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], attributes
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "@import" not in html and "url(" not in html


def test_the_policy_allows_exactly_the_style_and_script_of_the_page(page: tuple[str, Language, Rendered]) -> None:
    elements = Elements(page[2].html)
    (policy,) = [a["content"] or "" for t, a in elements.found if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag, attributes, text in elements.inside:
        if attributes.get("type") == "application/json":
            continue
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_links_lead_to_the_web_to_a_neighbour_or_into_the_page(page: tuple[str, Language, Rendered]) -> None:
    elements = Elements(page[2].html)
    ids = {a["id"] for _, a in elements.found if "id" in a}
    for href in (a["href"] or "" for t, a in elements.found if t == "a"):
        assert re.fullmatch(r"#[\w-]*|https?://\S+|[\w-]+\.html", href), href
        assert not href.startswith("#") or href == "#" or href[1:] in ids, href


def test_ids_are_there_once_and_every_control_has_a_name(page: tuple[str, Language, Rendered]) -> None:
    elements = Elements(page[2].html)
    ids = [a["id"] for _, a in elements.found if a.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {a["for"] for t, a in elements.found if t == "label"}
    for tag, attributes in elements.found:
        if tag in ("input", "select"):
            assert attributes.get("id") in labelled or attributes.get("aria-label")


def test_a_page_says_its_language_and_warns_that_it_is_private(page: tuple[str, Language, Rendered]) -> None:
    _, language, rendered = page
    assert f'<html lang="{language}">' in rendered.html
    assert ("health data" if language == "en" else "sağlık verilerini") in rendered.html


def test_the_same_figures_give_the_same_bytes(page: tuple[str, Language, Rendered]) -> None:
    name, language, rendered = page
    again = PAGES[name](language)
    assert (again.html, again.json, dict(again.tables)) == (rendered.html, rendered.json, dict(rendered.tables))


def test_a_name_that_is_markup_stays_text() -> None:
    for name in PAGES:
        html = PAGES[name]("en").html
        assert examples.SCRIPT not in html and examples.IMAGE not in html, name
        assert html.count("</script>") == html.count("<script"), name


def test_page_table_and_json_carry_the_text_of_the_file_and_what_was_understood() -> None:
    rendered = reports.field_diff(examples.field_diff_report())
    data = re.search(r'id="data">(.*?)</script>', rendered.html, re.DOTALL)
    assert data is not None
    drawn = json.loads(data[1])
    number = next(n for n, field in enumerate(drawn["fields"]) if field["name"] == "birthDate")
    (line,) = (line for line in drawn["records"][1]["f"] if line["i"] == number)
    assert line["src"] == [["Doğum Tarihi", "03.04.1980", "1980-04-03 (3 Apr 1980)"]]
    rows = csv.DictReader(io.StringIO(rendered.tables[""].removeprefix("\ufeff")))
    row = next(row for row in rows if row["source_id"] == "10001" and row["field"] == "birthDate")
    assert (row["source_values"], row["understood"]) == ("03.04.1980", "1980-04-03 (3 Apr 1980)")
    record = json.loads(rendered.json)["report"]["records"][1]
    (source,) = next(field["sources"] for field in record["fields"] if field["field"] == "birthDate")
    assert source == {"column": "birth_date", "header": "Doğum Tarihi", "text": "03.04.1980", "value": "1980-04-03"}


def test_a_link_that_is_a_script_leads_nowhere() -> None:
    assert "javascript:" not in PAGES["reconciliation-failed"]("en").html.replace('"javascript:alert(1)"', "")


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_without_anything_to_show_is_still_a_page(name: str) -> None:
    assert "</html>" in EMPTY[name]().html


def test_the_verdict_follows_from_the_figures() -> None:
    def state(html: str) -> str:
        found = re.search(r'data-state="(\w+)"', html)
        return found[1] if found else ""

    for wanted in State:
        assert state(PAGES[f"reconciliation-{wanted}"]("en").html) == wanted
    assert state(PAGES["owners"]("en").html) == "failed"
    assert state(PAGES["owners-free"]("en").html) == "attention"
    assert state(PAGES["mapping-confirmed"]("en").html) == "good"
    assert state(PAGES["cutover-quiet"]("en").html) == "good"


def test_the_diff_of_500_records_with_30_fields_stays_small_and_quick() -> None:
    rendered = reports.field_diff(examples.field_diff_report(patients=500))
    assert len(rendered.html) < 8_000_000


def test_quarantine_of_forty_thousand_rows_keeps_the_page_small_and_the_table_whole() -> None:
    rendered = reports.quarantine(examples.quarantine_report(count=40_000))
    assert len(rendered.html) < 4_000_000
    assert rendered.tables[""].count("\r\n") == 40_001


def test_every_page_and_every_report_is_made_by_some_path_of_the_program() -> None:
    """A finished page that nobody writes is a promise to nobody."""
    package = Path(reports.__file__).parent.parent
    made_in = [package / "reports" / "assemble.py", *(package / "reports" / "pages").glob("*.py")]
    wanted = {
        (path, node.name)
        for path in made_in
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    others = [path for path in package.rglob("*.py") if path.name != "__init__.py"]
    called: dict[Path, set[str]] = {
        path: {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for path in others
    }
    dead = {name for path, name in wanted if not any(name in calls for other, calls in called.items() if other != path)}
    assert dead == set()


def test_nothing_is_complete_before_the_books_were_compared() -> None:
    report = figure_examples.summary_report()
    quiet = dataclasses.replace(report, objects=(), money=(), files_missing=0, conflicts_open=0)
    stages = {stage.key: dataclasses.replace(stage, state=State.GOOD) for stage in report.stages}
    assert dataclasses.replace(quiet, stages=tuple(stages.values())).state is State.GOOD
    stages["reconciliation"] = Stage("reconciliation")
    assert dataclasses.replace(quiet, stages=tuple(stages.values())).state is State.ATTENTION


def test_a_quick_look_does_not_say_that_values_agree() -> None:
    report = dataclasses.replace(figure_examples.reconciliation_report("en", State.GOOD), quick=True)
    html = reports.reconciliation(report).html
    assert "the values are the same" not in html
    assert "Single values were not compared" in html


def test_a_reconciliation_of_nothing_is_no_success() -> None:
    assert ReconciliationReport(examples.heading(), ()).state is State.ATTENTION
