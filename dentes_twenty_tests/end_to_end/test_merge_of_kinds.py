"""Random edits on both sides, of values of every kind, against a model of the merge.

One practice lives through all rounds, so that each starts from whatever the one before has left. Each round edits the
export, edits and deletes in Twenty as a person would, decides some conflicts, and merges. Two things are asked of each
delta: that everything is as the model says, and, without the model, that no edit of a person was written over unless
somebody had decided so.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dentes_twenty.migration.ledger import ConflictState
from dentes_twenty.migration.session import Migration
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.twenty.values import canonical
from dentes_twenty_tests import broad_practice, small_practice
from dentes_twenty_tests.broad_practice import Tables
from dentes_twenty_tests.migrated import Desk, make_desk

ROUNDS = 8
WRITTEN = ("write", "ours")
CYCLE = (("export",), ("person",), ("export", "person", "same"), ("export", "person"), ("export", "person", "same"), ())
OBJECTS = {
    "patient": "person", "practice": "company", "plan": "opportunity", "line": "treatmentProcedure", "note": "note",
    "response": "formAnamnesis",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Kind:
    """A field that both sides may edit: the cell of the export, and its values as text there and in Twenty."""

    file: str
    source: str
    column: str
    field: str
    values: tuple[tuple[str, Any], ...]
    rows: tuple[str, ...]
    type: str

    def form(self, value: Any) -> Any:
        """In Twenty's own spelling."""
        return canonical(self.type, value)


@dataclasses.dataclass
class Cell:
    """What a merge knows of one field: what was written last, the export, Twenty; and a conflict, if there is one."""

    kind: Kind
    row: str
    written: Any
    exported: Any
    current: Any
    conflict: tuple[ConflictState, Any, Any] | None = None  # state, exported and current when it was found

    @property
    def key(self) -> str:
        return f"{self.kind.source}:{self.row}"

    @property
    def open(self) -> bool:
        return self.conflict is not None and self.conflict[0] is ConflictState.OPEN

    @property
    def outstanding(self) -> bool:
        """Whether the export has something to say that nobody has heard yet."""
        if self.exported == self.written:
            return False
        return not (self.open and self.conflict is not None and self.conflict[1] == self.exported)

    def merge(self) -> str:
        """One three-way merge; returns what became of the field."""
        said = "nothing"
        if self.exported != self.written:
            if self.exported == self.current:
                said = "same"
            elif self.current == self.written:
                said = "write"
            else:
                mine = self.conflict and self.conflict[1:] == (self.exported, self.current)
                state = self.conflict[0] if self.conflict and mine else ConflictState.OPEN
                said = {ConflictState.OURS: "ours", ConflictState.THEIRS: "theirs"}.get(state, "conflict")
        self.conflict = (ConflictState.OPEN, self.exported, self.current) if said == "conflict" else None
        if said in WRITTEN:
            self.current = self.exported
        if said in (*WRITTEN, "same", "theirs"):
            self.written = self.exported
        return said


def kinds(ids: dict[str, str]) -> list[Kind]:
    """A field of every kind of value that the export can change. `ids`: of records, by key."""

    def email(name: str) -> tuple[str, Any]:
        return f"{name}@example.net", {"primaryEmail": f"{name}@example.net", "additionalEmails": []}

    def phone(number: str) -> tuple[str, Any]:
        parts = {"primaryPhoneNumber": number, "primaryPhoneCountryCode": "TR", "primaryPhoneCallingCode": "+90"}
        return f"+90 {number}", {**parts, "additionalPhones": []}

    def street(name: str) -> tuple[str, Any]:
        return name, {"addressStreet1": name, "addressCity": "İzmir"}

    def money(amount: str, micros: int) -> tuple[str, Any]:
        return amount, {"amountMicros": micros, "currencyCode": "TRY"}

    def site(name: str) -> tuple[str, Any]:
        url = f"https://{name}.example.net"
        return url, {"primaryLinkUrl": url, "primaryLinkLabel": "", "secondaryLinks": []}

    def text(value: str) -> tuple[str, Any]:
        return value, value

    def note(value: str) -> tuple[str, Any]:
        return value, {"markdown": value, "blocknote": None}

    none: tuple[str, Any] = ("", None)
    members = (("D1", ids["provider:D1"]), ("D2", ids["provider:D2"]), none)
    offices = (("K1", ids["practice:K1"]), ("K2", ids["practice:K2"]), none)
    people = tuple((row, ids[f"patient:{row}"]) for row in ("103", "104", "105"))
    patients, two, three = "patients.csv", ("101", "102"), ("101", "102", "103")

    def of_patient(column: str, field: str, type_: str, *values: tuple[str, Any], rows: tuple[str, ...] = two) -> Kind:
        return Kind(patients, "patient", column, field, values, rows, type_)

    return [
        of_patient("Alerts", "medicalAlerts", "TEXT", none, text("latex"), text("iodine"), rows=three),
        of_patient("Provider", "primaryProviderId", "RELATION", *members),
        of_patient("Referring practice", "companyId", "RELATION", *offices),
        of_patient("Status", "patientStatus", "SELECT", ("Active", "ACTIVE"), ("Inactive", "INACTIVE"),
                   ("Deceased", "DECEASED")),
        of_patient("First name", "name", "FULL_NAME",
                   *((n, {"firstName": n, "lastName": "Uçar"}) for n in ("Elif", "Esra", "Ece"))),
        of_patient("Email", "emails", "EMAILS", none, email("one"), email("two"), rows=("101",)),
        of_patient("Mobile", "phones", "PHONES", phone("5320017001"), phone("5320017091"), phone("5320017092")),
        of_patient("Address", "homeAddress", "ADDRESS", street("Kordon 1"), street("Kordon 8"), street("Kordon 9")),
        of_patient("Balance", "sourceBalance", "CURRENCY", money("10.50", 10_500_000), money("20.00", 20_000_000),
                   money("0.00", 0)),
        of_patient("SMS consent", "smsConsent", "BOOLEAN", none, ("Yes", True), ("No", False), rows=three),
        of_patient("Birth date", "birthDate", "DATE", text("1984-03-17"), text("1985-03-17"), text("1986-03-17")),
        of_patient("Updated", "originalUpdateDate", "DATE_TIME",
                   *((f"2024-05-0{d} 10:00:00", f"2024-05-0{d}T07:00:00.000Z") for d in (1, 2, 3))),
        Kind("practices.csv", "practice", "Website", "domainName", (site("ege"), site("efe"), site("eda")), ("K1",),
             "LINKS"),
        Kind("plans.csv", "plan", "Patient ID", "pointOfContactId", people, ("301", "302"), "RELATION"),
        Kind("plans.csv", "plan", "Status", "stage",
             (("Proposal", "PROPOSAL"), ("Booked", "BOOKED"), ("Completed", "COMPLETED")), ("301", "302"), "SELECT"),
        Kind("lines.csv", "line", "Patient ID", "patientId", people, ("401", "402"), "RELATION"),
        Kind("lines.csv", "line", "Quantity", "quantity", (("1", 1), ("2", 2), ("3", 3)), ("401", "402"), "NUMBER"),
        Kind("notes.csv", "note", "Text", "bodyV2", (note("Tooth 11 broken"), note("Tooth 12"), note("Healed")),
             ("501", "502", "503", "504"), "RICH_TEXT"),
        Kind("anamnesis.csv", "response", "Allergic to", "allergicTo",
             (("Latex; Iodine", ["LATEX", "IODINE"]), ("Nickel", ["NICKEL"]), none), ("601", "602", "603"),
             "MULTI_SELECT"),
    ]  # fmt: skip


class World:
    """The practice, its export, the workspace, and the model of all three."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.tables = Tables()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.gone: set[str] = set()  # records that a person has deleted
        self.noticed: set[str] = set()  # those of them that a delta has come upon
        self.count = 0
        with desk.session() as migration:
            self.ids = {
                f"{one.key.source_object}:{one.key.source_id}": one.record_id
                for page in migration.ledger.iterate()
                for one in page
            }
        self.cells = [
            Cell(kind, row, *(3 * (self._start(kind, row),))) for kind in kinds(self.ids) for row in kind.rows
        ]
        self.tables.write(desk.export)
        desk.delta()

    def _start(self, kind: Kind, row: str) -> Any:
        text = self.tables.get(kind.file, row, kind.column)
        known = {cell: kind.form(value) for cell, value in kind.values}
        if text not in known:  # the first export says something else than any edit
            text = self.random.choice(kind.values)[0]
            self.tables.set(kind.file, row, **{kind.column.replace(" ", "_"): text})
        return known[text]

    def records(self) -> dict[str, list[Cell]]:
        found: dict[str, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.key, []).append(cell)
        return found

    # -- edits

    def edit(self, migration: Migration) -> None:
        """Both sides edit cells; a person deletes a record now and then, for good or not."""
        changes: dict[str, dict[str, Any]] = {}
        for place, cell in enumerate(self.cells):
            sides = self.sides(place)
            (text, exported), (_, current) = self.choose(cell, same="same" in sides)
            if "export" in sides:
                self.tables.set(cell.kind.file, cell.row, **{cell.kind.column.replace(" ", "_"): text})
                cell.exported = cell.kind.form(exported)
            if "person" in sides and cell.key not in self.gone:
                changes.setdefault(cell.key, {})[cell.kind.field] = _cleared(cell.kind, current)
                cell.current = cell.kind.form(current)
        for key, values in changes.items():
            migration.wait(migration.store.update(OBJECTS[key.partition(":")[0]], self.ids[key], values))
        if self.random.random() < 0.5:
            alive = [key for key in ("note:502", "note:503", "response:602") if key not in self.gone]
            if alive:
                key = self.random.choice(alive)
                object_, remove = OBJECTS[key.partition(":")[0]], self.random.choice(("soft_delete", "destroy"))
                migration.wait(getattr(migration.store, remove)(object_, [self.ids[key]]))
                self.gone.add(key)

    def sides(self, place: int) -> tuple[str, ...]:
        """Who edits a cell in this round. Chance alone would leave some kinds without some of the situations."""
        if self.random.random() < 0.1:
            return self.random.choice(CYCLE)
        return CYCLE[(self.count + place) % len(CYCLE)]

    def choose(self, cell: Cell, *, same: bool) -> tuple[tuple[str, Any], tuple[str, Any]]:
        """A new value for the export, and one for the person."""
        new = [one for one in cell.kind.values if cell.kind.form(one[1]) != cell.written]
        self.random.shuffle(new)
        return (new[0], new[0]) if same else (new[0], new[1])

    def decide(self, migration: Migration) -> None:
        """Somebody decides some conflicts, whole records or single fields, and has it carried out at once or later."""
        now = self.random.random() < 0.5
        for key, cells in self.records().items():
            standing = [cell for cell in cells if cell.conflict is not None]
            if not standing or self.random.random() < 0.4:
                continue
            chosen = standing if self.random.random() < 0.5 else [self.random.choice(standing)]
            fields = None if chosen is standing else [chosen[0].kind.field]
            decision = self.random.choice((ConflictState.OURS, ConflictState.THEIRS))
            assert migration.resolve(key, decision, by="Ada", fields=fields) == len(chosen)
            for cell in chosen:
                assert cell.conflict is not None
                cell.conflict = (decision, *cell.conflict[1:])
        if now and any(cell.conflict and not cell.open for cell in self.cells):
            before = self.snapshot()
            with migration.run("resolve"):
                tally = migration.carry_out()
            decided = {c.key for c in self.cells if c.conflict and not c.open}
            assert tally.updated == self.merge({key: cells for key, cells in self.records().items() if key in decided})
            self.law(before)
            self.check(migration, "resolve")

    # -- merging

    def delta(self) -> None:
        """Merge, and compare everything with the model."""
        self.count += 1
        self.tables.set("patients.csv", "106", Alerts=f"count {self.count}")  # no export is the same as an earlier one
        self.tables.write(self.desk.export)
        before = self.snapshot()
        kept = [cell for cell in self.cells if cell.exported == cell.written != cell.current]
        self.seen.update((cell.kind.type, "kept") for cell in kept if cell.key not in self.gone)
        with self.desk.session() as migration, migration.run("delta"):
            result = migration.delta()
            assert result.refused == 0
            assert all(total.ok for total in result.totals)
            written = sum(tally.updated for tally in result.tallies.values())
            assert written == self.merge(self.records()) + 1
            touched = {total.source_object for total in result.totals}
            for key in self.gone:  # a count that differs makes the delta look for who is gone
                if key.partition(":")[0] in touched:
                    self.notice(key)
            self.law(before)
            self.check(migration, f"delta {self.count}")
            conflicts = {
                (f"{c.key.source_object}:{c.key.source_id}", c.field) for p in migration.ledger.conflicts() for c in p
            }
            assert conflicts == {(cell.key, cell.kind.field) for cell in self.cells if cell.open}

    def merge(self, records: dict[str, list[Cell]]) -> int:
        """What a merge of these records does; returns how many are written."""
        written = 0
        for key, cells in records.items():
            for cell in cells:
                if cell.exported == cell.written:
                    cell.conflict = None
            if key in self.noticed or not any(cell.outstanding for cell in cells):
                continue
            if key in self.gone:
                self.notice(key)
                continue
            said = [cell.merge() for cell in cells]
            written += any(one in WRITTEN for one in said)
            self.seen.update((cell.kind.type, one) for cell, one in zip(cells, said, strict=True))
        return written

    def notice(self, key: str) -> None:
        """A delta has found a record deleted: nobody has to decide anything about it any more."""
        self.noticed.add(key)
        for cell in self.records()[key]:
            cell.conflict = None

    def snapshot(self) -> list[tuple[Cell, Any, bool]]:
        """Before a merge: each cell's value in Twenty, and whether it may be written over."""
        found = []
        for cell in self.cells:
            ours = cell.conflict is not None and cell.conflict[0] is ConflictState.OURS
            edited = cell.current != cell.written
            found.append((cell, cell.current, not edited or ours))
        return found

    def law(self, before: list[tuple[Cell, Any, bool]]) -> None:
        """No edit of a person is lost: asked of the model, which `check` compares with Twenty."""
        for cell, value, free in before:
            assert free or cell.current == value, (cell.key, cell.kind.field)

    def check(self, migration: Migration, when: str) -> None:
        """Twenty holds what the model says, record by record."""
        for source, object_ in OBJECTS.items():
            mine = {key: cells for key, cells in self.records().items() if key.startswith(f"{source}:")}
            stored = migration.wait(migration.store.read(object_, [self.ids[key] for key in mine]))
            for key, cells in mine.items():
                record = stored.get(self.ids[key])
                assert (record is None) == (key in self.gone), (when, key)
                for cell in cells if record is not None else ():
                    found = cell.kind.form(record[cell.kind.field])
                    assert found == cell.current, (when, key, cell.kind.field)


def _cleared(kind: Kind, value: Any) -> Any:
    """How a person empties a field: a composite by its parts."""
    if value is not None or kind.type != "EMAILS":
        return value
    return {"primaryEmail": "", "additionalEmails": []}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with SandboxServer(SandboxOptions(members=small_practice.MEMBERS)) as server:
        yield make_desk(tmp_path, server, broad_practice.write)


@pytest.mark.parametrize("seed", [12])
def test_no_edit_of_a_person_is_lost_and_nothing_is_written_twice_whatever_the_kind_of_value(
    desk: Desk, seed: int
) -> None:
    world = World(desk, seed)
    for _ in range(ROUNDS):
        with desk.session() as migration:
            world.edit(migration)
        world.delta()
        with desk.session() as migration:
            world.decide(migration)
    assert desk.delta().calls <= 3 or any(cell.conflict for cell in world.cells)
    types = {kind.type for kind in kinds(world.ids)}
    for said in ("write", "kept", "same", "conflict"):
        assert {type_ for type_, one in world.seen if one == said} == types, said
    assert {"ours", "theirs"} <= {one for _, one in world.seen}
    assert world.noticed
