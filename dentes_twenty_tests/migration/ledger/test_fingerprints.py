"""Fingerprints: equal values agree, different values differ, and nothing can be tried against them without the salt."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.ledger.fingerprints import Fingerprinter, canonical_json, differing, split

PRINTS = Fingerprinter(b"salt" * 8)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """The value with the types that Python confuses told apart (True == 1)."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return (type(value).__name__, value)


@given(json_values, json_values)
def test_two_values_share_a_canonical_form_only_when_they_are_equal(left: Any, right: Any) -> None:
    assert (canonical_json(left) == canonical_json(right)) == (typed(left) == typed(right))


@given(st.dictionaries(st.text(max_size=4), json_values, min_size=2))
def test_the_order_of_keys_does_not_count(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(backwards)
    assert PRINTS.row(value) == PRINTS.row(backwards)


def test_a_decimal_counts_by_its_value() -> None:
    assert canonical_json({"fee": Decimal("12.50")}) == canonical_json({"fee": Decimal("12.5000")})
    assert canonical_json(Decimal("1E+3")) == b'"1000"'
    assert canonical_json(dt.date(2020, 2, 29)) == b'"2020-02-29"'


def test_a_value_without_a_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical_json({"file": object()})


def test_only_short_values_are_remembered() -> None:
    """Among millions of records, texts of notes would fill the memory."""
    prints = Fingerprinter(b"salt" * 8)
    tracemalloc.start()
    try:
        for number in range(2_000):
            assert prints.value(f"{number} " + "a long text " * 1_000) != prints.value(f"{number} short")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000  # all of them are 24 MB


def test_another_salt_gives_other_fingerprints() -> None:
    other = Fingerprinter(b"other" * 6)
    assert PRINTS.value("05321112233") != other.value("05321112233")
    assert PRINTS.row({"a": 1}) != other.row({"a": 1})
    assert PRINTS.secret("patient", "7") != other.secret("patient", "7")


def test_joined_secrets_do_not_collide() -> None:
    assert PRINTS.secret("a", "bc") != PRINTS.secret("ab", "c")


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)),
)
def test_the_fields_that_differ_are_named(old: dict[str, int], new: dict[str, int]) -> None:
    def printed(values: dict[str, int]) -> dict[str, bytes]:
        names = tuple(sorted(values))
        return split(names, PRINTS.fields(names, values))

    assert differing(printed(old), printed(new)) == {
        name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
    }
