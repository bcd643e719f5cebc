from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from idp.errors import IdpError
from idp.toolchain import Tool, Toolchain, find_plugin, install_plugins, link_plugin

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


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of a user whose PATH is a folder in it."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PATH", str(tmp_path / "user" / "bin"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    return tmp_path / "user"


AWS = "pulumi-resource-aws"


def test_the_one_on_path_is_found_first_whatever_its_version(user: Path) -> None:
    assert find_plugin("aws", "7.1.0") is None
    own = program(user / ".pulumi" / "plugins" / "resource-aws-v7.1.0" / AWS, "7.1.0")
    assert find_plugin("aws", "7.1.0") == own
    on_path = program(user / "bin" / AWS, "6.0.0")
    assert find_plugin("aws", "7.1.0") == on_path


@pytest.mark.parametrize("name", ["aws", "vault"])
@pytest.mark.parametrize("version", ["7.1.0", "7.1.1"])
def test_another_name_or_version_is_not_it(user: Path, name: str, version: str) -> None:
    program(user / ".pulumi" / "plugins" / "resource-aws-v7.1.0" / AWS, "7.1.0")
    assert (find_plugin(name, version) is not None) is ((name, version) == ("aws", "7.1.0"))


def test_a_home_of_the_user_s_choice_is_looked_in_alone(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(user / ".pulumi" / "plugins" / "resource-aws-v7.1.0" / AWS, "7.1.0")
    monkeypatch.setenv("PULUMI_HOME", str(user / "chosen"))
    assert find_plugin("aws", "7.1.0") is None
    chosen = program(user / "chosen" / "plugins" / "resource-aws-v7.1.0" / AWS, "7.1.0")
    assert find_plugin("aws", "7.1.0") == chosen


def test_a_linked_one_lies_as_the_engine_has_it(user: Path) -> None:
    binary = program(user / "bin" / AWS, "7.1.0")
    for _ in range(2):
        link_plugin("aws", "7.1.0", binary, user / "home")
    assert (user / "home" / "plugins" / "resource-aws-v7.1.0" / AWS).readlink() == binary
