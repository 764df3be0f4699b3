"""The pages in a real browser: quiet, self-contained, usable on a phone, deaf to names that are scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from dentes_twenty import reports
from dentes_twenty.reports.page import Rendered
from dentes_twenty_tests.reports import examples
from dentes_twenty_tests.reports.test_pages import PAGES

DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
TALL = 4_000  # pixels of a screenshot: software rendering takes seconds for more
LOOKED_AT = [name for name in PAGES if not name.endswith(("-good", "-free", "-confirmed", "-quiet"))]
pytestmark = pytest.mark.slow


class Tab:
    """A tab that shows one report after the other, with everything that the present one said and asked for."""

    def __init__(self, browser: Browser, *, phone: bool, dark: bool) -> None:
        size: ViewportSize = PHONE if phone else DESKTOP
        self.page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light")
        self.size = size
        self.console: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> None:
        self.page.set_viewport_size(self.size)
        self.page.emulate_media(media="screen")
        self.console.clear()
        self.requests.clear()
        self.page.goto(path.as_uri())


class Show(Protocol):
    def __call__(self, rendered: Rendered, *, phone: bool = False, dark: bool = False) -> Tab: ...


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Iterator[dict[tuple[bool, bool], Tab]]:
    """A new tab costs half a second; one for each size and colour scheme serves all tests."""
    opened: dict[tuple[bool, bool], Tab] = {}
    yield opened
    for tab in opened.values():
        tab.page.close()


@pytest.fixture
def show(browser: Browser, tabs: dict[tuple[bool, bool], Tab], tmp_path: Path) -> Show:
    def opened(rendered: Rendered, *, phone: bool = False, dark: bool = False) -> Tab:
        if (phone, dark) not in tabs:
            tabs[phone, dark] = Tab(browser, phone=phone, dark=dark)
        tab = tabs[phone, dark]
        tab.open(reports.write_report(tmp_path / "private", "page", rendered))
        return tab

    return opened


def quiet(found: Tab) -> None:
    assert found.console == []
    assert found.requests == [found.page.url.partition("#")[0]]
    assert found.page.evaluate("window.hacked") is None


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_is_quiet_and_fits_a_desktop_in_light_and_a_phone_in_the_dark(
    name: str, show: Show, artifacts: Path
) -> None:
    for language, phone in (("en", False), ("tr", True)):
        found = show(PAGES[name](language), phone=phone, dark=phone)  # type: ignore[arg-type]
        for summary in found.page.locator("summary").all()[:3]:
            summary.click()
        quiet(found)
        assert found.page.evaluate("document.documentElement.scrollWidth") <= found.size["width"]
        kind = "phone-dark" if phone else "desktop-light"
        tall = min(found.page.evaluate("document.documentElement.scrollHeight"), TALL)
        found.page.set_viewport_size({"width": found.size["width"], "height": tall})
        found.page.screenshot(path=artifacts / f"{name}-{language}-{kind}.png")


def test_the_diff_filters_by_object_and_verdict_and_searches_without_accents(show: Show) -> None:
    found = show(reports.field_diff(examples.field_diff_report()))
    page, shown = found.page, found.page.locator("#shown")
    expect(shown).to_have_text("32 of 32 records")
    page.select_option("#object", label="Billing ledger")
    expect(shown).to_have_text("8 of 32 records")
    page.select_option("#object", "")
    page.locator("[data-verdict=lost]").click()
    expect(shown).to_have_text("3 of 32 records")
    expect(page.locator("#records tbody tr").first).to_contain_text("jobTitle")
    page.locator("[data-verdict=lost]").click()
    page.fill("#search", "sukru CAGLAYAN")
    expect(shown).to_have_text("4 of 32 records")
    page.fill("#search", "IREM")
    expect(page.locator("#records summary").first).to_contain_text("İrem")
    page.fill("#search", "nobody of this name")
    expect(page.locator("#nothing")).to_be_visible()
    quiet(found)


def test_a_record_shows_source_transformation_sent_stored_and_verdict_when_opened(show: Show) -> None:
    found = show(reports.field_diff(examples.field_diff_report()))
    record = found.page.locator("#records details").nth(1)
    expect(record.locator("table")).to_have_count(0)
    record.locator("summary").click()
    row = record.locator("tr", has_text="jobTitle")
    expect(row.locator("td")).to_have_text(["MeslekÖğretmen", "as given", "Öğretmen", "empty", "Lost"])
    name = record.locator("tr", has_text="FULL_NAME")
    expect(name.locator("td").first).to_contain_text("AdıŞükrü")
    birth, alerts = (record.locator("tr", has_text=field) for field in ("birthDate", "medicalAlerts"))
    expect(birth.locator("td").first).to_have_text("Doğum Tarihi03.04.1980understood as1980-04-03 (3 Apr 1980)")
    expect(alerts.locator("td").first).to_contain_text("the export has no such column")


def test_names_that_are_scripts_stay_text(show: Show) -> None:
    found = show(reports.field_diff(examples.field_diff_report()))
    found.page.click("#open-all")
    found.page.fill("#search", "<script>")
    expect(found.page.locator("#shown")).to_have_text("4 of 32 records")
    expect(found.page.locator("#records summary").first).to_contain_text("</script><script>window.hacked=1")
    assert found.page.locator("img").count() == 0
    quiet(found)


def test_the_policy_stops_a_script_that_got_into_the_page(show: Show) -> None:
    page = show(PAGES["owners"]("en")).page
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hacked=1'}))"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.hacked=1>')")
    page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None


def test_five_hundred_records_of_thirty_fields_open_quickly_and_stay_light(show: Show) -> None:
    found = show(reports.field_diff(examples.field_diff_report(patients=500)))
    page = found.page
    expect(page.locator("#shown")).to_have_text("666 of 666 records")
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    timing = page.evaluate(
        "() => { const from = performance.now(); const box = document.getElementById('search');"
        " box.value = 'penisilin'; document.getElementById('object').dispatchEvent(new Event('change'));"
        " return performance.now() - from; }"
    )
    assert timing < 2_000
    page.fill("#search", "")
    expect(page.locator("#shown")).to_have_text("666 of 666 records")
    page.wait_for_timeout(200)  # the search waits for the last key
    page.locator("#more").click()
    expect(page.locator("#records > details")).to_have_count(80)
    quiet(found)


def test_quarantine_is_filtered_and_a_reason_grows_on_demand(show: Show) -> None:
    found = show(reports.quarantine(examples.quarantine_report(count=2_100)))
    page = found.page
    group = page.locator("details", has_text="same number with other contents")
    group.locator("summary").click()
    expect(group.locator("tbody tr")).to_have_count(200)
    group.get_by_role("button", name="Show more").click()
    expect(group.locator("tbody tr")).to_have_count(300)
    expect(group.locator(".note")).to_contain_text("Decide in Dr.DENTES")
    page.select_option("#severity", "warning")
    expect(group).to_be_hidden()
    page.fill("#search", "hastalar")
    expect(page.locator("#shown")).to_have_text("600 findings")
    quiet(found)


@pytest.mark.parametrize("name", ["reconciliation-attention", "field-diff", "closing", "summary", "checklist"])
def test_paper_has_a_place_to_sign_and_no_controls(name: str, show: Show) -> None:
    found = show(PAGES[name]("en"), dark=True)
    page = found.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for text in ("Name", "Date", "Signature"):
        expect(page.locator(".signature .lines").get_by_text(text, exact=True)).to_be_visible()
    for control in page.locator(".toc, .filters").all():
        expect(control).to_be_hidden()
    for box in page.locator("details[data-print]").all():
        expect(box).to_have_attribute("open", "")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    quiet(found)


def test_the_keyboard_reaches_the_content_and_the_filters(show: Show) -> None:
    page = show(reports.field_diff(examples.field_diff_report())).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("[data-verdict=lost]").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-verdict=lost]")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(show: Show, dark: bool) -> None:
    """WCAG AA: 4.5 to 1 for every pair of colours that text is set in."""
    page = show(PAGES["owners"]("en"), dark=dark).page
    names = ("bg", "surface", "raised", "text", "muted", "accent", "accent-soft")
    tones = ("good", "warn", "bad", "info")
    all_names = [*names, *tones, *(f"{tone}-soft" for tone in tones)]
    colours = page.evaluate(
        "names => Object.fromEntries(names.map(n => [n, getComputedStyle(document.documentElement)"
        ".getPropertyValue('--' + n).trim()]))",
        all_names,
    )
    pairs = [(text, ground) for text in ("text", "muted") for ground in ("bg", "surface", "raised")]
    pairs += [(tone, f"{tone}-soft") for tone in tones] + [(tone, "surface") for tone in tones]
    pairs += [("accent", "surface"), ("accent", "accent-soft"), *(("text", f"{tone}-soft") for tone in tones)]
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


def contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
