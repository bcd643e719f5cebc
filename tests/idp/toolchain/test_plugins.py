from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from idp.errors import IdpError
from idp.toolchain import Tool, Toolchain, install_plugins

from .conftest import program

NAME = "pulumi-resource-kubernetes"


def chain(tmp_path: Path, folder: str, version: str = "4.25.0") -> Toolchain:
    binary = program(tmp_path / folder / NAME, version)
    return Toolchain(MappingProxyType({NAME: Tool(NAME, version, "built", binary)}), tmp_path / "bin")


def test_the_layout_is_the_engines(tmp_path: Path) -> None:
    toolchain = chain(tmp_path, "a")
    install_plugins(toolchain, tmp_path / "home")
    link = tmp_path / "home" / "plugins" / "resource-kubernetes-v4.25.0" / NAME
    assert link.resolve() == toolchain.path(NAME)
    assert [path for path in (tmp_path / "home").rglob("*") if not path.is_dir()] == [link]


def test_a_second_time_changes_nothing_and_another_binary_replaces(tmp_path: Path) -> None:
    home = tmp_path / "home"
    link = home / "plugins" / "resource-kubernetes-v4.25.0" / NAME
    install_plugins(chain(tmp_path, "a"), home)
    before = link.lstat()
    install_plugins(chain(tmp_path, "a"), home)
    assert (link.lstat().st_ino, link.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    install_plugins(chain(tmp_path, "b"), home)
    assert link.resolve().parent.name == "b"


def test_a_toolchain_without_the_plugin_is_refused(tmp_path: Path) -> None:
    empty = Toolchain(MappingProxyType({}), tmp_path / "bin")
    with pytest.raises(IdpError, match=NAME):
        install_plugins(empty, tmp_path / "home")
    assert not (tmp_path / "home").exists()
