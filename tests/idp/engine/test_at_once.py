"""Engines that run at the same time, and one that outlives its `idp`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from idp import paths
from idp.engine.command import EngineCommand

IDP = """
import sys
from pathlib import Path
from idp import paths
from idp.engine.command import EngineCommand
paths.LOGS = Path(sys.argv[1])
EngineCommand(Path(sys.argv[2]), "3.259.0", "mark").run(["up"], sys.argv[3], {})
"""


def script(folder: Path, body: str) -> Path:
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_of_the_same_name_never_mix_their_output(work: Path) -> None:
    """`idp status` while `idp up` runs: both ask for the stacks, and both outputs go by the same name."""
    folder = work.parent
    body = 'echo "of $4"; [ "$4" = other ] || { touch printed; while [ ! -e go ]; do sleep 0.02; done; }'
    command = EngineCommand(script(folder, body), "3.259.0", "mark")

    def ask(word: str) -> str:
        return command.run(["stack", "ls", word], str(folder), {}).stdout

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, "first")
        until((folder / "printed").exists)
        try:
            assert ask("other") == "of other\n"
        finally:
            (folder / "go").touch()
        assert first.result(10) == "of first\n"


def test_the_engine_ends_in_peace_when_its_idp_was_killed(work: Path) -> None:
    folder = work.parent
    engine = script(folder, "echo begun; while [ ! -e go ]; do sleep 0.02; done; echo ended; touch done")
    idp = subprocess.Popen([sys.executable, "-c", IDP, str(paths.LOGS), str(engine), str(folder)])
    out = paths.LOGS / "engine.up.out"
    until(lambda: out.exists() and out.read_text() == "begun\n")
    idp.send_signal(signal.SIGKILL)
    idp.wait()
    (folder / "go").touch()
    until((folder / "done").exists)
    assert out.read_text() == "begun\nended\n"
