"""Who may import whom, that nothing happens at import, and that files stay readable. Read from the syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dentes_twenty"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 450

# A floor may import itself and what stands here; everything below `orchestration` is plain Python that a test calls.
BELOW = {
    "objects": set(),
    "exports": {"objects", "plain_yaml"},
    "twenty": {"objects", "loopback"},
    "sandbox": set(),
    "loopback": set(),
    "practice": {"plain_yaml", "loopback"},
    "plain_yaml": set(),
    "failures": set(),
    "stopping": set(),
    "migration": {"objects", "exports", "twenty", "practice", "loopback", "stopping"},
    "reports": {"objects", "exports", "twenty", "practice", "migration"},
    "trial": {"objects", "exports", "practice", "migration", "sandbox"},
    "orchestration": {
        *("objects", "exports", "twenty", "practice", "migration", "reports", "failures", "trial", "definitions"),
    },
    "definitions": {"orchestration"},
}
DAGSTER_MAY_BE_IN = ("orchestration", "definitions")
WITHOUT_DAGSTER = ("layout", "listening", "outcome")  # modules of orchestration that commands import at their start


TOUCHES_THE_WORLD = frozenset(
    ("open", "getenv", "connect", "read_text", "read_bytes", "urlopen", "Client", "AsyncClient", "mkdir", "print")
)


def floor(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_a_floor_imports_only_what_stands_below_it() -> None:
    offenders = []
    for path in MODULES:
        mine = floor(path)
        if mine not in BELOW:
            continue  # the command line stands on top of everything
        for imported in imports(path):
            parts = imported.split(".")
            if parts[0] == "dentes_twenty" and len(parts) > 1 and parts[1] not in {mine, "__version__", *BELOW[mine]}:
                offenders.append(f"{place(path)} imports {imported}")
    assert not offenders


def test_nothing_is_imported_relatively() -> None:
    assert not [place(path) for path in MODULES if any(imported.startswith(".") for imported in imports(path))]


def test_dagster_is_imported_by_its_face_only() -> None:
    users = [path for path in MODULES if any(re.match(r"dagster(_\w+)?(\.|$)", name) for name in imports(path))]
    assert users
    assert not [place(path) for path in users if floor(path) not in DAGSTER_MAY_BE_IN or path.stem in WITHOUT_DAGSTER]


def test_every_floor_is_known() -> None:
    assert {floor(path) for path in MODULES} - {"__init__", "cli", "commands", "demo"} <= set(BELOW)


def test_nothing_happens_at_import() -> None:
    """No statement at the top of a module opens, reads, connects, prints, or asks the environment."""
    offenders = [
        place(path, node.lineno)
        for path in MODULES
        for node in run_at_import(parsed(path))
        if isinstance(node, ast.Attribute | ast.Name | ast.Call) and touches_the_world(node)
    ]
    assert not offenders


def touches_the_world(node: ast.Attribute | ast.Name | ast.Call) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "environ"
    if isinstance(node, ast.Name):
        return node.id == "environ"
    called = node.func
    word = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return word in TOUCHES_THE_WORLD


def run_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those in the bodies of functions and lambdas."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from run_at_import(child)


def test_every_module_says_what_it_is_for() -> None:
    silent = [place(path) for path in MODULES if path.stat().st_size and not ast.get_docstring(parsed(path))]
    assert not silent


def test_files_stay_readable() -> None:
    files = [*MODULES, *(ROOT / "dentes_twenty_tests").rglob("*.py")]
    long = {place(path): lines for path in files if (lines := path.read_bytes().count(b"\n")) > LONGEST_FILE}
    assert not long
