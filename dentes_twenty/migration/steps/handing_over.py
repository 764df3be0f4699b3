"""Values that Twenty wants unique change hands: the record that gives one up is written before the one that takes it.

Belongs here: the first of the two passes over people and companies, for the givers only. Does not belong here: who gets
what (`planning.holders`), whether a giver can give it up at all (`migration.adoption`).

Where a giver waits for a value that another one gives up (two people swap their e-mails), it goes without for the
moment between the passes: no order of writing the new values would do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dentes_twenty.migration.adoption import EMAIL, SITE
from dentes_twenty.migration.load import Loader
from dentes_twenty.migration.parents import Parents
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.migration.steps.context import Chosen, StepContext
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject


@dataclasses.dataclass(frozen=True, slots=True)
class FirstPass:
    """What became of the givers of one declaration. `again`: how many of them the second pass writes once more."""

    tally: Tally
    again: int


async def hand_over(
    context: StepContext,
    declarations: Sequence[SourceObject],
    chosen: Chosen,
    parents: Parents,
    adopted: frozenset[str],
) -> dict[str, FirstPass]:
    """Write the givers among the records of these declarations. Costs nothing where there are none."""
    index = context.planner.index
    passes: dict[str, FirstPass] = {}
    for unique, holders in ((SITE, index.sites), (EMAIL, index.emails)):
        mine = [one for one in declarations if one.target.singular == unique.object]
        if not (mine and holders.handed_over):
            continue
        taken = holders.handed_over
        givers = frozenset(taken.values())
        for declaration in mine:
            some = chosen.records(declaration)  # a giver that stands is among them: it gets another value than it has
            every = context.planner.records(declaration, context.owners) if some is None else some
            records = [one for one in every if one.key in givers]
            if not records:
                continue
            waiting = [record.key for record in records if unique.value(record.values) in taken]
            parents.expect(declaration)
            loader = Loader(context.load_run, declaration, parents, adopted=adopted)
            tally = await loader.load(_without(one, unique.field) if one.key in waiting else one for one in records)
            passes[declaration.name] = FirstPass(tally, len(waiting))
        context.ledger.hold_values(unique.kind, {value: holders.wanted()[value] for value in taken})
    return passes


def _without(record: PlannedRecord, field: str) -> PlannedRecord:
    return dataclasses.replace(record, values={**record.values, field: None})


def count_together(first: FirstPass, tally: Tally) -> None:
    """Add what the first pass did to the tally of the second, so that each record counts once: one that the first pass
    has written for good came out of the second unchanged."""
    for_good = first.tally.updated - min(first.again, first.tally.updated)
    tally.updated += for_good
    tally.conflicting += first.tally.conflicting
    tally.unchanged -= for_good + first.tally.conflicting
    tally.conflicts += first.tally.conflicts
    tally.verified_values += first.tally.verified_values
    tally.differing.update(first.tally.differing)
