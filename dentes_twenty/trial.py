"""A trial workspace: an embedded sandbox with the practice's staff as members, and a ledger that is thrown away.

Belongs here: what `--sandbox` opens. The practice's own staged tables are read; nothing of the trial stays, not even in
its ledger, and nothing reaches the practice's workspace. Does not belong here: what is done in it (`migration`), the
sandbox itself.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dentes_twenty.exports.staged import Staged
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.practice import Practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.sandbox.workspace import Member

FOLDER = "trial"


@contextmanager
def trial(real: Migration) -> Iterator[Migration]:
    """A session of the same practice, mapping and staged tables in a sandbox of its own.

    The export must be staged. Its members are the staff that has an e-mail, and whoever the practice file names.
    """
    practice = real.practice
    folder = practice.private_dir / f"{FOLDER}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        with SandboxServer(SandboxOptions(members=members_of(practice, real.staged))) as server:
            moved = _in_sandbox(practice, folder, server.url)
            with Migration(moved, api_key=server.api_key, staging=practice.staging_dir) as migration:
                yield migration
    finally:
        shutil.rmtree(folder)


def members_of(practice: Practice, staged: Staged) -> tuple[Member, ...]:
    """Staff with an e-mail, overrides and the fallback, each once."""
    found: dict[str, Member] = {}
    for row in staged.rows(MEMBERS.report.name):
        if row.get("email"):
            found[row["email"]] = Member(row["email"], row.get("first_name") or "", row.get("last_name") or "")
    named = [*practice.owners.overrides.values(), *([practice.owners.fallback] if practice.owners.fallback else [])]
    for email in named:
        found.setdefault(email.lower(), Member(email.lower(), email.partition("@")[0], ""))
    return tuple(found.values())


def _in_sandbox(practice: Practice, folder: Path, url: str) -> Practice:
    """The same practice with another workspace, another private folder and a ledger in it."""
    twenty = practice.file.twenty.model_copy(update={"url": url})
    file = practice.file.model_copy(update={"twenty": twenty, "private": str(folder), "ledger": None})
    moved = Practice(practice.path, file)
    moved.prepare()
    return moved
