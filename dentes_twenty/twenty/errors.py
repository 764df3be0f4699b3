"""What can go wrong with Twenty, grouped by what the caller can do about it.

    TwentyError                 code, message, fix
    ├── TryAgain                the same call may be made again after a wait
    │   ├── RateLimited         refused before anything ran; says limit and window
    │   ├── ServerTrouble       the server answered with a failure of its own; a write may have been done
    │   └── Unreachable         no connection: nothing was sent
    ├── OutcomeUnknown          a write was sent and its answer was lost: ask Twenty, never repeat it blindly
    ├── RecordRefused           this record cannot be stored, others can; reason and field
    ├── BatchTooLarge           send fewer records (or bytes) in one call
    ├── NotFound                the one record or thing that was asked for does not exist
    └── Stop                    nothing will succeed until a person has acted
        ├── AuthRefused         the API key is missing, malformed, expired or revoked
        ├── PermissionRefused   the key's role lacks a right
        ├── WorkspaceGone       the key is of a workspace that does not exist
        ├── NotTwenty           the address answers, but not as Twenty does
        ├── InsecureUrl         a key would travel in the clear
        ├── ModelMismatch       the workspace lacks an object or a field
        ├── ModelConflict       the workspace has something that stands in the way of provisioning
        ├── MetadataRefused     a change of the data model was refused
        └── CallRefused         the call itself is wrong: a defect of this program

Belongs here: the classes. Does not belong here: which answer means what (`answers`).
Messages are ours, never the server's: Twenty quotes the offending value in its messages, and that is patient data.
"""

from __future__ import annotations


class TwentyError(Exception):
    """Base of all. `code` is for programs, `message` says what happened, `fix` says what to do."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} [{self.code}] {self.fix}"


class TryAgain(TwentyError):
    """The same call may be made again after a wait."""


class RateLimited(TryAgain):
    """Refused by the token bucket before anything ran, so repeating is free of risk, writes included.

    `limit` tokens per `window_ms`, None where the answer does not tell. `partial`: some root fields of the
    request were executed and others refused, which shows a server that charges per root field.
    """

    def __init__(self, limit: int | None, window_ms: int | None, *, partial: bool = False) -> None:
        told = f"{limit} calls per {window_ms} ms" if limit and window_ms else "limit not told"
        super().__init__(
            "rate_limited",
            f"Twenty refused the call because of its rate limit ({told}).",
            "Wait; the client paces itself below the limit as soon as it knows it.",
        )
        self.limit = limit
        self.window_ms = window_ms
        self.partial = partial


class ServerTrouble(TryAgain):
    """The server answered with a failure of its own (5xx, query time-out, unreadable body).

    After a write the outcome is open: the failure may have come before or after the commit.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, "Try again; if it persists, look at the log of the Twenty server.")


class Unreachable(TryAgain):
    """No connection could be made; nothing was sent."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            "unreachable",
            f"No connection to Twenty ({kind}).",
            "Check that the server runs and that `twenty.url` names it; then start the same command again.",
        )


class OutcomeUnknown(TwentyError):
    """A write was sent and its answer was lost. Read the ids back and send only what is missing."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            "outcome_unknown",
            f"The answer to a write was lost ({kind}).",
            "Read the ids back; send again only what is missing.",
        )


class RecordRefused(TwentyError):
    """Twenty will not store a record of this call.

    `reason`: duplicate, foreign_key, invalid_value, missing_value, ambiguous_match, file, too_large,
    server_error or refused. `field`: dotted path, None where the answer does not name one.
    `field_type`: PHONES or LINKS where only the kind of field is told.
    `culprit`: keyed digest (`answers.digest`) of the value that the answer quoted, to find the row it came from;
    the value itself is patient data and is not kept. `conflict`: id of the record already there, if told.
    """

    def __init__(
        self,
        reason: str,
        field: str | None = None,
        *,
        field_type: str | None = None,
        culprit: str | None = None,
        conflict: str | None = None,
    ) -> None:
        where = f" in field {field}" if field else ""
        super().__init__(
            reason,
            f"Twenty refused a record: {reason.replace('_', ' ')}{where}.",
            "The record is quarantined and the others go on; correct it in the source or in the mapping.",
        )
        self.reason = reason
        self.field = field
        self.field_type = field_type
        self.culprit = culprit
        self.conflict = conflict


class BatchTooLarge(TwentyError):
    """More than the server takes in one call: `limit` records, or too many bytes when `limit` is None."""

    def __init__(self, limit: int | None) -> None:
        told = f"{limit} records" if limit else "the size of a request"
        super().__init__(
            "batch_too_large", f"Twenty takes at most {told} in one call.", "Send smaller batches; nothing was written."
        )
        self.limit = limit


class NotFound(TwentyError):
    """The one thing that was asked for does not exist (or is soft-deleted)."""

    def __init__(self, what: str = "record") -> None:
        super().__init__("not_found", f"Twenty has no such {what}.", "Read the workspace again before going on.")


class Stop(TwentyError):
    """Nothing further will succeed until a person has acted."""


class AuthRefused(Stop):
    """The API key is missing, malformed, expired or revoked."""

    def __init__(self, code: str = "auth_refused") -> None:
        super().__init__(
            code,
            f"Twenty does not accept the API key ({code.replace('_', ' ')}).",
            "Make a key under Settings > APIs & Webhooks and put it into the variable that `twenty.api_key_env` names.",
        )


class PermissionRefused(Stop):
    """The key's role lacks a right."""

    def __init__(self) -> None:
        super().__init__(
            "permission_refused",
            "The role of the API key does not allow this call.",
            "Give the key a role that may edit records and the data model and upload files (Admin has all of it).",
        )


class WorkspaceGone(Stop):
    """The key names a workspace that does not exist."""

    def __init__(self) -> None:
        super().__init__(
            "workspace_gone",
            "The workspace of the API key does not exist.",
            "Use a key of the workspace to migrate into.",
        )


class NotTwenty(Stop):
    """Something answers at the address, but not as Twenty does (a redirect, a proxy's page, another program)."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(
            "not_twenty",
            f"The server at `twenty.url` does not answer as Twenty does (HTTP {status}, {kind}).",
            "Set `twenty.url` to the address that serves /graphql, without a redirect in between.",
        )


class InsecureUrl(Stop):
    """The key and health data would travel unencrypted, or the address is no http(s) address."""

    def __init__(self, code: str = "insecure_url", message: str = "The address of Twenty is not https.") -> None:
        super().__init__(code, message, "Use https:// in `twenty.url`; plain http is accepted for loopback only.")


class ModelMismatch(Stop):
    """The workspace lacks an object or a field, or has it in a form that cannot be used."""

    def __init__(self, what: str, problem: str = "is not in the workspace") -> None:
        super().__init__(
            "model_mismatch", f"{what} {problem}.", "Run `provision`; its checklist names what is missing."
        )
        self.what = what


class ModelConflict(Stop):
    """Things in the workspace's data model that only a person can change. `conflicts` has one sentence for each."""

    def __init__(self, conflicts: tuple[str, ...]) -> None:
        super().__init__(
            "model_conflict",
            "The workspace's data model is in the way: " + " ".join(conflicts),
            "Clear these by hand, then run `provision` again; it has changed nothing.",
        )
        self.conflicts = conflicts


class MetadataRefused(Stop):
    """Twenty refused a change of the data model. `codes` are the server's, such as NOT_AVAILABLE."""

    def __init__(self, codes: tuple[str, ...], detail: str = "", what: str = "") -> None:
        said = f" ({detail})" if detail else ""
        super().__init__(
            "metadata_refused",
            f"Twenty refused a change of the data model{': ' + what if what else ''}{said}.",
            "Make the field by hand as the checklist of `provision --checklist` says, or rename what is in the way.",
        )
        self.codes = codes
        self.detail = detail


class CallRefused(Stop):
    """The call is malformed. This is a defect of this program, not of the data."""

    def __init__(self, code: str, detail: str = "") -> None:
        said = f" ({detail})" if detail else ""
        super().__init__(
            code, f"Twenty refused the call as malformed{said}.", "Report this with the code and the version."
        )
