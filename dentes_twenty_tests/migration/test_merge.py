"""Three-way merge of one field: no edit of a person is lost, nothing is written that stands already."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.merge import Decision, adopt, merge

values = st.sampled_from([b"a", b"b", b"c", b""])


@given(values, values, values)
def test_a_persons_edit_is_never_overwritten(written: bytes, exported: bytes, current: bytes) -> None:
    edited = current != written
    if merge(written, exported, current) is Decision.WRITE:
        assert not edited


@given(values, values, values)
def test_what_stands_already_is_not_written(written: bytes, exported: bytes, current: bytes) -> None:
    if exported == current:
        assert merge(written, exported, current) in (Decision.SAME, Decision.NOTHING)


@given(values, values, values)
def test_a_change_of_the_export_alone_is_written(written: bytes, exported: bytes, current: bytes) -> None:
    if exported != written and current == written:
        assert merge(written, exported, current) is Decision.WRITE


def test_different_changes_on_both_sides_are_a_conflict() -> None:
    assert merge(b"old", b"export", b"person") is Decision.CONFLICT


@given(values, values)
def test_adopting_fills_empty_fields_and_overwrites_nothing(exported: bytes, current: bytes) -> None:
    if adopt(exported, current, b"") is Decision.WRITE:
        assert current == b""
    if exported and current and exported != current:
        assert adopt(exported, current, b"") is Decision.CONFLICT
