"""Records against the sandbox: what lands, what is refused and named, and with how many calls."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty import rows as rows_module
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import AuthRefused, CallRefused, ModelMismatch, NotFound, RecordRefused
from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty_tests.twenty.people import CallsOf, People

pytestmark = pytest.mark.anyio


async def test_a_full_batch_lands_with_one_call_and_is_answered_by_id(store: RecordStore, people: People) -> None:
    sent = people.many(200)
    with CallsOf(store) as calls:
        outcome = await store.create("person", sent)
    assert calls.made == 1
    assert set(outcome.stored) == {p["id"] for p in sent}
    assert outcome.stored[people.id(7)]["emails"]["primaryEmail"] == f"7.{people.run}@example.com"
    assert (outcome.refused, dict(outcome.adopted), outcome.already) == ((), {}, frozenset())


async def test_the_same_batch_again_is_read_and_counted_as_stored(store: RecordStore, people: People) -> None:
    sent = people.many(200)
    await store.create("person", sent)
    with CallsOf(store) as calls:
        again = await store.create("person", sent)
    assert calls.made == 2
    assert again.already == set(again.stored) == {p["id"] for p in sent}
    assert await store.count("person", people.mine) == 200


async def test_more_than_a_batch_is_cut(store: RecordStore, people: People) -> None:
    with CallsOf(store) as calls:
        outcome = await store.create("person", people.many(450))
    assert calls.made == 3
    assert len(outcome.stored) == 450


LINK = {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": None, "secondaryLinks": None}
PHONE = {
    "primaryPhoneNumber": "5321234567",
    "primaryPhoneCountryCode": "TR",
    "primaryPhoneCallingCode": "+90",
    "additionalPhones": None,
}
BAD: dict[str, tuple[dict[str, Any], str, str | None, int]] = {
    "e-mail": ({"emails": {"primaryEmail": "nope"}}, "invalid_value", "emails.primaryEmail", 2),
    "e-mail in quotes": ({"emails": {"primaryEmail": "o'b\"x"}}, "invalid_value", "emails.primaryEmail", 20),
    "phone": ({"phones": {**PHONE, "primaryPhoneNumber": "abc"}}, "invalid_value", "phones", 2),
    "phone country": ({"phones": {**PHONE, "primaryPhoneCountryCode": "ZZ"}}, "invalid_value", "phones", 2),
    "phone conflict": ({"phones": {**PHONE, "primaryPhoneNumber": "+41446681800"}}, "invalid_value", "phones", 4),
    "link": ({"linkedinLink": {**LINK, "primaryLinkUrl": "not a url"}}, "invalid_value", "linkedinLink", 4),
    "text": ({"jobTitle": 5}, "invalid_value", "jobTitle", 2),
    "id of nobody": ({"companyId": str(uuid.uuid5(uuid.NAMESPACE_URL, "nobody"))}, "foreign_key", "companyId", 3),
    "creator": ({"createdBy": {"source": "CSV"}}, "invalid_value", "createdBy.source", 2),
}


@pytest.mark.parametrize("kind", BAD)
async def test_one_bad_row_is_named_with_few_calls_and_the_others_land(
    store: RecordStore, people: People, kind: str
) -> None:
    change, code, field, budget = BAD[kind]
    sent = people.many(200)
    sent[137].update(change)
    with CallsOf(store) as calls:
        outcome = await store.create("person", sent)
    assert [(r.id, r.code, r.field) for r in outcome.refused] == [(people.id(137), code, field)]
    assert len(outcome.stored) == 199
    assert calls.made <= budget
    assert await store.count("person", people.mine) == 199


async def test_rows_that_are_bad_in_different_ways_are_all_named(store: RecordStore, people: People) -> None:
    sent = people.many(200)
    for number, (change, _, _, _) in enumerate(BAD.values()):
        sent[number * 20].update(change)
    outcome = await store.create("person", sent)
    assert {r.id: r.code for r in outcome.refused} == {
        people.id(number * 20): code for number, (_, code, _, _) in enumerate(BAD.values())
    }
    assert len(outcome.stored) == 200 - len(BAD)


async def test_of_two_rows_with_one_e_mail_the_first_lands(store: RecordStore, people: People) -> None:
    sent = people.many(50)
    sent[31]["emails"] = {"primaryEmail": sent[30]["emails"]["primaryEmail"].upper()}
    with CallsOf(store) as calls:
        outcome = await store.create("person", sent)
    assert [(r.id, r.code, r.field, r.holder) for r in outcome.refused] == [
        (people.id(31), "duplicate", "emails.primaryEmail", people.id(30))
    ]
    assert calls.made == 3


async def test_a_value_that_somebody_else_has_names_its_holder(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(3))
    outcome = await store.create("person", [people.one(10), {**people.one(11), "emails": people.email(2)}])
    assert [(r.id, r.holder) for r in outcome.refused] == [(people.id(11), people.id(2))]
    assert set(outcome.stored) == {people.id(10)}


async def test_a_soft_deleted_record_keeps_its_id_and_its_values(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(2))
    assert await store.soft_delete("person", [people.id(0), people.id(1)])
    taken = {**people.one(5), "emails": people.email(1)}
    outcome = await store.create("person", [people.one(0), taken, people.one(6)])
    assert {r.id: r.code for r in outcome.refused} == {people.id(0): "soft_deleted", people.id(5): "duplicate"}
    assert set(outcome.stored) == {people.id(6)}


async def test_rows_may_point_at_each_other_but_not_at_a_refused_one(store: RecordStore, people: People) -> None:
    task = {"id": people.id("t"), "title": people.run, "assigneeId": people.id("nobody")}
    good = {"id": people.id("t2"), "title": people.run}
    assert [r.field for r in (await store.create("task", [task, good])).refused] == ["assigneeId"]
    links = [
        {"id": people.id("l1"), "taskId": people.id("t2"), "targetPersonId": people.id("nobody")},
        {"id": people.id("l2"), "taskId": people.id("t")},
        {"id": people.id("l3"), "taskId": people.id("t2")},
    ]
    with CallsOf(store) as calls:
        outcome = await store.create("taskTarget", links)
    assert {r.id: r.field for r in outcome.refused} == {people.id("l1"): "targetPersonId", people.id("l2"): "taskId"}
    assert calls.made == 3


async def test_an_upsert_tells_which_records_it_took_over(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(3))
    sent = [
        people.one(9),
        {"id": people.id("a"), "emails": people.email(1), "jobTitle": "A"},
        {"id": people.id("b"), "emails": {"primaryEmail": people.email(1)["primaryEmail"].upper()}, "jobTitle": "B"},
        {"id": people.id(2), "jobTitle": "C"},
    ]
    outcome = await store.create("person", sent, upsert=True)
    assert dict(outcome.adopted) == {people.id("a"): people.id(1), people.id("b"): people.id(1)}
    assert set(outcome.stored) == {people.id(9), people.id(1), people.id(2)}
    assert outcome.of(people.id("a"))["jobTitle"] == "B"  # type: ignore[index]
    assert not outcome.refused


async def test_an_upsert_that_hits_two_records_is_refused_alone(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(3))
    torn = {"id": people.id(0), "emails": people.email(1)}
    outcome = await store.create("person", [torn, {"id": people.id(2), "jobTitle": "ok"}, people.one(5)], upsert=True)
    assert [(r.id, r.code) for r in outcome.refused] == [(people.id(0), "ambiguous_match")]
    assert len(outcome.stored) == 2


async def test_batches_of_different_objects_share_a_request(store: RecordStore, people: People) -> None:
    companies = [{"id": people.id(f"c{n}"), "name": people.run} for n in range(200)]
    with CallsOf(store) as calls:
        first, second = await store.create_together([("person", people.many(200)), ("company", companies)])
    assert calls.made == 1
    assert (len(first.stored), len(second.stored)) == (200, 200)


async def test_a_bad_row_in_a_shared_request_costs_its_own_part_only(store: RecordStore, people: People) -> None:
    companies = [{"id": people.id(f"c{n}"), "name": people.run} for n in range(20)]
    sent = people.many(20)
    sent[3]["jobTitle"] = 5
    with CallsOf(store) as calls:
        first, second = await store.create_together([("person", sent), ("company", companies)])
    assert [(r.id, r.field) for r in first.refused] == [(people.id(3), "jobTitle")]
    assert (len(first.stored), len(second.stored)) == (19, 20)
    assert calls.made == 3
    assert not second.already


@pytest.mark.parametrize("fault", ["cut-after-commit", "cut-before-commit", "error-after-commit"])
async def test_a_lost_answer_to_a_shared_request_is_resolved_part_by_part(
    store: RecordStore, shared_sandbox: SandboxServer, people: People, fault: str
) -> None:
    shared_sandbox.faults.pending.append(Fault(fault, 1, match=WRITE))
    companies = [{"id": people.id(f"c{n}"), "name": people.run} for n in range(20)]
    parts = [("person", people.many(20)), ("company", companies), ("note", [])]
    first, second, nothing = await store.create_together(parts)
    assert not nothing.stored
    assert (len(first.stored), len(second.stored)) == (20, 20)
    assert await store.count("person", people.mine) == 20
    assert await store.count("company", {"name": {"eq": people.run}}) == 20


@pytest.mark.parametrize("charge", ["request", "root-field"])
async def test_a_server_that_charges_each_root_field_is_noticed(charge: Literal["request", "root-field"]) -> None:
    with SandboxServer(SandboxOptions(calls_per_minute=120, charge=charge)) as server:
        async with TwentyClient(server.url, server.api_key) as client:
            store = await RecordStore.open(client)
            runs = [People() for _ in range(63)]  # 126 root fields: more than the bucket holds, if each is charged
            for people in runs:
                company = {"id": people.id("c"), "name": people.run}
                await store.create_together([("person", people.many(1)), ("company", [company])])
            assert await store.count("person") == await store.count("company") == len(runs)
            per_field = (await client.limiter.limits()).per_field
    assert (per_field > 0) is (charge == "root-field")


WRITE = "createPeople"
LOST = [
    "error-before-commit",
    "error-after-commit",
    "cut-before-commit",
    "cut-after-commit",
    "time-out-before-commit",
    "time-out-after-commit",
    "rate-limit",
    "wrong-content-type",
    "truncated-json",
]


@pytest.mark.parametrize("upsert", [False, True], ids=["create", "upsert"])
@pytest.mark.parametrize("fault", LOST)
async def test_nothing_is_lost_or_doubled_when_answers_go_missing(
    shared_sandbox: SandboxServer, shared_model: WorkspaceModel, people: People, fault: str, upsert: bool
) -> None:
    shared_sandbox.faults.pending.clear()
    async with TwentyClient(shared_sandbox.url, shared_sandbox.api_key, timeout=0.5) as client:
        store = RecordStore(client, shared_model)
        shared_sandbox.faults.pending.append(Fault(fault, 2, match=WRITE, seconds=1.0))
        outcome = await store.create("person", people.many(60), upsert=upsert)
        assert len(outcome.stored) == 60
        assert not outcome.refused
        assert await store.count("person", people.mine) == 60


async def test_a_revoked_key_stops_at_once(store: RecordStore, shared_sandbox: SandboxServer, people: People) -> None:
    shared_sandbox.faults.pending.append(Fault("token-revoked", 1, match=WRITE))
    with pytest.raises(AuthRefused) as caught:
        await store.create("person", people.many(3))
    assert caught.value.code == "key_revoked"


async def test_a_field_that_the_workspace_lacks_stops_instead_of_blaming_rows(
    store: RecordStore, people: People
) -> None:
    with pytest.raises(ModelMismatch, match=r"person\.birthDay"):
        await store.create("person", [people.one(1, birthDay="2020-01-01")])


@pytest.mark.parametrize("bad", [{}, {"id": None}, {"id": "x"}, {"id": str(uuid.uuid4()).upper()}])
async def test_a_record_without_an_id_of_its_own_is_never_sent(store: RecordStore, bad: dict[str, Any]) -> None:
    with CallsOf(store) as calls, pytest.raises(CallRefused):
        await store.create("person", [bad])
    assert calls.made == 0


async def test_what_json_or_the_database_cannot_hold_does_not_fail_its_neighbours(
    store: RecordStore, people: People
) -> None:
    sent = [people.one(0, jobTitle="a\0b"), people.one(1, jobTitle="x\ud800"), people.one(2), people.one(2)]
    outcome = await store.create("person", sent)
    assert outcome.stored[people.id(0)]["jobTitle"] == "ab"
    assert [(r.id, r.code) for r in outcome.refused] == [
        (people.id(1), "invalid_value"),
        (people.id(2), "duplicate"),
    ]


async def test_long_texts_are_cut_into_calls_by_size(store: RecordStore, people: People) -> None:
    long = "ş" * (rows_module.MOST_BYTES // 5)
    notes = [{"id": people.id(f"n{i}"), "title": people.run, "bodyV2": {"markdown": long}} for i in range(3)]
    with CallsOf(store) as calls:
        outcome = await store.create("note", notes, selection=["title"])
    assert len(outcome.stored) == 3
    assert calls.made == 2
    too_large = {"id": people.id("n9"), "title": "x" * (rows_module.LARGEST_RECORD + 1)}
    assert [r.code for r in (await store.create("note", [too_large])).refused] == ["too_large"]


async def test_one_record_is_changed_and_answered_as_stored(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(1))
    stored = await store.update("person", people.id(0), {"jobTitle": "Dentist", "emails": {"primaryEmail": "A@B.org"}})
    assert stored["jobTitle"] == "Dentist"
    assert stored["emails"]["primaryEmail"] == "a@b.org"
    with pytest.raises(NotFound):
        await store.update("person", people.id("nobody"), {"jobTitle": "x"})
    with pytest.raises(RecordRefused):
        await store.update("person", people.id(0), {"companyId": people.id("nobody")})


async def test_members_are_changed_one_by_one_because_they_take_no_upsert(store: RecordStore, people: People) -> None:
    ada, ali = sorted(await store.members(), key=lambda m: m.first_name)
    assert (ada.email, ada.full_name) == ("ada@example.com", "Ada Lovelace")
    assert "ada" not in repr(ada)
    changes = [
        {"id": ada.id, "jobTitle": people.run},
        {"id": ali.id, "jobTitle": 5},
        {"id": people.id("x"), "jobTitle": "y"},
    ]
    outcome = await store.update_each("workspaceMember", changes)
    assert outcome.stored == {ada.id: {"id": ada.id, "jobTitle": people.run}}
    assert [(r.id, r.code) for r in outcome.refused] == [(ali.id, "invalid_value"), (people.id("x"), "not_found")]
    assert {m.job_title for m in await store.members()} == {people.run, ""}


async def test_writes_by_filter_touch_their_ids_and_nothing_else(store: RecordStore, people: People) -> None:
    await store.create("person", people.many(250))
    first = [people.id(n) for n in range(230)]
    with CallsOf(store) as calls:
        assert set(await store.update_ids("person", first, {"jobTitle": "x"})) == set(first)
    assert calls.made == 2
    assert await store.count("person", {**people.mine, "jobTitle": {"eq": "x"}}) == 230
    assert set(await store.soft_delete("person", first[:10])) == set(first[:10])
    assert len(await store.read("person", first[:20], ["name"])) == 10
    seen = await store.read("person", first[:20], ["name"], with_deleted=True)
    assert sum(bool(record["deletedAt"]) for record in seen.values()) == 10
    assert len(await store.restore("person", first[:10])) == 10
    await store.soft_delete("person", first[:5])
    assert set(await store.destroy("person", [*first, people.id("nobody")])) == set(first)
    assert await store.count("person", people.mine, with_deleted=True) == 20


async def test_an_empty_list_of_ids_sends_nothing(store: RecordStore) -> None:
    with CallsOf(store) as calls:
        assert await store.destroy("person", []) == []
        assert await store.update_ids("person", [], {"jobTitle": "x"}) == []
        assert await store.read("person", []) == {}
    assert calls.made == 0


DEFECTS = st.sampled_from(["", "", "", "email", "phone", "company", "taken", "twin", "link", "title"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(defects=st.lists(DEFECTS, min_size=1, max_size=14))
def test_whatever_is_wrong_with_a_batch_each_row_is_stored_or_named(
    shared_sandbox: SandboxServer, shared_model: WorkspaceModel, defects: list[str]
) -> None:
    async def run() -> None:
        people = People()
        async with TwentyClient(shared_sandbox.url, shared_sandbox.api_key) as client:
            store = RecordStore(client, shared_model)
            await store.create("person", [people.one(1000)])
            sent, expected = [], {}
            for number, defect in enumerate(defects):
                record = people.one(number)
                if defect:
                    record.update(_spoilt(defect, people))
                if defect and (defect != "twin" or "twin" in defects[:number]):
                    expected[record["id"]] = CODES[defect]
                sent.append(record)
            outcome = await store.create("person", sent)
            assert {r.id: r.code for r in outcome.refused} == expected
            assert set(outcome.stored) == {p["id"] for p in sent} - expected.keys()
            assert await store.count("person", people.mine) == len(outcome.stored) + 1

    asyncio.run(run())


CODES = {
    "email": "invalid_value",
    "phone": "invalid_value",
    "company": "foreign_key",
    "taken": "duplicate",
    "twin": "duplicate",
    "link": "invalid_value",
    "title": "invalid_value",
}


def _spoilt(defect: str, people: People) -> dict[str, Any]:
    spoilt: dict[str, dict[str, Any]] = {
        "email": {"emails": {"primaryEmail": "no mail"}},
        "phone": {"phones": {**PHONE, "primaryPhoneNumber": "+41446681800"}},
        "company": {"companyId": people.id("nobody")},
        "taken": {"emails": people.email(1000)},
        "twin": {"emails": people.email("twin")},
        "link": {"linkedinLink": {**LINK, "primaryLinkUrl": "not a url"}},
        "title": {"jobTitle": True},
    }
    return spoilt[defect]
