"""Ending everything, whatever state a crash left it in."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import psutil

from idp.errors import IdpError
from idp.loopback import processes
from idp.loopback.cluster import cgroups, members, namespace
from idp.loopback.cluster.components import STOP_ORDER
from idp.loopback.cluster.layout import Layout

KUBELET_SECONDS = 2.0
POD_SECONDS = 10.0
"""What pods have between SIGTERM and SIGKILL; shorter than Kubernetes' 30 because a person waits."""
DAEMON_SECONDS = 5.0
SHIM_SECONDS = 2.0
ROUNDS = 5
"""How often stragglers (a process started while its parent was being ended) are looked for."""


def run(layout: Layout, report: Callable[[str], None]) -> None:
    """End pods, daemons and namespaces, remove cgroups and records; data and logs stay.

    Raises IdpError that names what could not be removed.
    """
    try:
        _end_all(layout, report)
    except psutil.TimeoutExpired as error:
        raise IdpError(f"pid {error.pid} does not end, not even by SIGKILL") from error
    processes.reap()
    remaining = cgroups.remove(layout.identifier)
    if remaining:
        raise IdpError(f"cgroup {remaining[0]} cannot be removed")
    shutil.rmtree(layout.records, ignore_errors=True)


def leftovers(layout: Layout) -> list[str]:
    """Return a line for each process, cgroup and mount of the cluster on this machine.

    Its network namespace, bridge and veth pairs exist exactly as long as one of these processes.
    """
    mounts = [line.split()[1] for line in cgroups.MOUNTS.read_text().splitlines()]
    home = f"{layout.home}/"
    return [
        *(f"process {member.describe()}" for member in members.find(layout)),
        *(f"cgroup {folder}" for folder in cgroups.roots(layout.identifier)),
        *(f"mount {mount}" for mount in mounts if f"{mount}/".startswith(home)),
    ]


def _end_all(layout: Layout, report: Callable[[str], None]) -> None:
    if not members.find(layout):
        return
    report("stopping: kubelet")
    # First, because it would start again whatever ends.
    processes.end(_of(layout, ("kubelet",)), KUBELET_SECONDS)
    pods = [member.process for member in members.find(layout) if member.component is None]
    report(f"stopping: {len(pods)} processes of pods")
    processes.end(pods, POD_SECONDS)
    _await_shims(layout)
    processes.end(_shims(layout), 0)
    for group in STOP_ORDER:
        report(f"stopping: {', '.join(group)}")
        processes.end(_of(layout, group), DAEMON_SECONDS)
    processes.end(_of(layout, (namespace.NAME,)), DAEMON_SECONDS)
    for _ in range(ROUNDS):
        processes.end([member.process for member in members.find(layout)], 0)


def _of(layout: Layout, names: tuple[str, ...]) -> list[psutil.Process]:
    return [member.process for member in members.find(layout) if member.component in names]


def _shims(layout: Layout) -> list[psutil.Process]:
    found = []
    for process in _of(layout, ("containerd",)):
        try:
            if process.name().startswith("containerd-shim"):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def _await_shims(layout: Layout) -> None:
    """Give containerd the time to take down the pods' mounts and addresses itself."""
    deadline = time.monotonic() + SHIM_SECONDS
    while _shims(layout) and time.monotonic() < deadline:
        time.sleep(0.05)
