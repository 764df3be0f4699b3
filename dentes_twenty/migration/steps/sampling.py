"""The sample: loading exactly the chosen records, and what Twenty then holds of them.

They go through the same loader, links and files as a full migration, which finds them unchanged afterwards. Does not
belong here: which records are chosen (`steps.drawing`), how the result is shown (package `reports`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.ledger import FileRecord, Ledger, RecordKey, RecordState, Status
from dentes_twenty.migration.planning.records import LinkRecord, PlannedRecord
from dentes_twenty.migration.progress import Listener
from dentes_twenty.migration.sampling import LARGEST, SMALLEST, Feature
from dentes_twenty.migration.steps.context import Chosen, StepContext
from dentes_twenty.migration.steps.drawing import Drawn, SampledRow, collect, draw
from dentes_twenty.migration.steps.filed import Export, FiledCells, filed_cells
from dentes_twenty.migration.steps.files import load_files
from dentes_twenty.migration.steps.loading import load, write_members
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.verify import Verifier
from dentes_twenty.objects import note
from dentes_twenty.objects.fields import Link, SourceObject
from dentes_twenty.objects.registry import MEMBERS

STANDING = (Status.LANDED, Status.ADOPTED)


class SampleSize(MigrationError):
    """Too few records cannot show everything, and too many nobody reads."""

    default_code = "SAMPLE_SIZE"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"A sample of {size} records was asked for.", f"Ask for a size from {SMALLEST} to {LARGEST} records."
        )


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SampledLink:
    """A link record: the source id in `column`, the other end as sent, and as Twenty holds it (None: not there)."""

    column: str
    source: str
    sent: str
    stored: str | None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SampledRecord:
    """A sampled row, what its files hold (`cells`), and what became of it.

    `stored` is what Twenty answered when it was read back, None for a record that did not land, and then `why` is the
    reason's code. `kept`: fields whose value in Twenty was there before us or was changed by a person, and stays.
    """

    source: SampledRow
    cells: FiledCells
    record_id: str
    stored: Mapping[str, Any] | None
    why: str
    kept: frozenset[str]
    links: tuple[SampledLink, ...]
    files: tuple[FileRecord, ...]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SampleResult:
    """The sample as it stands in the workspace. `tallies` by scope, members by "provider"."""

    drawn: Drawn
    records: tuple[SampledRecord, ...]
    tallies: Mapping[str, Tally]

    def cases(self) -> Counter[Feature]:
        """How many records of the sample show a feature."""
        return Counter(feature for record in self.records for feature in record.source.features)


# ---
# Into Twenty and back
# ---


async def sample(context: StepContext, export: Export, size: int, progress: Listener | None = None) -> SampleResult:
    """Draw, look the rows up in their files, load and read back.

    Raises SampleSize, and RowsChanged (before anything is written) when the export is no longer as it was staged.
    """
    if not SMALLEST <= size <= LARGEST:
        raise SampleSize(size)
    drawn = draw(context.planner, context.owners, size, progress)
    rows = collect(context.planner, context.owners, drawn, progress)
    cells = filed_cells(context.planner, export, rows)
    chosen: dict[str, list[PlannedRecord]] = defaultdict(list)
    for row in rows:
        chosen[row.declaration.scope].append(row.planned)
    tallies = {MEMBERS.name: await write_members(context, chosen.pop(MEMBERS.scope, []))}
    declarations = [one for one in context.planner.declarations if one.scope in chosen]
    for object_, same in groupby(declarations, key=lambda one: one.target.singular):
        loaded = await load(context, list(same), progress, Chosen(lambda one: chosen[one.scope]))
        tallies |= {f"{object_}/{name}": tally for name, tally in loaded.items()}
    noted = [row.row for row in rows if row.declaration.name == note.DECLARATION.name and row.row.get("attachment")]
    await load_files(context, export.drop, progress, noted)
    return SampleResult(drawn, tuple(await _read_back(context, rows, cells)), tallies)


async def _read_back(
    context: StepContext, rows: Sequence[SampledRow], cells: Sequence[FiledCells]
) -> list[SampledRecord]:
    found: list[SampledRecord] = []
    files = context.ledger.files_of([_key(row.planned) for row in rows if row.row.get("attachment")])
    behind = {id(row): filed for row, filed in zip(rows, cells, strict=True)}
    for _, group in groupby(rows, key=lambda row: row.declaration.scope):
        chosen = list(group)
        declaration = chosen[0].declaration
        verifier = Verifier(declaration, context.store, Tally())
        states = _states(context.ledger, chosen)
        ids = [state.record_id for state in states.values() if state.status in STANDING]
        stored = await context.store.read(declaration.target.singular, ids, verifier.fields) if ids else {}
        ends = await _link_ends(context, chosen)
        for row in chosen:
            state = states.get(row.planned.key)
            holds = stored.get(state.record_id) if state else None
            links = tuple(
                SampledLink(made.column, str(row.row[made.column]), link.values[made.to], ends.get(link.id))
                for link, made in _links(declaration, row)
            )
            found.append(
                SampledRecord(
                    row,
                    behind[id(row)],
                    state.record_id if state else row.planned.id,
                    holds,
                    "" if holds is not None else _why(state),
                    _kept(context.ledger, verifier, row.planned, state),
                    links,
                    tuple(files.get(_key(row.planned), ())),
                )
            )
    return found


def _key(planned: PlannedRecord) -> RecordKey:
    return RecordKey(planned.source_object, planned.source_id)


def _links(declaration: SourceObject, row: SampledRow) -> Iterator[tuple[LinkRecord, Link]]:
    made = {link.join.singular: link for link in declaration.links}
    return ((link, made[link.join]) for link in row.planned.links)


def _states(ledger: Ledger, rows: Sequence[SampledRow]) -> dict[str, RecordState]:
    found: dict[str, RecordState] = {}
    for source_object in {row.planned.source_object for row in rows}:
        ids = [row.planned.source_id for row in rows if row.planned.source_object == source_object]
        for source_id, state in ledger.known(source_object, ids).items():
            found[f"{source_object}:{source_id}"] = state
    return found


async def _link_ends(context: StepContext, rows: Sequence[SampledRow]) -> dict[str, str | None]:
    """Link record's id -> the id at its other end."""
    by_join: dict[str, list[tuple[LinkRecord, str]]] = defaultdict(list)
    for row in rows:
        for link, made in _links(row.declaration, row):
            (column,) = context.store.link_values(link.join, {made.to: ""})
            by_join[link.join].append((link, column))
    ends: dict[str, str | None] = {}
    for join, wanted in by_join.items():
        columns = sorted({column for _, column in wanted})
        found = await context.store.read(join, [link.id for link, _ in wanted], columns)
        ends |= {link.id: found[link.id][column] for link, column in wanted if link.id in found}
    return ends


def _kept(ledger: Ledger, verifier: Verifier, planned: PlannedRecord, state: RecordState | None) -> frozenset[str]:
    """Fields that the migration has not written as planned: an adopted record keeps what it held."""
    if state is None or state.prints is None:
        return frozenset()
    return frozenset(ledger.changed_fields(state.prints, verifier.canonical(planned.values)))


def _why(state: RecordState | None) -> str:
    """Code of the reason why a record is not in Twenty."""
    if state is None or state.status is Status.HELD:
        return "parent_not_landed"
    if state.status is Status.REFUSED:
        return f"refused_{state.reason}"
    return "deleted_by_a_person"
