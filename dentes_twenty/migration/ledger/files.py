"""Files: what became of every attachment, from the planned upload to the verified link.

Belongs here: name, digest, size, Twenty's ids and state, by the record that the file belongs to; and what stands for a
name once personal data was purged. Does not belong here: reading and sending files (`twenty`), limits of size.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import orjson
import sqlalchemy as sa

from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, Row, chunks
from dentes_twenty.migration.ledger.records import by_source
from dentes_twenty.migration.ledger.runs import RunState
from dentes_twenty.migration.ledger.schema import files, runs
from dentes_twenty.migration.ledger.types import RecordKey

F = files.c

PURGED = "purged:"
"""What a purged file name starts with."""
PURGE = "purge"
"""The kind of a run that purges."""


class FileState(StrEnum):
    """How far a file has come."""

    UPLOADING = "uploading"  # intended; a crash leaves it so
    UPLOADED = "uploaded"  # stands in Twenty, verified by size and SHA-256, hangs on nothing yet
    ATTACHED = "attached"  # attachment records exist
    MISSING = "missing"  # not in the drop
    REFUSED = "refused"  # too large, leaves the drop's folder, or Twenty said no
    REMOVED = "removed"  # taken away by a rollback


@dataclasses.dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of one record. `name` as the export gives it, or what stands for it after a purge; `code` says why it
    was refused, or of one that hangs what a reconciliation has found (`Loss`). `run`: the one that has set it."""

    key: RecordKey
    name: str = dataclasses.field(repr=False)
    state: FileState
    sha256: bytes | None = None
    size: int | None = None
    file_id: str | None = None
    attachment_ids: tuple[str, ...] = ()
    code: str | None = None
    run: int = dataclasses.field(default=0, compare=False)


class Files(Core):
    """The part of the ledger that knows files."""

    def file_set(self, run: int, changed: Iterable[FileRecord]) -> int:
        """Commits how these files stand now, before and after each step; returns how many were given."""
        insert = self._database.insert(files)
        keep = ("sha256", "size", "file_id", "attachment_ids")
        upsert = insert.on_conflict_do_update(
            index_elements=[F.practice, F.source_object, F.source_id, F.name],
            set_={
                name: sa.case(
                    (insert.excluded.state == FileState.REMOVED, sa.null()),
                    else_=sa.func.coalesce(insert.excluded[name], F[name]),
                )
                for name in keep
            }
            | {"state": insert.excluded.state, "code": insert.excluded.code, "run": insert.excluded.run},
        )
        count = 0
        for chunk in chunks(changed, PAGE):
            with self._write() as write:
                write.execute(upsert, [self._file(run, one) for one in chunk])
                # A file's name may hold a person's name: the log has a keyed hash of it.
                write.tell(
                    *(
                        AuditLine("file", one.key.source_object, self.pseudonym(*one.key, one.name), one.state,
                                  {"code": one.code} if one.code else None, run)
                        for one in chunk
                    )
                )  # fmt: skip
            count += len(chunk)
        return count

    def files_of(self, keys: Iterable[RecordKey]) -> dict[RecordKey, list[FileRecord]]:
        """Files by record, in the order of their names."""
        found: dict[RecordKey, list[FileRecord]] = {}
        for chunk in chunks(keys, PAGE):
            for source_object, ids in by_source(chunk).items():
                statement = sa.select(files).where(
                    self._of(files, source_object, ids),
                )
                for row in self._rows(statement.order_by(F.source_id, F.name)):
                    found.setdefault(RecordKey(row.source_object, row.source_id), []).append(_record(row))
        return found

    def purged_name(self, key: RecordKey, name: str) -> str:
        """What stands for a file's name after a purge."""
        return PURGED + self.pseudonym(*key, name)

    def names_are_purged(self) -> bool:
        """Whether the practice has signed the migration off: no name of a file may come into the ledger any more."""
        done = sa.select(runs.c.id).where(
            runs.c.practice == self._practice, runs.c.kind == PURGE, runs.c.state == RunState.DONE
        )
        hidden = sa.select(F.practice).where(F.practice == self._practice, F.name.startswith(PURGED))
        return bool(self._rows(done.limit(1)) or self._rows(hidden.limit(1)))

    def files(self, state: FileState | None = None, *, page: int = PAGE) -> Iterator[list[FileRecord]]:
        """Files in pages."""
        order = (F.source_object, F.source_id, F.name)
        statement = sa.select(files).where(F.practice == self._practice)
        if state is not None:
            statement = statement.where(F.state == state)
        after: tuple[str, str, str] | None = None
        while True:
            part = statement.order_by(*order).limit(page)
            if after is not None:
                part = part.where(sa.tuple_(*order) > sa.tuple_(*after))
            rows = self._rows(part)
            if rows:
                yield [_record(row) for row in rows]
                after = (rows[-1].source_object, rows[-1].source_id, rows[-1].name)
            if len(rows) < page:
                return

    def file_counts(self) -> dict[FileState, int]:
        """How many files by state."""
        statement = sa.select(F.state, sa.func.count()).where(F.practice == self._practice).group_by(F.state)
        return {FileState(row[0]): row[1] for row in self._rows(statement)}

    def _file(self, run: int, one: FileRecord) -> dict[str, Any]:
        return {
            "practice": self._practice,
            "source_object": one.key.source_object,
            "source_id": one.key.source_id,
            "name": one.name,
            "state": one.state,
            "sha256": one.sha256,
            "size": one.size,
            "file_id": one.file_id,
            "attachment_ids": orjson.dumps(one.attachment_ids).decode() if one.attachment_ids else None,
            "code": one.code,
            "run": run,
        }


class FileNames:
    """Names as the ledger keeps them. Made for one step: a purge and a migration never run side by side."""

    def __init__(self, ledger: Files) -> None:
        self._ledger = ledger
        self._purged = ledger.names_are_purged()

    def kept(self, key: RecordKey, name: str) -> str:
        """Under which name the ledger has, or is to have, a file of the export."""
        return self._ledger.purged_name(key, name) if self._purged else name

    def find(self, key: RecordKey, name: str, known: Iterable[FileRecord]) -> FileRecord | None:
        """The file of the export among those that the ledger knows of its record."""
        wanted = self.kept(key, name)
        return next((one for one in known if one.name == wanted), None)


def _record(row: Row) -> FileRecord:
    attachments = () if row.attachment_ids is None else tuple(orjson.loads(row.attachment_ids))
    return FileRecord(
        RecordKey(row.source_object, row.source_id),
        row.name,
        FileState(row.state),
        row.sha256,
        row.size,
        row.file_id,
        attachments,
        row.code,
        row.run,
    )
