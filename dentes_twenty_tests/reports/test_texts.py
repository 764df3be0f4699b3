"""The wording: both languages say the same things, and nothing is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import string
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.reports import rebuild_checklist
from dentes_twenty.reports.model import Language
from dentes_twenty.reports.rebuild import _entries
from dentes_twenty.reports.words import Words, texts

DECLARATIONS = (MEMBERS, *FIXED)


def keys(language: Language) -> dict[str, str]:
    """Texts without the plural's suffix, and without the sentences of transforms, which are English already."""
    found = {}
    for key, text in texts(language).items():
        if not key.startswith("says."):
            found[re.sub(r"\.(one|other)$", "", key)] = text
    return found


def test_both_languages_have_the_same_keys() -> None:
    assert keys("en").keys() == keys("tr").keys()


def test_both_languages_fill_in_the_same_figures() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, turkish = keys("en"), keys("tr")
    assert {key for key in english if names(english[key]) != names(turkish[key])} == set()


@pytest.mark.parametrize("language", ["en", "tr"])
def test_every_thing_left_behind_is_on_the_checklist(language: Language) -> None:
    items = rebuild_checklist(DECLARATIONS, language)
    assert not [item for item in items if item.key.startswith("other-")]
    assert {item.key for item in items} == {entry["key"] for entry in _entries()}
    assert all(item.title and item.why and item.steps for item in items)


def test_the_checklist_names_nothing_that_no_declaration_names() -> None:
    declared = {name for declaration in DECLARATIONS for name in declaration.not_moved}
    named = {name for entry in _entries() for name in entry.get("names", ())}
    assert named == declared


def test_what_only_a_declaration_knows_is_listed_under_its_own_name() -> None:
    odd = dataclasses.replace(MEMBERS, not_moved=("fax signatures",))
    (item,) = [item for item in rebuild_checklist((odd,)) if item.key.startswith("other-")]
    assert item.title == "fax signatures"
    assert item.objects == ("Providers and staff",)


def test_the_checklist_of_an_export_without_claims_leaves_claims_out() -> None:
    without = [d for d in DECLARATIONS if d.name not in ("claim", "payer")]
    assert "medula" not in {item.key for item in rebuild_checklist(without)}
    assert "workflows" in {item.key for item in rebuild_checklist(without)}


def test_numbers_money_and_moments_follow_the_language() -> None:
    zone = ZoneInfo("Europe/Istanbul")
    english, turkish = Words("en", zone), Words("tr", zone)
    moment = dt.datetime(2026, 3, 14, 14, 5, tzinfo=dt.UTC)
    assert (english.number(1234567), turkish.number(1234567)) == ("1,234,567", "1.234.567")
    assert english.money(Decimal("1250.5"), "TRY") == "1,250.50\u00a0TRY"
    assert turkish.money(Decimal("-1250.123456"), "TRY") == "-1.250,123456\u00a0TRY"
    assert english.moment(moment) == "14 Mar 2026, 17:05"
    assert turkish.moment(moment) == "14.03.2026, 17:05"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (9999, 10000, "99.9%"),
        (1, 100_000, "0.1%"),
        (1, 3, "33.3%"),
        (0, 0, "0%"),
        (1, 4, "25%"),
    ],
)
def test_a_percentage_is_whole_only_when_nothing_is_missing(part: int, whole: int, text: str) -> None:
    assert Words("en").percent(part, whole) == text


def test_a_text_depends_on_its_number() -> None:
    assert Words("en")("quarantine.headline.attention", n=1) == "1 row was set aside."
    assert Words("en")("quarantine.headline.attention", n=1200) == "1,200 rows were set aside."
    assert Words("tr")("quarantine.headline.attention", n=1) == "1 satır kenara ayrıldı."


def test_sentences_of_transforms_are_turkish_where_they_are_known() -> None:
    words = Words("tr")
    assert words.says("as given") == "verildiği gibi"
    assert words.says("link to patient") == "bağlantı: hasta"
    assert words.says("something new") == "something new"
    says = {field.transform.says for declaration in FIXED for field in declaration.fields}
    known = {sentence for sentence in says if words.says(sentence) != sentence}
    assert len(known) >= 0.9 * len(says)
