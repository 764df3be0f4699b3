"""Owners: which workspace member stands for which provider (data-model.md, 1; AMBIGUITIES 67-68).

Belongs here: the pure match, the pre-flight owner report and the rule that blocks. Does not belong here: reading
members (`twenty.members`), writing their fields (`steps.loading`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from dentes_twenty.migration.errors import MigrationError


class Match(StrEnum):
    """How a provider found a member."""

    MATCHED = "matched"  # same e-mail
    OVERRIDE = "override"  # the practice file says so
    FALLBACK = "fallback"  # nobody fits, the fallback owner stands in
    UNMATCHED = "unmatched"


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A workspace member as far as matching needs it; `email` in lower case."""

    id: str
    email: str


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """A provider of the export. `owns`: rows that name this provider."""

    id: str
    name: str
    email: str | None
    owns: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class OwnerLine:
    """One line of the owner report."""

    provider: Provider
    match: Match
    member_id: str | None
    member_email: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Owners:
    """The report, and the map from provider id to member id that records use."""

    lines: tuple[OwnerLine, ...]

    @property
    def members(self) -> Mapping[str, str]:
        """Provider id -> member id."""
        return {line.provider.id: line.member_id for line in self.lines if line.member_id}

    @property
    def blocking(self) -> tuple[OwnerLine, ...]:
        """Unmatched providers that own records."""
        return tuple(line for line in self.lines if line.match is Match.UNMATCHED and line.provider.owns)

    @property
    def written(self) -> tuple[OwnerLine, ...]:
        """The provider whose fields each member gets: matched by e-mail first, never a fallback; one per member."""
        chosen: dict[str, OwnerLine] = {}
        for wanted in (Match.MATCHED, Match.OVERRIDE):
            for line in self.lines:
                if line.match is wanted and line.member_id:
                    chosen.setdefault(line.member_id, line)
        return tuple(chosen.values())

    def require(self) -> None:
        """Raises OwnersUnmatched while a provider that owns records has nobody."""
        if self.blocking:
            raise OwnersUnmatched(len(self.blocking), sum(line.provider.owns for line in self.blocking))


class OwnersUnmatched(MigrationError):
    """Nothing with an owner may be written."""

    default_code = "OWNERS_UNMATCHED"

    def __init__(self, providers: int, records: int) -> None:
        super().__init__(
            f"{providers} providers who own {records} rows match no workspace member, and there is no fallback.",
            "Invite them in Twenty, or name members under `owners.overrides` or `owners.fallback` in the practice "
            "file; `dentes-twenty owners` lists who is missing.",
        )


class OwnerNotAMember(MigrationError):
    """The practice file names somebody who is no member."""

    default_code = "OWNER_NOT_A_MEMBER"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"`{where}` names an e-mail that no workspace member has.",
            "Invite that person in Twenty first, or correct the e-mail in the practice file.",
        )


def match_owners(
    providers: Sequence[Provider],
    members: Iterable[Member],
    overrides: Mapping[str, str],
    fallback: str | None,
) -> Owners:
    """Override first, then e-mail, then the fallback.

    Raises OwnerNotAMember when an override or the fallback names nobody in the workspace.
    """
    by_email = {member.email.lower(): member for member in members}
    for provider_id, email in overrides.items():
        if email.lower() not in by_email:
            raise OwnerNotAMember(f"owners.overrides.{provider_id}")
    if fallback and fallback.lower() not in by_email:
        raise OwnerNotAMember("owners.fallback")
    lines = []
    for provider in providers:
        match = Match.UNMATCHED
        found: str | None = None
        if provider.id in overrides:
            match, found = Match.OVERRIDE, overrides[provider.id].lower()
        elif provider.email and provider.email.lower() in by_email:
            match, found = Match.MATCHED, provider.email.lower()
        elif fallback:
            match, found = Match.FALLBACK, fallback.lower()
        member = by_email[found] if found else None
        lines.append(OwnerLine(provider, match, member.id if member else None, found))
    return Owners(tuple(lines))
