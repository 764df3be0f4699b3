"""What was stored and answered can be sent again and is stored as the same: a repeated load changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dentes_twenty.sandbox.fieldspec import COMPOSITES, FieldSpec, Option
from dentes_twenty.sandbox.values import ValueRefused, compile_normaliser, compile_presenter, default_columns

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12)
MAYBE_TEXT = st.none() | TEXTS
OPTIONS = tuple(Option(v, v, v, None, i) for i, v in enumerate("ABC"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
EMAIL = st.from_regex(r"[A-Za-z.]{1,8}@[A-Za-z]{1,8}\.(com|tr)", fullmatch=True)
PHONE = st.from_regex(r"\+(90|41|49|1|44)[2-9][0-9]{6,9}", fullmatch=True)
URL = st.from_regex(r"(https?://)?[A-Za-z0-9]{1,8}\.[a-z]{2,3}(/[A-Za-z0-9]{0,4})?", fullmatch=True)
MOMENT = st.datetimes(min_value=None).map(lambda moment: moment.isoformat())


def _objects(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.fixed_dictionaries({}, optional=parts)


CASES: dict[str, st.SearchStrategy[Any]] = {
    "ACTOR": _objects(source=st.sampled_from(["IMPORT", "API", None]), name=MAYBE_TEXT, context=st.none()),
    "ADDRESS": _objects(
        addressStreet1=MAYBE_TEXT, addressCity=TEXTS, addressLat=st.none() | st.floats(-90, 90), addressCountry=TEXTS
    ),
    "ARRAY": st.none() | TEXTS | st.lists(TEXTS, max_size=3),
    "BOOLEAN": st.none() | st.booleans(),
    "CURRENCY": _objects(
        amountMicros=st.none() | st.integers() | st.floats(-1e15, 1e15) | st.integers().map(str),
        currencyCode=MAYBE_TEXT,
    ),
    "DATE": st.none() | st.dates().map(lambda day: day.isoformat()),
    "DATE_TIME": st.none() | MOMENT,
    "EMAILS": _objects(
        primaryEmail=EMAIL | st.just("") | st.none(), additionalEmails=st.none() | st.lists(EMAIL, max_size=2)
    ),
    "FULL_NAME": _objects(firstName=MAYBE_TEXT, lastName=MAYBE_TEXT),
    "LINKS": _objects(
        primaryLinkUrl=URL | st.just("") | st.none(),
        primaryLinkLabel=MAYBE_TEXT,
        secondaryLinks=st.none() | st.lists(st.fixed_dictionaries({"url": URL, "label": TEXTS}), max_size=2),
    ),
    "MULTI_SELECT": st.none() | st.lists(st.sampled_from("ABC"), max_size=4),
    "NUMBER": st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "PHONES": _objects(
        primaryPhoneNumber=PHONE | st.just("") | st.none(),
        additionalPhones=st.none() | st.lists(st.fixed_dictionaries({"number": PHONE}), max_size=2),
    ),
    "RAW_JSON": st.none() | JSON.filter(lambda value: isinstance(value, dict | list)),
    "SELECT": st.none() | st.sampled_from("ABC"),
    "TEXT": MAYBE_TEXT,
    "UUID": st.none() | st.uuids(version=4).map(str),
}


@pytest.mark.parametrize("field_type", CASES)
def test_an_answered_value_is_stored_as_the_same_again(field_type: str) -> None:
    field = FieldSpec("field", field_type, "person", options=OPTIONS)
    store, show = compile_normaliser(field), compile_presenter(field)

    @settings(max_examples=60, deadline=None)
    @given(CASES[field_type])
    def holds(sent: Any) -> None:
        try:
            row = default_columns(field) | store(sent)
        except ValueRefused:
            return
        answered = show(row)
        again = default_columns(field) | store(answered)
        assert again == row
        assert show(again) == answered

    holds()


@pytest.mark.parametrize("field_type", [*CASES, "FILES", "RATING", "POSITION", "RICH_TEXT", "TS_VECTOR"])
def test_any_json_is_stored_or_refused_and_never_a_crash(field_type: str) -> None:
    field = FieldSpec("field", field_type, "person", options=OPTIONS, settings={"maxNumberOfValues": 2})
    store, show = compile_normaliser(field), compile_presenter(field)
    parts = [part.name for part in COMPOSITES.get(field_type, ())]
    sent_values = JSON | st.dictionaries(st.sampled_from(parts), JSON, max_size=4) if parts else JSON

    @settings(max_examples=80, deadline=None)
    @given(sent_values)
    def holds(sent: Any) -> None:
        try:
            row = default_columns(field) | store(sent)
        except ValueRefused as refused:
            assert refused.message
        else:
            assert all(value is None or isinstance(value, str | int | float) for value in row.values())
            show(row)

    holds()


@pytest.mark.parametrize(
    ("field_type", "sent"),
    [
        ("TEXT", "a\0b"),
        ("ARRAY", ["a\0"]),
        ("RAW_JSON", {"a": "\0"}),
        ("FULL_NAME", {"firstName": "\0"}),
        ("EMAILS", {"primaryEmail": "a\0@b.example"}),
        ("LINKS", {"primaryLinkUrl": "https://a.example/\0"}),
    ],
)
def test_a_nul_character_is_refused_by_the_database(field_type: str, sent: Any) -> None:
    with pytest.raises(ValueRefused) as refused:
        compile_normaliser(FieldSpec("field", field_type, "person"))(sent)
    assert (refused.value.status, refused.value.message) == (500, "Data validation error.")
