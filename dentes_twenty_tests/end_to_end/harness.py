"""What the end-to-end tests share: drops of any kind with their answer keys, practices, and the checker.

The generator and the checker stand beside the project (`../shared/drops`); tests that need them skip where it is
absent.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.mapping import confirm, save_mapping
from dentes_twenty.exports.propose import propose
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.tally import Tally
from dentes_twenty.practice import Practice, load_practice
from dentes_twenty.sandbox.workspace import Member

SHARED = Path(__file__).resolve().parents[3] / "shared" / "drops"
FALLBACK = "yonetici@egedis.example.net"
MEMBERS = (
    Member(FALLBACK, "Yönetici", "Egedis"),
    Member("elif.sahin@egedis.example.net", "Elif", "Şahin"),
    Member("cagatay.ozturk@egedis.example.net", "Çağatay", "Öztürk"),
    Member("ilker.yagci@egedis.example.net", "İlker", "Yağcı"),
)
needs_generator = pytest.mark.skipif(
    not (SHARED / "make_drop.py").exists(), reason="the drop generator (../shared/drops/make_drop.py) is not here"
)


def make_drop(
    folder: Path,
    *,
    seed: int,
    dialect: str,
    defects: str = "some",
    patients: int = 60,
    snapshot: int = 1,
    name: str = "drop",
) -> Path:
    """A drop with its key beside it (`<drop>.key.json`)."""
    out = folder / name
    command = [sys.executable, str(SHARED / "make_drop.py"), "--patients", str(patients), "--seed", str(seed)]
    command += ["--dialect", dialect, "--defects", defects, "--snapshot", str(snapshot), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def answer_key(drop: Path) -> dict[str, Any]:
    """The drop's answer key."""
    key: dict[str, Any] = json.loads(drop.with_name(drop.name + ".key.json").read_text(encoding="utf-8"))
    return key


def make_practice(folder: Path, drop: Path, url: str, **settings: Any) -> Practice:
    """A practice file for the drop, with the mapping that a person would confirm as proposed."""
    document = {
        "practice": "ege",
        "export": str(drop),
        "twenty": {"url": url, "api_key_env": "DENTES_TWENTY_TEST_API_KEY"},
        "owners": {"fallback": FALLBACK},
        **settings,
    }
    path = folder / "practice.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    practice = load_practice(path)
    practice.prepare()
    if not practice.mapping_path.exists():
        proposal = propose(open_drop(str(drop)), region=practice.region)
        save_mapping(confirm(proposal, "test", dt.datetime.now(dt.UTC)), practice.mapping_path)
    return practice


def migrate(practice: Practice, api_key: str, *, hook: Callable[[str], None] | None = None) -> dict[str, Tally]:
    """The whole job through the session; tallies by source object."""
    tallies: dict[str, Tally] = {}
    with Migration(practice, api_key=api_key) as migration, migration.run("migrate"):
        for report in migration.reports:
            migration.stage(report)
        migration.check_references()
        migration.provision()
        migration.adopt()
        if not migration.approval().free:
            approve_sample(migration)
        tallies["provider"] = migration.write_members()
        for object_ in migration.objects:
            if hook:
                hook(object_)
            tallies |= migration.load(object_)
        migration.load_files()
        assert [t for t in migration.totals() if not t.ok] == []
    return tallies


def approve_sample(migration: Migration) -> None:
    """What a person does before a full migration into a workspace that is no sandbox."""
    result = migration.sample()
    migration.show_sample({"records": len(result.records), "lost": 0})
    migration.approve("test")


def check_workspace(folder: Path, url: str, api_key: str, drop: Path, *flags: str) -> tuple[int, str]:
    """Run the independent checker; its exit status and what it printed."""
    key_file, owners = folder / "api-key.txt", folder / "owners.csv"
    key_file.write_text(api_key, encoding="utf-8")
    owners.write_text(f"*,{FALLBACK}\n", encoding="utf-8")
    command = [sys.executable, str(SHARED / "check_workspace.py"), url, "--api-key-file", str(key_file)]
    command += ["--key", f"{drop}.key.json", "--owners", str(owners), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
