"""What people see, on a terminal and in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from idp import display
from idp.engine.layer import Result
from idp.engine.progress import Progress, Step, Violation
from idp.exemptions import Listed

Print = Callable[[], str]


def console(monkeypatch: pytest.MonkeyPatch, name: str, *, terminal: bool = False) -> Print:
    file = StringIO()
    monkeypatch.setattr(display, name, Console(file=file, force_terminal=terminal, width=200, highlight=False))
    return file.getvalue


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Print:
    return console(monkeypatch, "out")


@pytest.fixture
def err(monkeypatch: pytest.MonkeyPatch) -> Print:
    return console(monkeypatch, "err")


def step(name: str, *, failed: bool = False) -> Step:
    return Step("create", "kubernetes:core/v1:Namespace", name, f"urn::{name}", failed)


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/]", "[red", "a[0].b", "C:\\[x]"])
def test_text_of_others_is_never_taken_for_markup(out: Print, err: Print, text: str) -> None:
    progress = Progress("platform", outputs={"name": text}, errors=[text], steps=[step(text)])
    progress.violations.append(Violation("rule", True, None, text))
    result = Result("platform", "up", False, 1.0, progress)
    display.note(text)
    display.summary("local", [result])
    display.next_steps("local", [result], Path(text))
    assert err().count(text) == 3
    assert out().count(text) == 2


def test_a_log_gets_each_step_once_and_none_is_lost_at_the_end(err: Print, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "PERIOD", 0.01)
    progress = Progress("platform")
    with display.watching() as shown:
        shown.begin("up", progress)
        for number in range(20):
            progress.steps.append(step(f"n{number}."))
            time.sleep(0.002)
        progress.steps.append(step("last.", failed=True))
    lines = err().splitlines()
    assert [line.split()[3] for line in lines] == [*(f"n{number}." for number in range(20)), "last."]
    assert lines[0] == "platform up: create n0. (kubernetes:core/v1:Namespace)"
    assert lines[-1].endswith("FAILED")


def test_a_log_is_ended_when_the_operation_raises(err: Print) -> None:
    progress = Progress("platform")

    def operation() -> None:
        with display.watching() as shown:
            shown.begin("up", progress)
            progress.steps.append(step("seen"))
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        operation()
    assert "create seen" in err()


def test_a_terminal_shows_a_row_for_each_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = console(monkeypatch, "err", terminal=True)
    with display.watching() as shown:
        shown.begin("preview", Progress("platform", current="create [x]"))
        shown.begin("preview", Progress("workspaces"))
        time.sleep(0.3)
    assert "platform" in printed()
    assert "create [x]" in printed()
    assert "workspaces" in printed()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result("a", "up", True, 1.0, Progress("a", steps=[step("x"), step("y")])), ["2 create", "ok"]),
        (Result("a", "unchanged", True, 1.0, Progress("a", same=7)), ["none", "7"]),
        (Result("a", "up", True, 1.0, Progress("a", outputs_changed=True)), ["outputs"]),
        (Result("a", "up", False, 1.0, Progress("a")), ["up failed"]),
        (
            Result("a", "up", False, 1.0, Progress("a", violations=[Violation("r", True, None, "m")])),
            ["1 refused"],
        ),
        (
            Result("a", "up", True, 1.0, Progress("a", violations=[Violation("r", False, None, "m")])),
            ["1 advisory"],
        ),
    ],
)
@pytest.mark.usefixtures("err")
def test_the_summary(out: Print, result: Result, words: list[str]) -> None:
    display.summary("local", [result])
    row = next(line for line in out().splitlines() if line.startswith("│ a "))
    assert all(word in row for word in words)


def test_exemptions_are_listed_and_findings_that_they_excuse_refuse_nothing(out: Print, err: Print) -> None:
    finding = "image_pinned (medium) on web, spec: wrong; allowed is right\n  Exempted: until 2026-11-25, by team-a: x"
    listing = "exemptions of this stack:\n- image_pinned on urn[x], until 2026-11-25, by team-a, findings: 1: x"
    progress = Progress("platform")
    progress.violations += [Violation("resources", False, "urn", finding), Violation("stack", False, "", listing)]
    display.summary("local", [Result("platform", "preview", True, 1.0, progress)])
    display.exemptions([Listed("image_pinned", "urn[x]", "team-a", "x", "2026-11-25", expired=False, findings=1)])
    display.exemptions([Listed("image_pinned", "urn[y]", "team-a", "x", "2026-11-24", expired=True, findings=None)])
    assert "1 exempted" in out()
    assert "refused" not in out()
    assert "advisory" not in out()
    assert "image_pinned on urn[x]\n    until 2026-11-25, by team-a, findings: 1: x" in out()
    assert "image_pinned on urn[y]\n    expired 2026-11-24, by team-a, not looked at: x" in out()
    assert err() == ""


def test_without_exemptions_nothing_is_said_of_them(out: Print) -> None:
    display.exemptions([])
    assert out() == ""
