"""A long-running process of the cluster: its description, its start, and how it is known again."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from idp.loopback import processes
from idp.loopback.cluster.layout import INSIDE, Layout

CLUSTER_MARK = "IDP_LOCAL_CLUSTER"
COMPONENT_MARK = "IDP_LOCAL_COMPONENT"
"""Set in the environment of each daemon and inherited by what it starts: how processes are found whose
record was never written because the starter was killed."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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
class Record(processes.Record):
    """Which process runs a daemon, and as what."""

    fingerprint: str


def read_record(layout: Layout, name: str) -> Record | None:
    """Return what was recorded of a daemon; None if nothing (readable) was."""
    return processes.read(_file(layout, name), Record)


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
        process = processes.spawn(argv, log, layout.home, _environment(layout, daemon), descriptors)
    record(layout, daemon, process.pid)
    return process


def record(layout: Layout, daemon: Daemon, pid: int) -> None:
    """Write down which process runs a daemon."""
    layout.records.mkdir(exist_ok=True, mode=0o700)
    processes.write(_file(layout, daemon.name), Record(pid, processes.started(pid), daemon.fingerprint()))


def enter(anchor: int, *, mount: bool = True) -> tuple[str, ...]:
    """Return the command that enters the namespaces of process `anchor` and becomes what follows it.

    Not `ip netns exec`: that one mounts a /sys without cgroups.
    """
    command = ("nsenter", f"--target={anchor}", "--net")
    if not mount:
        return (*command, "--")
    # nsenter leaves the working directory outside the mount namespace.
    return (*command, "--mount", "--", "env", f"--chdir={INSIDE}")


def _file(layout: Layout, name: str) -> Path:
    return layout.records / f"{name}.json"


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
