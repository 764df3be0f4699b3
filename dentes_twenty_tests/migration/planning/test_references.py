"""References between reports: ids first, then a name if exactly one fits."""

from __future__ import annotations

from dentes_twenty.migration.planning.references import References, Verdict


def providers() -> References:
    references = References()
    references.land("1", "Elif Şahin")
    references.land("2", "Can Öz")
    references.land("3", "CAN ÖZ")
    references.quarantine(["9", "1"])
    return references


def test_an_id_is_tried_before_a_name() -> None:
    assert providers().resolve("1", by_name=True) == (Verdict.LANDS, "1")


def test_a_folded_name_that_fits_one_row_is_that_row() -> None:
    assert providers().resolve("ELIF  SAHIN", by_name=True) == (Verdict.LANDS, "1")


def test_a_name_that_fits_two_rows_is_never_guessed() -> None:
    assert providers().resolve("can öz", by_name=True) == (Verdict.AMBIGUOUS, None)


def test_a_quarantined_row_and_an_unknown_one_are_told_apart() -> None:
    assert providers().resolve("9") == (Verdict.QUARANTINED, None)
    assert providers().resolve("77") == (Verdict.UNKNOWN, None)
