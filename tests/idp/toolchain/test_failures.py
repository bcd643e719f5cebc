"""Each thing that a machine can lack: one clear line, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.errors import Exit, IdpError
from idp.toolchain import ensure
from idp.toolchain.place import Place
from idp.toolchain.spec import AptInstall, DebianUnpack, Spec

from .conftest import Miniature, go_spec

ONE = go_spec("one")
INSTALLED = Spec("thing", ">=1", AptInstall("thing-package"), 0.1)
UNPACKED = Spec("thing", ">=1", DebianUnpack("thing-package", "usr/bin"), 0.1)


def refused(small: Miniature, place: Place) -> IdpError:
    with pytest.raises(IdpError) as caught:
        ensure(small.report, place=place)
    assert small.made("one") == []
    assert small.made("thing") == []
    assert small.unfinished() == []
    return caught.value


def test_no_go(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.toolchain.golang._USUAL", small.root / "nowhere")
    (small.root / "compiler" / "go").unlink()
    error = refused(small, small.place(ONE))
    assert error.code is Exit.MISSING
    assert str(error) == "one: no go on PATH to build it with; install Go 1.20 or newer (https://go.dev/dl)"
    assert small.lines == []


@pytest.mark.parametrize(("version", "enough"), [("1.19.9", False), ("1.20", True), ("1.20rc1", True), ("2.0", True)])
def test_an_old_go(small: Miniature, monkeypatch: pytest.MonkeyPatch, version: str, enough: bool) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", version)
    if enough:
        ensure(small.report, place=small.place(ONE))
        return
    error = refused(small, small.place(ONE))
    assert error.code is Exit.MISSING
    go = small.root / "compiler" / "go"
    assert str(error) == f"one: {go} is Go {version}; install Go 1.20 or newer (https://go.dev/dl)"


def test_no_network(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO", "offline")
    error = refused(small, small.place(ONE))
    assert error.code is Exit.MISSING
    assert "connect to the network" in str(error)
    assert len(str(error).splitlines()) == 1


def test_a_compiler_that_refuses_leaves_its_whole_output(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO", "fail")
    error = refused(small, small.place(ONE))
    log = small.cache / "logs" / "one.log"
    assert error.code is Exit.FAILED
    assert str(error).endswith(f"failed: main.go:3:1: syntax error (all of it: {log})")
    assert "# idp/tools/x" in log.read_text()


def test_credentials_of_a_proxy_stay_out_of_message_and_log(small: Miniature) -> None:
    (small.root / "compiler" / "go").write_text(
        '#!/bin/sh\n[ "$1" = env ] && echo go1.99 && exit\necho "fetch https://me:hunter2@host/x refused" >&2\nexit 1\n'
    )
    error = refused(small, small.place(ONE))
    assert "https://host/x refused" in str(error)
    assert "hunter2" not in str(error) + (small.cache / "logs" / "one.log").read_text()


def test_another_system(small: Miniature) -> None:
    error = refused(small, small.place(go_spec("one", linux=True), system="Darwin"))
    assert error.code is Exit.MISSING
    assert "runs on Linux only, this is Darwin" in str(error)
    assert "cluster.kubeconfig in environments/local.yaml" in str(error)


def test_another_system_can_build_what_runs_there(small: Miniature) -> None:
    assert ensure(small.report, place=small.place(ONE, system="Darwin")).tools["one"].source == "built"


def test_no_root_for_apt(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/usr/bin/{name}")
    error = refused(small, small.place(INSTALLED))
    assert error.code is Exit.MISSING
    wanted = "thing: needs root once; run: sudo apt-get install --no-install-recommends thing-package"
    assert str(error) == wanted


@pytest.mark.parametrize("spec", [INSTALLED, UNPACKED], ids=["installed", "unpacked"])
def test_no_apt(small: Miniature, monkeypatch: pytest.MonkeyPatch, spec: Spec) -> None:
    monkeypatch.setenv("PATH", str(small.root / "nowhere"))
    error = refused(small, small.place(spec))
    assert error.code is Exit.MISSING
    assert "install thing >=1 with this system's package manager" in str(error)


def test_all_that_is_missing_is_said_at_once(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(small.root / "nowhere"))
    place = small.place(go_spec("one", linux=True), INSTALLED, go_spec("three"), system="Darwin")
    assert [line.partition(":")[0] for line in str(refused(small, place)).splitlines()] == ["one", "thing"]
    assert small.events("build") == 0


def test_no_pins(small: Miniature) -> None:
    (small.root / "tools" / "module" / "go.mod").unlink()
    error = refused(small, small.place(ONE))
    assert error.code is Exit.MISSING
    assert "go.mod: not there; run idp from its checkout" in str(error)


def test_a_cache_that_cannot_be(small: Miniature) -> None:
    (small.root / "cache").write_text("a file")
    with pytest.raises(IdpError, match="IDP_CACHE") as caught:
        ensure(small.report, place=small.place(ONE))
    assert caught.value.code is Exit.MISSING


def test_a_full_disk_of_the_compiler_is_named(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO", "elsewhere")
    error = refused(small, small.place(ONE))
    assert error.code is Exit.MISSING
    assert "open /gocache/ab: no space left on device" in str(error)
    assert "GOCACHE" in str(error)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a tmpfs of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S607


@pytest.mark.parametrize("filled", [False, True], ids=["during the build", "before it"])
def test_a_full_disk(small: Miniature, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch, filled: bool) -> None:
    monkeypatch.setenv("FAKE_GO", "full")
    if filled:
        with pytest.raises(OSError, match="No space left"):
            (tiny_disk / "ballast").write_bytes(bytes(2 * 2**20))
        for index in range(600):
            try:
                (tiny_disk / f"inode{index}").mkdir()
            except OSError:
                break
    place = small.place(ONE)
    place = Place(place.table, place.sources, tiny_disk / "tools", place.search, place.system)
    with pytest.raises(IdpError) as caught:
        ensure(small.report, place=place)
    assert caught.value.code is Exit.MISSING
    assert len(str(caught.value).splitlines()) == 1
    assert "no space left for it (" in str(caught.value)
    assert "IDP_CACHE" in str(caught.value)
    assert not [path for path in (tiny_disk / "tools").glob("*one*") if path.name != "logs"]
