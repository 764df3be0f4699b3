"""A small practice that has been migrated into a sandbox: for tests of what comes afterwards."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dentes_twenty.migration.deltas import Asked, DeltaResult
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.server import SandboxOptions, SandboxServer
from dentes_twenty_tests import small_practice


class Desk:
    """A migrated practice, its export folder, and a person who edits in Twenty."""

    def __init__(self, practice: Practice, server: SandboxServer) -> None:
        self.server = server
        self.practice = practice
        self.export = practice.path.parent / "export"

    def migrate(self) -> None:
        """As the job does."""
        with self.session() as migration, migration.run("migrate"):
            for report in migration.reports:
                migration.stage(report)
            migration.check_references()
            migration.provision()
            migration.adopt()
            migration.write_members()
            for object_ in migration.objects:
                migration.load(object_)
            migration.load_files()

    def session(self) -> Migration:
        return Migration(self.practice, api_key=self.server.api_key)

    def policy(self, **policies: Any) -> None:
        text = self.practice.path.read_text(encoding="utf-8")
        listed = "".join(f"  {name}: {value}\n" for name, value in policies.items())
        self.practice.path.write_text(f"{text}policies:\n{listed}", encoding="utf-8")
        self.practice = load_practice(self.practice.path)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.export / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def delta(self, *allow: str, restore_deleted: bool = False, retry_refused: bool = False) -> DeltaResult:
        with self.session() as migration, migration.run("delta"):
            return migration.delta(allow, asked=Asked(restore_deleted, retry_refused))

    def person(self, key: str) -> dict[str, Any]:
        return self.record("person", key)

    def record(self, object_: str, key: str) -> dict[str, Any]:
        with self.session() as migration:
            record = self._id(migration, key)
            found = migration.wait(migration.store.read(object_, [record], with_deleted=True))
            return dict(found[record])

    def by_hand(self, object_: str, key: str, **changes: Any) -> None:
        with self.session() as migration:
            record = self._id(migration, key)
            if changes:
                migration.wait(migration.store.update(object_, record, changes))
            else:
                migration.wait(migration.store.soft_delete(object_, [record]))

    def _id(self, migration: Migration, key: str) -> str:
        source_object, _, source_id = key.partition(":")
        return migration.ledger.known(source_object, [source_id])[source_id].record_id


Write = Callable[[Path, str], Practice]
"""Writes an export and a practice file into a folder, for a workspace's address."""


def make_desk(folder: Path, server: SandboxServer, write: Write = small_practice.write) -> Desk:
    """A practice that has just been migrated."""
    desk = Desk(small_practice.confirmed(write(folder, server.url)), server)
    desk.migrate()
    return desk


def make_template(folder: Path, write: Write = small_practice.write) -> Path:
    """A folder with a migrated practice and its workspace, to be copied by `copy_of`: migrating takes seconds."""
    with SandboxServer(_options(folder)) as server:
        make_desk(folder, server, write)
    return folder


@contextlib.contextmanager
def copy_of(template: Path, folder: Path) -> Iterator[Desk]:
    """A desk of its own for one test."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with SandboxServer(_options(folder)) as server:
        file = folder / "practice.yaml"
        lines = file.read_text(encoding="utf-8").splitlines()
        lines = [f"  url: {server.url}" if line.startswith("  url: ") else line for line in lines]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield Desk(load_practice(file), server)


def _options(folder: Path) -> SandboxOptions:
    return SandboxOptions(state=str(folder / "twenty.db"), members=small_practice.MEMBERS)
