"""Where a cluster's files are, seen from the host and from inside its mount namespace."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

INSIDE = PurePosixPath("/run/idp")
"""The cluster's home as its daemons see it.

A short fixed path: a unix socket's is at most 107 bytes long, and configuration does not depend on the checkout.
"""

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
"""Inside the mount namespace, whose /run is a tmpfs of its own."""


@dataclass(frozen=True)
class Layout:
    """The files of one cluster below `home` (an absolute, resolved path)."""

    home: Path

    @staticmethod
    def of(home: Path) -> Layout:
        """Return the layout of a home, which need not exist."""
        return Layout(home.resolve())

    @property
    def identifier(self) -> str:
        """Return `idp-` and 8 hex digits of the home's path: unique on a machine, the same over restarts."""
        return "idp-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:8]

    @property
    def logs(self) -> Path:
        """Return the folder of NAME.log and NAME.log.1."""
        return self.home / "logs"

    @property
    def pki(self) -> Path:
        """Return the folder of certificates and keys."""
        return self.home / "pki"

    @property
    def config(self) -> Path:
        """Return the folder of the daemons' configuration."""
        return self.home / "config"

    @property
    def records(self) -> Path:
        """Return the folder of NAME.json: which process runs which daemon."""
        return self.home / "records"

    @property
    def images(self) -> Path:
        """Return the folder of image archives and what is known of them."""
        return self.home / "images"

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig."""
        return self.home / "kubeconfig"

    @property
    def ports(self) -> Path:
        """Return the file that remembers the forwarded ports."""
        return self.home / "ports.json"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while somebody starts or stops the cluster.

        Beside the home, not in it: it outlives a purge, else a waiter could hold a file that is gone.
        """
        return self.home.with_name(f"{self.home.name}-cluster.lock")

    @property
    def marker(self) -> Path:
        """Return the file that says that this folder is a cluster's home and may be purged."""
        return self.home / "cluster.json"

    @property
    def state_folders(self) -> tuple[Path, ...]:
        """Return the folders the daemons write to."""
        return tuple(self.home / name for name in ("etcd", "containerd", "kubelet", "volumes", "audit", "manifests"))

    def log(self, name: str) -> Path:
        """Return the log file of a component."""
        return self.logs / f"{name}.log"

    def inside(self, path: Path) -> str:
        """Return how the daemons see a path below home."""
        return str(INSIDE / path.relative_to(self.home))
