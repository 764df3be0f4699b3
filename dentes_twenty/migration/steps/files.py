"""Attachments of notes: found in the drop, uploaded, verified by size and SHA-256, hung on the note and the person.

A file that is missing, leaves the drop's folder, is too large or refused by Twenty is reported; its note has landed all
the same (data-model.md, 12). Uploads run side by side and cost no tokens; attachment records go in batches.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from dentes_twenty.exports.drop import Drop, Problem
from dentes_twenty.exports.issues import Issue
from dentes_twenty.migration import ids
from dentes_twenty.migration.ledger import FileRecord, FileState, RecordKey, Status
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.objects import note
from dentes_twenty.objects.target import ATTACHMENT, NOTE_TARGET
from dentes_twenty.twenty.client import SIDE_IN_FLIGHT
from dentes_twenty.twenty.errors import RecordRefused
from dentes_twenty.twenty.files import Attachment, FileStore, LocalFile, UploadedFile

NOTES_AT_ONCE = 100
STANDING = (Status.LANDED, Status.ADOPTED)


@dataclasses.dataclass(slots=True)
class FilesTally:
    """`missing` counts files that the drop does not hold, `refused` those that cannot or may not be sent."""

    planned: int = 0
    attached: int = 0
    unchanged: int = 0
    missing: int = 0
    refused: int = 0
    bytes: int = 0
    reasons: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def done(self) -> int:
        """Files that have found their place."""
        return self.attached + self.unchanged + self.missing + self.refused


@dataclasses.dataclass(frozen=True, slots=True)
class _Wanted:
    """One file of one note that stands in Twenty."""

    row: PlannedRow
    key: RecordKey
    name: str
    targets: dict[str, str]
    attachment_id: str


async def load_files(
    context: StepContext, drop: Drop, progress: Listener | None, notes: Iterable[PlannedRow] | None = None
) -> FilesTally:
    """Bring every file of every landed note (or of some notes) to its place; what is there already is left alone."""
    tally = FilesTally()
    meter = Meter("Attachments", None, progress, lambda: context.client.calls.total)
    rows = iter(
        notes if notes is not None else (r for r in context.planner.rows(note.DECLARATION) if r.get("attachment"))
    )
    async with FileStore(context.store) as files:
        step = _FileStep(context, drop, files, tally)
        while chunk := list(islice(rows, NOTES_AT_ONCE)):
            await step.take(list(step.wanted(chunk)))
            await step.follow()
            meter.at(tally.done)
    context.ledger.quarantine_add(context.run, step.issues, drop=context.drop)
    return tally


class _FileStep:
    def __init__(self, context: StepContext, drop: Drop, files: FileStore, tally: FilesTally) -> None:
        self._context = context
        self._ledger = context.ledger
        self._drop = drop
        self._files = files
        self._tally = tally
        self._plan = context.planner.context(context.owners)
        self._slots = asyncio.Semaphore(SIDE_IN_FLIGHT)
        self._moved: list[dict[str, str]] = []
        self.issues: list[Issue] = []

    def wanted(self, rows: Sequence[PlannedRow]) -> Iterator[_Wanted]:
        """The files of the notes that landed and that do not hang there yet."""
        known = self._ledger.known(note.DECLARATION.name, [row["note_id"] for row in rows])
        keys = [RecordKey(note.DECLARATION.name, row["note_id"]) for row in rows]
        files = self._ledger.files_of(keys)
        links = self._ledger.known(NOTE_TARGET.singular, [f"{key.source_object}:{key.source_id}" for key in keys])
        for row, key in zip(rows, keys, strict=True):
            state = known.get(row["note_id"])
            if state is None or state.status not in STANDING:
                continue
            person = self._plan.record_id("patient", row["patient_id"])
            for name in dict.fromkeys(row["attachment"]):
                self._tally.planned += 1
                before = next((one for one in files.get(key, ()) if one.name == name), None)
                if before is not None and before.state is FileState.ATTACHED:
                    self._tally.unchanged += 1
                    link = links.get(f"{key.source_object}:{key.source_id}")
                    if link is not None and link.run == self._context.run:
                        self._moved += [{"id": one, "person": person} for one in before.attachment_ids]
                    continue
                attachment = ids.link_id(self._plan.practice, "attachment", state.record_id, name)
                yield _Wanted(row, key, name, {"note": state.record_id, "person": person}, attachment)

    async def follow(self) -> None:
        """Files of a note that this run has given to another patient follow it."""
        store = self._context.store
        column = store.model.link_column(ATTACHMENT.singular, "person")
        moved = [{"id": one["id"], column: one["person"]} for one in self._moved]
        self._moved.clear()
        if moved:
            await store.update_each(ATTACHMENT.singular, moved)

    async def take(self, wanted: Sequence[_Wanted]) -> None:
        """Upload what is not up yet, then make the attachment records in one batch."""
        uploaded = await asyncio.gather(*(self._upload(one) for one in wanted))
        ready = [(one, file) for one, file in zip(wanted, uploaded, strict=True) if file is not None]
        if not ready:
            return
        answer = await self._files.attach([self._attachment(one, file) for one, file in ready])
        refused = {refusal.id: refusal for refusal in answer.refused}
        done: list[FileRecord] = []
        for one, file in ready:
            if one.attachment_id in refused:
                code = refused[one.attachment_id].code
                self._report(one, f"refused_{code}", FileState.REFUSED)
                continue
            self._tally.attached += 1
            self._tally.bytes += file.size
            done.append(self._state(one, FileState.ATTACHED, file, (one.attachment_id,)))
        self._ledger.file_set(self._context.run, done)

    async def _upload(self, one: _Wanted) -> UploadedFile | None:
        found = self._drop.attachment(one.name)
        if isinstance(found, Problem):
            missing = found.code == "file_missing"
            self._report(one, found.code, FileState.MISSING if missing else FileState.REFUSED)
            return None
        self._ledger.file_set(self._context.run, [self._state(one, FileState.UPLOADING)])
        async with self._slots:
            try:
                file = await self._files.upload(LocalFile(found.name, found.size, found.open))
            except RecordRefused as error:
                self._report(one, f"refused_{error.reason}", FileState.REFUSED)
                return None
        self._ledger.file_set(self._context.run, [self._state(one, FileState.UPLOADED, file)])
        return file

    def _attachment(self, one: _Wanted, file: UploadedFile) -> Attachment:
        bare = one.name.replace("\\", "/").rpartition("/")[2]
        return Attachment(one.attachment_id, bare, file, one.targets)

    def _state(
        self,
        one: _Wanted,
        state: FileState,
        file: UploadedFile | None = None,
        attachments: tuple[str, ...] = (),
        code: str | None = None,
    ) -> FileRecord:
        digest = bytes.fromhex(file.sha256) if file else None
        size, file_id = (file.size, file.file_id) if file else (None, None)
        return FileRecord(one.key, one.name, state, digest, size, file_id, attachments, code)

    def _report(self, one: _Wanted, code: str, state: FileState) -> None:
        self._ledger.file_set(self._context.run, [self._state(one, state, code=code)])
        if state is FileState.MISSING:
            self._tally.missing += 1
        else:
            self._tally.refused += 1
        self._tally.reasons[code] += 1
        row = one.row
        self.issues.append(Issue("note", "", row["_row"], row["_line"], row["note_id"], "attachment", code, "warning"))
