"""Approving, and what stands in the way of a full migration that nobody has approved.

Belongs here: the file that remembers what the sample showed, the ledger's approvals, and the question to the server
whether it is a sandbox. Does not belong here: what is compared (`migration.approval`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dentes_twenty import __version__
from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.private_files import private_folder, write_json
from dentes_twenty.loopback import is_loopback
from dentes_twenty.migration.approval import (
    KIND,
    ApprovalState,
    Shown,
    Standing,
    Subject,
    judge,
    require_approvable,
    subject,
)
from dentes_twenty.migration.ledger import Approval, Ledger
from dentes_twenty.practice import Practice
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.errors import TwentyError

SHOWN_FILE = "sample.json"
SANDBOX_MARK = "/sandbox/faults"
"""Only the sandbox answers here, and only to its key. A real Twenty says 404, or serves its front page."""


def shown_of(practice: Practice) -> Shown | None:
    """What the last sample showed; None when there was none, or when its file was changed by hand."""
    path = _path(practice)
    try:
        return Shown.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def remember_shown(
    practice: Practice, mapping: MappingFile, ledger: Ledger, run: int, counts: Mapping[str, int], where: str
) -> Shown:
    """Keep what the sample's page shows, for `approve`. `where`: "workspace" or "sandbox"."""
    shown = Shown(dict(counts), dict(subject(practice, mapping, __version__, None).parts))
    private_folder(practice.private_dir)
    write_json(_path(practice), shown.as_json())
    totals = {name: count for name, count in shown.counts.items() if "." not in name}
    ledger.event(run, "sample", KIND, f"run:{run}", "shown", {"into": where, **totals})
    return shown


def present_subject(practice: Practice, mapping: MappingFile) -> Subject:
    """What an approval would be bound to now."""
    return subject(practice, mapping, __version__, shown_of(practice))


def approve(practice: Practice, mapping: MappingFile, ledger: Ledger, by: str, note: str) -> Approval:
    """Remember a person's yes to exactly the present state. Raises NotApprovable."""
    now = present_subject(practice, mapping)
    require_approvable(shown_of(practice), now, note)
    return ledger.approve(KIND, now.fingerprint, by=by, note=note)


async def approval_state(
    practice: Practice, mapping: MappingFile, ledger: Ledger, client: TwentyClient
) -> ApprovalState:
    """Whether the full migration may write, and why not."""
    given = [(one.fingerprint, one.by) for one in ledger.approvals(KIND) if one.withdrawn is None]
    state = judge(present_subject(practice, mapping), reversed(given))
    if not state.free and await is_trial(client):
        return ApprovalState(Standing.TRIAL)
    return state


async def is_trial(client: TwentyClient) -> bool:
    """Whether the workspace is a sandbox of this program: on this machine, and answering as only the sandbox does.

    An address alone says nothing: a real Twenty may run on loopback too.
    """
    if not is_loopback(urlsplit(client.url).hostname or ""):
        return False
    try:
        answer = await client.rest("GET", SANDBOX_MARK)
    except TwentyError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("pending"), list)


def _path(practice: Practice) -> Path:
    return practice.private_dir / SHOWN_FILE
