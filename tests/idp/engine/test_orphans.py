"""What a killed run left behind, with real processes that carry real marks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from idp import paths
from idp.engine import orphans

Spawn = Callable[..., psutil.Popen]

STUBBORN = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")


@pytest.fixture
def spawn(work: Path) -> Iterator[Spawn]:  # noqa: ARG001 - marks name the working folder
    """Return a function that starts a command with a mark; what still runs at the end is killed."""
    started: list[psutil.Popen] = []

    def begin(mark: str | None, *command: str, stdout: int | None = None) -> psutil.Popen:
        environment = {"PATH": os.environ["PATH"]} | ({orphans.MARK: mark} if mark is not None else {})
        process = psutil.Popen([*(command or ("sleep", "60"))], env=environment, stdout=stdout)
        started.append(process)
        # A process that has only just been started shows no environment for a moment.
        deadline = time.monotonic() + 5
        while not process.environ() and time.monotonic() < deadline:
            time.sleep(0.001)
        return process

    yield begin
    for process in started:
        if process.is_running():
            process.kill()
        process.wait()


@pytest.fixture
def dead(spawn: Spawn) -> str:
    """Return the mark of an `idp` that no longer runs."""
    idp = spawn(None)
    mark = f"{paths.WORK}|{idp.pid}|{idp.create_time():.2f}"
    idp.kill()
    idp.wait()
    return mark


def ended(report: list[str] | None = None) -> None:
    orphans.end_orphans((report if report is not None else []).append)


def runs(process: psutil.Popen) -> bool:
    return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE


def test_the_mark_names_this_process_and_this_checkout(work: Path) -> None:
    folder, pid, started = orphans.mark().rsplit("|", 2)
    assert Path(folder) == work
    assert int(pid) == os.getpid()
    assert float(started) == pytest.approx(psutil.Process().create_time(), abs=0.01)


def test_processes_of_a_dead_run_are_ended_and_it_is_said(spawn: Spawn, dead: str) -> None:
    left = [spawn(dead), spawn(dead)]
    assert {process.pid for process in orphans.marked()} == {process.pid for process in left}
    said: list[str] = []
    ended(said)
    assert not any(runs(process) for process in left)
    assert said == ["ending 2 processes of a run that was killed"]
    assert orphans.marked() == []


def test_nothing_left_is_nothing_said(work: Path) -> None:  # noqa: ARG001 - no process carries this folder's mark
    said: list[str] = []
    ended(said)
    assert said == []


def test_processes_of_a_run_that_lives_are_left_alone(spawn: Spawn) -> None:
    idp = spawn(None)
    alive = spawn(f"{paths.WORK}|{idp.pid}|{idp.create_time():.2f}")
    ours = spawn(orphans.mark())
    ended()
    assert runs(alive)
    assert runs(ours)


def test_a_new_process_with_an_old_pid_is_not_the_run(spawn: Spawn) -> None:
    other = spawn(None)
    left = spawn(f"{paths.WORK}|{other.pid}|{other.create_time() - 5:.2f}")
    ended()
    assert not runs(left)
    assert runs(other)


def test_a_run_that_is_a_zombie_is_dead(spawn: Spawn) -> None:
    idp = spawn(None)
    mark = f"{paths.WORK}|{idp.pid}|{idp.create_time():.2f}"
    left = spawn(mark)
    idp.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, idp.pid, os.WEXITED | os.WNOWAIT)
    ended()
    assert not runs(left)


def test_a_run_whose_engine_still_works_is_left_alone(spawn: Spawn, dead: str, tmp_path: Path) -> None:
    engine = Path(shutil.copy("/bin/sleep", tmp_path / "pulumi"))
    working, plugin = spawn(dead, str(engine), "60"), spawn(dead)
    ended()
    assert runs(working)
    assert runs(plugin)
    working.kill()
    working.wait()
    ended()
    assert not runs(plugin)


@pytest.mark.parametrize("mark", [None, "", "/somewhere/else/.idp|1|0.00", "nonsense"])
def test_processes_of_others_are_left_alone(spawn: Spawn, mark: str | None) -> None:
    other = spawn(mark)
    ended()
    assert runs(other)
    assert other.pid not in {process.pid for process in orphans.marked()}


def test_a_checkout_whose_name_begins_alike_is_another(spawn: Spawn, dead: str) -> None:
    other = spawn(dead.replace(str(paths.WORK), f"{paths.WORK}-2", 1))
    ended()
    assert runs(other)


@pytest.mark.parametrize("tail", ["x|y", "1|", "|", "99999999|0.00"])
def test_a_damaged_mark_of_this_checkout_belongs_to_no_run(spawn: Spawn, tail: str) -> None:
    left = spawn(f"{paths.WORK}|{tail}")
    ended()
    assert not runs(left)


def test_who_does_not_listen_is_killed(spawn: Spawn, dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PATIENCE", 0.2)
    stubborn = spawn(dead, *STUBBORN, stdout=subprocess.PIPE)
    assert stubborn.stdout.readline() == b"ready\n"
    ended()
    assert not runs(stubborn)


def test_this_process_is_none_of_them(work: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from idp import paths; paths.WORK = Path(sys.argv[1])\n"
        "from idp.engine import orphans; orphans.end_orphans(print); print(orphans.marked())"
    )
    environment = {**os.environ, orphans.MARK: f"{work}|99999999|0.00"}
    command = [sys.executable, "-c", program, str(work)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
