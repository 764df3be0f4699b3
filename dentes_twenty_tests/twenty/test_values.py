"""What Twenty makes of a value, and what the comparison says of it."""

# ruff: noqa: E501 - a table reads best with one case in a line

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dentes_twenty.twenty.values import NORMAL_FORMS, Verdict, canonical, cleared, compare, normaliser, plain, wire
from dentes_twenty_tests.twenty import recordings

SAME, NORMALISED, LOST = Verdict

EMPTY_PHONES = {
    "primaryPhoneNumber": "",
    "primaryPhoneCountryCode": "",
    "primaryPhoneCallingCode": "",
    "additionalPhones": [],
}
PHONE = {
    "primaryPhoneNumber": "5321234567",
    "primaryPhoneCountryCode": "TR",
    "primaryPhoneCallingCode": "+90",
    "additionalPhones": None,
}

CASES: list[tuple[str, Any, Any, Verdict]] = [
    ("TEXT", "a", "a", SAME),
    ("TEXT", None, "", SAME),
    ("TEXT", "a ", "a", LOST),
    ("TEXT", "a", "", LOST),
    ("NUMBER", 5, 5.0, SAME),
    ("NUMBER", Decimal("1.23456"), 1.23456, SAME),
    ("NUMBER", 9007199254740993, 9007199254740992, LOST),
    ("NUMBER", 0, None, LOST),
    ("BOOLEAN", False, False, SAME),
    ("BOOLEAN", False, None, LOST),
    ("DATE", "2024-01-31", "2024-01-31", SAME),
    ("DATE", "2024-01-31", "2024-01-31T00:00:00.000Z", NORMALISED),
    ("DATE", "2024-01-31", "2024-01-30", LOST),
    ("DATE_TIME", "2024-02-03T04:05:06Z", "2024-02-03T04:05:06.000Z", NORMALISED),
    ("DATE_TIME", "2024-02-03T04:05:06+02:00", "2024-02-03T02:05:06.000Z", NORMALISED),
    ("DATE_TIME", "2024-02-03T04:05:06.123999Z", "2024-02-03T04:05:06.123Z", NORMALISED),
    ("DATE_TIME", "2024-02-03", "2024-02-03T00:00:00.000Z", NORMALISED),
    ("DATE_TIME", "0099-01-01T00:00:00Z", "0099-01-01T00:00:00.000Z", NORMALISED),
    ("DATE_TIME", "2024-02-03T04:05:06.000Z", "2024-02-03T04:05:07.000Z", LOST),
    ("SELECT", "NEW", "NEW", SAME),
    ("SELECT", "NEW", None, LOST),
    ("MULTI_SELECT", ["B", "A"], ["B", "A"], SAME),
    ("MULTI_SELECT", None, [], SAME),
    ("MULTI_SELECT", "A", ["A"], NORMALISED),
    ("MULTI_SELECT", ["A"], [], LOST),
    ("CURRENCY", {"amountMicros": 1500000, "currencyCode": "TRY"}, {"amountMicros": "1500000", "currencyCode": "TRY"}, NORMALISED),
    ("CURRENCY", None, {"amountMicros": None, "currencyCode": None}, SAME),
    ("CURRENCY", {"amountMicros": 0, "currencyCode": "TRY"}, {"amountMicros": None, "currencyCode": "TRY"}, LOST),
    ("CURRENCY", {"amountMicros": 1, "currencyCode": "TRY"}, {"amountMicros": 1, "currencyCode": "EUR"}, LOST),
    ("CURRENCY", {"amountMicros": "9007199254740993", "currencyCode": "USD"}, {"amountMicros": 9007199254740992, "currencyCode": "USD"}, LOST),
    ("FULL_NAME", {"firstName": "Ayşe", "lastName": None}, {"firstName": "Ayşe", "lastName": ""}, SAME),
    ("FULL_NAME", {"firstName": "Ayşe", "lastName": "Ak"}, {"firstName": "Ayşe", "lastName": ""}, LOST),
    ("EMAILS", {"primaryEmail": "A@B.C", "additionalEmails": None}, {"primaryEmail": "a@b.c", "additionalEmails": []}, NORMALISED),
    ("EMAILS", {"primaryEmail": "a@b.c", "additionalEmails": ["x@y.z"]}, {"primaryEmail": "a@b.c", "additionalEmails": []}, LOST),
    ("PHONES", PHONE, {**PHONE, "additionalPhones": []}, SAME),
    ("PHONES", {**PHONE, "primaryPhoneNumber": "0532 123 45 67"}, {**PHONE, "additionalPhones": []}, NORMALISED),
    ("PHONES", {"primaryPhoneNumber": "+41 44 668 18 00"}, {"primaryPhoneNumber": "446681800", "primaryPhoneCountryCode": "CH", "primaryPhoneCallingCode": "+41", "additionalPhones": []}, NORMALISED),
    ("PHONES", {"primaryPhoneNumber": "+1 (555) 010-9999"}, {"primaryPhoneNumber": "5550109999", "primaryPhoneCountryCode": "", "primaryPhoneCallingCode": "+1", "additionalPhones": []}, NORMALISED),
    ("PHONES", PHONE, {**PHONE, "primaryPhoneCountryCode": "CY", "additionalPhones": []}, LOST),
    ("PHONES", PHONE, EMPTY_PHONES, LOST),
    ("PHONES", None, EMPTY_PHONES, SAME),
    ("PHONES", {**PHONE, "additionalPhones": [{"number": "2165550102", "countryCode": "TR", "callingCode": "+90"}]}, {**PHONE, "additionalPhones": [{"number": "2165550102", "callingCode": "+90", "countryCode": "TR"}]}, SAME),
    ("LINKS", {"primaryLinkUrl": "HTTPS://WWW.A.Example/Path/", "primaryLinkLabel": None, "secondaryLinks": None}, {"primaryLinkUrl": "https://www.a.example/Path", "primaryLinkLabel": "", "secondaryLinks": []}, NORMALISED),
    ("LINKS", {"primaryLinkUrl": "A.Example/Path/"}, {"primaryLinkUrl": "a.example/path", "primaryLinkLabel": "", "secondaryLinks": []}, LOST),
    ("LINKS", {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": "L"}, {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": "", "secondaryLinks": []}, LOST),
    ("ADDRESS", {"addressCity": "Bern", "addressLat": "46.9"}, {"addressStreet1": "", "addressCity": "Bern", "addressLat": 46.9, "addressLng": None}, NORMALISED),
    ("ADDRESS", {"addressCity": "Bern"}, {"addressCity": "Basel"}, LOST),
    ("RICH_TEXT", {"markdown": "# A\n"}, {"markdown": "# A\n"}, SAME),
    ("RICH_TEXT", {"markdown": "# A"}, {"markdown": "# A", "blocknote": "[...]"}, NORMALISED),
    ("RICH_TEXT", None, {"markdown": "", "blocknote": None}, SAME),
    ("RICH_TEXT", {"markdown": "# A"}, {"markdown": ""}, LOST),
    ("RAW_JSON", {}, None, SAME),
    ("RELATION", "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e", NORMALISED),
    ("RELATION", "0f8fad5b-d9cb-469f-a165-70867728950e", None, LOST),
    ("ACTOR", {"source": "IMPORT", "name": "x"}, {"source": "API", "name": "y", "context": {}}, NORMALISED),
    ("FILES", [{"fileId": "1", "label": "a"}], [{"fileId": "1", "label": "a", "extension": ".txt", "url": "u"}], NORMALISED),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "sent", "stored", "verdict"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_stored_value_is_judged_by_twentys_own_rules(type_: str, sent: Any, stored: Any, verdict: Verdict) -> None:
    assert compare(type_, sent, stored) is verdict


@pytest.mark.parametrize("type_", sorted(NORMAL_FORMS))
def test_everything_empty_has_one_form(type_: str) -> None:
    assert canonical(type_, None) is None
    assert canonical(type_, cleared(type_)) is None


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0])
def test_a_normal_form_is_json_and_the_same_for_all_spellings(case: tuple[str, Any, Any, Verdict]) -> None:
    type_, sent, stored, verdict = case
    one, other = (json.dumps(canonical(type_, v), sort_keys=True) for v in (sent, stored))
    if verdict is not LOST:
        assert one == other


@pytest.mark.skipif(not recordings.available(), reason=recordings.REASON)
def test_no_recorded_write_of_a_value_counts_as_lost_unless_digits_were_lost() -> None:
    types = {
        "phones": "PHONES",
        "emails": "EMAILS",
        "linkedinLink": "LINKS",
        "annualRevenue": "CURRENCY",
        "bodyV2": "RICH_TEXT",
        "tags": "MULTI_SELECT",
        "words": "ARRAY",
        "raw": "RAW_JSON",
        "num": "NUMBER",
        "dec": "NUMBER",
        "big": "NUMBER",
        "flag": "BOOLEAN",
        "kind": "SELECT",
        "dueAt": "DATE_TIME",
    }
    seen, lost = 0, []
    for name, step in recordings.steps():
        sent = step["request"].get("json")
        if not name.startswith(("type-", "values-")) or step["expect"]["status"] != 201 or not isinstance(sent, dict):
            continue
        stored = next(iter(recordings.concrete(step["expect"]["body"]).get("data", {"": {}}).values()))
        for field in types.keys() & sent.keys() & stored.keys():
            seen += 1
            if compare(types[field], sent[field], stored[field]) is LOST:
                lost.append((field, step["say"]))
    assert seen > 60
    slashed = "A slashed date is read month first", "A dotted date is read month first as well"
    expected = {
        ("annualRevenue", "Beyond 2^53 the last digits are lost"),
        ("big", "big: 2^53 + 1"),
        *(("dueAt", say) for say in slashed),
        ("words", "words: an empty text"),
        ("bodyV2", "blocknote alone gives the markdown with a final line break"),
    }
    assert set(lost) == expected


TEXT = st.text(max_size=20)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(NORMAL_FORMS)), JSON_VALUES)
def test_any_value_has_a_normal_form_and_equals_itself(type_: str, value: Any) -> None:
    canonical(type_, value)
    assert compare(type_, value, value) is SAME


@given(st.dictionaries(st.sampled_from([*sorted(NORMAL_FORMS), "SOMETHING_NEW"]), JSON_VALUES))
def test_a_record_has_the_normal_forms_of_its_values(record: dict[str, Any]) -> None:
    """Fields are named by their type here."""
    of_each = {type_: canonical(type_, value) for type_, value in record.items()}
    assert normaliser({type_: type_ for type_ in record})(record) == of_each


@given(TEXT.filter(bool), TEXT.filter(bool))
def test_two_different_texts_are_never_taken_for_one(one: str, other: str) -> None:
    assume(one != other)
    assert compare("TEXT", one, other) is LOST
    assert compare("FULL_NAME", {"firstName": one}, {"firstName": other}) is LOST
    assert compare("RICH_TEXT", {"markdown": one}, {"markdown": other}) is LOST


@given(st.datetimes(min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29)), st.integers(-720, 720))
def test_moments_are_compared_as_instants_to_the_millisecond(local: dt.datetime, offset: int) -> None:
    moment = local.replace(tzinfo=dt.timezone(dt.timedelta(minutes=offset)))
    stored = canonical("DATE_TIME", moment.isoformat())
    assert len(stored) == 24 and stored.endswith("Z")
    assert canonical("DATE_TIME", stored) == stored
    assert compare("DATE_TIME", moment.isoformat(), stored) is not LOST
    later = canonical("DATE_TIME", (moment + dt.timedelta(milliseconds=1)).isoformat())
    assert compare("DATE_TIME", moment.isoformat(), later) is LOST


@given(st.integers(-(2**53), 2**53), st.sampled_from(["number", "text", "float"]))
def test_micros_are_exact_in_every_notation_that_twenty_answers_in(micros: int, notation: str) -> None:
    stored = {"number": micros, "text": str(micros), "float": float(micros)}[notation]
    sent = {"amountMicros": micros, "currencyCode": "TRY"}
    assert compare("CURRENCY", sent, {"amountMicros": stored, "currencyCode": "TRY"}) is not LOST
    assert compare("CURRENCY", sent, {"amountMicros": micros + 1, "currencyCode": "TRY"}) is LOST


@given(st.integers(5010000000, 5599999999), st.sampled_from(["{}", "0{}", "+90 {}", "0 {} ", "(0{})"]))
def test_turkish_numbers_are_found_again_in_the_form_that_twenty_stores(number: int, notation: str) -> None:
    sent = {"primaryPhoneNumber": notation.format(number), "primaryPhoneCountryCode": "TR"}
    stored = {
        "primaryPhoneNumber": str(number),
        "primaryPhoneCountryCode": "TR",
        "primaryPhoneCallingCode": "+90",
        "additionalPhones": [],
    }
    assert compare("PHONES", sent, stored) is not LOST
    assert compare("PHONES", sent, {**stored, "primaryPhoneNumber": str(number + 1)}) is LOST


def test_composites_are_sent_whole() -> None:
    assert wire("LINKS", {"primaryLinkUrl": "https://a.b"}) == {
        "primaryLinkUrl": "https://a.b",
        "primaryLinkLabel": None,
        "secondaryLinks": None,
    }
    assert wire("RICH_TEXT", {"markdown": "x"}) == {"markdown": "x"}
    assert wire("TEXT", "x") == "x"


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (Decimal("2"), 2),
        (Decimal("2.50"), 2.5),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (dt.datetime(2024, 1, 31, 10, tzinfo=dt.UTC), "2024-01-31T10:00:00.000Z"),
    ],
)
def test_python_values_get_twentys_notation(value: Any, json_value: Any) -> None:
    assert plain(value) == json_value


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), dt.datetime(2024, 1, 31, 10)])
def test_what_twenty_would_misread_is_refused_here(value: Any) -> None:
    with pytest.raises(ValueError):
        plain(value)
