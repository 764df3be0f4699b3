"""A small practice that has been migrated into a sandbox: for tests of what comes afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dentes_twenty.migration.deltas import DeltaResult
from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty_tests import small_practice


class Desk:
    """A migrated practice, its export folder, and a person who edits in Twenty."""

    def __init__(self, folder: Path, server: SandboxServer) -> None:
        self.server = server
        self.practice: Practice = small_practice.confirmed(small_practice.write(folder, server.url))
        self.export = folder / "export"
        with self.session() as migration, migration.run("migrate"):
            for report in migration.reports:
                migration.stage(report)
            migration.check_references()
            migration.provision()
            migration.adopt()
            migration.write_members()
            for object_ in migration.objects:
                migration.load(object_)

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

    def delta(self, *allow: str, restore_deleted: bool = False) -> DeltaResult:
        with self.session() as migration, migration.run("delta"):
            return migration.delta(allow, restore_deleted=restore_deleted)

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
