"""One at a time: who holds an environment, and how to wait for it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from idp.errors import Exit, IdpError

POLL = 0.2
"""Seconds between two looks at a lock that somebody holds."""

REMINDER = 10.0
"""Seconds between two lines that say for whom this waits."""

SIGNING = 1.0
"""Seconds a new holder may take to write its name: it has the lock before its name is there."""


@dataclass(frozen=True)
class Holder:
    """Who took a lock."""

    pid: int
    command: str
    since: str
    """UTC, ISO 8601."""

    def __str__(self) -> str:
        return f"{self.command} (pid {self.pid}, since {self.since})"


@contextmanager
def hold(path: Path, command: str, wait: float, report: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file at `path`; yield its descriptor, which child processes may inherit.

    The kernel drops the lock when the last process that has it open ends, so no crash leaves it behind;
    an engine that outlives its `idp` keeps holding it until its update is written.
    Raises `IdpError(BUSY)` that names the holder when it is still held after `wait` seconds, or when the holder
    has removed the file: what was to be locked has gone with it, and whoever comes next makes a file of their own.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, path, wait, report)
        holder = Holder(os.getpid(), command, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield descriptor
        # Not after an error: an engine that goes on alone is still called by this name.
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait: float, report: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    reminder = 0.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            now = time.monotonic()
        else:
            _check_there(descriptor, path)
            return
        if now >= deadline:
            raise IdpError(f"{path.stem}: held by {_who(path)}; try again when it has ended", Exit.BUSY) from None
        if now >= reminder:
            report(f"waiting for {_who(path)}, at most {deadline - now:.0f} s more")
            reminder = now + REMINDER
        time.sleep(POLL)


def _check_there(descriptor: int, path: Path) -> None:
    try:
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return
    except FileNotFoundError:
        pass
    raise IdpError(f"{path.stem}: removed by somebody else just now; nothing was begun, try again", Exit.BUSY)


def _who(path: Path) -> str:
    """Name the holder; until a new one has signed, the file has no name or that of a holder who is gone."""
    deadline = time.monotonic() + SIGNING
    while True:
        holder = _signature(path)
        if holder is not None and Path(f"/proc/{holder.pid}").exists():
            return str(holder)
        if time.monotonic() >= deadline:
            return "another process" if holder is None else f"the engine that {holder} left running"
        time.sleep(SIGNING / 20)


def _signature(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
