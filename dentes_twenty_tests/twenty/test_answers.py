"""The table from answers to errors, against bodies that a real Twenty 2.19 sent (and 1.12's where they differ)."""

from __future__ import annotations

from typing import Any

import pytest

from dentes_twenty.twenty import errors
from dentes_twenty.twenty.answers import RULES, classify, complaint_of_graphql, complaint_of_rest, digest
from dentes_twenty_tests.twenty import recordings


def rest(message: str, error: str = "BadRequestException", status: int = 400, **more: Any) -> tuple[int, object]:
    return status, {"statusCode": status, "error": error, "messages": [message], **more}


REST = [
    (rest("Limit reached (100 tokens per 60000 ms)", "HttpException", 429), errors.RateLimited, {"limit": 100}),
    (rest("Missing authentication token", "FORBIDDEN_EXCEPTION", 403), errors.AuthRefused, {"code": "key_missing"}),
    (rest("Token invalid.", "UNAUTHENTICATED", 401), errors.AuthRefused, {"code": "key_invalid"}),
    (rest("Token has expired.", "UNAUTHENTICATED", 401), errors.AuthRefused, {"code": "key_expired"}),
    (rest("This API Key is revoked", "FORBIDDEN_EXCEPTION", 403), errors.AuthRefused, {"code": "key_revoked"}),
    (rest("Invalid token type", "INVALID_JWT_TOKEN_TYPE", 403), errors.AuthRefused, {"code": "key_invalid"}),
    (rest("Workspace not found", "WORKSPACE_NOT_FOUND", 401), errors.WorkspaceGone, {}),
    (
        rest("Entity performing the request does not have permission", "Error", code="PERMISSION_DENIED"),
        errors.PermissionRefused,
        {},
    ),
    (rest("Maximum number of records to upsert is 200."), errors.BatchTooLarge, {"limit": 200}),
    (rest("Maximum number of records to upsert is 60."), errors.BatchTooLarge, {"limit": 60}),
    ((413, "request entity too large"), errors.BatchTooLarge, {"limit": None}),
    (rest("Record not found", "NotFoundException", 404), errors.NotFound, {}),
    (rest("A duplicate entry was detected"), errors.RecordRefused, {"reason": "duplicate", "field": None}),
    (
        rest("Duplicate Emails with value a@b.c. Please set a unique one.", "UserInputError"),
        errors.RecordRefused,
        {"reason": "duplicate"},
    ),
    (
        rest('insert or update on table "person" violates foreign key constraint "FK_ab12"'),
        errors.RecordRefused,
        {"reason": "foreign_key", "field": None},
    ),
    (
        rest('insert or update on table "person" violates foreign key constraint "FK_ab12"', "Error", 500),
        errors.RecordRefused,
        {"reason": "foreign_key"},
    ),
    (
        rest('null value in column "stage" of relation "opportunity" violates not-null constraint'),
        errors.RecordRefused,
        {"reason": "missing_value", "field": "stage"},
    ),
    (
        rest("Invalid string value ' d@x.y ' for email field \"emails.primaryEmail\""),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": "emails.primaryEmail", "culprit": digest(" d@x.y ")},
    ),
    (
        rest('Invalid value "LOST" for field "stage". Valid values are: NEW, SCREENING'),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": "stage", "culprit": digest("LOST")},
    ),
    (
        rest("Invalid value 'tomorrow' for date-time field \"dueAt\". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'"),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": "dueAt", "culprit": digest("tomorrow")},
    ),
    (
        rest('Invalid number value true for field "num"'),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": "num", "culprit": digest("true")},
    ),
    (
        rest("Invalid UUID value 'abc' for field \"companyId\""),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": "companyId", "culprit": digest("abc")},
    ),
    (
        rest("Provided phone number is invalid 0446681800", "Error", code="INVALID_PHONE_NUMBER"),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": None, "field_type": "PHONES", "culprit": digest("0446681800")},
    ),
    (
        rest("The URL of the link is not valid", "Error", code="INVALID_URL"),
        errors.RecordRefused,
        {"reason": "invalid_value", "field": None, "field_type": "LINKS", "culprit": None},
    ),
    (
        rest("File 11111111-2222-4333-8444-555555555555 is already associated with a permanent files field"),
        errors.RecordRefused,
        {"reason": "file"},
    ),
    (rest('Object company doesn\'t have any "nope" field.'), errors.ModelMismatch, {"what": "Field company.nope"}),
    (
        rest('Field metadata for field "x" is missing in object metadata person', "Error"),
        errors.ModelMismatch,
        {"what": "Field person.x"},
    ),
    (rest("object 'nothings' not found. eg: companies"), errors.ModelMismatch, {"what": "nothings"}),
    (rest("Query read timeout", "Error", code="QUERY_READ_TIMEOUT"), errors.ServerTrouble, {}),
    (rest("Data validation error.", "Error", 500), errors.ServerTrouble, {}),
    ((502, "<html>bad gateway</html>"), errors.ServerTrouble, {}),
    ((404, {"message": "Cannot GET /nothing", "error": "Not Found", "statusCode": 404}), errors.NotTwenty, {}),
    (rest("'filter' invalid for 'name:r001'. eg: price[gte]:10"), errors.CallRefused, {}),
    (
        (500, "Migration action 'create' for 'fieldMetadata' (universalIdentifier: 0-0) failed"),
        errors.MetadataRefused,
        {},
    ),
]


@pytest.mark.parametrize(("answer", "kind", "attributes"), REST, ids=lambda v: "")
def test_a_rest_answer_becomes_the_error_that_says_what_to_do(
    answer: tuple[int, object], kind: type[errors.TwentyError], attributes: dict[str, Any]
) -> None:
    error = classify(complaint_of_rest(*answer))
    assert type(error) is kind
    for name, value in attributes.items():
        assert getattr(error, name) == value
    assert error.code and error.message and error.fix


def gql(message: str, code: str | None = None, sub_code: str | None = None, **more: Any) -> dict[str, Any]:
    extensions = {"code": code, "subCode": sub_code, **more}
    return {"message": message, "extensions": {k: v for k, v in extensions.items() if v is not None}}


GRAPHQL = [
    (
        gql("Limit reached (50 tokens per 60000 ms)", "BAD_USER_INPUT", "LIMIT_REACHED"),
        errors.RateLimited,
        {"limit": 50},
    ),
    (gql("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED"), errors.AuthRefused, {}),
    (gql("Forbidden resource", "FORBIDDEN"), errors.PermissionRefused, {}),
    (gql('Cannot query field "companies" on type "Query".'), errors.ModelMismatch, {"what": "Query.companies"}),
    (
        gql("Maximum number of records to upsert is 200.", "BAD_USER_INPUT", "TOO_MANY_RECORDS_TO_UPDATE"),
        errors.BatchTooLarge,
        {"limit": 200},
    ),
    (gql("Record not found", "NOT_FOUND", "RECORD_NOT_FOUND"), errors.NotFound, {}),
    (
        gql(
            "A duplicate entry was detected",
            "BAD_USER_INPUT",
            conflictingRecordId="11111111-2222-4333-8444-555555555555",
        ),
        errors.RecordRefused,
        {"reason": "duplicate", "conflict": "11111111-2222-4333-8444-555555555555"},
    ),
    (
        gql(
            "Multiple records found with the same unique field values for id: 11111111-2222-4333-8444-555555555555, "
            "emails.primaryEmail: a@b.c. Cannot determine which record to update.",
            "BAD_USER_INPUT",
            "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT",
        ),
        errors.RecordRefused,
        {"reason": "ambiguous_match", "culprit": digest("11111111-2222-4333-8444-555555555555")},
    ),
    (
        gql("Provided phone number is invalid abc", "BAD_USER_INPUT", "INVALID_PHONE_NUMBER"),
        errors.RecordRefused,
        {"reason": "invalid_value", "culprit": digest("abc")},
    ),
    (gql("Argument not allowed: limit", "BAD_USER_INPUT", "INVALID_QUERY_INPUT"), errors.CallRefused, {}),
    (gql('Duplicate root resolver: "companies"', "BAD_USER_INPUT"), errors.CallRefused, {}),
    (gql("Data validation error.", "INTERNAL_SERVER_ERROR"), errors.ServerTrouble, {}),
    (gql("Filename must have an extension", "INTERNAL_SERVER_ERROR"), errors.RecordRefused, {"reason": "file"}),
    (gql("Could not find flat entity in maps", "INTERNAL_SERVER_ERROR"), errors.NotFound, {}),
]


@pytest.mark.parametrize(("answer", "kind", "attributes"), GRAPHQL, ids=lambda v: "")
def test_a_graphql_error_behind_http_200_becomes_the_same_errors(
    answer: dict[str, Any], kind: type[errors.TwentyError], attributes: dict[str, Any]
) -> None:
    error = classify(complaint_of_graphql(200, answer))
    assert type(error) is kind
    for name, value in attributes.items():
        assert getattr(error, name) == value


def test_a_refused_metadata_change_tells_the_cause_and_not_its_consequences() -> None:
    body = gql(
        "Multiple validation errors occurred while creating fields",
        "METADATA_VALIDATION_FAILED",
        errors={
            "viewField": [{"errors": [{"code": "VIEW", "message": "a consequence"}]}],
            "fieldMetadata": [{"errors": [{"code": "NOT_AVAILABLE", "message": 'Name "fişNo" is not available'}]}],
        },
    )
    error = classify(complaint_of_graphql(200, body))
    assert isinstance(error, errors.MetadataRefused)
    assert error.codes == ("NOT_AVAILABLE",)
    assert "fişNo" not in str(error)
    assert "is not available" in str(error)


@pytest.mark.parametrize("answer", [answer for answer, _, _ in REST] + [(200, answer) for answer, _, _ in GRAPHQL])
def test_no_error_carries_the_value_that_the_server_quoted(answer: tuple[int, Any]) -> None:
    status, body = answer
    complaint = complaint_of_graphql(status, body) if status == 200 else complaint_of_rest(status, body)
    error = classify(complaint)
    shown = f"{error} {error!r} {error.args} {vars(error)} {complaint!r}"
    for secret in ("d@x.y", "a@b.c", "0446681800", "tomorrow", "LOST", "abc for"):
        assert secret not in shown


def test_the_rules_have_names_of_their_own() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))


@pytest.mark.skipif(not recordings.available(), reason=recordings.REASON)
def test_every_recorded_refusal_of_a_write_is_known() -> None:
    """A refused create or update must be the record's fault, the model's or the size's: never 'try again'."""
    seen = 0
    for name, step in recordings.steps():
        request, expected = step["request"], step["expect"]
        path = request["path"]
        if request["method"] not in ("POST", "PATCH") or name in ("rate-limit", "auth-rest", "auth-graphql"):
            continue
        body = recordings.concrete(expected.get("body"))
        if path == "/graphql" and isinstance(body, dict) and body.get("errors"):
            complaints = [complaint_of_graphql(expected["status"], e) for e in body["errors"]]
        elif path.startswith("/rest/") and "/metadata/" not in path and expected["status"] >= 400:
            complaints = [complaint_of_rest(expected["status"], body)]
        else:
            continue
        for complaint in complaints:
            seen += 1
            assert not isinstance(classify(complaint), errors.TryAgain), (name, step["say"])
    assert seen > 120
