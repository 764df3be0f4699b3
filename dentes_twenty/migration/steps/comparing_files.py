"""Comparing the files that hang in Twenty with those that the export names and the ledger knows.

Belongs here: walking the notes with files, reading their attachments in batches of 200, and remembering in the ledger
what is gone. Does not belong here: bringing files there (`steps.files`), what a finding means (`migration.reconcile`).

Records are compared always: one call for 200 attachments. Bytes are compared on request: downloads cost no tokens of
the rate limit, but all X-rays of a practice are many gigabytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from dentes_twenty.migration.ledger import FileNames, FileRecord, FileState, Ledger, Loss, RecordKey
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Meter
from dentes_twenty.migration.reconcile import ACTOR, MOST_LISTED, Files, FileTrouble, Notice, edited_by_a_person
from dentes_twenty.migration.steps.files import STANDING, rows_with_files
from dentes_twenty.migration.steps.old_files import bare_name
from dentes_twenty.objects import note
from dentes_twenty.objects.target import ATTACHMENT
from dentes_twenty.twenty.files import FileStore
from dentes_twenty.twenty.outcomes import Record
from dentes_twenty.twenty.records import RecordStore

NOTES_AT_ONCE = 500
OBJECT = ATTACHMENT.singular


@dataclasses.dataclass(frozen=True, slots=True)
class _Hanging:
    """A file that the ledger says hangs, with the name and the records that it ought to have."""

    file: FileRecord
    name: str
    note: str
    person: str | None

    @property
    def attachment(self) -> str:
        return self.file.attachment_ids[0]


class FileComparer:
    """Compares the files of one reconciliation; `found` and `notices` grow. `contents`: bytes too."""

    def __init__(self, store: RecordStore, ledger: Ledger, *, contents: bool) -> None:
        self._store = store
        self._ledger = ledger
        self._contents = contents
        self._names = FileNames(ledger)
        columns = store.model.object(OBJECT).columns
        self._links = {target: store.model.link_column(OBJECT, target) for target in ("note", "person")}
        self._actor = [ACTOR] if ACTOR in columns else []
        self._file = ["file"] if "file" in columns and columns["file"].type == "FILES" else []
        self.found = Files(verified=0 if contents else None)
        self.notices: list[Notice] = []

    async def compare(self, planner: Planner, owners: Owners, meter: Meter) -> None:
        """All files of the export whose note stands in Twenty."""
        context = planner.context(owners)
        rows = rows_with_files(planner)
        begun = meter.done
        async with FileStore(self._store) as files:
            while chunk := list(islice(rows, NOTES_AT_ONCE)):
                people = {row["note_id"]: context.record_id("patient", row["patient_id"]) for row in chunk}
                await self._take(files, list(self._expected(chunk, people)))
                meter.at(begun + self.found.in_export, OBJECT)

    def _expected(self, rows: Sequence[PlannedRow], people: Mapping[str, str]) -> Iterable[_Hanging]:
        """Those that hang by the ledger; the others are counted."""
        name_of = note.DECLARATION.name
        known = self._ledger.known(name_of, [row["note_id"] for row in rows])
        files = self._ledger.files_of([RecordKey(name_of, row["note_id"]) for row in rows])
        for row in rows:
            key = RecordKey(name_of, row["note_id"])
            state = known.get(row["note_id"])
            if state is None or state.status not in STANDING:
                continue
            for name in dict.fromkeys(row["attachment"]):
                self.found.in_export += 1
                file = self._names.find(key, name, files.get(key, ()))
                if file is not None and file.state in (FileState.MISSING, FileState.REFUSED):
                    self.found.out += 1
                elif file is None or file.state is not FileState.ATTACHED or not file.attachment_ids:
                    self._tell(key, name, "", FileTrouble.NOT_LOADED)
                else:
                    self.found.landed += 1
                    yield _Hanging(file, name, state.record_id, people[row["note_id"]])

    async def _take(self, files: FileStore, hanging: Sequence[_Hanging]) -> None:
        ids = [one.attachment for one in hanging]
        if not ids:
            return
        fields = ["name", *self._links.values(), *self._file, *self._actor]
        stored = await self._store.read(OBJECT, ids, fields)
        absent = [id_ for id_ in ids if id_ not in stored]
        hidden = await self._store.read(OBJECT, absent, ["deletedAt"], with_deleted=True) if absent else {}
        right: list[_Hanging] = []
        losses: list[tuple[FileRecord, Loss | None]] = []
        for one in hanging:
            record = stored.get(one.attachment)
            trouble, lost = self._judge(one, record, deleted=one.attachment in hidden)
            if trouble is not None:
                self._tell(one.file.key, one.name, one.attachment, trouble)
            else:
                right.append(one)
            loss = Loss.LOST if lost else None
            if loss != Loss.of(one.file.code):
                losses.append((one.file, loss))
        self._ledger.note_lost_files(losses)
        self.found.found += len(stored)
        if self._contents:
            await self._compare_contents(files, right)

    def _judge(self, one: _Hanging, record: Record | None, *, deleted: bool) -> tuple[FileTrouble | None, bool]:
        """What is the matter with an attachment, and whether it is lost."""
        if record is None:
            return (FileTrouble.DELETED if deleted else FileTrouble.DESTROYED), True
        wanted = {"note": one.note, "person": one.person}
        astray = [target for target, column in self._links.items() if record[column] != wanted[target]]
        cut = any(not record[self._links[target]] for target in astray)
        edited = edited_by_a_person(record.get(ACTOR))
        held = record["file"][0].get("fileId") if self._file and record.get("file") else None
        if astray and not edited:
            return FileTrouble.ASTRAY, cut
        if self._file and one.file.file_id and held != one.file.file_id:
            return FileTrouble.OTHER, False
        if astray or record["name"] != bare_name(one.name):
            return (FileTrouble.EDITED if edited else FileTrouble.RENAMED), False
        return None, False

    async def _compare_contents(self, files: FileStore, hanging: Sequence[_Hanging]) -> None:
        assert self.found.verified is not None
        digests = await files.verify([one.attachment for one in hanging])
        for one in hanging:
            digest = digests[one.attachment]
            known = one.file.sha256.hex() if one.file.sha256 else None
            self.found.verified += 1
            if digest is None or (digest.size, digest.sha256) != (one.file.size, known):
                self._tell(one.file.key, one.name, one.attachment, FileTrouble.CONTENT)

    def _tell(self, key: RecordKey, name: str, attachment: str, trouble: FileTrouble) -> None:
        self.found.troubles[trouble] += 1
        if len(self.notices) < MOST_LISTED:
            self.notices.append(Notice(key.source_object, OBJECT, key.source_id, attachment, name, trouble))
