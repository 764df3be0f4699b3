"""First come, first served, and what earlier runs have settled stays."""

from __future__ import annotations

import pytest

from dentes_twenty.migration.planning.holders import Holders, website


def test_the_first_claimant_holds_a_value_and_the_second_does_not() -> None:
    holders = Holders()
    assert holders.claim("a@example.com", "patient:1")
    assert not holders.claim("a@example.com", "patient:2")
    assert holders.claim("a@example.com", "patient:1")


def test_the_holder_of_an_earlier_run_keeps_the_value_and_is_not_looked_up_again() -> None:
    holders = Holders({"A@EXAMPLE.COM": "patient:9"}, str.upper)
    assert not holders.claim("a@example.com", "patient:1")
    assert holders.claim("a@example.com", "patient:9")
    assert holders.wanted() == {}


@pytest.mark.parametrize(
    "written", ["www.Egedis.example.net", "https://www.egedis.example.net/", "HTTP://WWW.EGEDIS.EXAMPLE.NET"]
)
def test_spellings_of_one_site_become_one_address(written: str) -> None:
    assert website(written) == "https://www.egedis.example.net"


def test_what_a_holder_wants_no_more_goes_to_the_next_and_an_unshown_holder_keeps_it() -> None:
    holders = Holders({"A": "patient:1", "B": "patient:2", "C": "existing:9", "D": "kept:patient:4"}, str.upper)
    holders.settle({"patient:1": "b", "patient:3": "a", "patient:4": "d", "patient:5": "d"})
    assert not holders.claim("b", "patient:1")  # patient 2 is not in this export, and keeps it
    assert holders.claim("a", "patient:3")
    assert not holders.claim("c", "patient:3")
    assert holders.claim("d", "patient:4")  # kept in Twenty by the very record that wants it again
    assert not holders.claim("d", "patient:5")
    assert holders.handed_over == {"a": "patient:1"}
    assert holders.wanted() == {"a": "patient:3"}
