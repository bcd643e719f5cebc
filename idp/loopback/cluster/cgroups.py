"""The cluster's cgroups: a folder of its own in every hierarchy (version 1) or in the one (version 2)."""

from __future__ import annotations

import os
import time
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")


def hierarchies() -> list[Path]:
    """Return the folders cgroup file systems are mounted on."""
    fields = [line.split() for line in MOUNTS.read_text().splitlines()]
    return [Path(parts[1]) for parts in fields if parts[2] in ("cgroup", "cgroup2")]


def create(identifier: str) -> None:
    """Make the cluster's root, which the kubelet wants to find. Raises OSError."""
    for hierarchy in hierarchies():
        (hierarchy / identifier).mkdir(exist_ok=True)


def roots(identifier: str) -> list[Path]:
    """Return the cluster's topmost cgroup in each hierarchy that has one."""
    return [hierarchy / identifier for hierarchy in hierarchies() if (hierarchy / identifier).is_dir()]


def folders(identifier: str) -> list[Path]:
    """Return all of the cluster's cgroups, children before parents."""
    # Not `rglob`, which raises when a cgroup goes away while it looks.
    return [Path(folder) for root in roots(identifier) for folder, _, _ in os.walk(root, topdown=False)]


def pids(identifier: str) -> set[int]:
    """Return the processes in any of the cluster's cgroups."""
    found: set[int] = set()
    for folder in folders(identifier):
        try:
            found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        except OSError:
            continue  # removed since it was listed, or a threaded cgroup
    return found


def remove(identifier: str, seconds: float = 5) -> list[Path]:
    """Remove the cgroups and return those that stayed; ended processes leave theirs with a little delay."""
    deadline = time.monotonic() + seconds
    while remaining := folders(identifier):
        for folder in remaining:
            try:
                folder.rmdir()
            except OSError:
                continue
        if time.monotonic() >= deadline:
            return folders(identifier)
        time.sleep(0.02)
    return []
