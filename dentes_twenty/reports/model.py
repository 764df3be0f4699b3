"""What the pages show: plain values that the caller fills, and nothing that reads a file, a ledger or Twenty.

Belongs here: what more than one page needs, the field diff, the rebuild checklist, owners, mapping and quarantine.
Does not belong here: figures of reconciliation, cutover and the whole migration (`figures`), wording (`words`), looks
(`templates`).

These values hold patient data, so their repr shows none of it. `object` is always the name of a source object
(`SourceObject.name`); `label` says what to call it where that name does not (a form's own name). Values of fields are
wire values as `objects.fields` documents them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from enum import StrEnum
from typing import Any, Literal

Language = Literal["en", "tr"]


class State(StrEnum):
    """What a page says at its top."""

    GOOD = "good"
    ATTENTION = "attention"  # nothing is wrong, something is left to look at
    FAILED = "failed"


class FieldVerdict(StrEnum):
    """What became of one field of one record; the first three are those of `twenty.values.Verdict`."""

    SAME = "same"
    NORMALISED = "normalised"
    LOST = "lost"
    NOT_MIGRATED = "not_migrated"


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """What stands above every page. `made_at` has a zone: that of the practice, in which moments are shown.

    `workspace` is the host of Twenty, or "sandbox". `drop` is the folder's own name, never a path.
    """

    practice: str
    made_at: dt.datetime
    workspace: str
    language: Language = "en"
    run: str = ""
    drop: str = ""
    program: str = ""

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("Heading.made_at needs a zone")


# ---
# Field-level diff
# ---


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SourceCell:
    """One cell of the export: canonical column, the staged value, and the file's own header and text.

    `value` is what was understood of `text`; None where that could not be read. `text` is None where the export has no
    such column.
    """

    column: str
    value: Any
    header: str = ""
    text: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FieldDiff:
    """One field of one record. `why`: a code of `reasons` or a sentence, where the verdict needs one."""

    field: str
    label: str
    type: str
    sources: tuple[SourceCell, ...]
    transformation: str
    sent: Any
    stored: Any
    verdict: FieldVerdict
    why: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RecordDiff:
    """One sampled record. `why`: a code of `reasons` where the whole record did not land; `url` opens it in Twenty."""

    object: str
    source_id: str
    title: str
    fields: tuple[FieldDiff, ...]
    label: str = ""
    record_id: str = ""
    url: str = ""
    why: str = ""

    @property
    def verdict(self) -> FieldVerdict:
        """The worst of its fields: lost, not migrated, normalised, same."""
        found = {field.verdict for field in self.fields}
        order = (FieldVerdict.LOST, FieldVerdict.NOT_MIGRATED, FieldVerdict.NORMALISED)
        return next((verdict for verdict in order if verdict in found), FieldVerdict.SAME)


@dataclasses.dataclass(frozen=True, slots=True)
class UnmovedColumn:
    """A column of the export that does not move. `why`: a code of `reasons` or a sentence."""

    file: str
    header: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class ChecklistItem:
    """Something to build again by hand in Twenty, or to keep elsewhere; texts are in the page's language already.

    `objects` are the labels of the source objects whose declarations name it; empty for what concerns all.
    """

    key: str
    title: str
    why: str
    steps: tuple[str, ...]
    objects: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DiffReport:
    """The field-level diff of a sample. `covers`: special case -> how many sampled records show it.

    `titles`: record id -> what to call the record that a relation points at.
    """

    heading: Heading
    records: tuple[RecordDiff, ...]
    unmoved: tuple[UnmovedColumn, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    covers: tuple[tuple[str, int], ...] = ()
    titles: dict[str, str] = dataclasses.field(default_factory=dict)
    approve: str = "dentes-twenty approve --by NAME"

    @property
    def counts(self) -> dict[str, int]:
        """Fields by verdict; fit for logs and events."""
        found = Counter(field.verdict for record in self.records for field in record.fields)
        return {verdict.value: found[verdict] for verdict in FieldVerdict}

    @property
    def state(self) -> State:
        """A value that was lost is a failure; one that does not move on purpose is none."""
        if self.counts[FieldVerdict.LOST]:
            return State.FAILED
        return State.ATTENTION if any(record.why for record in self.records) else State.GOOD


@dataclasses.dataclass(frozen=True, slots=True)
class ChecklistReport:
    """The rebuild checklist as a page of its own."""

    heading: Heading
    items: tuple[ChecklistItem, ...]
    unmoved: tuple[UnmovedColumn, ...] = ()


# ---
# Owners, mapping, quarantine
# ---


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OwnerRow:
    """One provider. `match`: matched, override, fallback or unmatched; `records`: rows that name the provider."""

    provider_id: str
    name: str
    email: str
    match: str
    member: str
    records: int


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OwnerReport:
    """Providers and the members who stand for them."""

    heading: Heading
    rows: tuple[OwnerRow, ...]

    @property
    def blocking(self) -> tuple[OwnerRow, ...]:
        """Unmatched providers that own records: nothing may be written while there is one."""
        return tuple(row for row in self.rows if row.match == "unmatched" and row.records)

    @property
    def state(self) -> State:
        """A blocking provider is a failure; one that the fallback stands for, or who owns nothing, is to look at."""
        if self.blocking:
            return State.FAILED
        loose = any(row.match in ("fallback", "unmatched") for row in self.rows)
        return State.ATTENTION if loose else State.GOOD


@dataclasses.dataclass(frozen=True, slots=True)
class MappedColumn:
    """What became of one header. `kind`: column, custom, question or ignored; `becomes`: names of Twenty's fields."""

    header: str
    kind: str
    column: str = ""
    becomes: tuple[str, ...] = ()
    type: str = ""
    confidence: float | None = None
    evidence: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class MappedWord:
    """A word of a status column and the option that it means; None: nobody knows the word."""

    column: str
    word: str
    option: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class MappedTable:
    """One file or sheet. `object`: the report it is."""

    table: str
    object: str
    columns: tuple[MappedColumn, ...]
    words: tuple[MappedWord, ...] = ()
    confidence: float | None = None
    evidence: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something in the mapping that a person should look at."""

    where: str
    text: str
    blocking: bool


@dataclasses.dataclass(frozen=True, slots=True)
class MappingReport:
    """What each file, header and word was taken for."""

    heading: Heading
    tables: tuple[MappedTable, ...]
    open: tuple[OpenMatter, ...] = ()
    left_alone: tuple[tuple[str, str], ...] = ()  # file or sheet, why
    ledger_sign: str = ""
    confirmed_by: str = ""
    confirmed_at: dt.datetime | None = None

    @property
    def state(self) -> State:
        """Blocked while a question is open; to look at until somebody has confirmed it."""
        if any(matter.blocking for matter in self.open):
            return State.FAILED
        return State.GOOD if self.confirmed_by else State.ATTENTION


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """A row with a defect, without any of its values. `severity`: quarantine (it stays out) or warning (it landed)."""

    severity: str
    object: str
    file: str
    code: str
    line: int | None = None
    row: int | None = None
    source_id: str | None = None
    column: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class QuarantineReport:
    """All open findings of the practice."""

    heading: Heading
    findings: tuple[Finding, ...]

    @property
    def quarantined(self) -> int:
        """Rows that stay out; a row with two defects counts once."""
        rows = {(f.object, f.file, f.row or f.line or f.source_id) for f in self.findings if f.severity == "quarantine"}
        return len(rows)

    @property
    def state(self) -> State:
        """Rows that stay out are to look at; the others have landed."""
        return State.ATTENTION if self.quarantined else State.GOOD
