"""Who is whom: the rules of AMBIGUITIES 31-38, and properties that hold for any set of mentions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.migration.planning.contacts import (
    EMERGENCY_CONTACT,
    GUARDIAN,
    Contacts,
    Mention,
    match_keys,
    resolve,
    unnamed_phones,
)


def phone(number: str) -> dict[str, str]:
    return {"calling": "+90", "number": number, "country": "TR"}


def mention(
    patient: str,
    name: str,
    *,
    phones: tuple[str, ...] = (),
    email: str | None = None,
    role: str = GUARDIAN,
    source_id: str | None = None,
) -> Mention:
    kind = "guardian" if role == GUARDIAN else "emergency"
    return Mention(kind, source_id or patient, role, patient, name, tuple(phone(p) for p in phones), email, "PARENT")


def run(mentions: list[Mention], patients: dict[str, tuple[str, str]] | None = None) -> Contacts:
    keys: dict[tuple[str, str], list[str]] = {}
    for patient, (name, number) in (patients or {}).items():
        for key in match_keys(name, [phone(number)], ()):
            keys.setdefault(key, []).append(patient)
    order = {p: i for i, p in enumerate([*(patients or {}), *(m.patient_id for m in mentions)])}
    return resolve(mentions, keys, order)


def test_the_same_name_and_phone_in_two_rows_is_one_person() -> None:
    found = run(
        [mention("1", "AYŞE YILMAZ", phones=("5320001122",)), mention("2", "Ayşe Yılmaz", phones=("5320001122",))]
    )
    assert [p.key for p in found.people] == ["guardian:1"]
    assert found.links["2"].guardian == "guardian:1"


def test_merging_is_transitive_over_phone_and_email_and_crosses_roles() -> None:
    found = run(
        [
            mention("1", "Ali Kaya", phones=("5320001122",)),
            mention("2", "Ali Kaya", phones=("5320001122",), email="ali@example.com", role=EMERGENCY_CONTACT),
            mention("3", "ALI KAYA", email="ali@example.com"),
        ]
    )
    (person,) = found.people
    assert person.roles == [GUARDIAN, EMERGENCY_CONTACT]
    assert person.emails == ["ali@example.com"]
    assert found.links["2"].emergency == "guardian:1"


def test_the_same_name_without_phone_or_email_stays_two_people() -> None:
    assert len(run([mention("1", "Ali Kaya"), mention("2", "Ali Kaya")]).people) == 2


def test_a_guardian_who_is_a_patient_is_that_patient() -> None:
    found = run([mention("9", "Bekir Güneş", phones=("5470055439",))], {"1": ("Bekir Gunes", "5470055439")})
    assert found.people == []
    assert found.links["9"].guardian == "patient:1"
    assert found.patient_roles == {"1": [GUARDIAN]}


def test_a_patient_is_never_his_own_contact() -> None:
    found = run([mention("1", "Bekir Güneş", phones=("5470055439",))], {"1": ("Bekir Güneş", "5470055439")})
    assert [p.key for p in found.people] == ["guardian:1"]


def test_further_guardians_of_a_file_are_kept_with_their_link() -> None:
    found = run(
        [
            mention("1", "Anne Kaya", phones=("5320001122",), source_id="Y1"),
            mention("1", "Baba Kaya", phones=("5320001133",), source_id="Y2"),
        ]
    )
    assert found.links["1"].guardian == "guardian:Y1"
    assert [(m.source_id, key) for m, key in found.links["1"].further] == [("Y2", "guardian:Y2")]


def test_a_person_who_stands_in_twenty_keeps_their_key_whoever_names_them_first() -> None:
    mentions = [mention("1", "Ayşe Öz", phones=("501",)), mention("2", "Ayşe Öz", phones=("501",))]
    (person,) = resolve(mentions, {}, {"1": 0, "2": 1}, frozenset({"guardian:2"})).people
    assert person.key == "guardian:2"


def test_a_guardian_named_in_the_patient_row_and_in_the_guardian_file_is_linked_once() -> None:
    found = run([mention("1", "Ayşe Öz", phones=("501",)), mention("1", "AYŞE ÖZ", phones=("501",), source_id="Y1")])
    assert found.links["1"].guardian == "guardian:1"
    assert found.links["1"].further == []


def test_a_phone_without_a_name_makes_no_person_but_is_kept() -> None:
    assert unnamed_phones({"guardian_phone": [phone("1")], "emergency_name": "A", "emergency_phone": [phone("2")]}) == [
        phone("1")
    ]


names = st.sampled_from(["Ali Kaya", "ALİ KAYA", "Ayşe Öz", "Ayse Oz", "Can"])
mentions = st.lists(
    st.builds(
        mention,
        st.sampled_from(["1", "2", "3", "4"]),
        names,
        phones=st.lists(st.sampled_from(["501", "502", "503"]), max_size=2).map(tuple),
        email=st.none() | st.sampled_from(["a@example.com", "b@example.com"]),
        role=st.sampled_from([GUARDIAN, EMERGENCY_CONTACT]),
    ),
    max_size=8,
)


@given(mentions)
def test_every_mention_ends_in_exactly_one_place(found: list[Mention]) -> None:
    result = run(found)
    targets = {p.key for p in result.people}
    assert len(targets) == len(result.people) or len({(m.object, m.source_id) for m in found}) < len(found)
    for m in found:
        links = result.links[m.patient_id]
        assert links.guardian or links.emergency


@given(mentions)
def test_two_mentions_that_share_a_key_are_never_two_people(found: list[Mention]) -> None:
    result = run(found)
    for person in result.people:
        mine = set(match_keys(person.name, person.phones, person.emails))
        for other in result.people:
            if other is not person:
                assert not mine & set(match_keys(other.name, other.phones, other.emails))
