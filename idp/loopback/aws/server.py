"""The AWS emulator as a daemon: start, stop, status."""

from __future__ import annotations

import json
import os
import socket
import subprocess
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

Report = Callable[[str], None]

HOST = "127.0.0.1"
START_SECONDS = 60.0
"""moto and botocore take 2 s to import on a quiet machine."""
STOP_SECONDS = 5.0
LOCK_SECONDS = 90.0
_POLL = 0.1
_START_TOLERANCE = 0.05
"""Seconds two readings of one process's start may differ by; the kernel counts it in ticks of 0.01 s."""

# What this process started and must collect when it ends, lest it stay as a zombie.
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Record:
    """Which process runs the emulator. A pid is reused, a pid with its start time is not."""

    pid: int
    started: float
    """Seconds since 1970, as psutil gives it."""
    port: int
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


class AwsEmulator:
    """moto and the recorder, as one process bound to 127.0.0.1; its files are below `home`.

    All state is the process's memory: it lives as long as the daemon does, whoever starts and stops stacks meanwhile.
    After a restart every resource is gone, which `Status.instance` shows; a refresh finds that out and the next update
    makes everything anew.
    """

    def __init__(self, home: Path, account: str | None = None) -> None:
        self._home = home
        self._account = account
        self._file = home / "emulator.json"
        self._log = home / "emulator.log"
        self._port = home / "port"

    def start(self, report: Report) -> Status:
        """Start the daemon if it does not run, and wait until it answers.

        Raises IdpError: MISSING if no port or process is to be had, FAILED with the log if it ends or never answers,
        BUSY while somebody else starts or stops it.
        """
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with lock.hold(self._home / "lock", "aws emulator start", LOCK_SECONDS, report):
            known = self._read()
            if known is not None and _process(known) is not None:
                return self.status()
            if known is not None:
                report("aws: the emulator had ended; all that was in it is gone, refresh before the next update")
            report("starting: aws")
            self._spawn(_remembered(self._port))
            self._await_answer()
        return self.status()

    def stop(self, report: Report) -> None:
        """End the daemon, and with it all that was created in it; nothing happens if it does not run."""
        if not self._file.exists():
            return
        with lock.hold(self._home / "lock", "aws emulator stop", LOCK_SECONDS, report):
            known = self._read()
            process = _process(known) if known else None
            if process is not None:
                report("stopping: aws")
                _end(process)
            self._file.unlink(missing_ok=True)

    def status(self) -> Status:
        """Return what runs; changes nothing."""
        known = self._read()
        process = _process(known) if known else None
        if known is None or process is None:
            return Status(False, None, None, None, self._log)
        return Status(True, f"http://{HOST}:{known.port}", known.instance, known.pid, self._log)

    def _read(self) -> Record | None:
        try:
            content = json.loads(self._file.read_text())
            return Record(
                int(content["pid"]), float(content["started"]), int(content["port"]), str(content["instance"])
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _spawn(self, port: int) -> None:
        with _listen(port) as listening, files.open_private(self._log) as log:
            descriptor = listening.fileno()
            command = [sys.executable, "-P", "-m", "idp.loopback.aws.serve", f"--descriptor={descriptor}"]
            if self._account:
                command.append(f"--account={self._account}")
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=self._home,
                    # A short environment of our own: credentials, proxies and endpoints of the caller stay outside.
                    env={"PATH": os.defpath, "HOME": str(self._home), "LC_ALL": "C.UTF-8"},
                    pass_fds=(descriptor,),
                )
            except OSError as error:
                raise IdpError(f"aws emulator: cannot be started: {error.strerror}", Exit.MISSING) from error
            _children.append(process)
            started = psutil.Process(process.pid).create_time()
            record = Record(process.pid, started, listening.getsockname()[1], uuid.uuid4().hex)
        files.write(self._file, json.dumps(asdict(record)) + "\n")
        files.write(self._port, f"{record.port}\n")

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
    """Return a listening socket: the port of last time if it is free, so that states keep their endpoint."""
    for wanted in (port, 0) if port else (0,):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, wanted))
            listening.listen(socket.SOMAXCONN)
        except OSError:
            listening.close()
        else:
            return listening
    raise IdpError(f"aws emulator: no free port on {HOST}", Exit.MISSING)


def _process(known: Record) -> psutil.Process | None:
    _children[:] = [child for child in _children if child.poll() is None]
    try:
        process = psutil.Process(known.pid)
        same = abs(process.create_time() - known.started) < _START_TOLERANCE
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return


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
