"""GraphQL names operations by lodash's camelCase; everything else keeps the name of the object."""

from __future__ import annotations

import pytest

from dentes_twenty.sandbox.casing import camel_case
from dentes_twenty_tests.sandbox.api import Api

AS_LODASH_4_3 = {
    "person": "person",
    "taskTargets": "taskTargets",
    "x2nd": "x2Nd",
    "visit1st": "visit1St",
    "formKVKKOnam2as": "formKvkkOnam2As",
    "aBC": "aBc",
    "ABc": "aBc",
    "a1B2": "a1B2",
    "item3s": "item3S",
    "form_1st_visit": "form1StVisit",
    "mi_xe_d": "miXeD",
    "x10TH": "x10Th",
}


@pytest.mark.parametrize("name", AS_LODASH_4_3)
def test_a_name_is_written_as_lodash_writes_it(name: str) -> None:
    assert camel_case(name) == AS_LODASH_4_3[name]


def test_an_object_with_an_acronym_is_asked_for_under_the_other_name(api: Api) -> None:
    api.make_object("formKVKKOnam2a", "formKVKKOnam2as", "Form KVKK")
    data = api.data('mutation { createFormKvkkOnam2A(data: {name: "Onam"}) { name __typename } }')
    assert data == {"createFormKvkkOnam2A": {"name": "Onam", "__typename": "FormKvkkOnam2A"}}
    assert api.data("{ formKvkkOnam2As { totalCount } }") == {"formKvkkOnam2As": {"totalCount": 1}}
    refusal = api.refusal("{ formKVKKOnam2as { totalCount } }")
    assert refusal == 'Cannot query field "formKVKKOnam2as" on type "Query".'
    assert api.rest("GET", "formKVKKOnam2as").json()["totalCount"] == 1
    assert "targetFormKVKKOnam2a" in api.object("noteTarget")["fields"]
    assert api.data("{ noteTargets { edges { node { targetFormKVKKOnam2aId } } } }") == {"noteTargets": {"edges": []}}
