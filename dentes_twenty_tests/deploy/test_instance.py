"""What a person would have to keep equal by hand: the same practices in every file, the same instance everywhere."""

from __future__ import annotations

import re
from typing import Any

import yaml

from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty.orchestration.resources import PRACTICE_TAG
from dentes_twenty.practice import KEY_VARIABLE, TwentySettings
from dentes_twenty_tests.deploy.files import DEPLOY, ROOT, document

MODULE = "dentes_twenty.definitions"


def locations(workspace: str, kind: str) -> dict[str, Any]:
    return {entry[kind]["location_name"]: entry[kind] for entry in document(workspace)["load_from"]}


def test_the_instance_of_many_practices_is_that_of_one_but_for_storage_secrets_and_number() -> None:
    one = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    many = dict(document("dagster.yaml"))
    assert many.pop("storage") and many.pop("secrets")
    one["concurrency"]["runs"]["max_concurrent_runs"] = many["concurrency"]["runs"]["max_concurrent_runs"]
    assert many == one


def test_the_queue_limits_the_runs_of_a_practice_by_the_tag_that_jobs_carry() -> None:
    (limit,) = document("dagster.yaml")["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limit == {"key": PRACTICE_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}


def test_every_file_names_the_same_practices() -> None:
    here = locations("server/workspace.yaml", "python_module")
    containers = locations("docker/workspace.yaml", "grpc_server")
    helm = document("kubernetes/values.yaml")["dagster-user-deployments"]["deployments"]
    environments = document("dagster.yaml")["secrets"]["custom"]["config"]["location_paths"]
    assert {entry["module_name"] for entry in here.values()} == {MODULE}
    assert {name: entry["host"] for name, entry in containers.items()} == {name: name for name in here}
    assert environments == {name: f"practices/{name}" for name in here}
    assert [deployment["name"] for deployment in helm] == list(here)


def test_the_example_of_a_practice_s_environment_names_what_the_program_reads() -> None:
    text = (DEPLOY / "practice.env.example").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)
    key = TwentySettings(url="https://example.com").api_key_env
    assert names == [(PRACTICE_VARIABLE, ""), (key, ""), (KEY_VARIABLE, ""), ("PGPASSWORD", "")]
