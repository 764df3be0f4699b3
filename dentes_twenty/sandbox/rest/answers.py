"""Records as REST answers them: every field and join column, and with depth 1 the related records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dentes_twenty.sandbox.records.relations import child_side, load_children, load_targets
from dentes_twenty.sandbox.tables import Record, Table
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]


def shallow(table: Table, records: Sequence[Record]) -> list[Json]:
    """Records without related ones."""
    presenters = [(name, known.present) for name, known in table.fields.items()]
    columns = list(table.relation_of_column)
    answers = []
    for record in records:
        answer: Json = {name: present(record) for name, present in presenters}
        for column in columns:
            answer[column] = record[column]
        answers.append(answer)
    return answers


def shown(workspace: Workspace, table: Table, records: Sequence[Record], depth: int) -> list[Json]:
    """Records with the related ones of depth 1.

    A relation to a soft-deleted record is null then, and so is its id.
    """
    answers = shallow(table, records)
    if depth == 0:
        return answers
    for name, relation in table.relations.items():
        found = load_targets(workspace, relation, (record[relation.column] for record in records))
        target = workspace.table(relation.target)
        related = dict(zip(found, shallow(target, list(found.values())), strict=True))
        for answer in answers:
            answer[name] = related.get(answer[relation.column])
            if answer[name] is None:
                answer[relation.column] = None
    ids = [record["id"] for record in records]
    for name, field in table.lists.items():
        child, _ = child_side(workspace, field)
        children = load_children(workspace, field, ids)
        for answer in answers:
            answer[name] = shallow(child, children[answer["id"]])
    return answers
