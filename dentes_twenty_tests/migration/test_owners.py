"""Owners: override, e-mail, fallback; and nothing with an owner is written while somebody is missing."""

from __future__ import annotations

import pytest

from dentes_twenty.migration.owners import (
    Match,
    Member,
    OwnerNotAMember,
    OwnersUnmatched,
    Provider,
    match_owners,
)

ELIF = Member("m1", "elif@example.com")
CAN = Member("m2", "can@example.com")


def test_a_provider_is_matched_by_email_whatever_its_case() -> None:
    owners = match_owners([Provider("1", "Elif", "ELIF@example.com")], [ELIF], {}, None)
    assert owners.lines[0].match is Match.MATCHED
    assert owners.members == {"1": "m1"}


def test_an_override_wins_over_the_email() -> None:
    owners = match_owners([Provider("1", "Elif", "elif@example.com")], [ELIF, CAN], {"1": "can@example.com"}, None)
    assert (owners.lines[0].match, owners.members["1"]) == (Match.OVERRIDE, "m2")


def test_an_unmatched_provider_who_owns_records_blocks_and_one_who_owns_none_does_not() -> None:
    owners = match_owners([Provider("1", "A", None, owns=0), Provider("2", "B", None, owns=3)], [ELIF], {}, None)
    assert [line.provider.id for line in owners.blocking] == ["2"]
    with pytest.raises(OwnersUnmatched) as raised:
        owners.require()
    assert "owners.fallback" in raised.value.fix


def test_the_fallback_stands_in_but_its_member_carries_nobodys_licence() -> None:
    owners = match_owners(
        [Provider("1", "A", None, owns=2), Provider("2", "Elif", "elif@example.com")], [ELIF], {}, "elif@example.com"
    )
    owners.require()
    assert owners.members == {"1": "m1", "2": "m1"}
    assert [line.provider.id for line in owners.written] == ["2"]


def test_of_several_providers_on_one_member_the_one_matched_by_email_is_written() -> None:
    owners = match_owners(
        [Provider("1", "A", None), Provider("2", "Elif", "elif@example.com")],
        [ELIF],
        {"1": "elif@example.com"},
        None,
    )
    assert [line.provider.id for line in owners.written] == ["2"]


def test_a_fallback_who_is_no_member_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(OwnerNotAMember, match=r"owners\.fallback"):
        match_owners([], [ELIF], {}, "nobody@example.com")
