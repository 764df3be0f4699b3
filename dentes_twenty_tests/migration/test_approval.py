"""An approval holds for exactly what was shown; a change of any part voids it and is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from dentes_twenty.exports.mapping_model import Mapping
from dentes_twenty.migration.approval import (
    PARTS,
    ApprovalMissing,
    NotApprovable,
    Shown,
    Standing,
    Subject,
    digest,
    judge,
    meaning_of,
    needed_declarations,
    require_approvable,
    subject,
)
from dentes_twenty.objects import patient
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.practice import Practice, PracticeFile

MAPPING = {
    "reports": [
        {
            "report": "patient",
            "file": "patients.csv",
            "columns": [
                {"header": "Dosya No", "column": "patient_id"},
                {"header": "Ad Soyad", "column": "full_name"},
                {"header": "Renk", "action": "ignore"},
            ],
        }
    ]
}
SETTINGS = {"practice": "ege", "export": "export", "twenty": {"url": "https://ege.example"}}
SHOWN = Shown({"records": 200, "same": 2900, "lost": 0}, {})


def practice(**changed: object) -> Practice:
    from pathlib import Path

    return Practice(Path("practice.yaml"), PracticeFile.model_validate({**SETTINGS, **changed}))


def mapping(change: Callable[[dict[str, object]], None] | None = None) -> Mapping:
    document = Mapping.model_validate(MAPPING).model_dump()
    if change is not None:
        change(document)
    return Mapping.model_validate(document)


def present(**changed: object) -> Subject:
    known = {"practice": practice(), "mapping": mapping(), "program": "0.1.0", "shown": SHOWN, **changed}
    return subject(known["practice"], known["mapping"], known["program"], known["shown"])  # type: ignore[arg-type]


def other_meaning(document: dict[str, object]) -> None:
    document["reports"][0]["columns"][2] = {  # type: ignore[index]
        "header": "Renk",
        "action": "custom",
        "field": {"name": "renk", "label": "Renk", "type": "TEXT"},
    }


APPROVED = present()


def test_the_same_state_is_approved() -> None:
    state = judge(present(), [(APPROVED.fingerprint, "Dr. Ada")])
    assert (state.standing, state.by, state.changed) == (Standing.VALID, "Dr. Ada", ())
    state.require()


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"mapping": mapping(other_meaning)}, ("mapping", "declarations", "model")),
        ({"practice": practice(currency="EUR")}, ("practice",)),
        ({"practice": practice(policies={"national_id": "move"})}, ("declarations", "model", "practice")),
        ({"practice": practice(twenty={"url": "https://other.example"})}, ("practice",)),
        ({"program": "0.2.0"}, ("program",)),
        ({"shown": Shown({"records": 200, "same": 2899, "lost": 1}, {})}, ("sample",)),
    ],
)
def test_a_change_of_any_part_voids_the_approval_and_is_named(
    changed: dict[str, object], parts: tuple[str, ...]
) -> None:
    state = judge(present(**changed), [(APPROVED.fingerprint, "Dr. Ada")])
    assert (state.standing, state.changed) == (Standing.VOID, parts)
    with pytest.raises(ApprovalMissing) as refused:
        state.require()
    assert all(PARTS[part] in refused.value.message for part in parts)
    assert "dentes-twenty" in refused.value.fix


@pytest.mark.parametrize(
    "changed",
    [
        {"export": "another/folder"},
        {"cutover": {"from": "2026-12-01 18:00"}},
        {"name": "Ege Diş"},
        {"twenty": {"url": "https://ege.example", "api_key_env": "OTHER_KEY"}},
    ],
)
def test_where_and_when_void_nothing(changed: dict[str, object]) -> None:
    assert present(practice=practice(**changed)) == APPROVED


def test_an_older_approval_holds_again_when_the_change_is_undone() -> None:
    newer = present(practice=practice(currency="EUR"))
    given = [(newer.fingerprint, "Dr. Bora"), (APPROVED.fingerprint, "Dr. Ada")]
    assert judge(present(), given).by == "Dr. Ada"


def test_without_a_sample_nothing_can_be_approved() -> None:
    assert judge(present(shown=None), []).standing is Standing.NO_SAMPLE
    with pytest.raises(NotApprovable):
        require_approvable(None, present(shown=None), "")


def test_a_sample_of_an_older_state_cannot_be_approved() -> None:
    shown = Shown(SHOWN.counts, dict(present(shown=None).parts))
    require_approvable(shown, present(shown=shown), "")
    with pytest.raises(NotApprovable, match="the practice file"):
        require_approvable(shown, present(practice=practice(currency="EUR"), shown=shown), "")


def test_lost_values_are_approved_only_with_a_reason() -> None:
    shown = Shown({"lost": 2}, dict(present(shown=None).parts))
    with pytest.raises(NotApprovable, match="2 values"):
        require_approvable(shown, present(shown=shown), "  ")
    require_approvable(shown, present(shown=shown), "known since the rehearsal")


def changed_declarations() -> dict[str, SourceObject]:
    """The patients' declaration, changed in one place each."""
    whole = patient.DECLARATION
    first, *rest = whole.fields
    says = dataclasses.replace(first, transform=dataclasses.replace(first.transform, says="otherwise"))
    label = dataclasses.replace(first, target=dataclasses.replace(first.target, label="Number"))
    (gender,) = [field for field in whole.fields if field.target.name == "gender"]
    fewer = dataclasses.replace(gender, target=dataclasses.replace(gender.target, options=gender.target.options[:-1]))
    columns = tuple(
        dataclasses.replace(column, required=not column.required) if column.name == "email" else column
        for column in whole.report.columns
    )
    return {
        "a sentence": dataclasses.replace(whole, fields=(says, *rest)),
        "a label": dataclasses.replace(whole, fields=(label, *rest)),
        "an option": dataclasses.replace(
            whole, fields=tuple(fewer if field is gender else field for field in whole.fields)
        ),
        "a field": dataclasses.replace(whole, fields=tuple(rest)),
        "a rule of a column": dataclasses.replace(whole, report=dataclasses.replace(whole.report, columns=columns)),
        "a thing that does not move": dataclasses.replace(whole, not_moved=()),
    }


@pytest.mark.parametrize("what", changed_declarations())
def test_a_changed_declaration_has_another_fingerprint(what: str) -> None:
    assert digest(meaning_of(changed_declarations()[what])) != digest(meaning_of(patient.DECLARATION))


def test_declarations_have_the_same_fingerprint_every_time() -> None:
    first, second = (
        [meaning_of(one) for one in needed_declarations(practice(), mapping(other_meaning))] for _ in range(2)
    )
    assert digest(first) == digest(second)


def test_a_fingerprint_can_be_read_again() -> None:
    assert Subject.read(APPROVED.fingerprint) == APPROVED
    assert list(APPROVED.parts) == list(PARTS)
