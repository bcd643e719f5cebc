"""Processes that outlive whoever started them: how they are started, written down, known again and ended."""

from __future__ import annotations

import json
import subprocess
import time
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TypeVar

import psutil

from idp import files

START_TOLERANCE = 0.05
"""Seconds two readings of one process's start may differ by; the kernel counts it in ticks of 0.01 s."""
LAST_SECONDS = 10.0
"""How long the kernel may take to let go of a process after SIGKILL."""

_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Record:
    """Which process runs a daemon. A pid is reused, a pid with its start time is not."""

    pid: int
    started: float
    """Seconds since 1970, as psutil gives it."""

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < START_TOLERANCE
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


R = TypeVar("R", bound=Record)


def read(path: Path, kind: type[R]) -> R | None:
    """Return the record at `path`; None if nothing (readable) is there. Fields of `kind` are numbers and strings."""
    try:
        content = json.loads(path.read_text())
        return kind(**{name: convert(content[name]) for name, convert in typing.get_type_hints(kind).items()})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, record: Record) -> None:
    """Write down which process runs a daemon. Raises OSError."""
    files.write(path, json.dumps(asdict(record)) + "\n")


def started(pid: int) -> float:
    """Return when a process of ours was started."""
    return psutil.Process(pid).create_time()


def spawn(
    argv: Sequence[str],
    log: IO[bytes] | IO[str],
    folder: Path,
    environment: Mapping[str, str],
    descriptors: Iterable[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that says what it says to `log` and inherits `descriptors`.

    Its environment is the one given and nothing of the caller's. Raises OSError.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        cwd=folder,
        env=environment,
        pass_fds=tuple(descriptors),
    )
    _children.append(process)
    return process


def reap() -> None:
    """Collect what this process started and what has ended: a zombie would look like a leftover."""
    _children[:] = [child for child in _children if child.poll() is None]


def environments() -> Iterator[tuple[psutil.Process, Mapping[str, str]]]:
    """Yield each process of this machine with its environment, empty where that can't be read.

    Marks in it find also those whose record was never written, because their starter was killed. Zombies are not
    processes any more.
    """
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            yield process, process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            yield process, {}


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """Ask processes to end, and make them after `grace` seconds; returns when all are gone.

    Raises psutil.TimeoutExpired if the kernel does not let go of one within LAST_SECONDS.
    """
    remaining = list(processes)
    _signal(remaining, psutil.Process.terminate)
    remaining = _wait(remaining, grace)
    _signal(remaining, psutil.Process.kill)
    stuck = _wait(remaining, LAST_SECONDS)
    if stuck:
        raise psutil.TimeoutExpired(LAST_SECONDS, stuck[0].pid)


def _signal(processes: Iterable[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        try:
            send(process)
        except psutil.NoSuchProcess:
            continue


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while True:
        reap()
        processes = [process for process in processes if _lives(process)]
        if not processes or time.monotonic() >= deadline:
            return processes
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
