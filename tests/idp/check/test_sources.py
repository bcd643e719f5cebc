"""Paths lead to files once each, and nothing on the way waits, loops or is taken for something else."""

from __future__ import annotations

import os
import socket
from io import BytesIO
from pathlib import Path

import pytest

from idp.check import sources as module
from idp.check.documents import LARGEST
from idp.check.sources import Problem, Source, from_here, sources


def read(*paths: Path | str, given: bytes = b"") -> tuple[list[Source], list[Problem], list[str]]:
    notes: list[str] = []
    found = list(sources([str(path) for path in paths], BytesIO(given), notes.append))
    return (
        [one for one in found if isinstance(one, Source)],
        [one for one in found if isinstance(one, Problem)],
        notes,
    )


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b/x.yaml", "a.yml", "c.JSON", ".hidden.yaml", "d.txt", "b/y/z.json", "yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    found, problems, notes = read(tmp_path)
    assert [one.raw.decode() for one in found] == [".hidden.yaml", "a.yml", "c.JSON", "b/x.yaml", "b/y/z.json"]
    assert not any(one.named for one in found)
    assert problems == []
    assert notes == []


def test_a_file_is_read_once_whatever_ways_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    found, _, _ = read(tmp_path / "a.yaml", tmp_path, tmp_path / "." / "a.yaml")
    assert [(Path(one.path).name, one.named) for one in found] == [("a.yaml", True)]


def test_a_named_file_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a")
    found, problems, _ = read(tmp_path / "state", "-", given=b"b")
    assert [(one.raw, one.named) for one in found] == [(b"a", True), (b"b", True)]
    assert problems == []


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "nowhere.yaml").symlink_to("missing")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.yaml"))
        found, problems, _ = read(tmp_path, "/dev/zero", tmp_path / "none")
    assert found == []
    told = {Path(problem.path).name: problem.message for problem in problems}
    assert told.keys() == {"pipe.yaml", "loop.yaml", "nowhere.yaml", "s.yaml", "zero", "none"}
    assert "pipe" in told["pipe.yaml"]
    assert "symbolic links" in told["loop.yaml"]
    assert "does not exist; allowed are files, folders" in told["none"]
    assert "device" in told["zero"]
    assert all("\n" not in str(problem) for problem in problems)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch(0o000)
    _, (problem,), _ = read(tmp_path)
    assert problem.message == "cannot be read: Permission denied"


def test_an_unreadable_file_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("a")
    (tmp_path / "b.yaml").write_text("b")

    def refuse(path: str) -> bytes:
        if path.endswith("a.yaml"):
            raise PermissionError(13, "Permission denied", path)
        return b"b"

    monkeypatch.setattr(module, "_content", refuse)
    found, (problem,), _ = read(tmp_path)
    assert str(problem) == f"{tmp_path}/a.yaml: cannot be read: Permission denied"
    assert len(found) == 1


def test_links_to_folders_are_told_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to("../..")
    (tmp_path / "a" / "x.yaml").write_text("x")
    found, problems, notes = read(tmp_path)
    assert len(found) == 1
    assert problems == []
    (note,) = notes
    assert "a/b/up: a link to a folder is not followed" in note


def test_a_folder_with_nothing_to_check_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    _, (problem,), _ = read(tmp_path)
    assert "holds nothing to check; allowed are files .yaml, .yml, .json" in str(problem)


def test_deep_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 2100
    """Deeper than a path may be long; no single path makes or removes so many."""
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    try:
        found, problems, _ = read(tmp_path)
    finally:
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()
    assert found == []
    assert [problem.message for problem in problems] == ["cannot be read: File name too long"]


def test_odd_names_are_shown_on_one_line(tmp_path: Path) -> None:
    for name in (b"a\nb.yaml", b"\x1b[31m.yaml", b"\xff.yaml"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("a")
    found, _, _ = read(tmp_path)
    assert {Path(one.path).name for one in found} == {r"a\nb.yaml", r"\x1b[31m.yaml", r"\xff.yaml"}


def test_no_more_is_read_than_a_file_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.yaml", "b.yaml"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**40)
    monkeypatch.setattr(module, "LARGEST_SUM", LARGEST + 1)
    (found,), (problem,), _ = read(tmp_path)
    assert len(found.raw) == LARGEST + 1
    assert "too much in all" in problem.message


def test_paths_of_reports_start_where_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(str(tmp_path / "a" / "b.yaml")) == "a/b.yaml"
    assert from_here("./a/../b.yaml") == "b.yaml"
    assert from_here("/elsewhere/b.yaml") == "/elsewhere/b.yaml"
    assert from_here("../b.yaml") == "../b.yaml"
    assert from_here("-") == "stdin"
