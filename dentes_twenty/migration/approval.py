"""What a person's approval of the full migration is bound to, and whether it still holds.

Belongs here: the pure decisions. A `Subject` has one digest for each part that a change of voids the approval: the
confirmed mapping, the declarations, the data model that they need, the practice's settings, the program's version, and
what the sample's field diff showed. Does not belong here: keeping approvals (the ledger), asking a server whether it is
a trial workspace (`steps.approving`).

Nothing here depends on the rows of an export: a later export of the same practice goes under the same approval.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.plans import as_field, as_form, custom_mappings
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.planner import adapted
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.form import Form
from dentes_twenty.objects.registry import MEMBERS, import_order, merged_targets
from dentes_twenty.practice import Practice

KIND = "sample"  # of the approvals in the ledger
DIGITS = 32  # of a part's SHA-256, which make 128 bits
PARTS = {
    "mapping": "the mapping of headers and words",
    "declarations": "the rules by which fields are made",
    "model": "the data model that Twenty must have",
    "practice": "the practice file",
    "program": "the version of the program",
    "sample": "what the sample showed",
}
SAMPLE_FIRST = "Run `dentes-twenty sample`, read the page that it writes, then `dentes-twenty approve --by NAME`."
APPROVE_AGAIN = (
    "Run `dentes-twenty sample` again, read the page that it writes, then `dentes-twenty approve --by NAME`."
)
APPROVE = "Read the sample's page, then `dentes-twenty approve --by NAME`."


class ApprovalMissing(MigrationError):
    """Nobody has approved exactly this migration; nothing is written."""

    default_code = "APPROVAL_MISSING"


class NotApprovable(MigrationError):
    """There is nothing that could be approved now."""

    default_code = "NOT_APPROVABLE"


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """What a sample's field diff showed: counts by verdict, and the parts for which it was made. No record's data."""

    counts: Mapping[str, int]
    parts: Mapping[str, str]

    @property
    def lost(self) -> int:
        """Values that Twenty does not hold as they were sent."""
        return self.counts.get("lost", 0)

    def as_json(self) -> dict[str, Any]:
        """For the file that keeps it."""
        return {"counts": dict(self.counts), "parts": dict(self.parts)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Shown:
        """Raises KeyError, TypeError or ValueError for a file that somebody has changed."""
        counts = {str(name): int(count) for name, count in content["counts"].items()}
        return cls(counts, {str(name): str(part) for name, part in content["parts"].items()})


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """Part -> digest. `sample` is missing while there is none."""

    parts: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """As the ledger keeps it, readable again."""
        return " ".join(f"{name}={self.parts[name]}" for name in PARTS if name in self.parts)

    @classmethod
    def read(cls, fingerprint: str) -> Subject:
        """From a fingerprint that the ledger has kept."""
        pairs = (part.partition("=") for part in fingerprint.split())
        return cls({name: digest for name, _, digest in pairs})

    def changed(self, other: Subject) -> tuple[str, ...]:
        """Names of the parts that are not the same."""
        return tuple(name for name in PARTS if self.parts.get(name) != other.parts.get(name))


class Standing(enum.StrEnum):
    """How the approval stands."""

    TRIAL = "trial"  # a sandbox, where nothing needs one
    VALID = "valid"
    NO_SAMPLE = "no_sample"
    NOT_GIVEN = "not_given"
    VOID = "void"


@dataclasses.dataclass(frozen=True, slots=True)
class ApprovalState:
    """`changed`: parts that are not as they were approved. `by`: who gave the approval that holds or held."""

    standing: Standing
    changed: tuple[str, ...] = ()
    by: str = ""

    @property
    def free(self) -> bool:
        """Whether the full migration may write."""
        return self.standing in (Standing.TRIAL, Standing.VALID)

    @property
    def reason(self) -> str:
        """One sentence."""
        match self.standing:
            case Standing.TRIAL:
                return "This is a trial workspace, which needs no approval."
            case Standing.VALID:
                return f"Approved by {self.by}."
            case Standing.NO_SAMPLE:
                return "No sample has been migrated yet, so nobody could approve the full migration."
            case Standing.NOT_GIVEN:
                return "The sample has not been approved."
        parts = ", ".join(PARTS[name] for name in self.changed)
        return f"The approval by {self.by} is void: since then changed {parts}."

    @property
    def fix(self) -> str:
        """What to do about it; empty when there is nothing to do."""
        if self.free:
            return ""
        if self.standing is Standing.NO_SAMPLE:
            return SAMPLE_FIRST
        return APPROVE_AGAIN if self.standing is Standing.VOID and self.changed != ("sample",) else APPROVE

    def require(self) -> None:
        """Raises ApprovalMissing while the full migration may not write."""
        if not self.free:
            raise ApprovalMissing(self.reason, self.fix)


def judge(now: Subject, standing: Iterable[tuple[str, str]]) -> ApprovalState:
    """`standing`: (fingerprint, by) of the approvals that nobody has withdrawn, newest first."""
    if "sample" not in now.parts:
        return ApprovalState(Standing.NO_SAMPLE)
    given = list(standing)
    for fingerprint, by in given:
        if fingerprint == now.fingerprint:
            return ApprovalState(Standing.VALID, by=by)
    if not given:
        return ApprovalState(Standing.NOT_GIVEN)
    fingerprint, by = given[0]
    return ApprovalState(Standing.VOID, now.changed(Subject.read(fingerprint)), by)


def require_approvable(shown: Shown | None, now: Subject, note: str) -> None:
    """Raises NotApprovable without a sample of exactly the present state, or with lost values that nobody explains."""
    if shown is None:
        raise NotApprovable("There is no sample that could be approved.", SAMPLE_FIRST)
    old = [name for name in PARTS if name != "sample" and shown.parts.get(name) != now.parts[name]]
    if old:
        parts = ", ".join(PARTS[name] for name in old)
        raise NotApprovable(f"The sample is older than {parts}.", APPROVE_AGAIN)
    if shown.lost and not note.strip():
        raise NotApprovable(
            f"{shown.lost} values of the sample are not stored as they were sent.",
            "Look at them on the sample's page; if they are as the practice wants them, say why with --note.",
        )


# ---
# Digests
# ---


def subject(practice: Practice, mapping: MappingFile, program: str, shown: Shown | None) -> Subject:
    """The present state of everything that an approval is bound to."""
    declarations = needed_declarations(practice, mapping)
    parts = {
        "mapping": mapping.fingerprint()[:DIGITS],
        "declarations": digest([meaning_of(declaration) for declaration in declarations]),
        "model": digest([dataclasses.asdict(target) for target in merged_targets(declarations)]),
        "practice": practice.fingerprint()[:DIGITS],
        "program": program,
    }
    if shown is not None:
        parts["sample"] = digest(shown.as_json())
    return Subject(parts)


def needed_declarations(practice: Practice, mapping: MappingFile) -> tuple[SourceObject, ...]:
    """Every declaration that an export read through this mapping can need, whatever rows it holds."""
    forms: dict[str, Form] = {}
    for table in mapping.reports:
        for form in map(as_form, table.forms):
            forms.setdefault(form.object, form)
    move_ids = practice.policies.national_id == "move"
    return tuple(
        adapted(declaration, [as_field(field) for field in custom_mappings(mapping, declaration.report.name)], move_ids)
        for declaration in (MEMBERS, *import_order(tuple(forms.values()), further_guardians=True))
    )


def meaning_of(declaration: SourceObject) -> dict[str, Any]:
    """What a declaration says, as plain values: columns with their rules and words, fields with their transforms'
    columns and sentences, links. Header synonyms do not count: the mapping has decided what each header means."""
    return {
        "name": declaration.name,
        "rank": declaration.rank,
        "created": declaration.created,
        "sources": declaration.sources,
        "target": [declaration.target.singular, declaration.target.plural, declaration.target.standard],
        "columns": [
            [
                column.name,
                column.kind,
                column.required,
                column.on_bad,
                None if column.values is None else [dict(column.values.words), column.values.fallback],
                None if column.reference is None else dataclasses.asdict(column.reference),
                column.future_is_bad,
            ]
            for column in declaration.report.columns
        ],
        "fields": [
            [dataclasses.asdict(field.target), field.transform.columns, field.transform.says]
            for field in declaration.fields
        ],
        "links": [dataclasses.asdict(link) for link in declaration.links],
        "not_moved": declaration.not_moved,
    }


def digest(meaning: Any) -> str:
    """SHA-256 of plain values, in hexadecimal, cut to 128 bits."""
    text = json.dumps(meaning, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
