"""The rollback as a whole: files, links, records in reverse import order, the data model, and the comparison after it.

Belongs here: the order, what must be known before the first record is touched, the summary. Does not belong here: one
object's records (`migration.rollback`), parts of the data model (`migration.unprovision`), comparing
(`migration.fingerprint`).

Nothing but the ledger is asked what to undo: a rollback needs neither the export nor the mapping. What it keeps
loses the links and files that we made (a later migration brings them back), and its fields that point at destroyed
records are emptied by Twenty; relations between kept records stay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from dentes_twenty.migration import ids
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.fingerprint import Comparison, WorkspacePrint, compare, take
from dentes_twenty.migration.foreign import find_hung
from dentes_twenty.migration.ledger import FileRecord, FileState, Ledger, Part, ProvisionState, Status
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.rollback import (
    OURS,
    FailedRecord,
    KeptRecord,
    ObjectRollback,
    RecordRollback,
    RollbackRun,
)
from dentes_twenty.migration.steps.provisioning import settle_intended
from dentes_twenty.migration.unprovision import PartsResult, Unprovision
from dentes_twenty.objects import note
from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.objects.target import ATTACHMENT, NOTE_TARGET, TASK_TARGET
from dentes_twenty.practice import KEY_VARIABLE
from dentes_twenty.twenty.metadata import read_model
from dentes_twenty.twenty.records import RecordStore

LINKS = (TASK_TARGET.singular, NOTE_TARGET.singular)
MEMBER = MEMBERS.target.singular
COMPARE = "compare"
"""The audit log's word for a comparison of the workspace with how it was."""
UNDER_WAY = (FileState.UPLOADING, FileState.UPLOADED, FileState.ATTACHED)


class RollbackKeyMissing(MigrationError):
    """Adopted records cannot get their before-images back without the key."""

    default_code = "ROLLBACK_KEY_MISSING"


@dataclasses.dataclass(frozen=True, slots=True)
class RollbackSummary:
    """What a rollback did, or would do (`dry_run`).

    `objects`: in the order of work, attachments and links included. `comparison` is None for a dry run, and where no
    fingerprint stands: none was taken before the first write (a ledger of an older version), or an earlier rollback has
    left nothing of ours; `earlier` is what that one found (`last_comparison`).
    """

    dry_run: bool
    forced: bool
    objects: tuple[ObjectRollback, ...]
    parts: PartsResult
    comparison: Comparison | None
    earlier: Mapping[str, Any] | None = None

    @property
    def reversed(self) -> int:
        """Records that are gone, or as they were before us."""
        return sum(one.reversed for one in self.objects)

    @property
    def kept(self) -> tuple[KeptRecord, ...]:
        """Records that people have edited."""
        return tuple(record for one in self.objects for record in one.kept)

    @property
    def failed(self) -> tuple[FailedRecord, ...]:
        """Records that should have been reversed."""
        return tuple(record for one in self.objects for record in one.failed)

    @property
    def complete(self) -> bool:
        """Nothing of ours is left in the workspace."""
        return not (self.kept or self.failed or self.parts.kept)

    @property
    def explained(self) -> bool:
        """The workspace is as before, or differs only by what was kept and named."""
        if self.comparison is None:
            return self.earlier is None or bool(self.earlier["same"])
        model = any(one.model for one in self.comparison.differences)
        return not any(one.unexplained for one in self.comparison.differences) and not (model and self.complete)

    @property
    def ok(self) -> bool:
        """Nothing failed and nothing differs without a reason."""
        return not self.failed and self.explained


@dataclasses.dataclass(frozen=True, slots=True)
class RollbackStep:
    """What the step needs. `run` None is a dry run; `practice` is the practice's key."""

    store: RecordStore
    ledger: Ledger
    practice: str
    run: int | None
    force: bool
    key: str | None = dataclasses.field(repr=False)


async def remember_workspace(store: RecordStore, ledger: Ledger, run: int, progress: Listener | None = None) -> bool:
    """Take the workspace's fingerprint, once, before the first write; True when it was taken now.

    It is too late for a ledger that has written already (one of an older version).
    """
    if ledger.fingerprint() is not None or has_written(ledger):
        return False
    number = ledger.fingerprint_begin(run)
    found = await take(
        store, ledger.prints.row, lambda name, page: ledger.fingerprint_add(number, name, page), progress=progress
    )
    ledger.fingerprint_finish(run, number, found.as_document(), found.digest)
    return True


def has_written(ledger: Ledger) -> bool:
    """Whether anything of ours may stand in the workspace."""
    standing = (*OURS, Status.SENDING)
    return any(status in standing for _, _, status in ledger.counts()) or any(
        one.state is not ProvisionState.REMOVED for one in ledger.provisioned()
    )


async def compare_workspace(store: RecordStore, ledger: Ledger, progress: Listener | None = None) -> Comparison | None:
    """The workspace now against the fingerprint from before the first write; reads only. None where there is none."""
    stored = ledger.fingerprint()
    if stored is None:
        return None

    def ours(records: Iterable[str]) -> int:
        return len(ledger.known_by_record_id(records))

    before = WorkspacePrint.from_document(stored.document)
    return await compare(
        store,
        ledger.prints.row,
        before,
        lambda name: ledger.fingerprint_records(stored.id, name),
        ours,
        progress=progress,
    )


def last_comparison(ledger: Ledger) -> Mapping[str, Any] | None:
    """What the rollback that left nothing of ours has found: `at`, and the counts of its comparison. None while a
    fingerprint stands, or anything of ours."""
    if ledger.fingerprint() is not None or has_written(ledger):
        return None
    line = ledger.audit.last(COMPARE)
    return None if line is None else {"at": line["at"], **(line["detail"] or {})}


async def roll_back(step: RollbackStep, progress: Listener | None) -> RollbackSummary:
    """Undo what the ledger knows. Raises RollbackKeyMissing before anything is touched."""
    _require_key(step)
    rollback = RollbackRun(step.ledger, step.store, step.run, step.force, step.key)
    order = rollback_order({object_ for object_, _, _ in step.ledger.counts()})
    done = [await _files(step, progress)]
    for link in LINKS:
        undo = RecordRollback(rollback, link, {}, judging=False, told=_told(step, link, progress))
        done.append(await undo.run())
    hung = await find_hung(step.store, [name for name in order if name != MEMBER], _our_links(step))
    for object_ in order:
        undo = RecordRollback(rollback, object_, hung.get(object_, {}), told=_told(step, object_, progress))
        done.append(await undo.run())
    if step.run is not None:
        await _unlink_kept(step, done)
    parts = await _parts(step, done)
    summary = RollbackSummary(step.run is None, step.force, tuple(done), parts, None, last_comparison(step.ledger))
    if step.run is None:
        return summary
    comparison = await compare_workspace(step.store, step.ledger, progress)
    summary = dataclasses.replace(summary, comparison=comparison)
    _close(step, summary)
    return summary


def rollback_order(objects: Collection[str]) -> tuple[str, ...]:
    """The objects (links left out) in reverse import order; a form's object follows the procedures."""
    fixed = tuple(dict.fromkeys(declaration.target.singular for declaration in reversed(FIXED)))
    forms = sorted(set(objects) - {*fixed, *LINKS, MEMBER})
    ordered = (fixed[0], *forms, *fixed[1:], MEMBER)
    return tuple(name for name in ordered if name in objects)


def _require_key(step: RollbackStep) -> None:
    """Found out before the first record is destroyed; a wrong key raises LedgerConfiguration."""
    for page in step.ledger.adoptions():
        if step.key is None:
            raise RollbackKeyMissing(
                f"Records were adopted, and {KEY_VARIABLE} is not set: their before-images cannot be read.",
                f"Set {KEY_VARIABLE} to the key that `dentes-twenty init` made, then roll back again.",
            )
        step.ledger.before_images(page[0].object, [page[0].record_id], key=step.key)
        return


def _told(step: RollbackStep, object_: str, progress: Listener | None) -> Callable[[ObjectRollback], None]:
    meter = Meter(object_, _expected(step.ledger, object_), progress, lambda: step.store.client.calls.total)
    return lambda result: meter.at(result.done)


def _expected(ledger: Ledger, object_: str) -> int:
    return sum(n for (name, _, status), n in ledger.counts().items() if name == object_ and status in OURS)


# -- files and links


async def _files(step: RollbackStep, progress: Listener | None) -> ObjectRollback:
    """Attachments are destroyed, and with them their files. One that was uploaded and hangs on nothing is left to
    Twenty's own cleaning: it belongs to no record, and no call removes it."""
    counts = step.ledger.file_counts()
    earlier = counts.get(FileState.REMOVED, 0)
    total = sum(counts.get(state, 0) for state in UNDER_WAY)
    meter = Meter(ATTACHMENT.singular, total, progress, lambda: step.store.client.calls.total)
    result = ObjectRollback(ATTACHMENT.singular, earlier=earlier)
    undo = RecordRollback(RollbackRun(step.ledger, step.store, step.run), ATTACHMENT.singular, {}, judging=False)
    for state in UNDER_WAY:
        for page in step.ledger.files(state, page=100):
            attachments = _attachments(step, page)
            if step.run is not None:
                detail = {"records": len(attachments)}
                step.ledger.event(step.run, "destroy", ATTACHMENT.singular, "files", "intended", detail)
                if attachments:
                    await undo.destroy_ids(attachments)
                removed = [dataclasses.replace(one, state=FileState.REMOVED, code=None) for one in page]
                step.ledger.file_set(step.run, removed)
            result.destroyed += sum(one.state is FileState.ATTACHED for one in page)
            meter.at(meter.done + len(page))
    return result


def _attachments(step: RollbackStep, files: Sequence[FileRecord]) -> list[str]:
    """Ids as the ledger has them, and as they would be if a crash came between an attachment and its line there."""
    known = step.ledger.known(note.DECLARATION.name, [one.key.source_id for one in files])
    found = [attachment for one in files for attachment in one.attachment_ids]
    for one in files:
        state = known.get(one.key.source_id)
        if state is not None:
            found.append(ids.attachment_id(step.practice, state.record_id, one.name))
            if one.sha256:
                found.append(ids.attachment_id(step.practice, state.record_id, one.name, one.sha256.hex()))
    return list(dict.fromkeys(found))


def _our_links(step: RollbackStep) -> Callable[[str, Iterable[str]], Collection[str]]:
    """Which link records are ours. After the links were destroyed all that are left are not; a dry run asks."""
    attachments: set[str] = set()
    for state in UNDER_WAY:
        for page in step.ledger.files(state):
            attachments.update(_attachments(step, page))

    def ours(link: str, records: Iterable[str]) -> Collection[str]:
        if link == ATTACHMENT.singular:
            return attachments.intersection(records)
        return step.ledger.known_by_record_id(records).keys()

    return ours


# -- afterwards


async def _unlink_kept(step: RollbackStep, done: Sequence[ObjectRollback]) -> None:
    """What a kept record pointed at is gone: a later migration is to fill those fields again, not to leave them."""
    assert step.run is not None
    ledger, model = step.ledger, step.store.model
    empty = ledger.prints.value(None)
    for result in done:
        kept = {one.record_id: one.fields for one in result.kept}
        if not kept or result.object not in model.objects:
            continue
        item = model.object(result.object)
        relations = [name for name, field in item.columns.items() if field.type == "RELATION"]
        current = await step.store.read(result.object, list(kept), relations, with_deleted=True)
        changed = []
        for record, states in ledger.known_by_record_id(kept).items():
            for state in states:
                if state.prints is None or record not in current:
                    continue
                written = ledger.field_prints(state.prints)
                cut = {
                    name: None
                    for name in relations
                    if written.get(name, empty) != empty and not current[record].get(name) and name not in kept[record]
                }
                if cut:
                    changed.append((state.key, ledger.merged_fingerprints(state.prints, cut)))
        ledger.reprint(step.run, changed)


async def _parts(step: RollbackStep, done: Sequence[ObjectRollback]) -> PartsResult:
    stays = {one.record_id for result in done for one in result.kept}
    stays.update(one.record_id for result in done for one in result.failed)

    def doomed(_object: str, records: Iterable[str]) -> Collection[str]:
        if step.run is not None:
            return ()  # what was to go is gone
        known = step.ledger.known_by_record_id(records)
        return known.keys() - stays

    if step.run is not None:
        settle_intended(step.ledger, step.run, await read_model(step.store.client))
        await step.store.refresh()
    result = await Unprovision(step.store, step.ledger, step.run, doomed).run()
    if step.run is not None:
        await step.store.refresh()
    return result


def _close(step: RollbackStep, summary: RollbackSummary) -> None:
    assert step.run is not None
    staying: set[str] = set()
    for status in OURS:
        for page in step.ledger.iterate(status=status):
            staying.update(f"{state.key.source_object}:{state.key.source_id}" for state in page)
    step.ledger.forget_holders(keep=staying)
    step.ledger.event(step.run, "rollback", "", "", "done" if summary.ok else "differs", counts_of(summary))
    if summary.comparison is not None:
        outcome = "same" if summary.comparison.same else "differs"
        step.ledger.event(step.run, COMPARE, "", "workspace", outcome, summary.comparison.as_counts())
    stored = step.ledger.fingerprint()
    if summary.complete and stored is not None:
        step.ledger.fingerprint_close(step.run, stored.id)


def counts_of(summary: RollbackSummary) -> dict[str, int]:
    """Figures without anybody's id: for logs, events and the end of a run."""
    compared = summary.comparison
    return {
        "reversed": summary.reversed,
        "kept": len(summary.kept),
        "failed": len(summary.failed),
        "parts_removed": len(summary.parts.removed),
        "parts_kept": len(summary.parts.kept),
        "objects_that_differ": len(compared.differences) if compared else 0,
    }


def kept_by_fields(summary: RollbackSummary) -> Mapping[tuple[str, str], int]:
    """(object, field) -> how many kept records have it edited."""
    found: dict[tuple[str, str], int] = {}
    for record in summary.kept:
        for field in record.fields:
            found[record.object, field] = found.get((record.object, field), 0) + 1
    return found


def part_name(part: Part) -> str:
    """`object.field.option`, as far as it goes."""
    return ".".join(name for name in (part.object, part.field, part.option) if name)
