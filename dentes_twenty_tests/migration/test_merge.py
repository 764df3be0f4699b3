"""Three-way merge of one field: no edit of a person is lost, nothing is written that stands already."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.ledger import Conflict, ConflictState, RecordKey
from dentes_twenty.migration.merge import Decision, adopt, decided, merge, outstanding
from dentes_twenty.twenty.values import canonical

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


# -- values of every kind, in any spelling

SPELLINGS: dict[str, list[list[Any]]] = {
    "TEXT": [["latex"], ["iodine"], ["", None]],
    "SELECT": [["ACTIVE"], ["INACTIVE"], [None, ""]],
    "MULTI_SELECT": [[["A", "B"]], [["B"]], [None, []]],
    "RELATION": [["5e9bcb0c-6f1c-4f4e-8f5d-2a1d5d0c0a01", "5E9BCB0C-6F1C-4F4E-8F5D-2A1D5D0C0A01"], [None]],
    "BOOLEAN": [[True], [False], [None]],
    "DATE": [["1984-03-17"], ["1985-03-17"], [None]],
    "DATE_TIME": [["2024-05-01T07:00:00.000Z", "2024-05-01T10:00:00+03:00"], ["2024-05-02T07:00:00Z"], [None]],
    "NUMBER": [[1, 1.0], [2], [None]],
    "EMAILS": [
        [{"primaryEmail": "a@example.org", "additionalEmails": []}, {"primaryEmail": "A@Example.org"}],
        [{"primaryEmail": "a@example.org", "additionalEmails": ["b@example.org"]}],
        [None, {"primaryEmail": "", "additionalEmails": None}],
    ],
    "CURRENCY": [
        [{"amountMicros": 1_000_000, "currencyCode": "TRY"}, {"amountMicros": "1000000", "currencyCode": "TRY"}],
        [{"amountMicros": 1_000_000, "currencyCode": "EUR"}],
        [None, {"amountMicros": None, "currencyCode": None}],
    ],
    "ADDRESS": [
        [{"addressStreet1": "Kordon 1"}, {"addressStreet1": "Kordon 1", "addressCity": "", "addressState": None}],
        [{"addressStreet1": "Kordon 1", "addressCity": "İzmir"}],
    ],
    "LINKS": [
        [
            {"primaryLinkUrl": "https://ege.example.net", "primaryLinkLabel": "", "secondaryLinks": None},
            {"primaryLinkUrl": "HTTPS://Ege.example.net/", "primaryLinkLabel": None, "secondaryLinks": []},
        ],
        [{"primaryLinkUrl": "https://efe.example.net"}],
    ],
    "RICH_TEXT": [[{"markdown": "all well", "blocknote": None}, {"markdown": "all well", "blocknote": "[]"}], [None]],
}
kinds = st.sampled_from(sorted(SPELLINGS))


def print_of(kind: str, value: Any) -> bytes:
    return repr(canonical(kind, value)).encode()


@given(kinds, st.data())
def test_a_decision_depends_on_values_and_never_on_how_they_are_spelled(kind: str, data: st.DataObject) -> None:
    places = [data.draw(st.integers(0, len(SPELLINGS[kind]) - 1)) for _ in range(3)]
    prints = [print_of(kind, data.draw(st.sampled_from(SPELLINGS[kind][place]))) for place in places]
    plain = [str(place).encode() for place in places]
    assert merge(*prints) is merge(*plain)


@given(st.lists(st.tuples(st.sampled_from(("export", "person", "ours", "theirs", "merge")), values), max_size=20))
def test_whatever_happens_only_a_decision_writes_over_an_edit_and_a_second_merge_writes_nothing(
    events: list[tuple[str, bytes]],
) -> None:
    written = exported = current = b"a"
    conflict: Conflict | None = None
    key = RecordKey("patient", "1")
    for what, value in [*events, ("merge", b""), ("merge", b"")]:
        if what == "export":
            exported = value
        elif what == "person":
            current = value
        elif what in ("ours", "theirs") and conflict is not None:
            conflict = dataclasses.replace(conflict, state=ConflictState(what))
        elif what == "merge":
            decision = merge(written, exported, current)
            if decision is Decision.CONFLICT:
                decision = decided(conflict, exported, current)
            if decision is Decision.WRITE:
                ours = conflict is not None and conflict.state is ConflictState.OURS
                assert current == written or (ours and conflict is not None and conflict.current == current)
                current = exported
            if decision in (Decision.WRITE, Decision.SAME, Decision.KEPT):
                written = exported
            found = Conflict(key, "alerts", written, exported, current)
            conflict = found if decision is Decision.CONFLICT else None
    standing = {"alerts": conflict} if conflict else {}
    assert not outstanding({"alerts": written}, {"alerts": exported}, b"", standing)
