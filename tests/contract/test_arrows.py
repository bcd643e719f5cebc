"""Who imports whom: the arrows of the design go one way, and a new file cannot turn one round unseen."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"components", "environments", "idp", "policies", "stacks"}

ALLOWED = {
    "components": set[str](),
    "environments": set[str](),
    "policies": set[str](),
    "stacks": {"components", "environments"},
    "idp": {"environments", "policies", "stacks"},
}
"""Package -> the other packages that it may import."""

DATA = {"stacks.layers", "stacks.loopback"}
"""What the command shares with the stacks: names and places, no program."""

FILES = [path for package in sorted(PACKAGES) for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def loaded(statement: str) -> set[str]:
    """Return the project's modules in memory after an import, by a process of its own."""
    program = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in result.stdout.split() if name.partition(".")[0] in PACKAGES | {"pulumi_kubernetes"}}


def test_every_package_is_looked_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == PACKAGES == set(ALLOWED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_along_the_arrows(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    others = {name.partition(".")[0] for name in imported(path)} & PACKAGES - {own}
    assert others <= ALLOWED[own]


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.is_relative_to(ROOT / "idp")], ids=lambda path: path.name
)
def test_the_command_reads_only_what_stacks_say_without_pulumi(path: Path) -> None:
    stacks = {name for name in imported(path) if name.partition(".")[0] == "stacks"}
    assert {".".join(name.split(".")[:2]) for name in stacks} <= DATA


def test_the_command_runs_without_any_component_or_provider() -> None:
    names = loaded("import idp.__main__")
    assert "idp.orchestration" in names
    assert {name for name in names if name.startswith(("components", "policies", "pulumi_kubernetes"))} == set()
    assert {name for name in names if name.startswith("stacks.")} == DATA


@pytest.mark.parametrize("package", ["environments", "policies", "components"])
def test_the_lower_packages_stand_alone(package: str) -> None:
    assert {name.partition(".")[0] for name in loaded(f"import {package}")} == {package}


def test_providers_are_built_by_stack_programs_only() -> None:
    building = {
        path.relative_to(ROOT)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("kubernetes.Provider", "aws.Provider"))
    }
    assert building
    assert {path.parts[0] for path in building} == {"stacks"}
