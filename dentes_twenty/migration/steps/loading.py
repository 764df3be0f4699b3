"""Loading the records of one Twenty object, the members' fields, and the totals afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dentes_twenty.migration.ledger import Ledger, Status
from dentes_twenty.migration.load import Loader
from dentes_twenty.migration.owners import Owners
from dentes_twenty.migration.parents import Parents
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.planning.records import PlannedRecord, build
from dentes_twenty.migration.planning.rows import PlannedRow
from dentes_twenty.migration.progress import Listener, Meter
from dentes_twenty.migration.steps.adopting import remember_members
from dentes_twenty.migration.steps.context import ALL, Chosen, StepContext
from dentes_twenty.migration.steps.handing_over import count_together, hand_over
from dentes_twenty.migration.tally import Tally
from dentes_twenty.migration.totals import Expected, Total, add_vanished, compare_totals, expected, figures_only
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.twenty.records import RecordStore


async def load(
    context: StepContext, declarations: Sequence[SourceObject], progress: Listener | None, chosen: Chosen = ALL
) -> dict[str, Tally]:
    """Load the declarations one after the other; what comes first may be pointed at by what follows."""
    tallies: dict[str, Tally] = {}
    planner = context.planner
    files = {report.report: report.file for report in planner.staged.reports}
    parents = Parents(context.ledger, context.run, context.drop, files)
    landed: set[str] | None = set(chosen.standing) if any(d.self_relations for d in declarations) else None
    adopted = frozenset(
        f"{one.key.source_object}:{one.key.source_id}" for page in context.ledger.adoptions() for one in page
    )
    handed = await hand_over(context, declarations, chosen, parents, adopted) if chosen.others_compared else {}
    for declaration in declarations:
        parents.expect(declaration)
        some = chosen.records(declaration)
        records = planner.records(declaration, context.owners) if some is None else some
        total = planner.expected_records(declaration) if some is None else len(some)
        meter = Meter(declaration.label, total, progress, lambda: context.client.calls.total)
        loader = Loader(
            context.load_run,
            declaration,
            parents,
            adopted=adopted,
            landed=landed,
            progress=lambda tally, meter=meter: meter.at(tally.done),  # type: ignore[misc]
        )
        tally = tallies[declaration.name] = await loader.load(records)
        if declaration.name in handed:
            count_together(handed[declaration.name], tally)
        _finish(context, parents)
        if chosen.others_compared:
            release_gone(context, [declaration])
    return tallies


def _finish(context: StepContext, parents: Parents) -> None:
    """Who waits and who was refused goes into the ledger."""
    parents.store()
    context.ledger.quarantine_add(context.run, parents.issues, drop=context.drop)
    parents.issues.clear()


def release_gone(context: StepContext, declarations: Sequence[SourceObject]) -> None:
    """Records that wait, and whose row this export no longer has or no longer accepts, wait for nothing."""
    for declaration in declarations:
        for page in context.ledger.iterate(source_object=declaration.name, status=Status.HELD):
            context.ledger.release([state.key for state in page if state.last_seen_drop != context.drop])


async def write_members(context: StepContext, some: Iterable[PlannedRecord] | None = None) -> Tally:
    """The fields of each matched provider go into the member; fields that hold something stay as they are."""
    records = [made for _, made in member_records(context.planner, context.owners)] if some is None else list(some)
    await remember_members(records, context.store, context.ledger, context.run)
    parents = Parents(context.ledger, context.run, context.drop)
    parents.expect(MEMBERS)
    loader = Loader(context.load_run, MEMBERS, parents, adopted=frozenset(record.key for record in records))
    tally = await loader.load(records)
    _finish(context, parents)
    return tally


def member_records(planner: Planner, owners: Owners) -> Iterator[tuple[PlannedRow, PlannedRecord]]:
    """Rows and records of the providers whose fields a member gets."""
    plan = planner.context(owners)
    lines = {line.provider.id: line for line in owners.written}
    for row in planner.staged.rows(MEMBERS.report.name):
        line = lines.get(row["provider_id"])
        if line is not None and line.member_id:
            yield row, _of_member(build(MEMBERS, row, plan), line.member_id)


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
        record.line,
    )


Known = Callable[[SourceObject], dict[str, Expected] | None]
"""What the accepted rows of a declaration come to, where somebody has added them up already."""


def nothing_known(_: SourceObject) -> None:
    """All rows are planned for their figures."""


async def totals(
    planner: Planner,
    owners: Owners,
    store: RecordStore,
    ledger: Ledger,
    drop: int,
    declarations: Sequence[SourceObject],
    known: Known = nothing_known,
) -> tuple[Total, ...]:
    """Figures of the declarations against Twenty."""
    found: list[Total] = []
    for declaration in declarations:
        figures = known(declaration)
        if figures is None:
            figures = expected(ledger, declaration, planner.records(figures_only(declaration), owners))
        await add_vanished(ledger, store, drop, declaration, figures)
        found.extend(await compare_totals(store, declaration, figures))
    return tuple(found)
