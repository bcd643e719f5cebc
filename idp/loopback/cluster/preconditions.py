"""What the machine must have before anything is created."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.loopback.cluster import cgroups
from idp.loopback.cluster.layout import Layout

FILE_SYSTEMS = Path("/proc/filesystems")

OTHER_WAY = "or set cluster.kubeconfig in environments/local.yaml to use kind, k3d or any cluster"

FIRST_START_FREE = 1 << 30
"""Bytes: own images 180 MiB, etcd's log 128 MiB, audit and other logs; measured 0.5 GiB after the tests, doubled."""
RESTART_FREE = 256 << 20
"""Bytes: twice what the kubelet starts to evict at."""

COMMANDS = ("nsenter", "unshare", "mount", "ip", "iptables", "iptables-save", "ipset", "conntrack")
"""Parts of util-linux, iproute2, iptables, ipset and conntrack."""


def check_machine() -> None:
    """Raise IdpError (MISSING) for the first thing that no tool can make up for: Linux, root, the kernel's parts."""
    if sys.platform != "linux":
        raise _missing(f"the local cluster needs Linux, this is {sys.platform}")
    if os.geteuid() != 0:
        raise _missing("the local cluster needs root (namespaces, cgroups, mounts)")
    if "overlay" not in FILE_SYSTEMS.read_text().split():
        raise _missing("the kernel has no overlayfs (modprobe overlay)")
    if not cgroups.hierarchies():
        raise _missing("no cgroup file system is mounted")


def check_home(layout: Layout) -> None:
    """Raise IdpError (MISSING) for a home that cannot be used or a missing command; creates nothing."""
    if layout.home.is_relative_to("/run") or layout.home.is_relative_to("/var/run"):
        raise _missing(f"{layout.home}: the cluster's home must not be below /run")
    for command in COMMANDS:
        if shutil.which(command) is None:
            raise _missing(f"{command} is not on PATH")


def check_space(layout: Layout, further: int = 0) -> None:
    """Raise IdpError (MISSING) if the disk is too full to start anything; `further` images take so many bytes."""
    fresh = not layout.marker.exists()
    needed = (FIRST_START_FREE if fresh else RESTART_FREE) + further
    folder = next(parent for parent in (layout.home, *layout.home.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise _missing(f"{folder}: {free >> 20} MiB free, the local cluster needs {needed >> 20} MiB")


def _missing(message: str) -> IdpError:
    return IdpError(f"{message}; {OTHER_WAY}", Exit.MISSING)
