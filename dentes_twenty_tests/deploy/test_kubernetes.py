"""The manifests against Kubernetes' own schemas, and the values of the Helm chart by what it makes of them.

The chart's own schema is in no package that a test could install. So `CHART` holds what dagster/dagster 1.13 takes of
the keys in use, and pods are put together from the values as the chart does it, for Kubernetes' schema to judge.
"""

from __future__ import annotations

import json
import re
from typing import Any

import kubernetes_validate
import pytest

from dentes_twenty import __version__
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty_tests.deploy.files import DEPLOY, dockerfile, document, documents, version_of_dagster

KUBERNETES = "1.33"
ANY: dict[str, Any] = {}
DEPLOYMENT = dict.fromkeys(
    ("name", "image", "dagsterApiGrpcArgs", "port", "includeConfigInLaunchedRuns", "env", "envSecrets", "volumes",
     "volumeMounts", "podSecurityContext", "securityContext", "resources", "readinessProbe"), ANY,
)  # fmt: skip
CHART: dict[str, Any] = {
    "dagster-user-deployments": {"enabled": ANY, "deployments": DEPLOYMENT},
    "runLauncher": {
        "type": ANY,
        "config": {
            "k8sRunLauncher": {
                "imagePullPolicy": ANY, "loadInclusterConfig": ANY, "securityContext": ANY,
                "runK8sConfig": {"podSpecConfig": ANY, "jobSpecConfig": ANY},
            }
        },
    },
    "postgresql": {
        "enabled": ANY, "postgresqlHost": ANY, "postgresqlUsername": ANY, "postgresqlDatabase": ANY,
        "postgresqlScheme": ANY, "service": {"port": ANY},
    },
    "generatePostgresqlPasswordSecret": ANY,
    "global": {"postgresqlSecretName": ANY},
    "computeLogManager": {"type": ANY},
    "telemetry": {"enabled": ANY},
    "dagsterDaemon": {
        "runCoordinator": {
            "enabled": ANY,
            "type": ANY,
            "config": {"queuedRunCoordinator": {"maxConcurrentRuns": ANY, "tagConcurrencyLimits": ANY}},
        },
        "runMonitoring": {
            "enabled": ANY, "startTimeoutSeconds": ANY, "pollIntervalSeconds": ANY, "maxResumeRunAttempts": ANY,
            "freeSlotsAfterRunEndSeconds": ANY,
        },
    },
    "ingress": {"enabled": ANY},
}  # fmt: skip


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    values: dict[str, Any] = document("kubernetes/values.yaml")
    return values


def deployments(values: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = values["dagster-user-deployments"]["deployments"]
    return found


def unknown(given: Any, known: dict[str, Any], path: str = "") -> list[str]:
    """Keys that the chart would pass over in silence, as it does with a misspelt one."""
    if not known or not isinstance(given, dict | list):
        return []
    if isinstance(given, list):
        return [name for one in given for name in unknown(one, known, path)]
    here = [f"{path}{name}" for name in given if name not in known]
    return here + [n for k, v in given.items() if k in known for n in unknown(v, known[k], f"{path}{k}.")]


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    """A pod of a code location, as the chart puts it together."""
    image = deployment["image"]
    container = {
        "name": "dagster",
        "image": f"{image['repository']}:{image['tag']}",
        "imagePullPolicy": image["pullPolicy"],
        "args": ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", str(deployment["port"])]
        + deployment["dagsterApiGrpcArgs"],
        "ports": [{"containerPort": deployment["port"]}],
        "env": [{"name": name, "value": value} for name, value in deployment["env"].items()],
        "envFrom": [{"secretRef": secret} for secret in deployment["envSecrets"]],
        "volumeMounts": deployment["volumeMounts"],
        "securityContext": deployment["securityContext"],
        "resources": deployment["resources"],
        "readinessProbe": {name: value for name, value in deployment["readinessProbe"].items() if name != "enabled"},
    }
    spec = {
        "containers": [container],
        "volumes": deployment["volumes"],
        "securityContext": deployment["podSecurityContext"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": deployment["name"]}, "spec": spec}


def valid(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_every_key_of_the_values_is_one_of_the_chart(values: dict[str, Any]) -> None:
    assert unknown(values, CHART) == []
    assert unknown({"postgresql": {"postgresHost": "x"}}, CHART) == ["postgresql.postgresHost"]


def test_what_the_values_say_of_pods_is_what_kubernetes_takes(values: dict[str, Any]) -> None:
    for deployment in deployments(values):
        valid(pod(deployment))
    config = values["runLauncher"]["config"]["k8sRunLauncher"]
    template = {"spec": {**pod(deployments(values)[0])["spec"], **config["runK8sConfig"]["podSpecConfig"]}}
    template["spec"]["restartPolicy"] = "Never"
    spec = {"template": template, **config["runK8sConfig"]["jobSpecConfig"]}
    valid({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "run"}, "spec": spec})


def test_a_mistake_in_what_goes_to_kubernetes_would_be_found(values: dict[str, Any]) -> None:
    broken = pod(deployments(values)[0])
    broken["spec"]["containers"][0]["volumeMounts"] = [{"name": "practice", "mountpath": "/practice"}]
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(broken)


def test_manifests_are_what_kubernetes_takes() -> None:
    kustomization = document("kubernetes/kustomization.yaml")
    manifests = [one for name in kustomization["resources"] for one in documents(f"kubernetes/{name}")]
    for manifest in manifests:
        valid(manifest)
    namespaces = [one["metadata"]["name"] for one in manifests if one["kind"] == "Namespace"]
    assert namespaces == [kustomization["namespace"]]


def test_each_practice_has_its_own_volume_and_secret_in_the_server_and_in_its_runs(values: dict[str, Any]) -> None:
    claims = [one["metadata"]["name"] for one in documents("kubernetes/practices.yaml")]
    generated = {one["name"]: one["envs"] for one in document("kubernetes/kustomization.yaml")["secretGenerator"]}
    assert claims == [deployment["name"] for deployment in deployments(values)]
    for deployment in deployments(values):
        name = deployment["name"]
        assert deployment["envSecrets"] == [{"name": name}]
        assert generated[name] == [f"secrets/{name}.env"]
        assert deployment["volumes"] == [{"name": "practice", "persistentVolumeClaim": {"claimName": name}}]
        assert deployment["includeConfigInLaunchedRuns"] == {"enabled": True}
    assert values["global"]["postgresqlSecretName"] in generated
    assert document("kubernetes/kustomization.yaml")["generatorOptions"]["disableNameSuffixHash"]


def test_secrets_are_kept_out_of_git() -> None:
    ignored = (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/kubernetes/secrets/" in ignored
    assert ".env" in ignored
    assert "postgresqlPassword" not in str(document("kubernetes/values.yaml"))


def test_the_image_and_the_chart_are_those_of_the_project(values: dict[str, Any]) -> None:
    steps = dockerfile()
    image = dict(pair.split("=", 1) for name, value in steps if name == "ENV" for pair in value.split() if "=" in pair)
    user = dict(steps)["USER"]
    for deployment in deployments(values):
        assert deployment["image"]["tag"] == __version__
        assert str(deployment["port"]) == dict(steps)["EXPOSE"]
        assert deployment["env"][PRACTICE_VARIABLE] == image[PRACTICE_VARIABLE]
        security = deployment["podSecurityContext"]
        assert f"{security['runAsUser']}:{security['runAsGroup']}" == user
        probe = deployment["readinessProbe"]["exec"]["command"]
        assert probe == json.loads(dict(steps)["HEALTHCHECK"].partition("CMD ")[2])
        assert deployment["dagsterApiGrpcArgs"] == ["-m", "dentes_twenty.definitions"]
    text = (DEPLOY / "kubernetes" / "values.yaml").read_text(encoding="utf-8")
    assert re.findall(r"--version (\S+)", text) == [version_of_dagster()]


def test_the_instance_is_the_one_of_the_other_ways(values: dict[str, Any]) -> None:
    instance = document("dagster.yaml")
    queue = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    runs = instance["concurrency"]["runs"]
    assert queue["tagConcurrencyLimits"] == runs["tag_concurrency_limits"]
    assert queue["maxConcurrentRuns"] == runs["max_concurrent_runs"]
    assert values["computeLogManager"]["type"] == instance["compute_logs"]["class"]
    assert values["telemetry"] == instance["telemetry"]
    assert values["postgresql"]["postgresqlScheme"] == instance["storage"]["postgres"]["postgres_db"]["scheme"]
    monitoring = values["dagsterDaemon"]["runMonitoring"]
    assert monitoring["enabled"]
    assert monitoring["startTimeoutSeconds"] == instance["run_monitoring"]["start_timeout_seconds"]
