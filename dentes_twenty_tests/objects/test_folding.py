"""What makes two headers or two names equal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.objects.folding import fold, fold_key, fold_name


@pytest.mark.parametrize(
    "spelling",
    [
        "İŞ TELEFONU",
        "iş telefonu",
        "İş  Telefonu ",
        "Iş-Telefonu",
        "IS_TELEFONU",
        unicodedata.normalize("NFD", "İş Telefonu"),
    ],
)
def test_case_dots_accents_and_punctuation_do_not_count(spelling: str) -> None:
    assert fold(spelling) == fold_name(spelling) == "is telefonu"
    assert fold_key(spelling) == "istelefonu"


def test_names_of_other_languages_fold_to_their_nearest_letters() -> None:
    assert fold_name("  Jørgen  Łukasz Straße Ærø ") == "jorgen lukasz strasse aero"
    assert fold_name("Гюль") == fold_name("ГЮЛЬ") != ""


def test_different_names_stay_different() -> None:
    assert fold_name("Ayşe Çelik") != fold_name("Ayşe Çelikkol")
    assert fold_name("Ali Can") != fold_name("Alican")


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold_key(fold(text)) == fold_key(text)
