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
from dentes_twenty.migration.steps.context import StepContext
from dentes_twenty.migration.tally import Tally
from dentes_twenty.objects.fields import SourceObject


async def hand_over(
    context: StepContext, declarations: Sequence[SourceObject], parents: Parents, adopted: frozenset[str]
) -> dict[str, Tally]:
    """Write the givers among the records of these declarations; their tallies. Costs nothing where there are none."""
    index = context.planner.index
    tallies: dict[str, Tally] = {}
    for unique, holders in ((SITE, index.sites), (EMAIL, index.emails)):
        mine = [one for one in declarations if one.target.singular == unique.object]
        if not (mine and holders.handed_over):
            continue
        taken = holders.handed_over
        givers = frozenset(taken.values())
        for declaration in mine:
            records = [
                _without(record, unique.field) if unique.value(record.values) in taken else record
                for record in context.planner.records(declaration, context.owners)
                if record.key in givers
            ]
            if records:
                parents.expect(declaration)
                loader = Loader(context.load_run, declaration, parents, adopted=adopted)
                tallies[declaration.name] = await loader.load(records)
        context.ledger.hold_values(unique.kind, {value: holders.wanted()[value] for value in taken})
    return tallies


def _without(record: PlannedRecord, field: str) -> PlannedRecord:
    return dataclasses.replace(record, values={**record.values, field: None})


def count_together(first: Tally, second: Tally) -> None:
    """Add what the first pass did to the tally of the second, in which its records count as they came out of the
    first: each record counts once."""
    again = min(first.updated + first.conflicting, second.unchanged)
    for name in ("updated", "conflicting"):
        moved = min(again, getattr(first, name))
        setattr(second, name, getattr(second, name) + moved)
        second.unchanged -= moved
        again -= moved
    second.conflicts += first.conflicts
    second.verified_values += first.verified_values
    second.differing.update(first.differing)
