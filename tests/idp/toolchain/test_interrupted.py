"""Killed and crowded: other processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from idp.paths import ROOT
from idp.toolchain import ensure

from .conftest import Miniature, go_spec

ONE = go_spec("one")
WAIT = 20.0
"""Seconds that a loaded machine may take for what is awaited here."""

CHILD = """
import signal
import sys
from pathlib import Path
from idp.toolchain import ensure
from idp.toolchain.place import Place
from idp.toolchain.spec import GoBuild, Spec
# Tests that run in the background of a shell inherit SIGINT as ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
root = Path(sys.argv[1])
spec = Spec("one", ">=1,<2", GoBuild("module", ("./cmd/one",)), 0.1)
place = Place((spec,), root / "tools", root / "cache" / "tools", (root / "compiler",), "Linux")
print("start", flush=True)
print(ensure(lambda line: print(line, flush=True), place=place).path("one"), flush=True)
"""


def start(small: Miniature, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(small.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def started(small: Miniature) -> list[Path]:
    return list(small.cache.glob(".tmp-one-*/started"))


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_build_that_is_ended_leaves_no_binary_and_no_process(small: Miniature, name: str) -> None:
    child = start(small, FAKE_GO="slow")
    until(lambda: started(small))
    family = psutil.Process(child.pid).children(recursive=True)
    # Only the go command is bound to idp; its own children are its own to end.
    go = family[0]
    child.send_signal(getattr(signal, name))
    assert child.wait(WAIT) != 0
    until(lambda: not go.is_running() or go.status() == psutil.STATUS_ZOMBIE)
    assert small.made("one") == []
    for left in family:
        if left.is_running():
            left.kill()
    toolchain = ensure(small.report, place=small.place(ONE))
    assert toolchain.path("one").exists()
    assert small.unfinished() == []


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25])
def test_killed_at_any_point_the_next_call_ends_well(small: Miniature, delay: float) -> None:
    child = start(small, FAKE_GO_SECONDS="0.1")
    assert child.stdout is not None
    assert child.stdout.readline() == "start\n"
    time.sleep(delay)
    child.kill()
    child.wait(WAIT)
    for folder in small.made("one"):
        assert (folder / "one").stat().st_mode & 0o111
    toolchain = ensure(small.report, place=small.place(ONE))
    assert toolchain.tools["one"].version == "1.2.3"
    assert (toolchain.bin / "one").resolve() == toolchain.path("one")
    assert small.unfinished() == []


def test_two_at_once_build_once_and_the_second_says_for_whom_it_waits(small: Miniature) -> None:
    first = start(small, FAKE_GO_SECONDS="1")
    until(lambda: small.events("build"))
    second = start(small, FAKE_GO_SECONDS="1")
    said = second.communicate(timeout=WAIT)[0]
    assert first.wait(WAIT) == 0
    assert second.returncode == 0
    assert f"pid {first.pid}" in said
    assert "building one" not in said
    assert small.events("build") == 1


def test_an_exception_in_the_middle_leaves_nothing(small: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("idp.toolchain.make._verify", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure(small.report, place=small.place(ONE))
    assert small.made("one") == []
    assert small.unfinished() == []
