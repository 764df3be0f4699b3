"""Signed tokens (JWT, HS256) for the API key and for the URLs of files; nothing else is signed here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson

_HEADER = {"alg": "HS256", "typ": "JWT"}


def sign(payload: dict[str, Any], secret: bytes) -> str:
    """The token of a payload."""
    body = f"{_encode(orjson.dumps(_HEADER))}.{_encode(orjson.dumps(payload))}"
    return f"{body}.{_encode(_signature(body, secret))}"


def read(token: str) -> dict[str, Any] | None:
    """The payload of a token, unverified; None for what is no token at all."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, payload = (orjson.loads(_decode(part)) for part in parts[:2])
    except (ValueError, binascii.Error):
        return None
    return payload if isinstance(header, dict) and isinstance(payload, dict) else None


def is_signed(token: str, secret: bytes) -> bool:
    """Whether the signature is ours."""
    body, _, signature = token.rpartition(".")
    try:
        return hmac.compare_digest(_decode(signature), _signature(body, secret))
    except (ValueError, binascii.Error):
        return False


def _signature(body: str, secret: bytes) -> bytes:
    return hmac.digest(secret, body.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
