"""The AWS emulator as a daemon: start, stop, status."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from idp import files, lock
from idp.errors import Exit, IdpError
from idp.loopback import processes

Report = Callable[[str], None]

HOST = "127.0.0.1"
START_SECONDS = 60.0
"""moto and botocore take 2 s to import on a quiet machine."""
STOP_SECONDS = 5.0
LOCK_SECONDS = 90.0
_POLL = 0.1
PORT_SECONDS = 3.0
"""A killed process shows as ended a moment before its last thread gives the socket back."""

MARK = "IDP_AWS_EMULATOR"
"""Set in the daemon's environment to its home: how one is found whose starter was killed before it wrote a record."""


@dataclass(frozen=True)
class Record(processes.Record):
    """Which process runs the emulator, and where it answers: what stack programs read, too."""

    endpoint: str
    """URL for all services."""
    instance: str
    """Another one after each start: whoever kept the old one knows that all state is gone."""


@dataclass(frozen=True)
class Status:
    """What there is."""

    running: bool
    endpoint: str | None
    """URL for all services; kept over a restart if the port is still free."""
    instance: str | None
    pid: int | None
    log: Path

    def as_json(self) -> dict[str, object]:
        """Return a structure of plain JSON types."""
        return {**asdict(self), "log": str(self.log)}


class AwsEmulator:
    """moto and the recorder, as one process bound to 127.0.0.1; its files are below `home`.

    All state is the process's memory: it lives as long as the daemon does, whoever starts and stops stacks meanwhile.
    After a restart every resource is gone, which `Status.instance` shows; a refresh finds that out and the next update
    makes everything anew.
    """

    def __init__(self, home: Path, account: str | None = None) -> None:
        self._home = home.resolve()
        self._account = account
        self._file = self._home / "emulator.json"
        self._log = self._home / "emulator.log"
        self._port = self._home / "port"
        # Beside the home, not in it: it outlives a purge.
        self._lock = self._home.with_name(f"{self._home.name}-emulator.lock")

    def start(self, report: Report) -> Status:
        """Start the daemon if it does not run, and wait until it answers.

        Raises IdpError: MISSING if no port or process is to be had, FAILED with the log if it ends or never answers,
        BUSY while somebody else starts or stops it.
        """
        with lock.hold(self._lock, "aws emulator start", LOCK_SECONDS, report):
            known = self._read()
            if known is not None and known.process() is not None:
                return self.status()
            if known is not None:
                report("aws: the emulator had ended; all that was in it is gone, refresh before the next update")
            report("starting: aws")
            self._home.mkdir(exist_ok=True, mode=0o700)
            # One that nobody knows of holds the port.
            self._end(self._processes())
            self._spawn(_remembered(self._port))
            self._await_answer()
        return self.status()

    def stop(self, report: Report, *, purge: bool = False) -> None:
        """End the daemon, and with it all that was created in it; with `purge` its folder goes, too.

        Nothing happens if there is none. Raises IdpError: BUSY as start does, FAILED if the process does not end,
        INVALID if `purge` meets a folder that is not an emulator's.
        """
        if not self._home.exists() and not self._processes():
            return
        with lock.hold(self._lock, "aws emulator stop", LOCK_SECONDS, report):
            running = self._processes()
            if running:
                report("stopping: aws")
                self._end(running)
            self._file.unlink(missing_ok=True)
            if purge:
                self._purge()

    def leftovers(self) -> list[str]:
        """Return a line for each process of this emulator; empty after `stop`."""
        return [f"process aws emulator (pid {process.pid})" for process in self._processes()]

    def status(self) -> Status:
        """Return what runs; changes nothing."""
        known = self._read()
        if known is None or known.process() is None:
            return Status(False, None, None, None, self._log)
        return Status(True, known.endpoint, known.instance, known.pid, self._log)

    def _read(self) -> Record | None:
        processes.reap()
        return processes.read(self._file, Record)

    def _processes(self) -> list[psutil.Process]:
        """Return the processes of this emulator, also one that nobody recorded."""
        processes.reap()
        home = str(self._home)
        return [process for process, environment in processes.environments() if environment.get(MARK) == home]

    def _end(self, running: list[psutil.Process]) -> None:
        try:
            processes.end(running, STOP_SECONDS)
        except psutil.TimeoutExpired as error:
            raise IdpError(f"aws emulator: pid {error.pid} does not end, not even by SIGKILL") from error

    def _purge(self) -> None:
        if not self._home.exists():
            return
        # Each start writes the port before anything else, and nobody takes it away.
        drafts = f".{self._port.name}."
        others = [path for path in self._home.iterdir() if not path.name.startswith(drafts)]
        if others and not self._port.exists():
            raise IdpError(f"{self._home}: not the AWS emulator's folder, it is left alone", Exit.INVALID)
        shutil.rmtree(self._home)

    def _spawn(self, port: int) -> None:
        with _listen(port) as listening:
            descriptor, port = listening.fileno(), listening.getsockname()[1]
            files.write(self._port, f"{port}\n")
            command = [sys.executable, "-P", "-m", "idp.loopback.aws.serve", f"--descriptor={descriptor}"]
            if self._account:
                command.append(f"--account={self._account}")
            try:
                with files.open_private(self._log) as log:
                    process = processes.spawn(command, log, self._home, self._environment(), (descriptor,))
            except OSError as error:
                raise IdpError(f"aws emulator: cannot be started: {error.strerror}", Exit.MISSING) from error
        started = processes.started(process.pid)
        processes.write(self._file, Record(process.pid, started, f"http://{HOST}:{port}", uuid.uuid4().hex))

    def _environment(self) -> dict[str, str]:
        # A short environment of our own: credentials, proxies and endpoints of the caller stay outside.
        home = str(self._home)
        return {"PATH": os.defpath, "HOME": home, "LC_ALL": "C.UTF-8", MARK: home}

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        endpoint = self.status().endpoint
        while endpoint is None or not _answers(endpoint):
            if self.status().pid is None:
                raise IdpError(f"aws emulator ended: {_last_line(self._log)} (log: {self._log})")
            if time.monotonic() >= deadline:
                raise IdpError(f"aws emulator does not answer after {START_SECONDS:.0f} s (log: {self._log})")
            time.sleep(_POLL)
            endpoint = self.status().endpoint


def _remembered(path: Path) -> int:
    """Return the port of last time; 0 if there was none."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _listen(port: int) -> socket.socket:
    """Return a listening socket: the port of last time if it comes free, so that states keep their endpoint."""
    deadline = time.monotonic() + PORT_SECONDS
    listening = _bound(port)
    while listening is None and port and time.monotonic() < deadline:
        time.sleep(_POLL)
        listening = _bound(port)
    listening = listening or _bound(0)
    if listening is None:
        raise IdpError(f"aws emulator: no free port on {HOST}", Exit.MISSING)
    return listening


def _bound(port: int) -> socket.socket | None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(socket.SOMAXCONN)
    except OSError:
        listening.close()
        return None
    return listening


def _answers(endpoint: str) -> bool:
    # Without the proxies that an environment may name: this is our own machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint}/moto-api/data.json", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
