"""Holders of unique values survive the process, as keyed hashes."""

from __future__ import annotations

from pathlib import Path

from dentes_twenty.migration.ledger import Ledger


def test_a_holder_is_remembered_and_the_value_is_nowhere_in_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url, "ege") as ledger:
        ledger.hold_values("email", {"ayse@example.com": "patient:1"})
    with Ledger.open(url, "ege") as ledger:
        assert ledger.holders("email") == {ledger.pseudonym("ayse@example.com"): "patient:1"}
        assert ledger.holders("website") == {}
    assert not any(b"ayse@example.com" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_value_changes_hands_when_it_is_told(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", "ege") as ledger:
        ledger.hold_values("email", {"a@example.com": "patient:1"})
        ledger.hold_values("email", {"a@example.com": "existing:2"})
        assert list(ledger.holders("email").values()) == ["existing:2"]


def test_a_holder_of_a_new_value_no_longer_holds_the_one_before(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", "ege") as ledger:
        ledger.hold_values("email", {"a@example.com": "patient:1", "b@example.com": "patient:2"})
        ledger.hold_values("email", {"c@example.com": "patient:1"})
        ledger.hold_only("email", {"patient:1": "c@example.com", "kept:patient:1": None})
        assert sorted(ledger.holders("email").values()) == ["patient:1", "patient:2"]
        ledger.hold_only("email", {"patient:1": None})
        assert list(ledger.holders("email").values()) == ["patient:2"]
