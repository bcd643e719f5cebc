"""What a person may ask for, and that a value on the command line is refused without being repeated."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from environments import load
from idp import __main__ as program
from idp.errors import Exit, IdpError
from idp.secrets import naming, values

CANARY = "canary hunter2"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    def filled(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))

    filled(b"")
    return filled


@pytest.mark.parametrize("path", ["a", "app/db", "app/a.b_c-d@e:f", "..a/b..", "a" * naming.LONGEST])
def test_paths(path: str) -> None:
    assert naming.check_path(path) == path
    assert naming.check_folder(f"{path}/") == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/a", "a/", "a//b", ".", "..", "../b", "a/../b", "a/./b", "a/..", "a b", "a?x=1", "a#b", "a%2e"),
        *("a\\b", "*", "a/+", "ü", "a\n", "\x00", "a" * (naming.LONGEST + 1)),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(IdpError, match=r"PATH: .* is not allowed") as caught:
        naming.check_path(path)
    assert caught.value.code == Exit.INVALID
    assert len(str(caught.value).splitlines()) == 1


@given(st.text())
def test_no_path_leaves_the_mount(path: str) -> None:
    try:
        parts = naming.check_path(path).split("/")
    except IdpError:
        return
    assert all(part and part not in (".", "..") and part.isascii() and part.isprintable() for part in parts)


def test_an_unknown_team_is_told_which_there_are() -> None:
    with pytest.raises(IdpError, match="TEAM: 'shop' is not allowed: one of sample, blue"):
        naming.check_team(load("local"), "shop")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("fields", "files", "reason"),
    [
        ([f"a={CANARY}"], [], "FIELD 1: a value is not allowed on a command line"),
        (["a", f"b={CANARY}"], [], "FIELD 2: a value is not allowed on a command line"),
        (["a="], [], "FIELD 1: a value is not allowed on a command line"),
        (["a=@file"], [], "FIELD 1: a value is not allowed on a command line"),
        (["a", CANARY], [], "FIELD 2: not allowed: 1 to 100 letters"),
        (["="], [], "FIELD 1: a value is not allowed on a command line"),
        (["=-"], [], "FIELD 1: not allowed"),
        ([""], [], "FIELD 1: not allowed"),
        ([], [], "FIELD: is missing"),
        (["a", "a"], [], "FIELD: named twice"),
        (["a"], ["a=/x"], "FIELD: named twice"),
        ([], ["a=/x", "a=/y"], "FIELD: named twice"),
        ([], [CANARY], "--from-file 1: not allowed: FIELD=FILE"),
        ([], ["a="], "--from-file 1: not allowed"),
        ([], [f"{CANARY}=/x"], "--from-file 1: not allowed"),
        (["a=-"], [], "FIELD=-: standard input is a terminal"),
        (["a=-", "b=-"], [], "FIELD=-: standard input is one value"),
    ],
)
def test_what_is_refused_at_a_terminal(fields: list[str], files: list[str], reason: str) -> None:
    with pytest.raises(IdpError) as caught:
        values.asked(fields, files)
    assert str(caught.value).startswith(reason)
    assert caught.value.code == Exit.INVALID
    assert CANARY not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.usefixtures("pipe")
@pytest.mark.parametrize("fields", [["a"], ["a", "b=-"]])
def test_nobody_is_asked_where_there_is_no_terminal(fields: list[str]) -> None:
    with pytest.raises(IdpError, match="FIELD: there is no terminal"):
        values.asked(fields, [])


def test_values_come_whole_from_a_pipe_and_from_files(pipe: Any, tmp_path: Path) -> None:  # noqa: ANN401
    pem = "-----BEGIN-----\nä\n-----END-----\n"
    (tmp_path / "key").write_text(pem)
    pipe(pem.encode())
    wanted = values.asked(["a=-"], [f"b={tmp_path / 'key'}"])
    told: list[str] = []
    assert values.from_files(wanted) == {"b": pem}
    assert values.from_person(wanted, told.append) == {"a": pem}
    assert told == []


def test_a_line_s_end_is_kept_and_told(pipe: Any) -> None:  # noqa: ANN401
    pipe(f"{CANARY}\n".encode())
    told: list[str] = []
    assert values.from_person(values.asked(["a=-"], []), told.append) == {"a": f"{CANARY}\n"}
    assert told == ["a=-: the line's end is part of the value; `printf %s` writes none"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty; nothing was written"),
        (b"\xff" + CANARY.encode(), "not text in UTF-8"),
        (b"x" * (values.MOST_BYTES + 1), "larger than 512 KiB"),
    ],
    ids=["empty", "binary", "large"],
)
def test_what_can_be_no_value(pipe: Any, tmp_path: Path, content: bytes, reason: str) -> None:  # noqa: ANN401
    (tmp_path / "file").write_bytes(content)
    pipe(content)
    wanted = values.asked(["a=-"], [f"b={tmp_path / 'file'}"])
    for read, place in (
        (lambda: values.from_files(wanted), f"--from-file b={tmp_path / 'file'}: "),
        (lambda: values.from_person(wanted, lambda _: None), "a=-: "),
    ):
        with pytest.raises(IdpError) as caught:
            read()
        assert str(caught.value).startswith(place + reason)
        # The exception that began it holds the value.
        assert caught.value.__context__ is None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IdpError, match="No such file"):
        values.from_files(values.Asked((), None, {"a": tmp_path / "none"}))
    with pytest.raises(IdpError, match="Is a directory"):
        values.from_files(values.Asked((), None, {"a": tmp_path}))


@pytest.mark.parametrize(
    "args",
    [
        ["put", "local", "sample", "app/hello", f"greeting={CANARY}"],
        ["put", "local", "sample", "app/hello", CANARY],
        ["put", "local", "sample", "../x", "greeting=-"],
        ["put", "local", "sample", "app/hello"],
        ["get", "local", "sample", "/x"],
        ["get", "local", "sample", "x", "--field", "a b"],
        ["list", "local", "sample", "a//b"],
        ["delete", "local", "sample", ".."],
        ["undelete", "local", "sample", "x/../y"],
        ["history", "local", "sample", ""],
        ["list", "local", "nobody"],
        ["list", "local.platform", "sample"],
        ["list", "no-such", "sample"],
    ],
    ids=lambda args: " ".join(args),
)
def test_a_wrong_request_is_code_2_and_one_line(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["idp", "secrets", *args])
    with pytest.raises(SystemExit) as caught:
        program.main()
    printed = capsys.readouterr()
    assert caught.value.code == Exit.INVALID, printed.err
    assert printed.out == ""
    assert len([line for line in printed.err.splitlines() if line.startswith("error ")]) == 1
    assert CANARY not in printed.err


def test_a_value_is_typed_twice_and_never_shown() -> None:
    """Run the prompt as the command does: what is typed goes to no output."""
    app = typer.Typer()

    @app.command()
    def ask() -> None:
        found = values.from_person(values.Asked(("greeting",), None, {}), lambda _: None)
        assert found == {"greeting": CANARY}

    ran = CliRunner().invoke(app, input=f"{CANARY}\nother\n{CANARY}\n{CANARY}\n")
    assert ran.exit_code == 0, ran.output
    assert CANARY not in ran.output
    assert "do not match" in ran.output
