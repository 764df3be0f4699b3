"""From the text of a GraphQL request to the root fields with their arguments and selections.

Belongs here: parsing (with a cache, since a loader sends the same text thousands of times), fragments, directives,
variables. Does not belong here: what a field means.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    parse,
)
from graphql.utilities import value_from_ast_untyped

CACHED_DOCUMENTS = 256
LONGEST_CACHED = 20_000
"""Characters; longer texts carry their data inline and do not come back."""


class InvalidDocument(Exception):
    """A request that cannot be executed at all; `message` is GraphQL's own text."""

    fix = "Correct the document as the message says."
    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, message: str, locations: list[dict[str, int]] | None = None, status: int = 200) -> None:
        super().__init__(message)
        self.message = message
        self.locations = locations
        self.status = status


@dataclass(slots=True)
class Selected:
    """One field of a selection: `key` in the answer, its name, arguments and sub-selection."""

    key: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    children: list[Selected] | None = None

    def child(self, name: str) -> Selected | None:
        """The first sub-field of that name."""
        return next((c for c in self.children or () if c.name == name), None)


@dataclass(slots=True)
class Operation:
    """A parsed request: `kind` is query or mutation, `roots` its root fields in the order of the document."""

    kind: str
    roots: list[Selected]


class Documents:
    """Parses requests."""

    def __init__(self) -> None:
        self._cache: OrderedDict[str, DocumentNode] = OrderedDict()

    def operation(self, text: str, variables: Mapping[str, Any], operation_name: str | None = None) -> Operation:
        """The operation to execute. Raises InvalidDocument."""
        document = self.parsed(text)
        node = _chosen(document, operation_name)
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        # Default values of variables are passed over, as Twenty's direct execution does.
        selector = _Selector(fragments, dict(variables))
        return Operation(node.operation.value, selector.fields([node.selection_set], frozenset()))

    def parsed(self, text: str) -> DocumentNode:
        """The document of a text. Raises InvalidDocument for a syntax error."""
        found = self._cache.get(text)
        if found is not None:
            self._cache.move_to_end(text)
            return found
        try:
            document = parse(text)
        except GraphQLError as error:
            places = [{"line": p.line, "column": p.column} for p in error.locations or ()]
            raise InvalidDocument(javascript_quotes(error.message), places) from error
        except RecursionError as error:
            raise InvalidDocument("Syntax Error: Document is nested too deeply.") from error
        if len(text) <= LONGEST_CACHED:
            self._cache[text] = document
            if len(self._cache) > CACHED_DOCUMENTS:
                self._cache.popitem(last=False)
        return document


def javascript_quotes(message: str) -> str:
    """A message of graphql-core in the notation of the JavaScript library."""
    return re.sub(r"'([^']*)'", r'"\1"', message)


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name:
        operations = [node for node in operations if node.name and node.name.value == name]
    if not operations:
        raise InvalidDocument("Could not determine what operation to execute.", status=400)
    if len(operations) > 1:
        message = "Must provide operation name when document contains multiple operations."
        raise InvalidDocument(message, status=500)
    return operations[0]


class _Selector:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: dict[str, Any]) -> None:
        self.fragments = fragments
        self.variables = variables

    def fields(self, sets: list[SelectionSetNode], inside: frozenset[str]) -> list[Selected]:
        """The fields of selection sets, those with the same key merged."""
        found: dict[str, tuple[FieldNode, list[SelectionSetNode]]] = {}
        order: list[tuple[FieldNode, list[SelectionSetNode]]] = []
        for node in self._flat(sets, inside):
            key = node.alias.value if node.alias else node.name.value
            deeper = [node.selection_set] if node.selection_set else []
            known = found.get(key)
            if known is not None and inside:
                known[1].extend(deeper)
                continue
            found[key] = (node, deeper)
            order.append(found[key])
        return [self._selected(node, deeper, inside) for node, deeper in order]

    def _selected(self, node: FieldNode, deeper: list[SelectionSetNode], inside: frozenset[str]) -> Selected:
        arguments = {a.name.value: value_from_ast_untyped(a.value, self.variables) for a in node.arguments}
        # An argument whose variable was not given is not there at all.
        given = {name: value for name, value in arguments.items() if value is not Undefined}
        return Selected(
            key=node.alias.value if node.alias else node.name.value,
            name=node.name.value,
            arguments=given,
            children=self.fields(deeper, inside | {""}) if deeper else None,
        )

    def _flat(self, sets: list[SelectionSetNode], inside: frozenset[str]) -> Iterator[FieldNode]:
        for selection_set in sets:
            for node in selection_set.selections:
                if not self._included(node):
                    continue
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, InlineFragmentNode):
                    yield from self._flat([node.selection_set], inside)
                elif isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    if name in inside:
                        raise InvalidDocument("Maximum call stack size exceeded", status=500)
                    if name in self.fragments:  # an unknown fragment selects nothing
                        yield from self._flat([self.fragments[name].selection_set], inside | {name})

    def _included(self, node: Any) -> bool:
        for directive in node.directives:
            given = {argument.name.value: argument.value for argument in directive.arguments}.get("if")
            if isinstance(given, VariableNode):
                # Twenty's direct execution reads directives without the variables, and stumbles.
                raise InvalidDocument(f"Cannot read properties of undefined (reading '{given.name.value}')")
            wanted = value_from_ast_untyped(given) if given else None
            if directive.name.value == "skip" and wanted is True:
                return False
            if directive.name.value == "include" and wanted is False:
                return False
        return True


def count_fields(roots: list[Selected]) -> int:
    """How many fields a request selects, at all depths."""
    return sum(1 + count_fields(root.children or []) for root in roots)


def is_mutation(text: str) -> bool:
    """Whether a text has a mutation in it; one that cannot be parsed has none."""
    try:
        document = parse(text)
    except (GraphQLError, RecursionError):
        return False
    operations = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return any(node.operation.value == "mutation" for node in operations)
