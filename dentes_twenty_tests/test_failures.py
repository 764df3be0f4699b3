"""What people are told about exceptions never holds what an export held."""

from __future__ import annotations

import pytest

from dentes_twenty.failures import UNEXPECTED, explain
from dentes_twenty.migration.errors import MigrationError

SECRET = "Ayşe Yılmaz"


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - its traceback is what the test is about
        return caught


def test_an_error_of_the_project_is_told_in_its_own_words() -> None:
    told = explain(MigrationError("Nothing moved.", "Try again.", code="no_move"))
    assert (told.code, told.message, told.fix, told.places) == ("no_move", "Nothing moved.", "Try again.", ())


def test_a_foreign_message_is_never_told() -> None:
    told = explain(raised(ValueError(f"could not convert {SECRET!r}")))
    assert told.code == UNEXPECTED
    assert SECRET not in repr(told) and SECRET not in str(told)
    assert "ValueError at" in told.message


def test_the_place_of_a_defect_is_told_by_file_line_and_function() -> None:
    assert explain(raised(KeyError(SECRET))).places[-1].endswith(" raised")


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_group_the_error_that_was_foreseen_is_told(order: int) -> None:
    parts = [raised(KeyError(SECRET)), MigrationError("Twenty is away.", "Wait.", code="away")][::order]
    assert explain(ExceptionGroup("several", [ExceptionGroup("inner", parts)])).code == "away"
