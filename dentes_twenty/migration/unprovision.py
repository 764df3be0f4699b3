"""Taking back what the migration made in the data model, where nothing else uses it.

Belongs here: what uses an object, a field or an option; the order of removal; what stays and why. Does not belong here:
making it (`steps.provisioning`), the wire (`twenty.provisioning`).

In use is a field in which a record holds a value, an option that a record holds, an object that still has records or
has got fields of somebody else's. What was merely activated is deactivated again. A removed object takes its fields
with it; whatever is removed loses no value, because none was there.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from dentes_twenty.migration.ledger import Ledger, Part, Provisioned, ProvisionState
from dentes_twenty.twenty.errors import MetadataRefused
from dentes_twenty.twenty.model import FieldInfo, ObjectInfo, WorkspaceModel, record_keys
from dentes_twenty.twenty.provision import BORN_WITH
from dentes_twenty.twenty.provisioning import ProvisionedPart, remove
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.values import canonical

OBJECT, FIELD, OPTION, ACTIVATION = "object", "field", "option", "activation"
AT_ONCE = 20
"""Fields asked for in one query."""

_FILLED_PARTS: Mapping[str, tuple[str, ...]] = {
    "FULL_NAME": ("firstName", "lastName"),
    "EMAILS": ("primaryEmail", "additionalEmails"),
    "PHONES": ("primaryPhoneNumber", "additionalPhones"),
    "LINKS": ("primaryLinkUrl", "secondaryLinks"),
    "CURRENCY": ("amountMicros",),
    "ADDRESS": (
        *("addressStreet1", "addressStreet2", "addressCity", "addressState", "addressPostcode", "addressCountry"),
        *("addressLat", "addressLng"),
    ),
    "RICH_TEXT": ("markdown",),
}
"""Parts of which one at least is stored when a composite is not empty in its normal form."""

Doomed = Callable[[str, Iterable[str]], Collection[str]]
"""(object, ids) -> those that the rollback will remove or bring back to what they were: a dry run asks."""


@dataclasses.dataclass(frozen=True, slots=True)
class PartKept:
    """A part that stays. `reason`: in_use (`records` hold a value or are there), fields_added, or Twenty's refusal."""

    part: Part
    reason: str
    records: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class PartsResult:
    """What became of the parts."""

    removed: tuple[Part, ...] = ()
    kept: tuple[PartKept, ...] = ()


class Unprovision:
    """Judges and removes the parts of one workspace. `run` None is a dry run: nothing is removed."""

    def __init__(self, store: RecordStore, ledger: Ledger, run: int | None, doomed: Doomed) -> None:
        self._store = store
        self._ledger = ledger
        self._run = run
        self._doomed = doomed
        self._removed: list[Part] = []
        self._kept: list[PartKept] = []

    async def run(self, told: Callable[[Part], None] | None = None) -> PartsResult:
        """Remove what is not in use, in the reverse order of making, objects last."""
        states = (ProvisionState.MADE, ProvisionState.INTENDED) if self._run is None else (ProvisionState.MADE,)
        made = [one for one in reversed(self._ledger.provisioned()) if one.state in states]
        model = self._store.model
        going = await self._empty_objects(made)
        used = await self._used(made, going)
        for one in made:
            part = one.part
            if part.object in going or part.kind == OBJECT:
                continue
            reason = used.get(part, 0)
            if reason:
                self._kept.append(PartKept(part, "in_use", reason))
            else:
                await self._remove(one, model, told)
        for one in made:
            if one.part.kind == OBJECT and one.part.object in going:
                await self._remove_object(one, made, model, told)
        return PartsResult(tuple(self._removed), tuple(self._kept))

    # -- what is in use

    async def _empty_objects(self, made: Sequence[Provisioned]) -> set[str]:
        """Objects of ours that can go; those that cannot are noted as kept."""
        going = set()
        for one in made:
            if one.part.kind != OBJECT:
                continue
            item = self._store.model.objects.get(one.part.object)
            if item is None or item.id != (one.twenty_id or item.id):
                going.add(one.part.object)  # gone already, or another one of that name: not ours to judge
                continue
            left = await self._records_left(one.part.object)
            added = fields_added(item, self._store.model, [other.part for other in made])
            if left:
                self._kept.append(PartKept(one.part, "in_use", left))
            elif added:
                self._kept.append(PartKept(one.part, "fields_added", len(added)))
            else:
                going.add(one.part.object)
        return going

    async def _records_left(self, object_: str) -> int:
        if self._run is not None:
            return await self._store.count(object_, with_deleted=True)
        left = 0
        async for page in self._store.find(object_, None, ["id"], with_deleted=True):
            ids = [record["id"] for record in page]
            left += len(ids) - len(set(self._doomed(object_, ids)))
        return left

    async def _used(self, made: Sequence[Provisioned], going: Collection[str]) -> Counter[Part]:
        """Part -> how many records use it."""
        fields: dict[str, list[Part]] = defaultdict(list)
        used: Counter[Part] = Counter()
        for one in made:
            part = one.part
            item = self._store.model.objects.get(part.object)
            if part.object in going or item is None or part.field not in item.fields:
                continue
            if part.kind == FIELD:
                fields[part.object].append(part)
            elif part.kind == OPTION:
                used[part] = await self._option_used(item, part)
        for object_, parts in fields.items():
            for start in range(0, len(parts), AT_ONCE):
                used += await self._fields_used(self._store.model.object(object_), parts[start : start + AT_ONCE])
        return used

    async def _fields_used(self, item: ObjectInfo, parts: Sequence[Part]) -> Counter[Part]:
        """Twenty is asked for records in which anything at all is stored; whether it is a value is decided here."""
        columns: dict[str, tuple[Part, FieldInfo]] = {}
        conditions: list[dict[str, Any]] = []
        for part in parts:
            field = item.fields[part.field]
            for column in record_keys(field):
                columns[column] = (part, field)
                conditions += filled(column, field)
        used: Counter[Part] = Counter()
        if not conditions:
            return used
        async for page in self._store.find(item.singular, {"or": conditions}, list(columns), with_deleted=True):
            doomed = set(self._doomed(item.singular, [record["id"] for record in page]))
            staying = [record for record in page if record["id"] not in doomed]
            for column, (part, field) in columns.items():
                values = [canonical(field.type, record.get(column)) for record in staying]
                default = canonical(field.type, field.default)
                holding = [value for value in values if value is not None and value != default]
                for target in field.relation_to:  # Twenty empties a field whose target is destroyed
                    gone = set(self._doomed(target, holding))
                    holding = [value for value in holding if value not in gone]
                if holding:
                    used[part] += len(holding)
        return used

    async def _option_used(self, item: ObjectInfo, part: Part) -> int:
        field = item.fields[part.field]
        if part.option not in field.option_values:
            return 0
        operator = "containsAny" if field.type == "MULTI_SELECT" else "in"
        used = 0
        condition = {part.field: {operator: [part.option]}}
        async for page in self._store.find(item.singular, condition, ["id"], with_deleted=True):
            ids = [record["id"] for record in page]
            used += len(ids) - len(set(self._doomed(item.singular, ids)))
        return used

    # -- removing

    async def _remove_object(
        self, one: Provisioned, made: Sequence[Provisioned], model: WorkspaceModel, told: Callable[[Part], None] | None
    ) -> None:
        """Its parts go with it."""
        if not await self._remove(one, model, told):
            return
        for other in made:
            if other.part.object == one.part.object and other.part.kind != OBJECT:
                self._settle(other.part)

    async def _remove(self, one: Provisioned, model: WorkspaceModel, told: Callable[[Part], None] | None) -> bool:
        part = one.part
        if told is not None:
            told(part)
        if self._run is not None:
            self._ledger.event(self._run, f"provision_{part.kind}", part.object, _subject(part), "removing")
            given = ProvisionedPart(part.kind, part.object, part.field, part.option, one.twenty_id)
            try:
                await remove(self._store.client, given, model)
            except MetadataRefused as error:
                self._kept.append(PartKept(part, ",".join(error.codes) or error.code))
                return False
        self._settle(part)
        return True

    def _settle(self, part: Part) -> None:
        if self._run is not None:
            self._ledger.provision_settle(self._run, part, ProvisionState.REMOVED)
        self._removed.append(part)


def _subject(part: Part) -> str:
    return ".".join(name for name in (part.field, part.option) if name)


def filled(column: str, field: FieldInfo) -> list[dict[str, Any]]:
    """Conditions of which one at least holds where anything is stored in the field."""
    stored = {"is": "NOT_NULL"}
    parts = _FILLED_PARTS.get(field.type)
    return [{column: {part: stored}} for part in parts] if parts else [{column: stored}]


def fields_added(item: ObjectInfo, model: WorkspaceModel, ours: Iterable[Part]) -> list[str]:
    """Fields of an object of ours that neither we nor Twenty made: somebody else builds on it."""
    made = {(part.object, part.field) for part in ours if part.kind == FIELD}
    found = []
    for name, field in item.fields.items():
        if name in BORN_WITH or field.is_system or (item.singular, name) in made:
            continue
        if field.relation_kind == "ONE_TO_MANY":
            others = [model.objects[target] for target in field.relation_to if target in model.objects]
            if all(other.is_system or (other.singular, field.inverse) in made for other in others):
                continue
        found.append(name)
    return found
