"""Finding every process of a cluster, also those nobody recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from idp.loopback import processes
from idp.loopback.cluster import cgroups, daemon
from idp.loopback.cluster.layout import Layout


@dataclass(frozen=True)
class Member:
    """A process of the cluster."""

    process: psutil.Process
    component: str | None
    """The daemon it is or was started by; None for a process inside a container."""

    def describe(self) -> str:
        """Return `NAME (pid N)`."""
        try:
            return f"{self.process.name()} (pid {self.process.pid})"
        except psutil.NoSuchProcess:
            return f"pid {self.process.pid}"


def find(layout: Layout) -> list[Member]:
    """Return all processes with the cluster's mark or in its cgroups; zombies are not processes any more."""
    contained = cgroups.pids(layout.identifier)
    found = []
    for process, environment in processes.environments():
        if process.pid in contained:
            found.append(Member(process, None))
        elif environment.get(daemon.CLUSTER_MARK) == layout.identifier:
            found.append(Member(process, environment.get(daemon.COMPONENT_MARK)))
    return found


def orphans(layout: Layout, binaries: Mapping[str, str]) -> list[psutil.Process]:
    """Return processes of daemons that no record names: their starter was killed before writing it.

    `binaries` maps each daemon to the name of its binary; what daemons start themselves is no orphan.
    """
    known = {process.pid for name in binaries if (process := daemon.running(layout, name)) is not None}
    return [
        member.process
        for member in find(layout)
        if member.component is not None
        and member.component in binaries
        and member.process.pid not in known
        and _is_daemon(member.process, binaries[member.component])
    ]


def _is_daemon(process: psutil.Process, binary: str) -> bool:
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    # Either it already became the daemon, or it is still on its way into the namespaces.
    return bool(command) and command[0].rsplit("/", 1)[-1] in (binary, "nsenter", "env", "unshare", "sh")
