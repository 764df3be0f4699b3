"""Finding what the workspace holds already, before anything is created."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from dentes_twenty.migration.adoption import EMAIL, SITE, Choice, Existing, UniqueValue, decide, find_existing
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import Adoption, Ledger
from dentes_twenty.migration.planner import Planner
from dentes_twenty.practice import KEY_VARIABLE, Practice
from dentes_twenty.twenty.records import RecordStore


class BeforeImageKeyMissing(MigrationError):
    """Records would be adopted, and there is no key to keep their before-images."""

    default_code = "BEFORE_IMAGE_KEY_MISSING"


@dataclasses.dataclass(frozen=True, slots=True)
class AdoptionSummary:
    """By Twenty object: how many records were adopted, and how many of ours go without a value that is taken."""

    adopted: Mapping[str, int]
    kept_apart: Mapping[str, int]


async def adopt(planner: Planner, store: RecordStore, ledger: Ledger, run: int, practice: Practice) -> AdoptionSummary:
    """Look up e-mails and web sites that our records want and that no landed record of ours holds."""
    adopted: dict[str, int] = {}
    apart: dict[str, int] = {}
    for unique, kind, wanted in (
        (SITE, "website", planner.index.sites.wanted()),
        (EMAIL, "email", planner.index.emails.wanted()),
    ):
        existing = await find_existing(store, ledger, unique, wanted)
        choice = decide(practice.policies.existing_records, wanted, existing)
        if choice.adopted:
            await _remember(unique, choice, store, ledger, run)
        ledger.hold_values(kind, {**wanted, **choice.reserved})
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
