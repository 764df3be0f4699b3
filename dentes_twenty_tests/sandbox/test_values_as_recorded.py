"""The value rules against the recorded answers, without a server.

Every create of the `type-*` and `values-*` scenarios that sends the field under test is one case: what the real
server answered is what `normalise` and `present` have to give, or the refusal they have to raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dentes_twenty.sandbox.fieldspec import FieldSpec, Option, columns
from dentes_twenty.sandbox.values import ValueRefused, default_columns, normalise, present
from dentes_twenty_tests.contract.matching import differences
from dentes_twenty_tests.contract.scenarios import Variables, load_scenarios


def _options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, value, value, None, index) for index, value in enumerate(values))


FIELDS = {
    spec.name: spec
    for spec in (
        FieldSpec("annualRevenue", "CURRENCY", "company"),
        FieldSpec("dueAt", "DATE_TIME", "task"),
        FieldSpec("emails", "EMAILS", "person"),
        FieldSpec("phones", "PHONES", "person"),
        FieldSpec("linkedinLink", "LINKS", "company"),
        FieldSpec("bodyV2", "RICH_TEXT", "note"),
        FieldSpec("status", "SELECT", "task", options=_options("TODO", "IN_PROGRESS", "DONE")),
        FieldSpec("num", "NUMBER", "visit"),
        FieldSpec("dec", "NUMBER", "visit"),
        FieldSpec("big", "NUMBER", "visit"),
        FieldSpec("flag", "BOOLEAN", "visit"),
        FieldSpec("tags", "MULTI_SELECT", "visit", options=_options("A", "B", "C")),
        FieldSpec("words", "ARRAY", "visit"),
        FieldSpec("raw", "RAW_JSON", "visit"),
        FieldSpec("stars", "RATING", "visit", options=_options(*(f"RATING_{n}" for n in range(1, 6)))),
        FieldSpec("kind", "SELECT", "visit", options=_options("OPEN", "CLOSED")),
        FieldSpec("uid", "UUID", "visit"),
    )
}


def _cases() -> Iterator[Any]:
    for scenario in load_scenarios():
        if not scenario.name.startswith(("type-", "values-")):
            continue
        for number, step in enumerate(scenario.steps, 1):
            sent = step["request"].get("json")
            if step["request"]["method"] != "POST" or "/metadata" in step["request"]["path"]:
                continue
            for name in FIELDS.keys() & (sent or {}).keys():
                yield pytest.param(FIELDS[name], step, id=f"{scenario.name}-{number}")


@pytest.mark.parametrize(("field", "step"), list(_cases()))
def test_a_value_is_stored_or_refused_as_recorded(field: FieldSpec, step: dict[str, Any]) -> None:
    variables = Variables()
    sent = variables.resolve(step["request"]["json"])[field.name]
    expected = variables.resolve(step["expect"])
    try:
        row = default_columns(field) | normalise(field, sent)
    except ValueRefused as refused:
        body = {"statusCode": refused.status, "error": refused.error, "messages": [refused.message]}
        body |= {"code": refused.code} if refused.code else {}
        assert list(differences(expected["body"], body)) == []
    else:
        assert expected["status"] == 201
        (record,) = expected["body"]["data"].values()
        assert list(differences(record["$subset"][field.name], present(field, row))) == []


@pytest.mark.parametrize("field", list(FIELDS.values()), ids=lambda field: field.name)
def test_a_field_gives_only_columns_of_its_own(field: FieldSpec) -> None:
    assert default_columns(field).keys() == {column.name for column in columns(field)}
