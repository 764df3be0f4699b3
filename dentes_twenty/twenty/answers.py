"""What an answer of Twenty means: one table from status, codes and message to an error class.

Belongs here: reading the four shapes of error bodies (REST records, REST authentication, Nest, GraphQL) into a
`Complaint`, and the table that classifies it. Does not belong here: what is done about it (`client`, `records`).
Source of the rules: recorded answers of Twenty 2.19, and the messages of 1.12 where they differ.

Server messages quote values, so they do not leave this module: errors carry a field name, a reason and a keyed
digest of the quoted value, by which `isolate` finds the row without a search.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from dentes_twenty.twenty.errors import (
    AuthRefused,
    BatchTooLarge,
    CallRefused,
    MetadataRefused,
    ModelMismatch,
    NotFound,
    NotTwenty,
    PermissionRefused,
    RateLimited,
    RecordRefused,
    ServerTrouble,
    TwentyError,
    WorkspaceGone,
)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Complaint:
    """An error of the server in one shape. `message` quotes values: never log it, never raise it."""

    status: int
    message: str = ""
    code: str = ""
    sub_code: str = ""
    error: str = ""
    extensions: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Complaint({self.status}, {self.code or self.error}, {self.sub_code})"


@functools.cache
def _digest_key() -> bytes:
    return secrets.token_bytes(16)


def digest(text: str) -> str:
    """Keyed digest of a value; the key lives as long as the process, so it means nothing outside."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=_digest_key(), digest_size=16).hexdigest()


def _first(value: object) -> str:
    """REST gives `messages` or `message`, as text or list; validation of missing properties gives several."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def complaint_of_rest(status: int, body: object) -> Complaint:
    """Read a REST error body: records, authentication (`error` is a code there), Nest, or plain text."""
    if not isinstance(body, dict):
        return Complaint(status, body if isinstance(body, str) else "")
    return Complaint(
        status,
        _first(body.get("messages") or body.get("message")),
        code=str(body.get("code") or ""),
        error=str(body.get("error") or ""),
        extensions=body,
    )


def complaint_of_graphql(status: int, error: object) -> Complaint:
    """Read one entry of `errors` of a GraphQL answer."""
    if not isinstance(error, dict):
        return Complaint(status, str(error))
    extensions = error.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    return Complaint(
        status,
        _first(error.get("message")),
        code=str(extensions.get("code") or ""),
        sub_code=str(extensions.get("subCode") or ""),
        extensions=extensions,
    )


_LIMIT = re.compile(r"Limit reached(?: \((\d+) tokens per (\d+) ms\))?", re.I)
_MAXIMUM = re.compile(r"^Maximum number of records to \w+ is (\d+)|more than (\d+) records", re.I)
_FIELD = re.compile(r"""(?:field|column|Field|relation|Relation) ["']([A-Za-z][\w.]*)""")
_SUBJECT = re.compile(r"^Field (\w+) is not nullable|^(\w+) \w+-typed field|^One-to-many relation (\w+) field")
_OBJECT_LACKS = re.compile(
    r"""^Object (\w+) doesn't have any "([^"]*)" field"""
    r"""|^Field metadata for field "([^"]*)" is missing in object metadata (\w+)"""
)
_UNKNOWN = re.compile(
    r"""^Cannot query field "([^"]+)" on type "(\w+)"|^object '(\w+)' not found|^Invalid subfield '?(\w+)"""
)
_METADATA_GONE = r"^Could not find flat entity|^Unable to find \w+MetadataEntity|^(Object|Field) metadata not found"
_BAD_VALUE = (
    r"^Invalid (\w+ )?value |^Invalid blocknote|^Value \".*\" is not a valid UUID|^invalid (input|byte)"
    r"|^Invalid position|out of range"
)
_PHONE_CODES = (
    "INVALID_PHONE_NUMBER",
    "INVALID_PHONE_COUNTRY_CODE",
    "INVALID_PHONE_CALLING_CODE",
    "CONFLICTING_PHONE_COUNTRY_CODE",
    "CONFLICTING_PHONE_CALLING_CODE",
    "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE",
)
_QUOTED = (
    re.compile(r"""^Invalid value "(.*)" for field "[^"]*"\. Valid values are""", re.S),
    re.compile(r"""^Invalid (?:\w+ )?value ['"`](.*)['"`] for (?:[\w-]+ )*field""", re.S),
    re.compile(r"""^Invalid (?:\w+ )?value ([^'"`]+) for (?:[\w-]+ )*field""", re.S),
    re.compile(r"""^Invalid position value ['"]?(.*?)['"]? for field""", re.S),
    re.compile(r"""^Provided phone number is invalid (.*)$""", re.S),
    re.compile(r"""^Invalid (?:country|calling) code (.*)$""", re.S),
    re.compile(r"""^Value "(.*)" is not a valid UUID""", re.S),
    re.compile(r"""^File (?:not found: )?([0-9a-f-]{36})"""),
    re.compile(r"""^Multiple records found .*?\bid: ([0-9a-fA-F-]{36})""", re.S),
)  # fmt: skip


def _field(complaint: Complaint) -> str | None:
    subject = _SUBJECT.search(complaint.message)
    if subject:
        return next(group for group in subject.groups() if group)
    found = _FIELD.search(complaint.message)
    return found.group(1) if found else None


def _culprit(complaint: Complaint) -> str | None:
    for pattern in _QUOTED:
        found = pattern.search(complaint.message)
        if found:
            return digest(found.group(1))
    return None


def _record(reason: str, field_type: str | None = None) -> Callable[[Complaint], TwentyError]:
    def make(complaint: Complaint) -> TwentyError:
        conflict = complaint.extensions.get("conflictingRecordId")
        return RecordRefused(
            reason,
            _field(complaint),
            field_type=field_type,
            culprit=_culprit(complaint),
            conflict=conflict if isinstance(conflict, str) else None,
        )

    return make


def _rate_limited(complaint: Complaint) -> TwentyError:
    told = _LIMIT.search(complaint.message)
    if told and told.group(1):
        return RateLimited(int(told.group(1)), int(told.group(2)))
    return RateLimited(None, None)


def _too_many(complaint: Complaint) -> TwentyError:
    told = _MAXIMUM.search(complaint.message)
    return BatchTooLarge(int(told.group(1) or told.group(2)) if told else None)


def _lacks(complaint: Complaint) -> TwentyError:
    told = _OBJECT_LACKS.search(complaint.message)
    if told:
        return ModelMismatch(f"Field {told.group(1) or told.group(4)}.{told.group(2) or told.group(3)}")
    told = _UNKNOWN.search(complaint.message)
    name = next((group for group in told.groups() if group), "?") if told else "?"
    owner = told.group(2) if told else None
    return ModelMismatch(f"{owner + '.' if owner else ''}{name}")


def _metadata(complaint: Complaint) -> TwentyError:
    codes, details = metadata_causes(complaint.extensions)
    return MetadataRefused(codes or (complaint.code or complaint.error,), "; ".join(details))


def metadata_causes(extensions: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes and messages of a refused metadata change; quoted parts are cut, they may come from the data.

    The server lists dozens of consequences beside the cause, so the first group that has entries counts:
    objectMetadata, then fieldMetadata, then index (recorded, metadata-object-errors).
    """
    groups = extensions.get("errors")
    groups = groups if isinstance(groups, dict) else {}
    for group in ("objectMetadata", "fieldMetadata", "index"):
        entries = groups.get(group)
        errors = [e for entry in entries or () if isinstance(entry, dict) for e in entry.get("errors") or ()]
        if errors:
            codes = tuple(dict.fromkeys(str(e.get("code", "")) for e in errors))
            return codes, tuple(dict.fromkeys(_unquoted(str(e.get("message", ""))) for e in errors))
    return (), ()


def _unquoted(message: str) -> str:
    return re.sub(r"""(["'`]).*?\1""", "…", message)[:200]


def _constant(error: Callable[[], TwentyError]) -> Callable[[Complaint], TwentyError]:
    return lambda complaint: error()


def _key(why: str) -> Callable[[Complaint], TwentyError]:
    return lambda complaint: AuthRefused(f"key_{why}")


def _call(complaint: Complaint) -> TwentyError:
    return CallRefused(complaint.sub_code or complaint.code or complaint.error or f"http_{complaint.status}")


def _trouble(complaint: Complaint) -> TwentyError:
    code = complaint.sub_code or complaint.code or f"http_{complaint.status}"
    return ServerTrouble(code.lower(), f"Twenty failed on its side (HTTP {complaint.status}, {code}).")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: all given conditions must hold. `codes` is searched in code, sub-code and error."""

    name: str
    make: Callable[[Complaint], TwentyError]
    status: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    message: re.Pattern[str] | None = None

    def fits(self, complaint: Complaint) -> bool:
        """True if every given condition holds."""
        if self.status and complaint.status not in self.status:
            return False
        if self.codes and self.codes.isdisjoint((complaint.code, complaint.sub_code, complaint.error)):
            return False
        return self.message is None or self.message.search(complaint.message) is not None


def _rule(
    name: str,
    make: Callable[[Complaint], TwentyError],
    *,
    status: tuple[int, ...] = (),
    codes: tuple[str, ...] = (),
    message: str | None = None,
) -> Rule:
    pattern = re.compile(message, re.I | re.S) if message else None
    return Rule(name, make, frozenset(status), frozenset(codes), pattern)


# The first row that fits counts, so the narrow ones stand before the wide ones. Status class alone tells nothing:
# a slow query is a 400, a deadlock a 500, the rate limit of GraphQL a 200.
RULES: tuple[Rule, ...] = (
    _rule("limit-429", _rate_limited, status=(429,)),
    _rule("limit-graphql", _rate_limited, codes=("LIMIT_REACHED",)),
    _rule("limit-message", _rate_limited, message=r"^Limit reached \("),
    _rule("workspace-gone", _constant(WorkspaceGone), codes=("WORKSPACE_NOT_FOUND",)),
    _rule("workspace-gone-message", _constant(WorkspaceGone), message=r"^Workspace not found"),
    _rule("key-revoked", _key("revoked"), message=r"^This API Key is revoked"),
    _rule("key-expired", _key("expired"), message=r"API Key is expired|Token has expired"),
    _rule("key-invalid", _key("invalid"), codes=("UNAUTHENTICATED", "INVALID_JWT_TOKEN_TYPE")),
    _rule("key-missing", _key("missing"), codes=("FORBIDDEN_EXCEPTION",)),
    _rule("unauthorised", _key("refused"), status=(401,)),
    _rule("permission", _constant(PermissionRefused), codes=("PERMISSION_DENIED", "FORBIDDEN")),
    _rule("permission-message", _constant(PermissionRefused), message=r"does not have permission|^Forbidden resource"),
    _rule("forbidden", _constant(PermissionRefused), status=(403,)),
    _rule("body-too-large", _constant(lambda: BatchTooLarge(None)), status=(413,)),
    _rule("body-too-large-message", _constant(lambda: BatchTooLarge(None)), message=r"request entity too large"),
    _rule("batch-too-large", _too_many, codes=("TOO_MANY_RECORDS_TO_UPDATE",)),
    _rule("batch-too-large-message", _too_many, message=r"^Maximum number of records|more than \d+ records at once"),
    _rule("metadata", _metadata, codes=("METADATA_VALIDATION_FAILED", "METADATA_VALIDATION_ERROR")),
    _rule("metadata-migration", _metadata, message=r"^Migration action '"),
    _rule("metadata-exists", _metadata, codes=("FIELD_ALREADY_EXISTS", "OBJECT_ALREADY_EXISTS")),
    _rule("metadata-fixed", _metadata, codes=("FIELD_MUTATION_NOT_ALLOWED", "OBJECT_MUTATION_NOT_ALLOWED")),
    _rule("metadata-gone", _constant(lambda: NotFound("field or object")), message=_METADATA_GONE),
    _rule("not-found", _constant(NotFound), codes=("RECORD_NOT_FOUND", "NOT_FOUND", "NotFoundException")),
    _rule("duplicate", _record("duplicate"), message=r"duplicate (entry|key|\w+ with value)"),
    _rule("foreign-key", _record("foreign_key"), message=r"violates foreign key constraint"),
    _rule("connect", _record("foreign_key"), message=r"^Expected 1 record to connect"),
    _rule("not-null", _record("missing_value"), message=r"violates not-null constraint"),
    _rule("not-nullable", _record("missing_value"), message=r"is not nullable and has no default"),
    _rule("ambiguous", _record("ambiguous_match"), codes=("UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT",)),
    _rule("ambiguous-message", _record("ambiguous_match"), message=r"^Multiple records found with the same unique"),
    _rule("file", _record("file"), message=r"^File (not found|[0-9a-f-]{36} is already)|^Max number of files"),
    _rule("file-field", _record("file"), message=r"for FILES field"),
    _rule("file-content", _record("file"), message=r"^Filename must have an extension|^File content does not match"),
    _rule("model-field", _lacks, message=r"doesn't have any \"|^Field metadata for field"),
    _rule("model-query", _lacks, message=r"^Cannot query field|^object '\w+' not found|^Invalid subfield"),
    _rule("read-timeout", _trouble, message=r"^Query read timeout"),
    _rule("read-timeout-code", _trouble, codes=("QUERY_READ_TIMEOUT",)),
    _rule("url", _record("invalid_value", "LINKS"), codes=("INVALID_URL",)),
    _rule("phone", _record("invalid_value", "PHONES"), codes=_PHONE_CODES),
    _rule("filter", _call, codes=("INVALID_ARGS_FILTER",)),
    _rule("value", _record("invalid_value"), message=_BAD_VALUE),
    _rule("arguments", _call, codes=("INVALID_QUERY_INPUT", "INVALID_ARGS_FIRST", "TOO_COMPLEX_QUERY")),
    _rule("not-here", lambda c: NotTwenty(c.status, "no such path"), status=(404, 405)),
    _rule("redirect", lambda c: NotTwenty(c.status, "redirect"), status=(301, 302, 303, 307, 308)),
    _rule("server", _trouble, status=(408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524)),
    _rule("server-code", _trouble, codes=("INTERNAL_SERVER_ERROR", "TIMEOUT")),
    _rule("data", _record("refused"), codes=("INVALID_ARGS_DATA",)),
)


def classify(complaint: Complaint) -> TwentyError:
    """The error for a complaint; what no row knows is a malformed call."""
    for rule in RULES:
        if rule.fits(complaint):
            return rule.make(complaint)
    return _trouble(complaint) if complaint.status >= 500 else _call(complaint)
