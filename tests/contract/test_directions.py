"""Arrows inside the packages (`test_arrows.py` has those between them), and imports that are no statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("components", "environments", "idp", "policies", "stacks")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

BASE = {"idp.errors", "idp.files", "idp.lock", "idp.paths"}
"""What every part of `idp` stands on."""

PARTS = {
    "idp/toolchain": {*BASE, "idp.toolchain"},
    "idp/loopback": {*BASE, "idp.loopback"},
    "idp/engine": {*BASE, "idp.engine"},
}
"""Part of `idp` -> what of `idp` it may import: each could be taken out and used without the others."""

BY_NAME = {"policies/catalogue.py", "stacks/__main__.py", "idp/loopback/provider/schema.py"}
"""Who imports by a name that is data: rules by their file, layers by the stack, SDKs by the provider."""


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports; of `from a import b` both `a.b` and, where b is no module, `a`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (_module(node.module, alias.name) for alias in node.names)


def _module(module: str, name: str) -> str:
    inner = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inner.is_dir() or inner.with_suffix(".py").is_file() else module


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_command_stands_on_the_base_alone(part: str) -> None:
    files = [path for path in FILES if path.is_relative_to(ROOT / part)]
    assert files
    for path in files:
        ours = {name for name in imported(path) if within(name, {"idp"})}
        assert {name for name in ours if not within(name, PARTS[part])} == set(), path.relative_to(ROOT)


@pytest.mark.parametrize("name", sorted(BASE))
def test_the_base_stands_on_itself(name: str) -> None:
    names = set(imported(ROOT.joinpath(*name.split(".")).with_suffix(".py")))
    assert {one for one in names if within(one, set(PACKAGES)) and not within(one, BASE)} == set()


def importing(names: set[str]) -> set[str]:
    """Return the files that import one of these modules or what is in it."""
    return {str(path.relative_to(ROOT)) for path in FILES if any(within(name, names) for name in imported(path))}


def test_only_commands_know_what_people_see() -> None:
    found = importing({"idp.commands", "idp.display"})
    assert {path for path in found if not path.startswith("idp/commands/")} == {"idp/__main__.py"}


def test_nothing_depends_on_tests_benchmarks_or_tools() -> None:
    assert importing({"tests", "benchmarks", "tools", "pytest", "hypothesis"}) == set()


def test_imports_by_name_are_known() -> None:
    """The arrows are read from statements: an import that is none must be looked at by a person."""
    found = {str(path.relative_to(ROOT)) for path in FILES if _imports_by_name(path)}
    assert found <= BY_NAME


def _imports_by_name(path: Path) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return any(
        ast.unparse(call).rpartition(".")[2] in {"import_module", "__import__", "exec", "eval"} for call in calls
    )


def test_the_walk_sees_what_it_must() -> None:
    assert "idp.display" in set(imported(ROOT / "idp/commands/local.py"))
    assert "stacks.layers" in set(imported(ROOT / "idp/session.py"))
    assert _imports_by_name(ROOT / "stacks/__main__.py")
