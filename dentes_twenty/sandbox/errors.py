"""What the sandbox refuses, and how each refusal looks in REST and in GraphQL.

    SandboxError            the person who starts the sandbox has to do something (`code`, `message`, `fix`)
    Refusal                 an answer of the API: a client sent what Twenty does not accept
    +-- NotFound            a record that does not exist (404 in REST)
    InvalidMetadata         a change of the data model that breaks its rules (grouped list of causes)
    BadProperties           a metadata request with missing or malformed properties (list of messages)
    PlainFailure            a metadata request over which Twenty itself stumbles (500 with nothing but a text)
    +-- MigrationFailed     a change that passed validation and that the database refused

Refusals carry Twenty's own texts and codes, as recorded; they never carry a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dentes_twenty.sandbox.refused import ValueRefused

Json = dict[str, Any]

REST_LOOKS_LIKE = "Look at the recorded answers in the contract scenarios for what Twenty accepts here."


class SandboxError(Exception):
    """The sandbox cannot start or go on; a person has to act."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix


class Refusal(Exception):
    """An answer that refuses a request of the records API.

    `error` and `rest_code` appear in the REST body, `code` and `sub_code` in the extensions of a GraphQL error.
    """

    fix = REST_LOOKS_LIKE

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error: str = "BadRequestException",
        rest_code: str | None = None,
        code: str = "BAD_USER_INPUT",
        sub_code: str | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error = error
        self.rest_code = rest_code
        self.code = code
        self.sub_code = sub_code
        self.extensions = dict(extensions or {})

    @classmethod
    def of_value(cls, refused: ValueRefused, sub_code: str = "INVALID_ARGS_DATA") -> Refusal:
        """The refusal of a value, with the sub-code of the argument it stood in unless it has one of its own."""
        if refused.status == 500:
            return data_refused()
        if refused.error == "TypeError":
            return stumbled(refused.message)
        return cls(
            refused.message,
            status=refused.status,
            error=refused.error,
            rest_code=refused.code,
            sub_code=refused.sub_code or sub_code,
        )

    def rest_body(self) -> Json:
        """The body of a REST answer: statusCode, error, messages (always one) and, for some, code."""
        body: Json = {"statusCode": self.status, "error": self.error, "messages": [self.message]}
        if self.rest_code is not None:
            body["code"] = self.rest_code
        return body

    def graphql_error(self, path: Sequence[str | int] = ()) -> Json:
        """The entry in `errors` of a GraphQL answer; `path` is the response key of the root field."""
        extensions: Json = {} if self.sub_code is None else {"subCode": self.sub_code}
        extensions |= {"code": self.code, **self.extensions}
        extensions["userFriendlyMessage"] = "An error occurred."
        error: Json = {"message": self.message, "extensions": extensions}
        if path:
            error["path"] = list(path)
        return error


def stumbled(message: str) -> Refusal:
    """What Twenty answers when its own code stumbles over a value: a JavaScript TypeError."""
    return Refusal(message, error="TypeError", code="INTERNAL_SERVER_ERROR")


def data_refused() -> Refusal:
    """What Twenty answers when PostgreSQL cannot take a value that passed all checks: a 500."""
    return Refusal(
        "Data validation error.",
        status=500,
        error="InternalServerErrorException",
        code="INTERNAL_SERVER_ERROR",
    )


class NotFound(Refusal):
    """No record with this id or for this filter."""

    def __init__(self) -> None:
        super().__init__(
            "Record not found",
            status=404,
            error="NotFoundException",
            code="NOT_FOUND",
            sub_code="RECORD_NOT_FOUND",
        )


class InvalidMetadata(Exception):
    """The data model refuses a change.

    `causes` maps the metadata kind (objectMetadata, fieldMetadata, index) to entries of
    {type, errors: [{code, message}], flatEntityMinimalInformation}.
    """

    fix = "Change the names, options or settings that errors.<kind>[].errors[].message names."

    def __init__(self, action: str, causes: Mapping[str, list[Json]], *, opening: str = "Multiple v") -> None:
        self.code = "METADATA_VALIDATION_FAILED"
        self.message = f"{opening}alidation errors occurred while {action}"
        self.causes = dict(causes)
        super().__init__(self.message)

    def summary(self) -> Json:
        """How many entries of each kind failed."""
        counts: Json = {"totalErrors": sum(len(entries) for entries in self.causes.values())}
        return counts | {kind: len(entries) for kind, entries in self.causes.items()}

    def rest_body(self) -> Json:
        """HTTP 400 of the metadata REST API."""
        return {
            "statusCode": 400,
            "error": "METADATA_VALIDATION_ERROR",
            "message": self.message,
            "errors": self.causes,
            "summary": self.summary(),
            "userFriendlyMessage": "Validation failed.",
        }


class BadProperties(Exception):
    """Properties of a metadata request are missing or have the wrong type."""

    fix = "Send the properties the messages name, with the types they name."

    def __init__(self, messages: list[str]) -> None:
        self.code = "BAD_REQUEST"
        self.message = "; ".join(messages)
        self.messages = messages
        super().__init__(self.message)

    def rest_body(self) -> Json:
        """HTTP 400 in the shape of Twenty's request validation."""
        return {"message": self.messages, "error": "Bad Request", "statusCode": 400}


class PlainFailure(Exception):
    """A request over which Twenty stumbles instead of refusing it; nothing was changed."""

    fix = "Send properties of the types that the metadata API documents."
    code = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MigrationFailed(PlainFailure):
    """The database refused a change of the data model after validation had passed; nothing was changed."""

    fix = "Check the default value, and whether existing records break the new rule."

    def __init__(self, action: str, kind: str, universal_identifier: str) -> None:
        super().__init__(
            f"Migration action '{action}' for '{kind}' (universalIdentifier: {universal_identifier}) failed"
        )
