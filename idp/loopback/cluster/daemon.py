"""A long-running process of the cluster: its description, its start, and how it is known again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from idp import files
from idp.loopback.cluster.layout import INSIDE, Layout

CLUSTER_MARK = "IDP_LOCAL_CLUSTER"
COMPONENT_MARK = "IDP_LOCAL_COMPONENT"
"""Set in the environment of each daemon and inherited by what it starts: how processes are found whose
record was never written because the starter was killed."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

START_TOLERANCE = 0.05
"""Seconds two readings of one process's start may differ by; the kernel counts it in ticks of 0.01 s."""

_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Daemon:
    """What runs, with which arguments and files."""

    name: str
    binary: Path
    arguments: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    """Files whose change needs a restart."""
    path: tuple[Path, ...] = ()
    """Folders put before PATH."""
    environment: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Return a hash of all that makes this daemon: equal means that a running one need not be restarted."""
        binary = self.binary.stat()
        parts = [
            str(self.binary.resolve()),
            f"{binary.st_size} {binary.st_mtime_ns}",
            *self.arguments,
            *(f"{key}={value}" for key, value in sorted(self.environment.items())),
            *(str(folder) for folder in self.path),
            *(hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """Which process runs a daemon. A pid is reused, a pid with its start time is not."""

    pid: int
    started: float
    """Seconds since 1970, as psutil gives it."""
    fingerprint: str

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < START_TOLERANCE
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def read_record(layout: Layout, name: str) -> Record | None:
    """Return what was recorded of a daemon; None if nothing (readable) was."""
    try:
        content = json.loads((layout.records / f"{name}.json").read_text())
        return Record(int(content["pid"]), float(content["started"]), str(content["fingerprint"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def running(layout: Layout, name: str) -> psutil.Process | None:
    """Return the process of a daemon, if it runs."""
    record = read_record(layout, name)
    return record.process() if record else None


def is_current(layout: Layout, daemon: Daemon) -> bool:
    """Return whether the daemon runs as described."""
    record = read_record(layout, daemon.name)
    return record is not None and record.process() is not None and record.fingerprint == daemon.fingerprint()


def spawn(
    layout: Layout,
    daemon: Daemon,
    wrapper: Iterable[str],
    *,
    extra: Iterable[str] = (),
    descriptors: Iterable[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a daemon and record it.

    `wrapper` is the command that enters the namespaces and then becomes the daemon; `extra` are arguments that
    are not part of what the daemon is (numbers of inherited `descriptors`). Raises OSError.
    """
    argv = [*wrapper, str(daemon.binary), *daemon.arguments, *extra]
    with _fresh_log(layout, daemon.name).open("ab") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=layout.home,
            env=_environment(layout, daemon),
            pass_fds=tuple(descriptors),
        )
    _children.append(process)
    record(layout, daemon, process.pid)
    return process


def record(layout: Layout, daemon: Daemon, pid: int) -> None:
    """Write down which process runs a daemon."""
    layout.records.mkdir(exist_ok=True, mode=0o700)
    content = {
        "pid": pid,
        "started": psutil.Process(pid).create_time(),
        "fingerprint": daemon.fingerprint(),
    }
    files.write(layout.records / f"{daemon.name}.json", json.dumps(content) + "\n")


def reap() -> None:
    """Collect the daemons started by this process that have ended: a zombie would look like a leftover."""
    _children[:] = [child for child in _children if child.poll() is None]


def enter(anchor: int, *, mount: bool = True) -> tuple[str, ...]:
    """Return the command that enters the namespaces of process `anchor` and becomes what follows it.

    Not `ip netns exec`: that one mounts a /sys without cgroups.
    """
    command = ("nsenter", f"--target={anchor}", "--net")
    if not mount:
        return (*command, "--")
    # nsenter leaves the working directory outside the mount namespace.
    return (*command, "--mount", "--", "env", f"--chdir={INSIDE}")


def _environment(layout: Layout, daemon: Daemon) -> dict[str, str]:
    # A short environment of our own: proxies, credentials and locale of the caller stay outside.
    path = os.pathsep.join([*(str(folder) for folder in daemon.path), PATH])
    marks = {CLUSTER_MARK: layout.identifier, COMPONENT_MARK: daemon.name}
    return {"PATH": path, "HOME": "/root", "LC_ALL": "C", **daemon.environment, **marks}


def _fresh_log(layout: Layout, name: str) -> Path:
    layout.logs.mkdir(exist_ok=True, mode=0o700)
    log = layout.log(name)
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    log.touch(mode=0o600)
    return log
