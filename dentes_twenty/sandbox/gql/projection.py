"""From stored records to the JSON a selection asks for, with related records loaded a page at a time.

Belongs here: which columns a selection needs, composite parts, connections, nested relations and their limits.
Does not belong here: finding the records of the root field (see `operations`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dentes_twenty.sandbox.casing import camel_case, capital
from dentes_twenty.sandbox.errors import Refusal, stumbled
from dentes_twenty.sandbox.fieldspec import is_composite
from dentes_twenty.sandbox.gql.documents import Selected
from dentes_twenty.sandbox.model import Field
from dentes_twenty.sandbox.records.order import ID_TERM, encode_cursor
from dentes_twenty.sandbox.records.relations import child_side, load_children, load_targets
from dentes_twenty.sandbox.tables import Record, Relation, Table
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]
Present = Callable[[Mapping[str, Any]], Any]


def type_name(table: Table) -> str:
    """The GraphQL type of an object: `Company`."""
    return capital(camel_case(table.name))


class Projection:
    """A selection compiled for one table. Raises Refusal for a list within a list."""

    def __init__(
        self, workspace: Workspace, table: Table, selection: Sequence[Selected], *, in_list: bool = False
    ) -> None:
        self.workspace = workspace
        self.table = table
        self.plain: list[tuple[str, Present]] = []
        self.targets: list[tuple[str, Relation, Projection]] = []
        self.lists: list[tuple[str, Field, Selected, Projection]] = []
        needed: dict[str, None] = {"id": None}
        for item in selection:
            self._add(item, needed, in_list)
        self.columns = list(needed)

    def _add(self, item: Selected, needed: dict[str, None], in_list: bool) -> None:
        name, table = item.name, self.table
        known = table.fields.get(name)
        if known is not None:
            needed.update(dict.fromkeys(known.columns))
            self.plain.append((item.key, self._field(item, known.type, known.present)))
        elif name in table.relation_of_column:
            needed[name] = None
            self.plain.append((item.key, lambda row: row[name]))
        elif name in table.relations and item.children is not None:
            relation = table.relations[name]
            needed[relation.column] = None
            target = self.workspace.table(relation.target)
            inner = Projection(self.workspace, target, item.children, in_list=in_list)
            self.targets.append((item.key, relation, inner))
            self.plain.append((item.key, _null))
        elif name in table.lists and item.children is not None:
            if in_list:
                raise Refusal(
                    "Query complexity is too high. One-to-Many relation cannot be nested in another "
                    "One-to-Many relation.",
                    sub_code="TOO_COMPLEX_QUERY",
                )
            self._add_list(item)
        elif name == "__typename":
            text = type_name(table)
            self.plain.append((item.key, lambda _: text))
        else:
            self.plain.append((item.key, _null))

    def _add_list(self, item: Selected) -> None:
        field = self.table.lists[item.name]
        child, _ = child_side(self.workspace, field)
        edges = item.child("edges")
        node = edges.child("node") if edges else None
        inner = Projection(self.workspace, child, (node.children if node else None) or [], in_list=True)
        self.lists.append((item.key, field, item, inner))
        self.plain.append((item.key, _null))

    def _field(self, item: Selected, kind: str, present: Present) -> Present:
        if kind == "FILES":
            return _list_parts(present, item.children) if item.children else _null
        if not is_composite(kind):
            return present
        if item.children is None:
            return _null
        return _parts(present, item.children, self.table.sub_types(item.name), kind)

    def apply(self, records: Sequence[Record]) -> list[Json]:
        """The answered objects for records that have at least `columns`, in the same order."""
        answers = [{key: present(record) for key, present in self.plain} for record in records]
        for key, relation, inner in self.targets:
            found = load_targets(self.workspace, relation, (r[relation.column] for r in records), inner.columns)
            ids = list(found)
            answered = dict(zip(ids, inner.apply_nested([found[i] for i in ids]), strict=True))
            for record, answer in zip(records, answers, strict=True):
                answer[key] = answered.get(record[relation.column])
        for key, field, item, inner in self.lists:
            self._attach_lists(records, answers, key, field, item, inner)
        return answers

    def apply_nested(self, records: Sequence[Record]) -> list[Json]:
        """The same for the target of a to-one relation, whose own lists Twenty answers as empty."""
        for_lists, self.lists = self.lists, []
        answers = self.apply(records)
        self.lists = for_lists
        for key, _, item, _ in for_lists:
            for answer in answers:
                answer[key] = connection(item, [], _no_cursor, {"totalCount": 0})
        return answers

    def _attach_lists(
        self,
        records: Sequence[Record],
        answers: list[Json],
        key: str,
        field: Field,
        item: Selected,
        inner: Projection,
    ) -> None:
        # Arguments of a nested list (first, filter, orderBy) are passed over, as Twenty does.
        ids = [record["id"] for record in records]
        children = load_children(self.workspace, field, ids, columns=inner.columns)
        flat = [child for record in records for child in children[record["id"]]]
        projected = dict(zip((c["id"] for c in flat), inner.apply(flat), strict=True))
        for record, answer in zip(records, answers, strict=True):
            own = children[record["id"]]
            answer[key] = connection(item, [projected[c["id"]] for c in own], _id_cursor(own), {"totalCount": len(own)})


def _id_cursor(records: Sequence[Record]) -> Callable[[int], str]:
    return lambda index: encode_cursor([ID_TERM], [records[index]["id"]])


def _null(_: Any) -> None:
    return None


def _parts(present: Present, children: Sequence[Selected], known: Mapping[str, str], kind: str) -> Present:
    wanted = [(child.key, child.name) for child in children]
    if any(name not in known and name != "__typename" for _, name in wanted):
        raise stumbled(f"Sub field metadata not found for composite type: {kind}")
    named = "".join(word.capitalize() for word in kind.split("_"))

    def pick(row: Mapping[str, Any]) -> Json:
        whole = present(row)
        return {key: whole[name] if name in known else named for key, name in wanted}

    return pick


def _list_parts(present: Present, children: Sequence[Selected]) -> Present:
    wanted = [(child.key, child.name) for child in children]

    def pick(row: Mapping[str, Any]) -> list[Json] | None:
        items = present(row)
        return None if items is None else [{key: i.get(name) for key, name in wanted} for i in items]

    return pick


def connection(
    item: Selected,
    nodes: Sequence[Json],
    cursor: Callable[[int], str | None],
    values: Mapping[str, Any],
    *,
    has_next: bool = False,
    has_previous: bool = False,
    name: str = "",
) -> Json:
    """A connection as selected: edges, pageInfo, counts and aggregates (`values`); anything else is null.

    `cursor` gives the cursor of a node by its index, -1 for the last one.
    """
    answer: Json = {}
    for part in item.children or ():
        if part.name == "edges" and part.children is not None:
            answer[part.key] = _edges(part.children, nodes, cursor, name)
        elif part.name == "pageInfo":
            info = {
                "hasNextPage": has_next,
                "hasPreviousPage": has_previous,
                "startCursor": cursor(0) if nodes else None,
                "endCursor": cursor(-1) if nodes else None,
            }
            answer[part.key] = {inner.key: info.get(inner.name) for inner in part.children or ()}
        elif part.name == "__typename":
            answer[part.key] = f"{name}Connection"
        else:
            answer[part.key] = values.get(part.name)
    return answer


def _edges(
    parts: Sequence[Selected], nodes: Sequence[Json], cursor: Callable[[int], str | None], name: str
) -> list[Json]:
    wanted = [(part.key, part.name) for part in parts]
    if all(part_name == "node" for _, part_name in wanted):
        return [{key: node for key, _ in wanted} for node in nodes]
    edges = []
    for index, node in enumerate(nodes):
        edge = {"node": node, "cursor": cursor(index), "__typename": f"{name}Edge"}
        edges.append({key: edge.get(part_name) for key, part_name in wanted})
    return edges


def _no_cursor(_: int) -> None:
    return None
