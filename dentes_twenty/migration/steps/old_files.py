"""Attachments whose file a later export has replaced: looked at before, removed after the new one hangs in their place.

Belongs here: whether a person has changed or removed such an attachment, and destroying it otherwise. Does not belong
here: noticing that a file is another one, uploading (`steps.files`).

The ledger has the old attachments behind the new one (`attachment_ids[1:]`) until they are dealt with: a run that was
killed in between is finished by the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from dentes_twenty.migration.ledger import FileRecord
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.objects.target import ATTACHMENT
from dentes_twenty.twenty.outcomes import Record

AUTHOR = "authorId"
"""Twenty 1.x writes down who made an attachment."""


class OldAttachments:
    """`look` before an upload, `remember` once the new file hangs (or for every file that hangs), then `remove`."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._waiting: list[tuple[FileRecord, str]] = []
        self._found: dict[str, Record] = {}

    async def look(self, files: Iterable[FileRecord]) -> set[str]:
        """Read the attachments of these files; the ids of those that a person has removed."""
        ids = [attachment for one in files for attachment in one.attachment_ids]
        if not ids:
            return set()
        self._found |= await self._context.store.read(ATTACHMENT.singular, ids, with_deleted=True)
        removed = {id_ for id_ in ids if id_ not in self._found or self._found[id_].get("deletedAt")}
        return set() if self._context.again.restore_deleted else removed

    def remember(self, file: FileRecord, name: str) -> bool:
        """Have old attachments removed; False when one of them stays, because a person has changed it. `name`: as the
        export has it."""
        if len(file.attachment_ids) < 2:
            return True
        self._waiting.append((file, name))
        return not any(self._is_edited(name, old) for old in file.attachment_ids[1:])

    async def remove(self) -> None:
        """Destroy what nobody has changed; what somebody has changed is theirs now."""
        waiting, self._waiting = self._waiting, []
        unseen = [old for file, _ in waiting for old in file.attachment_ids[1:] if old not in self._found]
        if unseen:
            self._found |= await self._context.store.read(ATTACHMENT.singular, unseen, with_deleted=True)
        going = [
            old
            for file, name in waiting
            for old in file.attachment_ids[1:]
            if old in self._found and not self._is_edited(name, old)
        ]
        if going:
            run, ledger = self._context.run, self._context.ledger
            ledger.event(run, "destroy", ATTACHMENT.singular, "files", "intended", {"records": len(going)})
            await self._context.store.destroy(ATTACHMENT.singular, going)
        alone = [dataclasses.replace(file, attachment_ids=file.attachment_ids[:1]) for file, _ in waiting]
        self._context.ledger.file_set(self._context.run, alone)

    def _is_edited(self, name: str, old: str) -> bool:
        """Renamed, deleted, or hung on something else than a note and a person."""
        record = self._found.get(old)
        if record is None:
            return False
        if record.get("deletedAt") or record.get("name") != bare_name(name):
            return True
        model = self._context.store.model
        ours = {model.link_column(ATTACHMENT.singular, target) for target in ("note", "person")}
        return any(
            record.get(column)
            for column, field in model.object(ATTACHMENT.singular).columns.items()
            if field.relation_to and column not in (*ours, AUTHOR)
        )


def bare_name(name: str) -> str:
    """A file's name as its attachment shows it."""
    return name.replace("\\", "/").rpartition("/")[2]
