from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from idp.errors import Exit, IdpError
from idp.toolchain import Missing, Tool, ensure, lookup
from idp.toolchain.resolve import PATIENCE

from .conftest import Miniature, go_spec, program

ONE, TWO = go_spec("one"), go_spec("two", "two-helper")


def test_only_what_is_missing_is_built(small: Miniature) -> None:
    program(small.root / "second" / "one", "1.1.0")
    toolchain = ensure(small.report, place=small.place(ONE, TWO))
    assert {name: tool.source for name, tool in toolchain.tools.items()} == {
        "one": "path",
        "two": "built",
        "two-helper": "built",
    }
    assert toolchain.path("one") == small.root / "second" / "one"
    assert small.events("build") == 1


def test_each_build_has_a_line_when_it_begins_and_when_it_ends(small: Miniature) -> None:
    ensure(small.report, place=small.place(ONE, TWO))
    assert [line.rstrip("0123456789. s") for line in small.lines] == [
        "building one (about 6 s)".rstrip("0123456789. s"),
        "built one in",
        "building two (about 6 s)".rstrip("0123456789. s"),
        "built two in",
    ]
    assert "about 6 s" in small.lines[0]


def test_only_the_names_asked_for_are_made(small: Miniature) -> None:
    toolchain = ensure(small.report, ["two-helper"], small.place(ONE, TWO))
    assert set(toolchain.tools) == {"two", "two-helper"}
    assert not small.made("one")
    with pytest.raises(IdpError, match=r"'one': not asked for; there are two, two-helper") as caught:
        toolchain.path("one")
    assert caught.value.code is Exit.INVALID


def test_an_unknown_name_is_refused_before_anything(small: Miniature) -> None:
    with pytest.raises(IdpError, match="tool nine: not one of one, two, two-helper") as caught:
        ensure(small.report, ["one", "nine"], small.place(ONE, TWO))
    assert caught.value.code is Exit.INVALID
    assert not small.cache.exists()


def test_a_second_call_runs_no_program_and_takes_no_lock(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    program(small.root / "first" / "one", "1.1.0", small.log)
    first = ensure(small.report, place=small.place(ONE, TWO))
    small.lines.clear()

    def forbidden(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr("idp.toolchain.resolve.hold", forbidden)
    assert ensure(small.report, place=small.place(ONE, TWO)) == first
    assert small.lines == []


def test_a_binary_is_asked_once_after_its_build(small: Miniature) -> None:
    ensure(small.report, place=small.place(ONE))
    ensure(small.report, place=small.place(ONE))
    assert small.events("asked") == 1


@pytest.mark.parametrize(
    ("file", "rebuilt"),
    [("go.mod", True), ("go.sum", True), ("main.go", True), ("sub/more.go", True), ("x_test.go", False), (".x", False)],
)
def test_the_cache_follows_the_sources(small: Miniature, file: str, rebuilt: bool) -> None:
    place = small.place(ONE)
    before = ensure(small.report, place=place).path("one")
    path = small.root / "tools" / "module" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n// more\n")
    after = ensure(small.report, place=place).path("one")
    assert (before != after) is rebuilt
    assert before.exists()


def test_flags_and_packages_are_part_of_the_key(small: Miniature) -> None:
    before = ensure(small.report, place=small.place(ONE)).path("one")
    other = go_spec("one", "second")
    assert ensure(small.report, place=small.place(other)).path("one") != before


def test_bin_links_to_every_tool_and_never_changes(small: Miniature) -> None:
    plugin = go_spec("pulumi-resource-thing")
    place = small.place(ONE, TWO, plugin)
    everything = ensure(small.report, place=place)
    some = ensure(small.report, ["one"], place)
    assert {link.name: link.readlink() for link in everything.bin.iterdir()} == {
        name: everything.path(name) for name in ("one", "two", "two-helper")
    }
    assert [link.name for link in some.bin.iterdir()] == ["one"]
    assert small.unfinished() == []


def test_a_damaged_build_is_made_again(small: Miniature) -> None:
    path = ensure(small.report, place=small.place(TWO)).path("two-helper")
    path.unlink()
    assert ensure(small.report, place=small.place(TWO)).path("two-helper") == path
    assert path.exists()


def test_lookup_makes_nothing(small: Miniature) -> None:
    program(small.root / "first" / "one", "1.1.0")
    listed = lookup(small.place(ONE, TWO))
    assert listed == [
        Tool("one", "1.1.0", "path", small.root / "first" / "one"),
        Missing("two", ">=1,<2", "built from tools/module, about 6 s"),
        Missing("two-helper", ">=1,<2", "built from tools/module, about 6 s"),
    ]
    assert small.events("build") == 0


def test_the_machine_goes_before_the_cache(small: Miniature) -> None:
    place = small.place(ONE)
    assert ensure(small.report, place=place).tools["one"].source == "built"
    program(small.root / "first" / "one", "1.1.0")
    assert ensure(small.report, place=place).tools["one"].source == "path"


def test_a_build_with_another_version_than_the_table_wants_is_refused(
    small: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_BUILT_VERSION", "7.0.0")
    with pytest.raises(IdpError, match=r"one: came out as version 7\.0\.0; the table wants >=1,<2"):
        ensure(small.report, place=small.place(ONE))
    assert small.made("one") == []
    assert small.unfinished() == []


def test_two_checkouts_share_the_cache(small: Miniature, tmp_path: Path) -> None:
    mine = small.place(ONE)
    ensure(small.report, place=mine)
    (tmp_path / "other").mkdir()
    (tmp_path / "tools").rename(tmp_path / "other" / "tools")
    theirs = type(mine)(mine.table, tmp_path / "other" / "tools", mine.cache, mine.search, mine.system)
    ensure(small.report, place=theirs)
    assert small.events("build") == 1


def test_patience_is_longer_than_building_everything() -> None:
    assert PATIENCE >= 3600
