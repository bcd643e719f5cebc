from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from idp.errors import Exit, IdpError
from idp.toolchain import ensure
from idp.toolchain.spec import AptInstall, DebianUnpack, Spec

from .conftest import Miniature, program, script

THING = Spec("thing", ">=1", DebianUnpack("thing-package", "usr/bin"), 0.1, companions=("helper",))

APT = """#!/bin/sh
echo "$*" >> "$APT_LOG"
case "$*" in
*update*) touch "$APT_LISTS"; exit 0 ;;
esac
if [ ! -e "$APT_LISTS" ]; then echo "E: $APT_ERROR" >&2; exit 100; fi
case "$*" in
*download*) cp "$APT_ARCHIVE" . ;;
*install*) cp "$APT_TREE"/usr/bin/* "$APT_TARGET"/ ;;
esac
"""


@pytest.fixture
def apt(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `apt-get` that knows one package in front of PATH; return the log of what it was asked."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("needs dpkg-deb")
    script(small.root / "bin" / "apt-get", APT)
    tree = small.root / "package"
    program(tree / "usr" / "bin" / "thing", "1.4.0")
    program(tree / "usr" / "bin" / "helper", "0.0.1")
    (tree / "DEBIAN").mkdir()
    fields = "Package: thing-package\nVersion: 1.4.0-1\nArchitecture: all\nMaintainer: nobody\nDescription: a test\n"
    (tree / "DEBIAN" / "control").write_text(fields)
    archive = small.root / "thing-package_1.4.0-1_all.deb"
    build = ["dpkg-deb", "--root-owner-group", "-b", str(tree), str(archive)]
    subprocess.run(build, check=True, capture_output=True)
    (small.root / "first").mkdir()
    log = small.root / "apt.log"
    settings = {
        "PATH": f"{small.root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "APT_LOG": str(log),
        "APT_LISTS": str(small.root / "lists"),
        "APT_ARCHIVE": str(archive),
        "APT_TREE": str(tree),
        "APT_TARGET": str(small.root / "first"),
        "APT_ERROR": "Unable to locate package thing-package",
    }
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return log


def asked(log: Path) -> list[str]:
    words = ("update", "download", "install")
    return [next(word for word in words if word in line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("lists", [True, False], ids=["lists there", "lists missing"])
def test_unpacked_not_installed_and_lists_fetched_only_when_needed(small: Miniature, apt: Path, lists: bool) -> None:
    if lists:
        (small.root / "lists").touch()
    toolchain = ensure(small.report, place=small.place(THING))
    assert {tool.source for tool in toolchain.tools.values()} == {"debian"}
    assert toolchain.tools["helper"].version == "1.4.0"
    assert asked(apt) == (["download"] if lists else ["download", "update", "download"])
    assert sorted(path.name for path in toolchain.path("thing").parent.iterdir()) == ["helper", "thing"]
    assert small.unfinished() == []


def test_without_root_lists_are_not_fetched_but_named(
    small: Miniature, apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IdpError, match="run: sudo apt-get update") as caught:
        ensure(small.report, place=small.place(THING))
    assert "Unable to locate package thing-package" in str(caught.value)
    assert asked(apt) == ["download"]
    assert small.made("thing") == []


def test_no_network(small: Miniature, apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APT_ERROR", "Failed to fetch x  Temporary failure resolving 'deb.example'")
    with pytest.raises(IdpError, match="connect to the network") as caught:
        ensure(small.report, place=small.place(THING))
    assert caught.value.code is Exit.MISSING
    assert asked(apt) == ["download"]


def test_what_must_be_installed_is_installed_in_one_go(small: Miniature, apt: Path) -> None:
    (small.root / "lists").touch()
    table = [Spec(name, rule, AptInstall(f"{name}-package"), 0.1) for name, rule in (("thing", ">=1"), ("helper", ""))]
    toolchain = ensure(small.report, place=small.place(*table))
    assert {tool.source for tool in toolchain.tools.values()} == {"path"}
    assert apt.read_text().splitlines() == [
        "--quiet install --yes --no-install-recommends helper-package thing-package"
    ]
    ensure(small.report, place=small.place(*table))
    assert len(asked(apt)) == 1


@pytest.mark.usefixtures("apt")
def test_an_installed_package_without_the_program_is_said(small: Miniature) -> None:
    (small.root / "lists").touch()
    spec = Spec("thing", ">=2", AptInstall("thing-package"), 0.1)
    with pytest.raises(IdpError, match="thing: was made, but is not found; wanted >=2"):
        ensure(small.report, place=small.place(spec))
