"""Finding what the workspace holds already, before anything is created; and keeping what it held (before-images)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence

from dentes_twenty.migration.adoption import EMAIL, SITE, Choice, Existing, UniqueValue, decide, find_existing
from dentes_twenty.migration.doubts import settle_doubts
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import Adoption, Ledger, RecordKey, Status
from dentes_twenty.migration.load import LoadRun
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.progress import Listener
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical


class BeforeImageKeyMissing(MigrationError):
    """Records would be adopted, and there is no key to keep their before-images."""

    default_code = "BEFORE_IMAGE_KEY_MISSING"


@dataclasses.dataclass(frozen=True, slots=True)
class AdoptionSummary:
    """By Twenty object: how many records were adopted, and how many of ours go without a value that is taken."""

    adopted: Mapping[str, int]
    kept_apart: Mapping[str, int]

    @property
    def found(self) -> bool:
        """Whether records have to be planned anew: some of them are others now, or go without a value."""
        return any(self.adopted.values()) or any(self.kept_apart.values())


async def adopt(
    planner: Planner,
    store: RecordStore,
    ledger: Ledger,
    run: int,
    practice: Practice,
    progress: Listener | None = None,
) -> AdoptionSummary:
    """Look up e-mails and web sites that our records want for the first time: who holds them in Twenty."""
    adopted: dict[str, int] = {}
    apart: dict[str, int] = {}
    for unique, holders in ((SITE, planner.index.sites), (EMAIL, planner.index.emails)):
        wanted, handed_over = holders.wanted(), holders.handed_over
        if wanted:
            # What a crash left in doubt may be the very record that holds a value, or gives it up.
            await settle_doubts(LoadRun(ledger, store, run, None), unique.object)
        existing = await find_existing(store, ledger, unique, holders, progress)
        choice = decide(practice.policies.existing_records, wanted, existing)
        if choice.adopted:
            await _remember(unique, choice, store, ledger, run)
        # What is handed over changes hands when it has been given up (`steps.handing_over`).
        settled = {value: key for value, key in wanted.items() if value not in handed_over}
        ledger.hold_values(unique.kind, {**settled, **choice.reserved})
        adopted[unique.object], apart[unique.object] = len(choice.adopted), len(choice.reserved)
    return AdoptionSummary(adopted, apart)


async def _remember(unique: UniqueValue, choice: Choice, store: RecordStore, ledger: Ledger, run: int) -> None:
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        raise BeforeImageKeyMissing(
            f"{len(choice.adopted)} records of the workspace are to be adopted, and {KEY_VARIABLE} is not set.",
            f"Set {KEY_VARIABLE} to the key that `dentes-twenty init` made, "
            "or set `policies.existing_records: separate`.",
        )
    images = await store.read(unique.object, [other.id for other in choice.adopted.values()])
    pairs: list[tuple[Adoption, Existing]] = [
        (Adoption(unique.object, other.id, record, unique.path[0]), other) for record, other in choice.adopted.items()
    ]
    ledger.adopt(run, ((adoption, images[other.id]) for adoption, other in pairs if other.id in images), key=key)


async def remember_members(records: Sequence[PlannedRecord], store: RecordStore, ledger: Ledger, run: int) -> int:
    """Keep what members hold in the fields that their provider's will go into, once; returns how many.

    Without a key nothing is kept, and a rollback empties the fields again: so members who hold something there are not
    written without one. Raises BeforeImageKeyMissing.
    """
    object_, source = MEMBERS.target.singular, MEMBERS.name
    known = ledger.known(source, [record.source_id for record in records])
    kept = {one.record_id for page in ledger.adoptions(object_) for one in page}
    fresh = [
        record
        for record in records
        if record.id not in kept
        and (record.source_id not in known or known[record.source_id].status is Status.ROLLED_BACK)
    ]
    if not fresh:
        return 0
    types = {field.target.wire_name: field.target.type for field in MEMBERS.fields}
    images = await store.read(object_, [record.id for record in fresh], list(types))
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        holding = sum(any(canonical(types[n], image.get(n)) is not None for n in types) for image in images.values())
        if holding:
            raise BeforeImageKeyMissing(
                f"{holding} members hold values in fields that the export fills too, and {KEY_VARIABLE} is not set.",
                f"Set {KEY_VARIABLE} to the key that `dentes-twenty init` made.",
            )
        return 0
    adopted = [
        (Adoption(object_, record.id, RecordKey(source, record.source_id), "owner"), images[record.id])
        for record in fresh
        if record.id in images
    ]
    return ledger.adopt(run, adopted, key=key)
