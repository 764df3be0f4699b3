"""What a workspace lacks, as a plan; the plan carried out, broken off, taken up again and taken back."""

# ruff: noqa: E501 - a table reads best with one case in a line

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.objects.registry import import_order, merged_targets
from dentes_twenty.objects.target import FieldType, Option, RelationTo, TargetField, TargetObject
from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty.twenty.checklist import checklist
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import MetadataRefused, ModelConflict
from dentes_twenty.twenty.metadata import create_field, read_model, update_field
from dentes_twenty.twenty.model import WorkspaceModel, parse_model
from dentes_twenty.twenty.naming import name_from_label, name_problem
from dentes_twenty.twenty.provision import Activate, AddOptions, CreateField, ProvisionPlan, plan
from dentes_twenty.twenty.provisioning import PartState, ProvisionedPart, apply, remove
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty import workspaces

KEY = TargetField("sourceSystemId", FieldType.TEXT, "Source system ID", unique=True)
STAGES = (Option("NEW", "New"), Option("BOOKED", "Booked", "Randevulu"))
STAGE = TargetField("stage", FieldType.SELECT, "Stage", standard=True, options=STAGES)
PATIENT = TargetField("patient", FieldType.RELATION, "Patient", relation=RelationTo("person", "Claims"))
NAME = TargetField("name", FieldType.TEXT, "Name", standard=True)


def target(singular: str, *fields: TargetField, standard: bool = True, **more: Any) -> TargetObject:
    names = {"plural": f"{singular}s", "label": singular.title(), "label_plural": f"{singular.title()}s", **more}
    return TargetObject(singular, standard=standard, fields=fields, **names)


def claim(*fields: TargetField) -> TargetObject:
    return target("insuranceClaim", NAME, KEY, *fields, standard=False)


def conflicts(made: ProvisionPlan) -> list[str]:
    return [f"{c.object}.{c.field}: {c.problem}" for c in made.conflicts]


# -- the plan


def test_objects_come_before_fields_and_relations_last() -> None:
    made = plan([claim(PATIENT), target("person", KEY)], workspaces.model())
    kinds = [
        (type(s).__name__, getattr(s, "object", ""), getattr(getattr(s, "field", None), "name", "")) for s in made.steps
    ]
    assert kinds == [
        ("CreateObject", "", ""),
        ("CreateField", "insuranceClaim", "sourceSystemId"),
        ("CreateField", "person", "sourceSystemId"),
        ("CreateField", "insuranceClaim", "patient"),
    ]
    assert made.counts() == {"objects": 1, "fields": 3, "options": 0}


def test_the_name_that_every_object_is_born_with_is_not_made_again() -> None:
    assert not [s for s in plan([claim()], workspaces.model()).steps if isinstance(s, CreateField) and s.field == NAME]


def test_objects_that_several_declarations_name_are_merged() -> None:
    one = target("person", KEY, TargetField("gender", FieldType.SELECT, "Gender", options=(Option("A", "A"),)))
    other = target("person", KEY, TargetField("gender", FieldType.SELECT, "Gender", options=(Option("B", "B"),)))
    steps = plan([one, other], workspaces.model()).steps
    assert [s.field.name for s in steps if isinstance(s, CreateField)] == ["sourceSystemId", "gender"]
    gender = steps[-1]
    assert isinstance(gender, CreateField)
    assert [o.value for o in gender.field.options] == ["A", "B"]


def test_missing_options_of_twentys_own_field_are_added_in_the_practices_language() -> None:
    made = plan([target("opportunity", STAGE, plural="opportunities")], workspaces.model(), language="tr")
    (step,) = made.steps
    assert isinstance(step, AddOptions)
    assert [o.value for o in step.options] == ["BOOKED"]
    assert step.labels == ("Randevulu",)


def test_nothing_is_planned_where_everything_is_there() -> None:
    fields = (
        TargetField("jobTitle", FieldType.TEXT, "Job", standard=True),
        TargetField("emails", FieldType.EMAILS, "E", unique=True),
    )
    made = plan([target("person", *fields)], workspaces.model())
    assert made.empty and made.present == 3


def with_field(object_: str, **field: Any) -> WorkspaceModel:
    entries = workspaces.twenty_2()
    for entry in entries:
        if entry["nameSingular"] == object_:
            entry["fieldsList"].append(workspaces.field(object_, **field))
    return parse_model(entries)


def test_what_somebody_deactivated_is_activated() -> None:
    entries = workspaces.twenty_2()
    entries[0]["isActive"] = False
    entries[0]["fieldsList"].append(workspaces.field("person", "sourceSystemId", "TEXT", isUnique=True, isActive=False))
    steps = plan([target("person", KEY)], parse_model(entries)).steps
    assert [(s.object, s.field) for s in steps if isinstance(s, Activate)] == [
        ("person", ""),
        ("person", "sourceSystemId"),
    ]


BIG = "a" * 64
CONFLICTS: list[tuple[TargetObject, WorkspaceModel, str]] = [
    (target("person", KEY), with_field("person", name="sourceSystemId", kind="NUMBER"), "person.sourceSystemId: has the type NUMBER"),
    (target("person", KEY), with_field("person", name="sourceSystemId", kind="TEXT"), "person.sourceSystemId: is not unique"),
    (target("person", TargetField("company", FieldType.RELATION, "C", relation=RelationTo("person", "X"))), workspaces.model(), "person.company: does not point at person"),
    (target("person", TargetField("address", FieldType.ADDRESS, "Address")), workspaces.model(), "person.address: is a word that Twenty keeps"),
    (target("person", TargetField("Bad name", FieldType.TEXT, "Bad")), workspaces.model(), "person.Bad name: is no name in camelCase"),
    (target("person", TargetField(BIG, FieldType.TEXT, "Long")), workspaces.model(), f"person.{BIG}: is longer than 63"),
    (target("person", TargetField("note", FieldType.TEXT, "x" * 64)), workspaces.model(), "person.note: has a label longer"),
    (target("person", TargetField("nameFirstName", FieldType.TEXT, "F")), workspaces.model(), "person.nameFirstName: cannot be made: the name nameFirstName is taken"),
    (target("person", TargetField("companyId", FieldType.TEXT, "C")), workspaces.model(), "person.companyId: cannot be made: the name companyId is taken"),
    (target("person", TargetField("kind", FieldType.SELECT, "K")), workspaces.model(), "person.kind: has no options"),
    (target("person", TargetField("kind", FieldType.SELECT, "K", options=(Option("a b", "A"),))), workspaces.model(), "person.kind: has a value that is not UPPER_SNAKE_CASE (option 1)"),
    (target("person", TargetField("kind", FieldType.SELECT, "K", options=(Option("A", "a, b"),))), workspaces.model(), "person.kind: has an empty label or one with a comma"),
    (target("person", TargetField("doctor", FieldType.RELATION, "D", relation=RelationTo("nobody", "X"))), workspaces.model(), "person.doctor: cannot be made: there is no object nobody"),
    (target("task", TargetField("patient", FieldType.RELATION, "P", relation=RelationTo("person", "Task targets"))), workspaces.model(), "task.patient: cannot be made: person has a field taskTargets already"),
    (target("dentist"), workspaces.model(), "dentist.: is an object of Twenty's own"),
    (target("visit", standard=False, plural="people"), workspaces.model(), "visit.: cannot be made: another object is called people"),
    (target("plan", standard=False), workspaces.model(), "plan.: cannot be made: plan is a word that Twenty keeps"),
    (target("visit", standard=False, plural="Visit", label_plural="Vs"), workspaces.model(), "visit.: has the same singular and plural name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("needed", "model", "problem"), CONFLICTS, ids=lambda v: v.split(":")[1][:50] if isinstance(v, str) else ""
)
def test_what_stands_in_the_way_is_named_with_the_way_out(
    needed: TargetObject, model: WorkspaceModel, problem: str
) -> None:
    made = plan([needed], model)
    assert [c for c in conflicts(made) if c.startswith(problem)]
    assert all(c.fix for c in made.conflicts)
    with pytest.raises(ModelConflict) as caught:
        made.check()
    assert len(caught.value.conflicts) == len(made.conflicts)


def test_two_relations_with_one_name_on_the_other_side_are_found_before_twenty_finds_them() -> None:
    payer = dataclasses.replace(PATIENT, name="payer", relation=RelationTo("person", "claims"))
    assert conflicts(plan([claim(PATIENT, payer)], workspaces.model())) == [
        "insuranceClaim.payer: cannot be made: person has a field claims already, which its other side would be"
    ]


def test_options_that_come_from_answers_are_told_by_number_only() -> None:
    answers = TargetField(
        "allergy", FieldType.SELECT, "Allergy", options=(Option("OK", "ok"), Option("x", "Penisilin"))
    )
    assert "Penisilin" not in str(conflicts(plan([target("person", answers)], workspaces.model())))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Treatment procedures", "treatmentProcedures"),
        ("Emergency contact of", "emergencyContactOf"),
        ("Sevk Eden Kurum İşlemleri", "sevkEdenKurumIslemleri"),
        ("TDB codes", "tdbCodes"),
        ("Claims (paid)", "claimsPaid"),
    ],
)
def test_the_other_side_of_a_relation_is_named_after_its_label(label: str, name: str) -> None:
    assert name_from_label(label) == name


@given(st.text(min_size=1, max_size=70))
def test_a_name_is_accepted_or_its_problem_is_told(name: str) -> None:
    problem = name_problem(name)
    assert problem is None or isinstance(problem, str)
    if problem is None:
        assert name.isascii() and name.isalnum() and name[0].islower() and len(name) <= 63


def test_the_checklist_names_all_that_is_to_be_made() -> None:
    made = plan(
        [claim(PATIENT), target("opportunity", STAGE, plural="opportunities"), target("plan", standard=False)],
        workspaces.model(),
    )
    text = checklist(made)
    for part in (
        "`insuranceClaim`",
        "`sourceSystemId` | Text | yes",
        "belongs to one person",
        "`BOOKED` | Booked",
        "plan cannot be made",
    ):
        assert part in text
    assert "every object" in checklist(plan([target("person")], workspaces.model()))


# -- carried out, in the sandbox


class Memory:
    """Remembers parts as the ledger does; may be killed at the first change: before it is sent, after it was made but
    before that was written down, or after that."""

    def __init__(self, killed: str = "") -> None:
        self.told: list[tuple[ProvisionedPart, PartState]] = []
        self._killed = killed

    def __call__(self, part: ProvisionedPart, state: PartState) -> None:
        if state is PartState.MADE and self._killed == "before it is written down":
            raise KeyboardInterrupt
        self.told.append((part, state))
        if self._killed == ("before it is sent" if state is PartState.INTENDED else "after it is written down"):
            raise KeyboardInterrupt

    @property
    def made(self) -> list[ProvisionedPart]:
        return [part for part, state in self.told if state is PartState.MADE]


NEEDED = merged_targets(import_order())
SMALL = [claim(PATIENT), target("person", KEY), target("opportunity", STAGE, plural="opportunities")]


def needed_from(model: WorkspaceModel) -> ProvisionPlan:
    return plan(SMALL, model)


@pytest.mark.anyio
async def test_the_declared_data_model_is_made_once_and_taken_back_whole(sandbox: SandboxServer) -> None:
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        before = await read_model(client)
        memory = Memory()
        after = await apply(client, plan(NEEDED, before), before, memory)
        assert plan(NEEDED, after).empty
        assert all(part.id for part in memory.made)
        calls = client.calls.total
        assert await apply(client, plan(NEEDED, after), after, memory) is after
        assert client.calls.total == calls
        for part in reversed(memory.made):
            assert await remove(client, part, after)
        assert (await read_model(client)).fingerprint() == before.fingerprint()


@pytest.mark.anyio
async def test_added_options_leave_the_values_of_existing_records(sandbox: SandboxServer) -> None:
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        store = await RecordStore.open(client)
        deal = {"id": "0f8fad5b-d9cb-569f-a165-70867728950e", "name": "x", "stage": "MEETING"}
        await store.create("opportunity", [deal])
        memory = Memory()
        needed = [target("opportunity", STAGE, plural="opportunities")]
        await apply(client, plan(needed, store.model), store.model, memory)
        model = await store.refresh()
        assert model.object("opportunity").field("stage").option_values[-1] == "BOOKED"
        assert (await store.read("opportunity", [deal["id"]], ["stage"]))[deal["id"]]["stage"] == "MEETING"
        assert [(p.kind, p.option) for p in memory.made] == [("option", "BOOKED")]
        assert await remove(client, memory.made[0], model)
        assert not await remove(client, memory.made[0], model)
        assert (await store.read("opportunity", [deal["id"]], ["stage"]))[deal["id"]]["stage"] == "MEETING"


@pytest.mark.anyio
async def test_a_run_that_was_killed_is_finished_by_the_next_one(sandbox: SandboxServer) -> None:
    """Killed around each single change; the parts told so far are enough to take everything back."""
    told: list[ProvisionedPart] = []
    moments = itertools.cycle(["before it is sent", "before it is written down", "after it is written down"])
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        before = model = await read_model(client)
        while not needed_from(model).empty:
            memory = Memory(killed=next(moments))
            with pytest.raises(KeyboardInterrupt):
                await apply(client, needed_from(model), model, memory)
            model = await read_model(client)
            told += [part for part, _ in memory.told]
            assert len(told) < 40
        assert needed_from(model).empty
        for part in reversed(told):
            await remove(client, part, await read_model(client))
        assert (await read_model(client)).fingerprint() == before.fingerprint()


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["cut-after-commit", "cut-before-commit", "error-after-commit", "truncated-json"])
@pytest.mark.parametrize("match", ["createOneObject", "createOneField", "updateOneField"])
async def test_a_lost_answer_to_a_change_is_resolved_by_reading(sandbox: SandboxServer, fault: str, match: str) -> None:
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        model = await read_model(client)
        sandbox.faults.pending.append(Fault(fault, 1, match=match))
        memory = Memory()
        after = await apply(client, needed_from(model), model, memory)
        assert needed_from(after).empty
        assert all(part.id for part in memory.made)
        assert len(after.object("opportunity").field("stage").options) == 6


@pytest.mark.anyio
async def test_a_change_that_twenty_refuses_names_its_field(sandbox: SandboxServer) -> None:
    """Somebody makes a relation whose other side takes the name between the plan and its execution."""
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        model = await read_model(client)
        made = needed_from(model)
        person = model.object("person").id
        await create_field(client, person, {"type": "TEXT", "name": "claims", "label": "Claims"})
        with pytest.raises(MetadataRefused, match=r"insuranceClaim\.patient"):
            await apply(client, made, model, Memory())


@pytest.mark.anyio
async def test_deactivated_fields_are_activated_and_deactivated_again(sandbox: SandboxServer) -> None:
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        model = await read_model(client)
        await update_field(client, model.object("person").field("jobTitle").id, {"isActive": False})
        model = await read_model(client)
        memory = Memory()
        needed = [target("person", TargetField("jobTitle", FieldType.TEXT, "Job title", standard=True))]
        after = await apply(client, plan(needed, model), model, memory)
        assert after.object("person").field("jobTitle").is_active
        assert await remove(client, memory.made[0], after)
        assert not (await read_model(client)).object("person").field("jobTitle").is_active


@pytest.mark.anyio
async def test_what_somebody_else_made_under_the_same_name_is_not_removed(sandbox: SandboxServer) -> None:
    async with TwentyClient(sandbox.url, sandbox.api_key) as client:
        model = await read_model(client)
        await create_field(client, model.object("person").id, {"type": "TEXT", "name": "mine", "label": "Mine"})
        model = await read_model(client)
        other = ProvisionedPart("field", "person", "mine", id="11111111-2222-4333-8444-555555555555")
        assert not await remove(client, other, model)
        assert "mine" in (await read_model(client)).object("person").fields
        assert not await remove(client, ProvisionedPart("field", "person", "never"), model)
        assert not await remove(client, ProvisionedPart("object", "never"), model)
