"""What the documentation says is there: commands, options, make targets, error codes, links, the object table."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from dentes_twenty.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "deploy/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """Command -> its options."""
    group = typer.main.get_group(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()
    }


def test_every_command_of_the_readme_exists_with_its_options(options: dict[str, set[str]]) -> None:
    used = re.findall(r"dentes-twenty ([a-z-]+)((?: +(?:--[a-z-]+|[^\s`-][^\s`]*))*)", README)
    assert used
    for command, rest in used:
        assert command in options
        assert set(re.findall(r"--[a-z-]+", rest)) <= options[command], command


def test_every_command_stands_in_the_table_of_the_readme(options: dict[str, set[str]]) -> None:
    table = re.findall(r"^\| `([a-z-]+)([^`]*)`[^|]* \|", README, re.MULTILINE)
    assert {command for command, _ in table} >= set(options)
    for command, rest in table:
        if command in options:
            assert set(re.findall(r"--[a-z-]+", rest)) <= options[command], command


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = r"(?:`|^ {4,}(?:\S+=\S+ )?)make ([a-z]+)"
    named = {name for page in PAGES for name in re.findall(code, page.read_text(encoding="utf-8"), re.MULTILINE)}
    assert {"demo", "test", "check"} <= named <= targets


def test_every_error_code_of_the_readme_is_one_of_the_program() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "dentes_twenty").rglob("*.py"))
    section = README.split("## When something goes wrong")[1].split("## Privacy")[0]
    codes = {
        code
        for line in section.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([A-Za-z_]+)`", line.split("|")[1])
    }
    assert len(codes) > 10
    assert not {code for code in codes if f'"{code}"' not in source}


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("name", ["object_table", "scale_table"])
def test_tables_that_a_script_makes_are_up_to_date(name: str) -> None:
    script = ROOT / "scripts" / f"{name}.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
