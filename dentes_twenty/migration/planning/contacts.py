"""Who is whom: guardians and emergency contacts become people, once each (data-model.md, 5; AMBIGUITIES 31-38).

Belongs here: the pure decision. Two mentions with the same folded name and a phone or an e-mail in common are one
person, transitively and across roles; a group that matches a patient by the same rule is that patient, never the
patient in whose row it is mentioned. Does not belong here: reading rows (`index`), building records (`records`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dentes_twenty.objects.folding import fold_name

GUARDIAN = "GUARDIAN"
EMERGENCY_CONTACT = "EMERGENCY_CONTACT"

MatchKey = tuple[str, str]  # (folded name, phone as calling code and number, or e-mail)


@dataclasses.dataclass(frozen=True, slots=True)
class Mention:
    """One place where a contact is named. `object` and `source_id` make its alias, `relation` says what it is to the
    patient; `unparsed` and the two after it are the texts of cells that could not be read or mapped; `report` is where
    it stands: in a guardian file, or in the columns of the patient's own row."""

    object: str
    source_id: str
    role: str
    patient_id: str
    name: str
    phones: tuple[Mapping[str, str], ...]
    email: str | None
    relation: str | None = None
    unparsed: str | None = None
    unparsed_email: str | None = None
    relation_raw: str | None = None
    report: str = "patient"

    @property
    def keys(self) -> tuple[MatchKey, ...]:
        """What it is matched by; without phone and e-mail it matches nobody."""
        return match_keys(self.name, self.phones, (self.email,))


@dataclasses.dataclass(slots=True)
class Contact:
    """One person behind one or more mentions, who is no patient. Name and key are those of the first mention."""

    object: str
    source_id: str
    name: str
    phones: list[Mapping[str, str]]
    emails: list[str]
    roles: list[str]
    unparsed: list[str]
    unparsed_emails: list[str]
    mentions: Sequence[Mention]

    @property
    def key(self) -> str:
        """`<object>:<source id>`, as in `sourceSystemId`."""
        return f"{self.object}:{self.source_id}"


@dataclasses.dataclass(slots=True)
class PatientLinks:
    """What the contacts mean for one patient: keys of the first guardian and of the emergency contact, and the
    further guardians; guardians each with the mention that tells of them."""

    guardian: str | None = None
    first: Mention | None = None
    emergency: str | None = None
    further: list[tuple[Mention, str]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Contacts:
    """The result: people to make, links of each patient, and the roles that patients have for others."""

    people: list[Contact]
    links: dict[str, PatientLinks]
    patient_roles: dict[str, list[str]]


def match_keys(name: str, phones: Iterable[Mapping[str, str]], emails: Iterable[str | None]) -> tuple[MatchKey, ...]:
    """The keys under which a person is the same person."""
    folded = fold_name(name)
    reached = [f"{phone['calling']} {phone['number']}" for phone in phones] + [e for e in emails if e]
    return tuple((folded, value) for value in reached)


def _groups(mentions: Sequence[Mention]) -> list[list[int]]:
    """Indexes of mentions that are one person, each group and the list of groups in order of first mention."""
    parent = list(range(len(mentions)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[MatchKey, int] = {}
    for i, mention in enumerate(mentions):
        for key in mention.keys:
            first = seen.setdefault(key, i)
            a, b = find(first), find(i)
            parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for i in range(len(mentions)):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())


def _person(group: Sequence[Mention], known: frozenset[str]) -> Contact:
    """`known` are the aliases that an earlier run has landed: such a key is kept (AMBIGUITIES 32)."""
    named = next((m for m in group if f"{m.object}:{m.source_id}" in known), group[0])
    phones = list({(p["calling"], p["number"]): p for m in reversed(group) for p in reversed(m.phones)}.values())[::-1]
    return Contact(
        named.object,
        named.source_id,
        group[0].name,
        phones,
        list(dict.fromkeys(m.email for m in group if m.email)),
        sorted({m.role for m in group}, key=(GUARDIAN, EMERGENCY_CONTACT).index),
        list(dict.fromkeys(m.unparsed for m in group if m.unparsed)),
        list(dict.fromkeys(m.unparsed_email for m in group if m.unparsed_email)),
        group,
    )


def resolve(
    mentions: Sequence[Mention],
    patients: Mapping[MatchKey, Sequence[str]],
    order: Mapping[str, int],
    known: frozenset[str] = frozenset(),
) -> Contacts:
    """Decide who is whom.

    `mentions` in source order (row by row, guardian before emergency contact); `patients`: match key -> ids of
    landing patients; `order`: patient id -> place in the source.
    """
    result = Contacts([], {}, {})
    for indexes in _groups(mentions):
        group = [mentions[i] for i in indexes]
        own = {m.patient_id for m in group}
        matches = {p for m in group for key in m.keys for p in patients.get(key, ()) if p not in own}
        if matches:
            patient = min(matches, key=order.__getitem__)
            target = f"patient:{patient}"
            roles = result.patient_roles.setdefault(patient, [])
            roles.extend(r for r in (GUARDIAN, EMERGENCY_CONTACT) if r not in roles and any(m.role == r for m in group))
        else:
            person = _person(group, known)
            result.people.append(person)
            target = person.key
        for i in indexes:
            _link(result.links.setdefault(mentions[i].patient_id, PatientLinks()), mentions[i], target)
    _first_guardian_by_place(mentions, result)
    return result


def _link(links: PatientLinks, mention: Mention, target: str) -> None:
    if mention.role == EMERGENCY_CONTACT:
        links.emergency = links.emergency or target
    else:
        links.further.append((mention, target))


def _first_guardian_by_place(mentions: Sequence[Mention], result: Contacts) -> None:
    """The first guardian in source order is the relation, the others are further ones (AMBIGUITIES 36)."""
    place = {id(mention): i for i, mention in enumerate(mentions)}
    for links in result.links.values():
        if links.further:
            links.further.sort(key=lambda pair: place[id(pair[0])])
            links.first, links.guardian = links.further.pop(0)
            others = {target: other for other, target in reversed(links.further) if target != links.guardian}
            links.further = [
                (others[target], target) for target in dict.fromkeys(t for _, t in links.further) if target in others
            ]


def unnamed_phones(row: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Numbers of contact columns that came without a name: they make no person (AMBIGUITIES 38)."""
    return [
        phone
        for name, phone_column in (("guardian_name", "guardian_phone"), ("emergency_name", "emergency_phone"))
        if not row.get(name)
        for phone in row.get(phone_column) or ()
    ]
