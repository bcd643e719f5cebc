"""The engine's command line, with a script in its place that says how it was run."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from idp import paths
from idp.engine.command import EngineCommand
from idp.engine.orphans import MARK

FAKE = """#!{python} -S
import json, os, sys
with open(os.environ["TELL"], "w") as file:
    descriptors = {{}}
    for name in os.listdir("/proc/self/fd"):
        try:
            descriptors[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass
    json.dump({{"args": sys.argv[1:], "env": dict(os.environ), "fds": descriptors, "session": os.getsid(0),
               "pid": os.getpid(), "cwd": os.getcwd()}}, file)
if os.environ.get("SLEEP"):
    import signal, time
    signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
    open(os.environ["TELL"] + ".ready", "w").close()
    time.sleep(30)
print("out", end="")
print(os.environ.get("SAY", "err"), end="", file=sys.stderr)
sys.exit(int(os.environ.get("CODE", "0")))
"""


class Fake:
    def __init__(self, folder: Path) -> None:
        self.tell = folder / "tell.json"
        binary = folder / "pulumi"
        binary.write_text(FAKE.format(python=sys.executable))
        binary.chmod(0o755)
        self.command = EngineCommand(binary, "3.259.0", "the-mark")
        self.folder = folder

    def run(self, *args: str, **environment: str) -> str:
        variables = {"TELL": str(self.tell), **environment}
        return self.command.run(list(args), str(self.folder), variables).stdout

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.tell.read_text())
        return found


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    return Fake(tmp_path)


def test_run_gives_back_what_was_printed(fake: Fake) -> None:
    assert fake.run("preview", "--stack", "local.platform") == "out"
    assert fake.told()["args"] == ["--non-interactive", "preview", "--stack", "local.platform"]


def test_the_processes_are_marked(fake: Fake) -> None:
    fake.run("preview")
    assert fake.told()["env"][MARK] == "the-mark"


def test_nothing_the_engine_writes_to_is_a_pipe(fake: Fake) -> None:
    fake.run("preview")
    assert not [target for name, target in fake.told()["fds"].items() if name in "012" and "pipe" in target]


def test_output_lies_in_files_of_the_stack_and_verb_for_this_user_only(fake: Fake) -> None:
    fake.run("up", "--yes", "--stack", "local.platform")
    found = {path.name: path for path in paths.LOGS.iterdir()}
    assert set(found) == {"local.platform.up.out", "local.platform.up.err"}
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}


def test_a_longer_output_of_the_last_run_does_not_show_through(fake: Fake) -> None:
    fake.run("preview", SAY="a long line")
    with pytest.raises(CommandError) as caught:
        fake.run("preview", SAY="short", CODE="1")
    assert "long" not in str(caught.value)


def test_inherited_descriptors_reach_the_engine_and_no_others(fake: Fake, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock, (tmp_path / "other").open("w"):
        fake.command.inherit(lock.fileno())
        fake.run("preview")
        assert str(tmp_path / "lock") in fake.told()["fds"].values()
        assert str(tmp_path / "other") not in fake.told()["fds"].values()
        fake.command.disinherit(lock.fileno())
        fake.run("preview")
        assert str(tmp_path / "lock") not in fake.told()["fds"].values()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("error: no stack named 'x' found", StackNotFoundError),
        ("error: [409] Conflict: Another update is currently in progress.", ConcurrentUpdateError),
        ("error: anything else", CommandError),
    ],
)
def test_failure_raises_the_automation_api_s_own_errors(fake: Fake, said: str, kind: type[CommandError]) -> None:
    with pytest.raises(kind, match="error: "):
        fake.run("preview", SAY=said, CODE="255")


def test_the_terminal_s_interrupt_does_not_reach_the_engine(fake: Fake) -> None:
    fake.run("preview")
    assert fake.told()["session"] == fake.told()["pid"]
    assert fake.told()["session"] != os.getsid(0)


def test_interrupt_asks_the_running_engine_to_end(fake: Fake) -> None:
    failed: list[CommandError] = []

    def run() -> None:
        try:
            fake.run("up", SLEEP="1")
        except CommandError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    ready = Path(f"{fake.tell}.ready")
    deadline = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    fake.command.interrupt()
    thread.join(20)
    assert not thread.is_alive()
    assert "code: 7" in str(failed[0])


def test_interrupt_without_an_engine_does_nothing(fake: Fake) -> None:
    handler = signal.getsignal(signal.SIGINT)
    fake.run("preview")
    fake.command.interrupt()
    assert signal.getsignal(signal.SIGINT) is handler
