"""Attachments of notes: found in the drop, uploaded, verified by size and SHA-256, hung on the note and the person.

A file that is missing, leaves the drop's folder, is too large or refused by Twenty is reported; its note has landed all
the same (data-model.md, 12). Uploads run side by side and cost no tokens; attachment records go in batches.

A later export may hold another file under the name of one that hangs already: the digest tells. The new one takes its
place, unless a person has changed the old attachment (both stay) or removed it (it stays removed). An attachment that a
reconciliation has found gone stays so, unless what was deleted is to come back.
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
from dentes_twenty.migration.ledger import FileNames, FileRecord, FileState, Loss, RecordKey, Status
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.migration.steps.old_files import OldAttachments, bare_name
from dentes_twenty.objects import note
from dentes_twenty.objects.target import ATTACHMENT, NOTE_TARGET
from dentes_twenty.twenty.client import SIDE_IN_FLIGHT
from dentes_twenty.twenty.errors import RecordRefused
from dentes_twenty.twenty.files import Attachment, FileStore, LocalFile, UploadedFile

NOTES_AT_ONCE = 100
REPORT, COLUMN = note.DECLARATION.report.name, "attachment"
REFUSED = "refused_"
"""What codes of files begin with that Twenty has not taken."""
FINDINGS = (REFUSED, "file_", "path_outside_drop")
"""What codes of files begin with that each look at all notes finds anew, where they are still so."""
STANDING = (Status.LANDED, Status.ADOPTED)


@dataclasses.dataclass(slots=True)
class FilesTally:
    """`missing` counts files that the drop does not hold, `refused` those that cannot or may not be sent, `replaced`
    those among `attached` that have taken the place of an earlier one, `not_replaced` those among `missing` and
    `refused` where the earlier one stays, `removed` those that a person has removed."""

    planned: int = 0
    attached: int = 0
    replaced: int = 0
    not_replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    missing: int = 0
    refused: int = 0
    bytes: int = 0
    reasons: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def done(self) -> int:
        """Files that have found their place."""
        return self.attached + self.unchanged + self.removed + self.missing + self.refused


@dataclasses.dataclass(frozen=True, slots=True)
class _Wanted:
    """One file of one note that stands in Twenty. `kept`: its name as the ledger has it. `before`: what hangs there
    under its name."""

    row: PlannedRow
    key: RecordKey
    name: str
    kept: str
    targets: dict[str, str]
    before: FileRecord | None = None

    @property
    def replaces(self) -> tuple[str, ...]:
        """The attachments whose place it takes."""
        return self.before.attachment_ids if self.before and self.before.state is not FileState.REMOVED else ()


async def load_files(
    context: StepContext,
    drop: Drop,
    progress: Listener | None,
    notes: Iterable[PlannedRow] | None = None,
    *,
    may_differ: bool = True,
) -> FilesTally:
    """Bring every file of every landed note (or of some notes) to its place; what is there already is left alone.

    `may_differ`: files that hang already are read to see whether they are still the same.
    """
    tally = FilesTally()
    total = expected_files(context.planner) if notes is None else None
    meter = Meter("Attachments", total, progress, lambda: context.client.calls.total)
    rows = iter(notes if notes is not None else rows_with_files(context.planner))
    async with FileStore(context.store) as files:
        step = _FileStep(context, drop, files, tally, may_differ=may_differ)
        while chunk := list(islice(rows, NOTES_AT_ONCE)):
            await step.take(list(step.wanted(chunk)))
            await step.follow()
            meter.at(tally.done)
    context.ledger.quarantine_add(context.run, step.issues, drop=context.drop)
    if notes is None:
        context.ledger.quarantine_resolve(context.run, report=REPORT, column=COLUMN, codes=FINDINGS)
    return tally


def rows_with_files(planner: Planner) -> Iterator[PlannedRow]:
    """Notes of the export that name files."""
    return (row for row in planner.rows(note.DECLARATION) if row.get(COLUMN))


def expected_files(planner: Planner) -> int:
    """About how many files there will be: those of notes that stay out are not deducted."""
    rows = planner.staged.rows(REPORT, columns=[COLUMN])
    return sum(len(set(row.get(COLUMN) or ())) for row in rows)


class _FileStep:
    def __init__(
        self, context: StepContext, drop: Drop, files: FileStore, tally: FilesTally, *, may_differ: bool
    ) -> None:
        self._context = context
        self._ledger = context.ledger
        self._drop = drop
        self._files = files
        self._tally = tally
        self._plan = context.planner.context(context.owners)
        self._slots = asyncio.Semaphore(SIDE_IN_FLIGHT)
        self._moved: list[tuple[FileRecord, str]] = []
        self._may_differ = may_differ
        self._old = OldAttachments(context)
        self._names = FileNames(context.ledger)
        self._lost: list[FileRecord] = []
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
            for name in dict.fromkeys(row[COLUMN]):
                self._tally.planned += 1
                before = self._names.find(key, name, files.get(key, ()))
                targets = {"note": state.record_id, "person": person}
                kept = self._names.kept(key, name)
                if before is None or before.state is not FileState.ATTACHED:
                    yield _Wanted(row, key, name, kept, targets, before)
                elif before.code == Loss.LOST and self._context.again.restore_deleted:
                    self._lost.append(before)
                    yield _Wanted(row, key, name, kept, targets)
                elif before.code == Loss.LOST:
                    self._tally.removed += 1
                elif self._differs(before, name):
                    yield _Wanted(row, key, name, kept, targets, before)
                else:
                    self._tally.unchanged += 1
                    self._old.remember(before, name)
                    link = links.get(f"{key.source_object}:{key.source_id}")
                    if link is not None and link.run is not None and link.run > before.run:
                        self._moved.append((before, person))

    def _differs(self, before: FileRecord, name: str) -> bool:
        """Whether the drop holds another file under this name. One that it no longer holds stays as it is."""
        if not self._may_differ or before.sha256 is None:
            return False
        found = self._drop.attachment(name)
        if isinstance(found, Problem):
            return False
        return found.size != before.size or bytes.fromhex(found.sha256()) != before.sha256

    async def follow(self) -> None:
        """Files of a note that was given to another patient since follow it, earlier ones among them that could not be
        replaced; old files make room for new ones."""
        await self._old.remove()
        moved, self._moved = self._moved, []
        if moved:
            store = self._context.store
            column = store.model.link_column(ATTACHMENT.singular, "person")
            changes = [{"id": id_, column: person} for file, person in moved for id_ in file.attachment_ids]
            await store.update_each(ATTACHMENT.singular, changes)
            self._ledger.file_set(self._context.run, [file for file, _ in moved])

    async def take(self, wanted: Sequence[_Wanted]) -> None:
        """Upload what is not up yet, then make the attachment records in one batch."""
        await self._clear_lost()
        gone = await self._old.look(one.before for one in wanted if one.before is not None and one.replaces)
        for one in wanted:
            if gone.intersection(one.replaces):
                self._stay_removed(one)
        wanted = [one for one in wanted if not gone.intersection(one.replaces)]
        uploaded = await asyncio.gather(*(self._upload(one) for one in wanted))
        ready = [(one, file) for one, file in zip(wanted, uploaded, strict=True) if file is not None]
        if not ready:
            return
        answer = await self._files.attach([self._attachment(one, file) for one, file in ready])
        refused = {refusal.id: refusal for refusal in answer.refused}
        done: list[FileRecord] = []
        for one, file in ready:
            attachment = self._attachment_id(one, file)
            if attachment in refused:
                self._report(one, f"{REFUSED}{refused[attachment].code}", FileState.REFUSED)
                continue
            self._tally.attached += 1
            self._tally.bytes += file.size
            old = tuple(id_ for id_ in one.replaces if id_ != attachment)
            done.append(self._state(one, FileState.ATTACHED, file, (attachment, *old)))
            if old:
                self._tally.replaced += 1
                if not self._old.remember(done[-1], one.name):
                    self._tell(one, "old_file_kept")
        self._ledger.file_set(self._context.run, done)

    def _stay_removed(self, one: _Wanted) -> None:
        """A person has removed the attachment: the new file is known, and does not come back in its place."""
        assert one.before is not None
        self._tally.removed += 1
        found = self._drop.attachment(one.name)
        if not isinstance(found, Problem):
            known = dataclasses.replace(
                one.before, state=FileState.ATTACHED, sha256=bytes.fromhex(found.sha256()), size=found.size
            )
            self._ledger.file_set(self._context.run, [known])
        self._tell(one, "file_removed_in_twenty")

    async def _clear_lost(self) -> None:
        """What is left of lost attachments, in Twenty's trash or cut off from their note, makes room: the id is one."""
        lost, self._lost = self._lost, []
        if lost:
            run, attachments = self._context.run, [id_ for one in lost for id_ in one.attachment_ids]
            detail = {"records": len(attachments)}
            self._ledger.event(run, "destroy", ATTACHMENT.singular, "files", "intended", detail)
            await self._context.store.destroy(ATTACHMENT.singular, attachments)
            self._ledger.file_set(run, [dataclasses.replace(one, state=FileState.REMOVED, code=None) for one in lost])

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
                self._report(one, f"{REFUSED}{error.reason}", FileState.REFUSED)
                return None
        self._ledger.file_set(self._context.run, [self._state(one, FileState.UPLOADED, file)])
        return file

    def _attachment_id(self, one: _Wanted, file: UploadedFile) -> str:
        digest = file.sha256 if one.replaces else ""
        return ids.attachment_id(self._plan.practice, one.targets["note"], one.kept, digest)

    def _attachment(self, one: _Wanted, file: UploadedFile) -> Attachment:
        return Attachment(self._attachment_id(one, file), bare_name(one.name), file, one.targets)

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
        return FileRecord(one.key, one.kept, state, digest, size, file_id, attachments, code)

    def _report(self, one: _Wanted, code: str, state: FileState) -> None:
        if one.before is not None and one.replaces:  # the earlier file still hangs there, and goes where its note goes
            self._moved.append((dataclasses.replace(one.before, state=FileState.ATTACHED), one.targets["person"]))
            self._tally.not_replaced += 1
        else:
            self._ledger.file_set(self._context.run, [self._state(one, state, code=code)])
        if state is FileState.MISSING:
            self._tally.missing += 1
        else:
            self._tally.refused += 1
        self._tell(one, code)

    def _tell(self, one: _Wanted, code: str) -> None:
        self._tally.reasons[code] += 1
        row = one.row
        self.issues.append(Issue(REPORT, "", row["_row"], row["_line"], row["note_id"], COLUMN, code, "warning"))
