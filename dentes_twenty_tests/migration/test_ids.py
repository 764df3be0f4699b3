"""Ids: pinned values, and no two sources with one id."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.ids import link_id, record_id

anything = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates included
# Texts that collide under careless joining: separators, digits and lengths next to each other.
tricky = st.text(alphabet="1:,/|\\\x00\x1f a", max_size=4)
part = anything | tricky


def test_the_ids_of_earlier_migrations_stay_what_they_are() -> None:
    assert record_id("ege-dental", "patient", "10482") == "92ec2c5b-5a39-5e47-99e5-50f9e765c2ca"
    assert link_id("ege-dental", "taskTarget", "a", "b") == "b4137fa5-be92-5a8d-964f-277f88b6c658"


@given(part, part, part)
def test_an_id_is_a_lower_case_uuid_of_version_5(practice: str, source_object: str, source_id: str) -> None:
    made = record_id(practice, source_object, source_id)
    parsed = uuid.UUID(made)
    assert str(parsed) == made
    assert parsed.version == 5
    assert parsed.variant == uuid.RFC_4122


@given(st.tuples(part, part, part), st.tuples(part, part, part))
def test_two_sources_never_share_an_id(left: tuple[str, str, str], right: tuple[str, str, str]) -> None:
    assert (record_id(*left) == record_id(*right)) == (left == right)


@given(st.lists(part, min_size=2, max_size=5), st.lists(part, min_size=2, max_size=5))
def test_two_lists_of_parts_never_share_a_link_id(left: list[str], right: list[str]) -> None:
    assert (link_id(*left) == link_id(*right)) == (left == right)


@given(st.lists(part, min_size=3, max_size=3))
def test_a_link_is_never_a_record(parts: list[str]) -> None:
    assert link_id(*parts) != record_id(*parts)


@given(part, part, part, st.data())
def test_moving_text_across_a_border_changes_the_id(first: str, second: str, third: str, data: st.DataObject) -> None:
    joined = first + second
    cut = data.draw(st.integers(0, len(joined)))
    if (joined[:cut], joined[cut:]) != (first, second):
        assert record_id(joined[:cut], joined[cut:], third) != record_id(first, second, third)
