from __future__ import annotations

from pathlib import Path

import pytest

from idp.toolchain.known import KnownVersions
from idp.toolchain.search import MARKER, find
from idp.toolchain.spec import AptInstall, DebianUnpack, Spec

from .conftest import Miniature, go_spec, program, script

FITS, OLD, NEW, MUTE = "1.5.0", "0.9.0", "2.0.0", ""


def known(small: Miniature) -> KnownVersions:
    return KnownVersions(small.cache / "versions.json")


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (None, None, None),
        (FITS, None, "first"),
        (FITS, "1.6.0", "first"),
        (None, FITS, "second"),
        (OLD, FITS, "second"),
        (NEW, FITS, "second"),
        (MUTE, FITS, "second"),
        (OLD, NEW, None),
    ],
)
def test_the_first_that_fits_on_path_is_taken(
    small: Miniature, first: str | None, second: str | None, taken: str | None
) -> None:
    for folder, version in (("first", first), ("second", second)):
        if version is not None:
            program(small.root / folder / "thing", version)
    tools = find(small.place(go_spec("thing")), go_spec("thing"), known(small))
    assert (tools and tools[0].path) == (taken and small.root / taken / "thing")


def test_a_family_comes_from_one_folder(small: Miniature) -> None:
    spec = go_spec("thing", "helper")
    program(small.root / "first" / "thing", FITS)
    program(small.root / "second" / "thing", "1.6.0")
    program(small.root / "second" / "helper", "9.9.9")
    tools = find(small.place(spec), spec, known(small))
    assert tools is not None
    assert [(tool.path.parent.name, tool.version) for tool in tools] == [("second", "1.6.0")] * 2


@pytest.mark.parametrize(
    "broken", ["empty", "not executable", "a folder", "a dangling link", "the wrong machine", "failing"]
)
def test_what_cannot_be_run_is_passed_over(small: Miniature, broken: str) -> None:
    path = program(small.root / "first" / "thing", FITS)
    if broken == "empty":
        path.write_text("")
    elif broken == "not executable":
        path.chmod(0o644)
    elif broken == "failing":
        path.write_text("#!/bin/sh\necho libthing.so.1.5: cannot open shared object file\nexit 127\n")
    elif broken == "the wrong machine":
        path.write_bytes(b"\x7fELF" + bytes(60))
    else:
        path.unlink()
        if broken == "a folder":
            path.mkdir()
        else:
            path.symlink_to(small.root / "gone")
    program(small.root / "second" / "thing", FITS)
    tools = find(small.place(go_spec("thing")), go_spec("thing"), known(small))
    assert tools is not None
    assert tools[0].path.parent.name == "second"


def test_a_bin_folder_of_a_cache_is_not_the_machine(small: Miniature) -> None:
    program(small.root / "first" / "thing", FITS)
    (small.root / MARKER).touch()
    assert find(small.place(go_spec("thing")), go_spec("thing"), known(small)) is None


def test_own_tools_are_never_taken_from_path(small: Miniature) -> None:
    program(small.root / "first" / "pause", FITS)
    spec = go_spec("pause", rule="", ours=True)
    assert find(small.place(spec), spec, known(small)) is None


def test_a_library_tells_its_version_by_its_file(small: Miniature) -> None:
    folder = small.root / "lib"
    folder.mkdir()
    (folder / "libthing.so.2.5.4").write_text("x")
    (folder / "libthing.so.2").symlink_to("libthing.so.2.5.4")
    pattern = str(small.root / "l*b")
    spec = Spec("libthing", ">=2.2", AptInstall("x"), 0.1, kind="library", members=("libthing.so.2",), where=(pattern,))
    tools = find(small.place(spec), spec, known(small))
    assert tools is not None
    assert (tools[0].name, tools[0].version, tools[0].path) == ("libthing", "2.5.4", folder / "libthing.so.2")


def test_a_folder_needs_all_its_members(small: Miniature) -> None:
    folder = small.root / "cni"
    spec = Spec("plugins", ">=1", DebianUnpack("x", "x"), 0.1, kind="folder", members=("a", "b"), where=(str(folder),))
    program(folder / "a", FITS)
    assert find(small.place(spec), spec, known(small)) is None
    program(folder / "b", OLD)
    tools = find(small.place(spec), spec, known(small))
    assert tools is not None
    assert (tools[0].path, tools[0].version) == (folder, FITS)


def test_a_binary_is_asked_once_and_again_when_it_changed(small: Miniature) -> None:
    path = program(small.root / "first" / "thing", FITS, small.log)
    spec = go_spec("thing")
    for _ in range(3):
        versions = known(small)
        find(small.place(spec), spec, versions)
        versions.save()
    assert small.events("asked") == 1
    program(path, "1.7.0-changed", small.log)
    tools = find(small.place(spec), spec, known(small))
    assert tools is not None
    assert tools[0].version == "1.7.0"
    assert small.events("asked") == 2


def test_a_binary_without_a_version_is_not_asked_again(small: Miniature) -> None:
    script(small.root / "first" / "thing", f'#!/bin/sh\necho asked >> "{small.log}"\nexit 1\n')
    for _ in range(3):
        versions = known(small)
        assert find(small.place(go_spec("thing")), go_spec("thing"), versions) is None
        versions.save()
    assert small.events("asked") == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"PATH": 1}', '{"PATH": []}', "\x00\xff"])
def test_damaged_memory_is_forgotten(small: Miniature, content: str) -> None:
    path = program(small.root / "first" / "thing", FITS)
    small.cache.mkdir(parents=True)
    (small.cache / "versions.json").write_text(content.replace("PATH", str(path)))
    versions = known(small)
    assert find(small.place(go_spec("thing")), go_spec("thing"), versions) is not None
    versions.save()
    assert KnownVersions(small.cache / "versions.json").get(path) == FITS


def test_memory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    binary = program(tmp_path / "thing", FITS)
    (tmp_path / "file").touch()
    versions = KnownVersions(tmp_path / "file" / "versions.json")
    versions.put(binary, FITS)
    versions.save()
    assert versions.get(binary) == FITS
