"""The lock of an environment, with real processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from idp import lock
from idp.errors import Exit, IdpError

HOLD = """
import sys, time
from pathlib import Path
from idp.lock import hold
with hold(Path(sys.argv[1]), "idp up local", 0, print):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNT = """
import sys, time
from pathlib import Path
from idp.lock import hold
for _ in range(int(sys.argv[3])):
    with hold(Path(sys.argv[1]), "count", 60, lambda line: None):
        counter = Path(sys.argv[2])
        value = int(counter.read_text())
        time.sleep(0.002)
        counter.write_text(str(value + 1))
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def take(path: Path, wait: float = 0, told: list[str] | None = None) -> int:
    with lock.hold(path, "test", wait, (told if told is not None else []).append) as descriptor:
        return descriptor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "local.lock"


def test_one_at_a_time(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock the read-modify-write loses counts for certain."""
    monkeypatch.setattr(lock, "POLL", 0.01)
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", "import idp.lock; idp.lock.POLL = 0.005\n" + COUNT, str(path), str(counter), "15"]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert counter.read_text() == "60"


def test_a_held_lock_names_its_holder_and_what_to_do(path: Path) -> None:
    with holder(path) as process, pytest.raises(IdpError) as caught:
        take(path)
    assert caught.value.code == Exit.BUSY
    message = str(caught.value)
    assert message.startswith("local: held by idp up local ")
    assert f"pid {process.pid}" in message
    assert "\n" not in message


def test_waiting_says_for_whom_and_ends_in_time(path: Path) -> None:
    told: list[str] = []
    with holder(path) as process:
        begun = time.monotonic()
        with pytest.raises(IdpError) as caught:
            take(path, 0.5, told)
        assert 0.5 <= time.monotonic() - begun < 5
    assert caught.value.code == Exit.BUSY
    assert len(told) == 1
    assert f"pid {process.pid}" in told[0]


def test_a_waiting_one_goes_on_when_the_holder_ends(path: Path) -> None:
    with holder(path) as process:
        ending = threading.Timer(0.3, process.terminate)
        ending.start()
        begun = time.monotonic()
        take(path, 20)
        assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_holder_leaves_nothing(path: Path, how: signal.Signals) -> None:
    with holder(path) as process:
        process.send_signal(how)
        process.wait(10)
        take(path)


def test_a_child_that_inherited_the_descriptor_keeps_the_lock(path: Path) -> None:
    with lock.hold(path, "idp up local", 0, print) as descriptor:
        engine = subprocess.Popen(["/bin/sleep", "30"], pass_fds=[descriptor])
    try:
        with pytest.raises(IdpError) as caught:
            take(path)
        assert caught.value.code == Exit.BUSY
    finally:
        engine.kill()
        engine.wait()
    take(path)


def test_an_engine_left_running_is_named_after_its_dead_starter(path: Path) -> None:
    with lock.hold(path, "idp up local", 0, print) as descriptor:
        engine = subprocess.Popen(["/bin/sleep", "30"], pass_fds=[descriptor])
        held = json.loads(path.read_text())
    try:
        gone = subprocess.Popen(["/bin/true"])
        gone.wait()
        path.write_text(json.dumps({**held, "pid": gone.pid}))
        with pytest.raises(IdpError, match=r"the engine that idp up local .* left running"):
            take(path)
    finally:
        engine.kill()
        engine.wait()


def test_a_child_started_by_others_does_not_inherit(path: Path) -> None:
    with lock.hold(path, "idp up local", 0, print):
        child = subprocess.Popen(["/bin/sleep", "30"], close_fds=False)
    try:
        # Its copy goes in the exec, which the parent does not wait for to the end.
        take(path, 10)
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "command": "a", "since": "b", "x": 1}'])
def test_a_lock_file_with_anything_in_it_is_taken(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with lock.hold(path, "test", 0, print):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_holder_that_cannot_be_read_is_another_process(path: Path, content: str) -> None:
    with holder(path):
        path.write_text(content)
        with pytest.raises(IdpError, match="another process"):
            take(path)


@pytest.mark.parametrize("before", ["", json.dumps({"pid": 2**22 + 1, "command": "idp up local", "since": "then"})])
def test_a_holder_that_has_not_signed_yet_is_named_all_the_same(path: Path, before: str) -> None:
    """Two that begin at once: the second looks before the first has written its name over that of the last one."""
    path.parent.mkdir()
    path.write_text(before)
    name = json.dumps({"pid": os.getpid(), "command": "idp down local", "since": "now"})
    with path.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        signing = threading.Timer(lock.SIGNING / 4, path.write_text, [name])
        signing.start()
        with pytest.raises(IdpError, match=r"held by idp down local "):
            take(path)
        signing.join()


def test_who_has_given_it_back_is_nobody_s_holder(path: Path) -> None:
    take(path)
    assert path.read_text() == ""


def test_only_this_user_reads_the_lock(path: Path) -> None:
    take(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_error_in_the_block_gives_the_lock_back(path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), lock.hold(path, "test", 0, print):
        raise ValueError("inside")
    take(path)
