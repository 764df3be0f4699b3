"""The API key of the sandbox: making it, keeping it in a private file, and judging the header of a request.

The key is a token of Twenty's form and selects the workspace by itself. Its secret lives in the state, so a key
stays good over restarts; for a state in memory every start makes a new one. The key is never printed or logged.
Does not belong here: what a route does without a key (see `app`).
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import uuid4

from dentes_twenty.sandbox import tokens

Verdict = Literal["ok", "missing", "invalid", "wrong-type", "expired", "revoked"]

_HUNDRED_YEARS_S = 100 * 365 * 24 * 3600
_REFUSALS: Mapping[Verdict, tuple[int, str, str]] = {
    "missing": (403, "Missing authentication token", "FORBIDDEN_EXCEPTION"),
    "invalid": (401, "Token invalid.", "UNAUTHENTICATED"),
    "wrong-type": (403, "Invalid token type", "INVALID_JWT_TOKEN_TYPE"),
    "expired": (401, "Token has expired.", "UNAUTHENTICATED"),
    "revoked": (403, "This API Key is revoked", "FORBIDDEN_EXCEPTION"),
}


class Settings(Protocol):
    """Where the state keeps small values."""

    def setting(self, key: str) -> str | None: ...

    def set_setting(self, key: str, value: str) -> None: ...


class Authority:
    """Knows the one API key of the workspace.

    `secret` also signs the URLs of files. `key_name` is what createdBy shows for writes with the key.
    """

    key_name = "Sandbox"

    def __init__(self, secret: bytes, workspace_id: str, key_id: str) -> None:
        self.secret = secret
        self.workspace_id = workspace_id
        self.key_id = key_id
        self._accepted = ""

    @classmethod
    def open(cls, settings: Settings, workspace_id: str) -> Authority:
        """The authority of a state, founded on its first use."""
        secret, key_id = settings.setting("api_secret"), settings.setting("api_key_id")
        if secret is None or key_id is None:
            secret, key_id = secrets.token_hex(32), str(uuid4())
            settings.set_setting("api_secret", secret)
            settings.set_setting("api_key_id", key_id)
        return cls(bytes.fromhex(secret), workspace_id, key_id)

    def issue(self, expires_in_s: float = _HUNDRED_YEARS_S) -> str:
        """A new copy of the API key."""
        now = int(time.time())
        payload = {
            "sub": self.workspace_id,
            "workspaceId": self.workspace_id,
            "type": "API_KEY",
            "jti": self.key_id,
            "iat": now,
            "exp": now + int(expires_in_s),
        }
        return tokens.sign(payload, self.secret)

    def keep_in(self, file: Path) -> str:
        """The key in a file that only the user can read; a key in it that is still good is kept."""
        try:
            kept = file.read_text("utf-8").strip()
        except FileNotFoundError:
            kept = ""
        if kept and self.check(f"Bearer {kept}") == "ok":
            file.chmod(0o600)
            return kept
        key = self.issue()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            # A file that existed keeps its mode, whatever open() was asked for.
            os.fchmod(stream.fileno(), 0o600)
            stream.write(f"{key}\n")
        return key

    def check(self, authorization: str | None) -> Verdict:
        """Judge the Authorization header of a request."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return "missing"
        if self._accepted and hmac.compare_digest(token.encode(), self._accepted.encode()):
            return "ok"
        verdict = self._judge(token)
        if verdict == "ok":
            self._accepted = token
        return verdict

    def _judge(self, token: str) -> Verdict:
        payload = tokens.read(token)
        if payload is None:
            return "invalid"
        # Without a workspace the server does not know which secret to try: it takes the token for another kind.
        if "workspaceId" not in payload or payload.get("type", "API_KEY") != "API_KEY":
            return "wrong-type"
        if payload["workspaceId"] != self.workspace_id or not tokens.is_signed(token, self.secret):
            return "invalid"
        expires = payload.get("exp")
        if isinstance(expires, int | float) and expires < time.time():
            return "expired"
        return "ok" if payload.get("jti") == self.key_id else "revoked"


def rest_refusal(verdict: Verdict) -> tuple[int, dict[str, Any]]:
    """Status and body of a REST answer to a bad key; `error` holds the code here, as recorded."""
    status, message, code = _REFUSALS[verdict]
    return status, {"statusCode": status, "messages": [message], "error": code}


def graphql_refusal(verdict: Verdict) -> dict[str, Any]:
    """Body of a GraphQL answer (HTTP 200) to a bad key."""
    status, message, sub_code = _REFUSALS[verdict]
    extensions = {
        "subCode": sub_code,
        "code": "UNAUTHENTICATED" if status == 401 else "FORBIDDEN",
        "userFriendlyMessage": message,
    }
    return {"errors": [{"message": message, "extensions": extensions}]}
