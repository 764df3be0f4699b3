"""POST /metadata: the data model and file uploads over GraphQL.

Unlike the records API this one is served through a real schema (`schema.graphql`) by graphql-core, since Twenty
validates documents and variables here. graphql-core's messages are brought into the notation of the JavaScript
library (double quotes), without its suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_variable_values,
    parse,
    validate,
)

from dentes_twenty.sandbox.errors import BadProperties, InvalidMetadata, PlainFailure, Refusal
from dentes_twenty.sandbox.files import FileRefused
from dentes_twenty.sandbox.metadata import fields, objects
from dentes_twenty.sandbox.metadata.nodes import Nodes
from dentes_twenty.sandbox.metadata.properties import field_properties, object_properties
from dentes_twenty.sandbox.workspace import Workspace

Json = dict[str, Any]

MAXIMUM_ROOTS = 10
NO_OPERATION = "Could not determine what operation to execute."


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of a multipart request, standing where its variable stands."""

    filename: str
    content: bytes


class MetadataGraphql:
    """Answers /metadata for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.nodes = Nodes(workspace)

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema, built on first use: it takes longer than the start of the sandbox."""
        text = resources.files(__package__).joinpath("schema.graphql").read_text("utf-8")
        schema = build_schema(text)
        for name, kind in (("UUID", str), ("Upload", Uploaded)):
            scalar = schema.type_map[name]
            assert isinstance(scalar, GraphQLScalarType)
            scalar.parse_value = _parser(name, kind)  # type: ignore[assignment, method-assign]
        return schema

    def execute(self, text: str, variables: Json, name: str | None, signed_in: bool) -> tuple[int, Json]:
        """Status and body of the answer."""
        try:
            document = parse(text)
        except GraphQLError as error:
            return 200, {"errors": [_error(error.message)]}
        except RecursionError:
            return 200, {"errors": [_error("Syntax Error: Document is nested too deeply.")]}
        if not _is_executable(document, name):
            return 400, {"errors": [_error(NO_OPERATION)]}
        refused = _refused_roots(document)
        if refused:
            return 200, {"errors": [_error(refused, "BAD_USER_INPUT")]}
        found = validate(self.schema, document)
        if found:
            return 200, {"errors": [_error(e.message) for e in found]}
        wrong = self._wrong_variables(document, variables, name)
        if wrong:
            return 400, {"errors": [_error(message, "BAD_USER_INPUT") for message in wrong]}
        if not signed_in:
            return 200, {"errors": [_error("Forbidden resource", "FORBIDDEN")], "data": None}
        result = execute_sync(
            self.schema, document, root_value=self._roots(), variable_values=variables, operation_name=name
        )
        body: Json = {"data": result.data}
        if result.errors:
            body["errors"] = [_formatted(error) for error in result.errors]
        return 200, body

    def _wrong_variables(self, document: DocumentNode, variables: Json, name: str | None) -> list[str]:
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode) and (name is None or (node.name and node.name.value == name)):
                values = get_variable_values(self.schema, node.variable_definitions or (), variables)
                # The JavaScript library names the variable first, Twenty answers only what is wrong with it.
                return [error.message.split("; ", 1)[-1] for error in values] if isinstance(values, list) else []
        return []

    def _roots(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "object": lambda _, id: self._found("Object", id),
            "objects": lambda _, **arguments: self.nodes.objects(**arguments),
            "field": lambda _, id: self._found("Field", id),
            "fields": lambda _, **arguments: self.nodes.fields(**arguments),
            "createOneObject": self._mutation(self._create_object),
            "updateOneObject": self._mutation(self._update_object),
            "deleteOneObject": self._mutation(self._delete_object),
            "createOneField": self._mutation(self._create_field),
            "updateOneField": self._mutation(self._update_field),
            "deleteOneField": self._mutation(self._delete_field),
            "uploadFilesFieldFile": _file_operation(self._upload),
            "createFileUpload": _file_operation(self._begin_upload),
            "completeFileUpload": _file_operation(self._complete_upload),
        }

    def _found(self, kind: Literal["Object", "Field"], key: str) -> Json:
        model = self.workspace.model
        if kind == "Object" and key in model.objects:
            return self.nodes.object(model.objects[key])
        if kind == "Field" and key in model.fields:
            return self.nodes.field(model.fields[key])
        message = f"Unable to find {kind}MetadataEntity with id: {key}"
        raise GraphQLError(message, extensions={"code": "NOT_FOUND"})

    @staticmethod
    def _mutation(apply: Callable[[Json], Json]) -> Callable[..., Json]:
        def resolve(_: Any, **arguments: Any) -> Json:
            try:
                return apply(arguments["input"])
            except InvalidMetadata as error:
                extensions = {"code": error.code, "errors": error.causes, "summary": error.summary()}
                raise GraphQLError(error.message, extensions=extensions) from error
            except BadProperties as error:
                raise GraphQLError(error.message, extensions={"code": "BAD_USER_INPUT"}) from error
            except PlainFailure as error:
                extensions = {"code": "INTERNAL_SERVER_ERROR"}
                raise GraphQLError(error.message, extensions=extensions) from error
            except Refusal as error:
                raise GraphQLError(error.message, extensions={"code": error.code}) from error

        return resolve

    def _create_object(self, sent: Json) -> Json:
        item = objects.create_object(self.workspace, object_properties(sent["object"], creating=True))
        return self.nodes.object(item)

    def _update_object(self, sent: Json) -> Json:
        checked = object_properties(sent["update"], creating=False)
        return self.nodes.object(objects.update_object(self.workspace, sent["id"], checked))

    def _delete_object(self, sent: Json) -> Json:
        return self.nodes.object(objects.delete_object(self.workspace, sent["id"]))

    def _create_field(self, sent: Json) -> Json:
        field = fields.create_field(self.workspace, field_properties(sent["field"], creating=True))
        return self.nodes.field(field)

    def _update_field(self, sent: Json) -> Json:
        checked = field_properties(sent["update"], creating=False)
        return self.nodes.field(fields.update_field(self.workspace, sent["id"], checked))

    def _delete_field(self, sent: Json) -> Json:
        return self.nodes.field(fields.delete_field(self.workspace, sent["id"]))

    def _files_field(self, field_id: str | None) -> str:
        field = self.workspace.model.fields.get(field_id or "")
        if field is None or field.type != "FILES":
            raise FileRefused(f"Field metadata not found: {field_id}")
        return field.id

    def _upload(self, sent: Json) -> Json:
        file = sent["file"]
        field_id = self._files_field(sent["fieldMetadataId"])
        return self.workspace.files.upload(field_id, file.filename, file.content, self.workspace.base_url)

    def _begin_upload(self, sent: Json) -> Json:
        if sent["fileFolder"] != "FilesField":
            raise FileRefused(f"File folder {sent['fileFolder']} is not for records", "BAD_USER_INPUT")
        field_id = self._files_field(sent.get("fieldMetadataId"))
        return self.workspace.files.begin_upload(field_id, sent["filename"], sent["size"], self.workspace.base_url)

    def _complete_upload(self, sent: Json) -> Json:
        return self.workspace.files.complete_upload(sent["fileId"], self.workspace.base_url)


def _parser(name: str, kind: type) -> Callable[[Any], Any]:
    """How values of a scalar are read from variables."""
    message = "UUID must be a string" if name == "UUID" else "Upload value invalid."

    def parsed(value: Any) -> Any:
        if not isinstance(value, kind):
            raise GraphQLError(message)
        return value

    return parsed


def _file_operation(apply: Callable[[Json], Json]) -> Callable[..., Json]:
    def resolve(_: Any, **arguments: Any) -> Json:
        try:
            return apply(arguments)
        except FileRefused as error:
            extensions = {"code": error.code}
            if error.sub_code:
                extensions["subCode"] = error.sub_code
            raise GraphQLError(error.message, extensions=extensions) from error

    return resolve


def _is_executable(document: DocumentNode, name: str | None) -> bool:
    """Whether there is one operation to execute."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name and node.name.value == name]
    return len(operations) == 1


def _refused_roots(document: DocumentNode) -> str | None:
    """Why the root fields of a document are refused: the same one twice, or too many."""
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        names = [s.name.value for s in node.selection_set.selections if isinstance(s, FieldNode)]
        twice = _repeated(names)
        if twice:
            return f'Duplicate root resolver: "{twice}"'
        if len(names) > MAXIMUM_ROOTS:
            return (
                f"Query too complex - Too many root resolvers requested: {len(names)} - Maximum allowed root "
                f"resolvers: {MAXIMUM_ROOTS}"
            )
    return None


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def _error(message: str, code: str | None = None) -> Json:
    plain = message.split(" Did you mean", 1)[0]
    error: Json = {"message": re.sub(r"'([^']*)'", r'"\1"', plain)}
    if code:
        error["extensions"] = {"code": code}
    return error


def _formatted(error: GraphQLError) -> Json:
    answer: Json = {"message": error.message, "extensions": error.extensions or {}}
    if error.path:
        answer["path"] = list(error.path)
    return answer
