"""The matchers themselves: a matcher that holds for everything would make every scenario pass."""

from __future__ import annotations

from typing import Any

import pytest

from dentes_twenty_tests.contract.matching import matches
from dentes_twenty_tests.contract.scenarios import Variables, load_scenarios, part_of


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1}),
        (5, 5.0),
        ({"$any": True}, None),
        ({"a": {"$absent": True}}, {}),
        ({"$type": "uuid"}, "2f3a9c1e-8d5b-5e0a-9f43-0123456789ab"),
        ({"$type": "timestamp"}, "2024-01-31T10:00:00.000Z"),
        ({"$regex": "^a.c$"}, "abc"),
        ({"$len": 2}, [1, 2]),
        ({"$subset": {"a": 1}}, {"a": 1, "b": 2}),
        ({"$contains": [1, 2]}, [2, 3, 1]),
        ({"$unordered": [1, 2]}, [2, 1]),
        ({"$each": {"$type": "number"}}, [1, 2.5]),
        ({"$not": 1}, 2),
        ({"$type": "string", "$len": 2}, "ab"),
    ],
)
def test_what_matches(expected: Any, actual: Any) -> None:
    assert matches(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (None, ""),
        ("", []),
        (1, True),
        (True, 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": None}, {}),
        ({}, []),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ([1], "1"),
        ({"a": {"$any": True}}, {}),
        ({"a": {"$absent": True}}, {"a": None}),
        ({"$type": "uuid"}, "2f3a9c1e"),
        ({"$type": "timestamp"}, "2024-01-31"),
        ({"$type": "number"}, True),
        ({"$regex": "b$"}, "abc"),
        ({"$len": 2}, [1]),
        ({"$len": 1}, 1),
        ({"$subset": {"a": 1}}, {"b": 1}),
        ({"$subset": {}}, []),
        ({"$contains": [1, 1]}, [1, 2]),
        ({"$unordered": [1, 2]}, [1, 2, 3]),
        ({"$each": 1}, [1, 2]),
        ({"$not": 1}, 1),
    ],
)
def test_what_does_not_match(expected: Any, actual: Any) -> None:
    assert not matches(expected, actual)


def test_paths_take_parts_out_of_answers() -> None:
    data = {"data": [{"name": "a", "fields": [{"id": 1}, {"id": 2}]}, {"name": "b", "fields": []}]}
    assert part_of(data, "data.[name=a].fields.*.id") == [1, 2]
    assert part_of(data, "data.0.name") == "a"
    assert part_of(data, "data.*.name") == ["a", "b"]


def test_variables_are_filled_in_and_lists_repeated() -> None:
    variables = Variables({"run": "abc", "ids": ["x", "y"], "url": "http://h/p?q=1"})
    assert variables.resolve({"a ${run}": ["${ids}", "in [${ids}]", "${ids.1}", "${url|path}"]}) == {
        "a abc": [["x", "y"], "in [x,y]", "y", "/p?q=1"]
    }
    assert variables.resolve({"$repeat": 2, "item": {"n": "N${i} ${run}"}}) == [{"n": "N000 abc"}, {"n": "N001 abc"}]
    assert variables.resolve("${uuid:a}") == variables.resolve("${uuid:a}") != variables.resolve("${uuid:b}")


def test_all_recordings_are_there() -> None:
    scenarios = load_scenarios()
    assert len(scenarios) == 55
    assert sum(len(scenario.steps) for scenario in scenarios) > 900
