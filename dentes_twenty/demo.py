"""The demo: a whole practice moves into an embedded Twenty, in the way that a real one moves into a real one.

Belongs here: the embedded workspace with the practice's staff as members, the demo's practice file, and the steps in
their order. Does not belong here: anything that a real migration would do otherwise; the steps are those of the
commands `propose-mapping`, `confirm-mapping` and `migrate`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.mapping import Mapping, confirm_file, save_mapping
from dentes_twenty.exports.propose import propose
from dentes_twenty.migration.errors import MigrationError
from dentes_twenty.migration.session import Migration
from dentes_twenty.objects.registry import MEMBERS
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty.sandbox.workspace import Member

DATA = Path(__file__).resolve().parent.parent / "data" / "demo"
FALLBACK = Member("reception@demo.example", "Reception", "Desk")
CONFIRMED_BY = "the demo"
PRACTICE_FILE, STATE_FILE = "practice.yaml", "workspace.sqlite3"


class DemoDataMissing(MigrationError):
    """The program was installed without its demo data."""

    default_code = "DEMO_DATA_MISSING"


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A practice that is ready to move: its file, and the server that plays Twenty."""

    practice: Practice
    server: SandboxServer


def prepare(folder: Path, drop: Path | None) -> Practice:
    """Write the demo's practice file into the folder (made 0700), for the demo's own drop or another one.

    Raises DemoDataMissing. What an earlier demo has left in the folder is gone on with.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    source = DATA / PRACTICE_FILE
    if not source.exists():
        raise DemoDataMissing("The demo's data is not installed.", "Run the demo in a clone of the project.")
    settings = yaml.safe_load(source.read_text(encoding="utf-8"))
    settings["export"] = str(drop.resolve() if drop else DATA / settings["export"])
    settings["private"] = "private"
    settings["owners"] = {"fallback": FALLBACK.email}
    path = folder / PRACTICE_FILE
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    practice = load_practice(path)
    practice.prepare()
    return practice


def mapping_of(practice: Practice) -> Mapping:
    """Propose a mapping unless an earlier demo has; a person may edit it there. Not confirmed yet."""
    from dentes_twenty.exports.mapping import load_mapping

    if practice.mapping_path.exists():
        return load_mapping(practice.mapping_path)
    proposed = propose(open_drop(practice.export_location), region=practice.region)
    save_mapping(proposed, practice.mapping_path)
    return proposed


def confirm(practice: Practice) -> None:
    """Say yes in the place of a person. Raises UnconfirmedMapping while the mapping has questions open."""
    confirm_file(practice.mapping_path, CONFIRMED_BY, dt.datetime.now(practice.zone))


def staff(practice: Practice) -> tuple[Member, ...]:
    """The members of the demo's workspace: the staff of the export that have an e-mail, and the fallback owner."""
    with Migration(practice) as migration:
        if MEMBERS.report.name not in migration.reports:
            return (FALLBACK,)
        migration.stage(MEMBERS.report.name)
        rows = [row for row in migration.staged.rows(MEMBERS.report.name) if row.get("email")]
    by_email = {row["email"]: Member(row["email"], row["first_name"] or "", row["last_name"] or "") for row in rows}
    return (FALLBACK, *by_email.values())


@contextmanager
def workspace(practice: Practice, *, calls_per_minute: int | None = None) -> Iterator[Stage]:
    """Serve the demo's workspace, and point the practice file at it."""
    options = SandboxOptions(
        state=str(practice.private_dir / STATE_FILE), members=staff(practice), calls_per_minute=calls_per_minute
    )
    with SandboxServer(options) as server:
        settings = yaml.safe_load(practice.path.read_text(encoding="utf-8"))
        settings["twenty"]["url"] = server.url
        practice.path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
        yield Stage(load_practice(practice.path), server)
