"""The image and the Compose file: their syntax, and that what they name is there. Nothing is built or started."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import click
import pytest
import yaml
from compose_spec import PyCompose
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import create_dagster_webserver_cli

from dentes_twenty import __version__
from dentes_twenty.orchestration.layout import PRACTICE_VARIABLE
from dentes_twenty_tests.deploy.files import DEPLOY, ROOT, dockerfile, document, project, version_of_dagster

FOLDER = DEPLOY / "docker"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
NOT_OURS = {"postgres", "webserver", "daemon"}
PROGRAMS = {
    "dagster": create_dagster_cli,
    "dagster-daemon": create_dagster_daemon_cli,
    "dagster-webserver": create_dagster_webserver_cli,
}


def filled_in(text: str) -> str:
    """As Compose reads it where only what has no default is set."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "given", text)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = document("docker/compose.yaml")["services"]
    return services


def practices(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name not in NOT_OURS}


def command_of(words: list[str]) -> None:
    """Walk to the command; every option that it is given is one of its own."""
    command: click.Command = PROGRAMS[words[0]]()
    rest = words[1:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= known, words


def test_compose_reads_the_file() -> None:
    text = filled_in((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text))).validate()


def test_a_mistake_in_the_compose_file_would_be_found() -> None:
    broken = yaml.safe_load(filled_in((FOLDER / "compose.yaml").read_text(encoding="utf-8")))
    broken["services"]["daemon"]["comand"] = "dagster-daemon run"
    with pytest.raises(ValueError, match="comand"):
        PyCompose.from_yaml(yaml.safe_dump(broken))


def test_services_and_volumes_that_are_pointed_at_exist(services: dict[str, Any]) -> None:
    volumes = document("docker/compose.yaml")["volumes"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for mount in service.get("volumes", []):
            source = mount.partition("}")[2] if mount.startswith("${") else mount.partition(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).is_file(), mount
            else:
                assert mount.startswith("${PRACTICES:-../../practices}/") or source in volumes, mount


def test_each_practice_has_a_container_with_its_own_files_and_nobody_else_s(services: dict[str, Any]) -> None:
    entries = [entry["grpc_server"] for entry in document("docker/workspace.yaml")["load_from"]]
    assert [entry["host"] for entry in entries] == list(practices(services))
    port = dict(dockerfile())["EXPOSE"]
    assert {str(entry["port"]) for entry in entries} == {port}
    for name, service in practices(services).items():
        own = f"${{PRACTICES:-../../practices}}/{name}"
        assert service["env_file"] == f"{own}/.env"
        assert service["volumes"][1:] == [f"{own}:/practice", f"{own}/export:/practice/export:ro"]
        assert service["environment"][PRACTICE_VARIABLE] == dict(image_environment())[PRACTICE_VARIABLE]
        assert name in services["webserver"]["depends_on"]
        assert name in services["daemon"]["depends_on"]


def test_every_process_of_dagster_is_told_where_the_database_is(services: dict[str, Any]) -> None:
    database = document("dagster.yaml")["storage"]["postgres"]["postgres_db"]
    asked = {value["env"] for value in database.values() if isinstance(value, dict)}
    for name, service in services.items():
        if name != "postgres":
            assert asked <= set(service["environment"]), name
            assert any(mount.startswith("../dagster.yaml:") for mount in service["volumes"]), name
            home = service["environment"]["DAGSTER_HOME"]
            assert f"../dagster.yaml:{home}/dagster.yaml:ro" in service["volumes"], name
    server = services["postgres"]["environment"]
    given = services["daemon"]["environment"]
    assert (server["POSTGRES_USER"], server["POSTGRES_DB"]) == (given["DAGSTER_PG_USER"], given["DAGSTER_PG_DB"])


def test_images_are_pinned_and_dagster_s_is_of_the_project_s_version(services: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items()}
    assert all(re.search(r":\d[\w.]*$", image) for image in images.values()), images
    assert images["webserver"] == images["daemon"]
    assert images["webserver"].endswith(f":{version_of_dagster()}")
    assert {images[name] for name in practices(services)} == {f"dentes-twenty:{__version__}"}


def test_no_secret_stands_in_a_file_and_no_port_is_open_to_the_network(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or re.fullmatch(r"\$\{\w+:\?.*\}", value), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert "docker.sock" not in str(service)
    for service in practices(services).values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["mem_limit"]
    example = (FOLDER / ".env.example").read_text(encoding="utf-8")
    asked = {found[1] for found in VARIABLE.finditer((FOLDER / "compose.yaml").read_text(encoding="utf-8"))}
    assert set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE)) == asked


def image_environment() -> list[tuple[str, str]]:
    return [
        tuple(pair.split("=", 1))  # type: ignore[misc]
        for instruction, value in dockerfile()
        if instruction == "ENV"
        for pair in value.split()
        if "=" in pair
    ]


def test_the_image_is_built_from_files_that_are_here_and_from_nothing_else() -> None:
    copied = [value.split()[:-1] for name, value in dockerfile() if name == "COPY" and "--from" not in value]
    sources = {source for sources in copied for source in sources}
    assert all((ROOT / source).exists() for source in sources)
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == sources
    assert {"**/.env", "**/.dentes-twenty"} <= set(rules)


def test_the_image_installs_what_the_lock_says_and_what_postgresql_needs() -> None:
    extras = project()["project"]["optional-dependencies"]
    syncs = [value for name, value in dockerfile() if name == "RUN" and value.startswith("uv sync")]
    assert len(syncs) == 2
    for sync in syncs:
        assert {"--frozen", "--no-dev"} <= set(sync.split())
        assert re.findall(r"--extra (\w+)", sync) == list(extras)
    python = {value.split()[0] for name, value in dockerfile() if name == "FROM"}
    assert python == {"python:3.11-slim"}


def test_the_container_is_nobody_s_root_and_starts_what_exists(services: dict[str, Any]) -> None:
    steps = dict(dockerfile())
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", steps["USER"])
    command = json.loads(steps["CMD"])
    command_of(command)
    assert hasattr(importlib.import_module(command[command.index("-m") + 1]), "defs")
    assert command[command.index("-p") + 1] == steps["EXPOSE"]
    compile(json.loads(steps["HEALTHCHECK"].partition("CMD ")[2])[2], "HEALTHCHECK", "exec")
    for name in ("webserver", "daemon"):
        command_of(services[name]["command"])
