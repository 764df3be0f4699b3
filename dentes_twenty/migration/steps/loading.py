"""Loading the records of one Twenty object, the members' fields, and the totals afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from dentes_twenty.migration.ledger import Ledger
from dentes_twenty.migration.load import Loader
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.parents import Parents
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord, build
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Total, add_vanished, compare_totals, expected
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.twenty.records import RecordStore


async def load(
    context: StepContext, declarations: Sequence[SourceObject], progress: Listener | None
) -> dict[str, Tally]:
    """Load the declarations one after the other; what comes first may be pointed at by what follows."""
    tallies: dict[str, Tally] = {}
    parents = Parents(context.ledger, context.run, context.drop)
    planner = context.planner
    adopted = frozenset(
        f"{one.key.source_object}:{one.key.source_id}" for page in context.ledger.adoptions() for one in page
    )
    for declaration in declarations:
        parents.expect(declaration)
        total = planner.expected_records(declaration)
        meter = Meter(declaration.label, total, progress, lambda: context.client.calls.total)
        loader = Loader(
            context.load_run,
            declaration,
            parents,
            adopted=adopted,
            progress=lambda tally, meter=meter: meter.at(tally.done),  # type: ignore[misc]
        )
        tallies[declaration.name] = await loader.load(planner.records(declaration, context.owners))
        parents.store()
        context.ledger.quarantine_add(context.run, parents.issues, drop=context.drop)
        parents.issues.clear()
    return tallies


async def write_members(context: StepContext) -> Tally:
    """The fields of each matched provider go into the member; fields that hold something stay as they are."""
    plan = context.planner.context(context.owners)
    lines = {line.provider.id: line for line in context.owners.written}
    records: list[PlannedRecord] = []
    for row in context.planner.staged.rows(MEMBERS.report.name):
        line = lines.get(row["provider_id"])
        if line is not None and line.member_id:
            made = build(MEMBERS, row, plan)
            records.append(_of_member(made, line.member_id))
    parents = Parents(context.ledger, context.run, context.drop)
    parents.expect(MEMBERS)
    loader = Loader(context.load_run, MEMBERS, parents, adopted=frozenset(record.key for record in records))
    return await loader.load(records)


def _of_member(record: PlannedRecord, member_id: str) -> PlannedRecord:
    """A member is never created: the record is the member."""
    return PlannedRecord(
        record.object,
        record.source_object,
        record.source_id,
        member_id,
        record.values,
        None,
        record.position,
        record.digest,
        (),
    )


async def totals(
    planner: Planner,
    owners: Owners,
    store: RecordStore,
    ledger: Ledger,
    drop: int,
    declarations: Sequence[SourceObject],
) -> tuple[Total, ...]:
    """Figures of the declarations against Twenty."""
    found: list[Total] = []
    for declaration in declarations:
        figures = expected(ledger, declaration, planner.records(declaration, owners))
        await add_vanished(ledger, store, drop, declaration, figures)
        found.extend(await compare_totals(store, declaration, figures))
    return tuple(found)
