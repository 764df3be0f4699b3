"""The refusal of a value by the rules of its field type.

A module of its own, because every module with rules raises it and `errors` turns it into the two wire formats.
"""

from __future__ import annotations


class ValueRefused(Exception):
    """A value that Twenty does not accept for a field.

    `message` is Twenty's own text, with the value in it: it goes into the answer and never into a log.
    `error` and `code` appear in REST bodies, `sub_code` in the extensions of a GraphQL error (None: the sub-code
    of the argument in which the value stood). `status` is 400, or 500 where the recorded server fails inside.
    """

    fix = "Send the value in the form that the message names."

    def __init__(
        self,
        message: str,
        *,
        error: str = "BadRequestException",
        code: str | None = None,
        sub_code: str | None = None,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error = error
        self.code = code
        self.sub_code = sub_code
        self.status = status


def coded(message: str, code: str) -> ValueRefused:
    """A refusal by the transformers of phones and links, which have codes of their own."""
    return ValueRefused(message, error="Error", code=code, sub_code=code)


def type_error(message: str) -> ValueRefused:
    """What the server answers when its own code stumbles over a value (a JavaScript TypeError, status 400)."""
    return ValueRefused(message, error="TypeError")


def database_refused() -> ValueRefused:
    """What the server answers when a value passed its checks and PostgreSQL could not read it."""
    return ValueRefused("Data validation error.", error="Error", status=500)
