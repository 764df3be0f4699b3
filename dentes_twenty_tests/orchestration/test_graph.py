"""The graph as a newcomer sees it: a snapshot of asset keys, dependencies, groups, checks and jobs.

A change of the graph is meant to show in a review: `UPDATE_SNAPSHOTS=1 make test TESTS=...test_graph.py` rewrites it.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dentes_twenty.definitions import build_defs, defs
from dentes_twenty.orchestration.layout import LOAD_STEPS, PRACTICE_VARIABLE, REPORT_NAMES
from dentes_twenty.orchestration.resources import PRACTICE_TAG
from dentes_twenty_tests import small_practice

SNAPSHOT = Path(__file__).with_name("graph.json")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_defs(practice_file=Path("nobody-reads-this.yaml"))


def graph(definitions: dg.Definitions) -> dict[str, Any]:
    assets = definitions.resolve_asset_graph()
    nodes = {
        key.to_user_string(): {
            "group": assets.get(key).group_name,
            "kinds": sorted(assets.get(key).kinds),
            "deps": sorted(parent.to_user_string() for parent in assets.get(key).parent_keys),
            "checks": sorted(check.name for check in assets.get_check_keys_for_assets({key})),
            "blocking": sorted(
                check.name for check in assets.get_check_keys_for_assets({key}) if assets.get_check_spec(check).blocking
            ),
        }
        for key in sorted(assets.get_all_asset_keys())
    }
    jobs = {
        name: sorted(
            key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        )
        for name in ("audit", "migrate")
    }
    return {"assets": nodes, "jobs": jobs}


def test_the_graph_is_the_one_of_the_snapshot(definitions: dg.Definitions) -> None:
    found = graph(definitions)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_every_report_and_every_object_has_an_asset(definitions: dg.Definitions) -> None:
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert {f"staged_{report}" for report in REPORT_NAMES} <= keys
    assert {step.name for step in LOAD_STEPS} <= keys


def test_objects_follow_each_other_in_the_import_order(definitions: dg.Definitions) -> None:
    assets = definitions.resolve_asset_graph()
    for before, after in itertools.pairwise(LOAD_STEPS):
        assert dg.AssetKey(before.name) in assets.get(dg.AssetKey(after.name)).parent_keys


def test_nothing_but_owners_is_asked_of_the_workspace_by_an_audit(definitions: dg.Definitions) -> None:
    selected = definitions.resolve_job_def("audit").asset_layer.executable_asset_keys
    groups = {key: definitions.resolve_asset_graph().get(key).group_name for key in selected}
    assert {key.to_user_string() for key, group in groups.items() if group != "export"} == {"owners"}


def test_every_asset_says_what_it_is_and_who_looks_after_it(definitions: dg.Definitions) -> None:
    assets = definitions.resolve_asset_graph()
    for key in assets.get_all_asset_keys():
        node = assets.get(key)
        assert node.description and node.owners == ["team:migration"] and node.kinds and node.tags


def test_both_jobs_run_in_one_process(definitions: dg.Definitions) -> None:
    for name in ("audit", "migrate"):
        assert definitions.resolve_job_def(name).executor_def.name == "in_process"


def test_runs_that_write_wait_for_each_other_and_looks_wait_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue of dagster.yaml limits runs by this tag, which has to be there before a run begins."""
    practice = small_practice.write(tmp_path, "http://127.0.0.1:1")
    monkeypatch.setenv(PRACTICE_VARIABLE, str(practice.path))
    tags = {job.name: job.run_tags.get(PRACTICE_TAG) for job in defs().resolve_all_job_defs() if job.name[0] != "_"}
    waiting = dict.fromkeys(("audit", "sample", "migrate", "delta", "rollback"), practice.key)
    assert tags == {**waiting, "approve": None, "reconcile": None}


@pytest.mark.parametrize("text", [None, "practice: Not A Key\n"])
def test_a_practice_file_that_cannot_be_read_keeps_no_location_from_loading(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "practice.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv(PRACTICE_VARIABLE, str(path))
    assert PRACTICE_TAG not in defs().resolve_job_def("migrate").run_tags
