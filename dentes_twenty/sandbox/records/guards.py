"""What an API key may not do: workspace members come from invitations, not from the records API."""

from __future__ import annotations

from dentes_twenty.sandbox.errors import Refusal
from dentes_twenty.sandbox.tables import Table

LEAVE = "Please use /deleteUserFromWorkspace to remove a workspace member."
NO_PERMISSION = "Entity performing the request does not have permission"


def refuse_member_change(table: Table, operation: str) -> None:
    """Refuse every operation on workspace members except reading them and updating one."""
    if table.name != "workspaceMember":
        return
    if operation == "delete":
        raise Refusal(LEAVE, sub_code="BAD_REQUEST")
    raise Refusal(
        NO_PERMISSION,
        error="Error",
        rest_code="PERMISSION_DENIED",
        code="FORBIDDEN",
        sub_code="PERMISSION_DENIED",
    )
